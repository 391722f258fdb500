/*
 * As much of a kernel as servers and their clients need, for unit tests on the build machine: processes with handle tables,
 * channels with stamps and close messages, forwarding, saved replies, frames that are really mapped, notifies. A test starts
 * each server on a thread of its own and calls it from its main thread through the same stubs and structures that a program of
 * Hearth uses; sources under test are compiled with -DCALL_TO_FAKE_KERNEL.
 *
 * One lock guards everything, so the sanitizers see the servers' faults and not this file's. Priorities, quotas and time slices
 * do not exist here. Handles are per process: a number that leaks from one to another is refused, as in the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/handle.h"

struct fake_process;

/* Makes a process that runs `start` on a new thread when fake_start() is called. Its log is kept. */
struct fake_process *fake_process_create(const char *name, int (*start)(void));
void fake_start(struct fake_process *process);

/* The one that this thread belongs to; the main thread's is made by the first use. */
struct fake_process *fake_self(void);

/* Has its receivers fail, waits for its thread, closes its handles and answers what `start` returned. */
int fake_stop(struct fake_process *process);

/* Closes all handles of a process that has no thread: what happens at a client's death. */
void fake_close_handles(struct fake_process *process);

/* The calling thread acts as that process until it is changed back. */
void fake_become(struct fake_process *process);

/* Gives `to` the caller's handle as a grant (user/lib/grants.h). */
void fake_grant(struct fake_process *to, const char *name, handle_t handle);
void fake_set_argument(struct fake_process *process, const char *argument);

/* What it has logged, newlines between lines; and how many handles it has. */
const char *fake_log(const struct fake_process *process);
size_t fake_handle_count(const struct fake_process *process);
uint32_t fake_number(const struct fake_process *process);

/* From now on a process can have so many handles (ERR_NO_HANDLES); and the machine so many pages of frames. */
void fake_limit_handles(struct fake_process *process, size_t most);
void fake_limit_pages(size_t most);

/* Waits until no message waits for a server and all servers wait for one, so that close messages have had their effect. */
void fake_settle(void);

/*
 * The calling thread's process ends here, in the middle of its work, and begins again at once with all its handles: what a supervisor does by
 * process_replace. Its memory is that of the test, so its main has to set what it relies on; a mapped state (user/lib/state.h) is
 * unmapped. Needs fake_make_mortal().
 */
_Noreturn void fake_end_here(void);
void fake_make_mortal(void);

/*
 * A server with state, mortal and not started yet: its channel, granted as `export`, and a frame of so many bytes. The test gets a
 * sender with the stamp of a session, 7.
 */
struct fake_process *fake_process_with_state(
        const char *name, int (*start)(void), const char *export, uint64_t bytes, handle_t *out_session);
unsigned fake_ends(const struct fake_process *process); /* so far */

/* The call that this process waits with is asked to end; false: no server has saved it (yet). */
bool fake_interrupt(uint32_t caller);

/*
 * Processes as objects, for tests of who starts and ends them: one that is NEW and has no thread of its own. What it does, the
 * test does for it (fake_become). Both handles, with all rights, are the caller's.
 */
struct fake_process *fake_child_create(handle_t *out_process, handle_t *out_thread);
/* It ends: its handles are closed, then its exception channel is let go. fake_child_state is PROCESS_* of abi/syscalls.h. */
void fake_child_end(struct fake_process *process, uint32_t status);
uint32_t fake_child_state(const struct fake_process *process);
uint32_t fake_child_status(const struct fake_process *process);
/* The bits that were set in its own notify since the last time. */
/* The groups that it was put into, and the limits of pages, objects and processes of the last. */
unsigned fake_child_confinements(const struct fake_process *child, uint64_t out_may_have[static 3]);
void fake_child_set_threads(struct fake_process *child, unsigned more);
uint64_t fake_child_take_bits(struct fake_process *process);
void fake_child_use_time(struct fake_process *process, uint64_t ns);
/* It takes its exceptions away from whoever has them. */
void fake_child_drop_exception(struct fake_process *process);

/* A call without handles and buffers that is waited for later, or never. */
struct call;
struct message;
struct call *fake_call_begin(handle_t sender, const struct message *message);
/* False while it was not answered; else its result is in *out_status and *out. The call is then gone. */
bool fake_call_end(struct call *call, uint32_t *out_status, struct message *out);
