/*
 * Tests of the native calls, as a program that the kernel starts in root's place: nothing else runs, so that every object and
 * every page can be accounted for. Each test prints "ok NAME" or "not ok NAME: why" on the log; after each the counts of
 * objects must be what they were before.
 *
 * There is no libc. Threads and processes run functions of this same program; a child process has a copy of all variables as
 * they were when it was made, at the same addresses, and ends with the status that its function returns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/start.h"
#include "user/lib/call.h"

#define PAGE 4096ull
#define MS 1000000ull /* ns */

extern struct start_block *start_block;

/* The handle that the kernel granted under this name. */
handle_t grant(const char *name);

/* Nanoseconds since boot by the time page. */
uint64_t now(void);

/* Tests. */
void test_begin(const char *name);
void test_next(const char *name); /* goes on with what the last one has made */
void test_fail(const char *file, int line, const char *what, uint64_t value);
void say(const char *format, ...) __attribute__((format(printf, 1, 2))); /* %s %d %u %x %lu %lx, a line on the log */

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			test_fail(__FILE__, __LINE__, #condition, 0); \
	} while (0)
#define CHECK_IS(expression, expected) \
	do { \
		uint64_t is = (uint64_t)(expression); \
		if (is != (uint64_t)(expected)) \
			test_fail(__FILE__, __LINE__, #expression " is not " #expected ": it is", is); \
	} while (0)
#define OK(expression) CHECK_IS(expression, ERR_OK)

/* Sleeps. */
void pause_ms(uint64_t ms);

/*
 * A thread of this process with a stack of its own. Threads are more urgent than the main one, so that they have come as far as
 * they can when thread_begin is done. thread_join waits for the end and frees the stack.
 */
#define MAIN_PRIORITY 5
struct thread {
	handle_t handle;
	uint64_t stack; /* address of its mapping */
	uint32_t ended; /* futex: 1 until it has */
	void (*function)(void *argument);
	void *argument;
};
void thread_begin(struct thread *thread, void (*function)(void *argument), void *argument);
void thread_begin_at(struct thread *thread, unsigned priority, void (*function)(void *argument), void *argument);
void thread_join(struct thread *thread);

/* A child process, whose thread has the main one's priority. Handles that it shall have are given before it is started. */
struct child {
	handle_t process, vmem, thread, notify;
	uint32_t number;
	uint64_t stack;
};
void child_make(struct child *child, const char *name);
void child_make_in(struct child *child, handle_t group, const char *name);
handle_t child_give(struct child *child, handle_t handle, uint32_t rights);
void child_start(struct child *child, uint32_t (*function)(void *argument), void *argument);
uint32_t child_wait(struct child *child); /* its status; everything is closed then */
void child_kill(struct child *child);     /* likewise */

/*
 * This program in an address space of its own, for process_replace: `how` is complete but for what is to be kept. The copy has all
 * variables as they are now.
 */
void image_make(struct process_replacement *how, uint32_t (*function)(void *argument), void *argument);

/* A group below another; and one without limits, whose threads are less urgent than this priority. */
handle_t group_below(uint32_t priority);
handle_t group_make(handle_t parent, uint64_t pages, uint64_t objects, uint64_t processes, uint32_t ceiling);

/* A receiver and a sender to it with a stamp and all rights. */
void channel_make(handle_t *out_receiver, uint64_t stamp, handle_t *out_sender);

/* The machine's free pages; whether there are as many again as before, as soon as the kernel has cleared up. */
uint64_t pages_free(void);
void check_pages(uint64_t expected);
/*
 * The same after many rounds of something, each of which would lose a page or a good part of one: how the kernel's objects lie in their
 * pages may have changed, which costs some of these.
 */
void check_pages_many(uint64_t expected, uint64_t rounds);

/* Random numbers, the same in every run. */
uint64_t random_next(void);

/* The tests by subject. */
void test_handles(void);
void test_ipc(void);
void test_ipc_ends(void);
void test_ipc_table(void);
void test_put_off(void);
void test_passage(void);
void test_extras(void);
void test_buffers(void);
void test_forward(void);
void test_events(void);
void test_threads(void);
void test_processes(void);
void test_groups(void);
void test_inspect(void);
void test_fork(void);
void test_replace(void);
void test_restart(void);
void test_vfork(void);
void test_faults(void);
void test_upcalls(void);
void test_interrupt(void);
void test_waiting(void);
void test_memory(void);
void test_vmem(void);
void test_frame(void);
void test_clones(void);
void test_devices(void);
void test_random(void);
void random_for_ever(void);
void bench(void);
void bench_for_ever(bool (*is_wanted)(const char *name));
void bench_memory(void);
void bench_clone(void);
void bench_process(void);
