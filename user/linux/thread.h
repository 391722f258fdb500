/* Threads: their state, clone, and the ends of threads and of the process. */
#pragma once

#include "user/linux/state.h"

/* The state of the first thread, whose stack for Linux calls is the starter's. NULL if there is no memory. */
struct thread *thread_make_first(struct process *process);
bool thread_exists(uint32_t id);
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
