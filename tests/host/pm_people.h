/*
 * Processes as a test of pm drives them: each a process of the fake kernel with a sender of its own to a domain of pm. One thread
 * plays all of them.
 */
#pragma once

#include <stdbool.h>

#include "abi/proto/process.h"
#include "fake/calls.h"
#include "user/lib/call.h"

struct person {
	struct fake_process *process;
	uint32_t pid;
	handle_t pm; /* in its own table */
};

extern struct person starter;  /* a service, which pm does not know; its `pm` is a service's sender */
extern handle_t people_proc;   /* the file system, in the starter's table */
extern uint64_t answer_word[]; /* of the last call that was answered without an error */

/* Starts pm on a thread of its own, with a frame for its state or without. Once. */
extern bool people_outlive_pm;
extern struct fake_process *people_pm;
void people_begin(void);
int people_end(void);

/* A new domain, its sender in the starter's table. */
handle_t people_domain(void);

/* The leader of a new session, child of the starter. */
struct person people_adopt(handle_t domain);

/* An operation as this process, with plain words. */
status_t people_call(struct person as, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3);

/* A copy of it that runs; pid 0 if pm refused, which *out_status tells. */
struct person people_try_fork(struct person parent, status_t *out_status);
struct person people_fork(struct person parent);

/* It ends; pm has heard of it afterwards. */
void people_exit(struct person person, uint32_t status);

/* A call that is not waited for, and whether it was answered by now; then the words are in answer_word. */
struct call *people_begin_call(struct person as, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2);
bool people_answered(struct person as, struct call *call, status_t *out_status);

/* wait without waiting: the pid, 0 if nothing happened, or minus the error. */
int people_wait(struct person parent, uint32_t select, uint32_t id, uint32_t options);

/* The state of one; the group in answer_word[2], the session in [3]. */
status_t people_get(struct person person);
