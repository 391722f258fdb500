/* Threads: their state, clone, and the ends of threads and of the process. */
#pragma once

#include "abi/errors.h"
#include "user/linux/state.h"

/* The state of the first thread, whose stack for Linux calls is the starter's. NULL if there is no memory. */
struct thread *thread_make_first(struct process *process);
/* Bytes for the state of a thread; and of the first one with the process's behind it, where start_block.room is. */
uint64_t thread_state_size(const struct process *process);
uint64_t thread_room(const struct process *process);
/* A thread's state with a stack for Linux calls, not started. */
struct thread *thread_make(struct process *process);
/* Makes a thread one that will return from the caller's Linux call with 0, on another stack if one is given. */
void thread_copy_call(struct thread *child, uint64_t stack);
/* NULL if there is none with that id. */
struct thread *thread_find(uint32_t id);
/* All but the caller go through signal_at_return soon. */
void thread_wake_others(void);
/* The thread's notify for waiting for files, made when first needed. */
status_t thread_notify(handle_t *out) __attribute__((warn_unused_result));
/* A new one, which a copy of the process has not: it is without INHERIT. */
status_t thread_make_notify(handle_t *out) __attribute__((warn_unused_result));
void linux_thread_begin(void); /* entry.S */
/* Writes out what waits for the end of a line, and ends the process. */
_Noreturn void thread_end_process(uint32_t status);

int64_t thread_clone(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id, uint64_t tls);
int64_t thread_exit(uint32_t status);
int64_t thread_exit_group(uint32_t status);
int64_t thread_gettid(void);
int64_t thread_set_tid_address(uint64_t address);
int64_t thread_sched_yield(void);
int64_t thread_arch_prctl(int operation, uint64_t address);
int64_t thread_prctl(int operation, uint64_t argument);
