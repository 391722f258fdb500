/*
 * Signals from one process to others, stopping and going on.
 *
 * A signal is a bit of the receiver's own notify; what it does there is for its image to find out. pm itself acts on two: KILL
 * ends the process, and CONT answers the calls of `stopped` by which an image holds its threads. Stops go the other way round: the
 * image says that it stops, because it alone knows handlers and masks.
 *
 * A stop that was sent before a CONT must not be done after it. So pm remembers that it has sent one and forgets it at a
 * CONT, and a `stopped` for a signal that is forgotten is answered at once.
 */
#pragma once

#include "user/servers/pm/table.h"

enum {
	SIGNAL_HUP = 1,
	SIGNAL_ILL = 4,
	SIGNAL_TRAP = 5,
	SIGNAL_BUS = 7,
	SIGNAL_FPE = 8,
	SIGNAL_KILL = 9,
	SIGNAL_SEGV = 11,
	SIGNAL_CHLD = 17,
	SIGNAL_CONT = 18,
	SIGNAL_STOP = 19,
	SIGNAL_TSTP = 20,
	SIGNAL_TTIN = 21,
	SIGNAL_TTOU = 22,
};

/* What is sent: signal, sender, flags and value of protocol process. */
void signals_send(struct process *process, const struct sent_signal *sent);

/* SIGCHLD; nothing if the parent is a starter. */
void signals_send_child(struct process *parent, uint32_t pid, uint32_t how, uint32_t code);

/* HUP and CONT to all of a group that was orphaned while members were stopped. */
void signals_hang_up(struct group *group);

/* Operations. A caller that is no process of the domain is NULL; a domain of NULL is all of them. */
MUST_CHECK status_t signals_handle(struct request *request, struct process *caller, struct domain *domain);
MUST_CHECK status_t signals_handle_stopped(struct request *request, struct process *process);
MUST_CHECK status_t signals_handle_info(struct request *request, struct process *process);

/* A predecessor has kept its calls of `stopped`. */
void signals_resume(struct process *process);

/* It ends: nobody is left to go on. */
void signals_drop_held(struct process *process);
