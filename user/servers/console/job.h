/*
 * Job control: which session a terminal controls, which of its groups is in the foreground, and who may use it (POSIX.1-2017,
 * 11.1.3 and 11.1.4). Families are pm's: it is asked who a caller is, and sends the signals. Without pm there is no job control:
 * everybody may, and keys send no signals.
 *
 * A process in the background hears ERR_BACKGROUND. What is to become of it (SIGTTIN, SIGTTOU, an error, or, where it ignores the
 * signal, going on) its own image knows, as it knows its signals, and repeats the call with TTY_FORCED or not.
 */
#pragma once

#include <stdbool.h>

#include "user/servers/console/terminal.h"

#define JOB_SIGNAL_HANG_UP 1u
#define JOB_SIGNAL_CONTINUE 18u
#define JOB_SIGNAL_WINDOW 28u

/* Takes pm's sender, HANDLE_NONE if there is none. */
void job_begin(handle_t pm);

/* To the foreground group. */
void job_signal(struct terminal *terminal, uint32_t signal);

/* The session's leader hears of the end of its terminal. */
void job_hang_up(struct terminal *terminal);

/* ERR_BACKGROUND if the terminal is the caller's session's and the caller is not in the foreground. */
status_t job_check_foreground(const struct terminal *terminal, uint32_t caller);

/* The caller, leader of a session, makes the terminal that session's: NO_RIGHT if it is no leader, or the terminal is another's. */
status_t job_take(struct terminal *terminal, uint32_t caller);

/* The caller's session gives it up. */
status_t job_leave(struct terminal *terminal, uint32_t caller);

/* NOT_TERMINAL: it is not the terminal of the caller's session; NO_RIGHT: the group is not of this session. */
status_t job_set_group(struct terminal *terminal, uint32_t caller, uint32_t group, bool forced);
status_t job_check_session(const struct terminal *terminal, uint32_t caller);

/* The session of a process, 0: unknown. */
uint32_t job_session(uint32_t process);
