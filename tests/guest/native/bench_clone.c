/*
 * What copies cost: a process that is copied, ends and is waited for, with the memory of a small program; pages that are written to
 * afterwards; and how long a copy of much memory holds everybody else up (bench_memory.c). Under -icount a tick is an instruction.
 */
#include "tests/guest/native/fork.h"
#include "tests/guest/native/test.h"

#define READ_WRITE (MAP_READ | MAP_WRITE)
#define ROUNDS 40u
#define PAGES 64u

static uint64_t at;
static handle_t frame;

static uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static void touch(void)
{
	for (unsigned i = 0; i < PAGES; i++)
		*(volatile uint8_t *)(at + i * PAGE) = 1;
}

/* The call alone, and all of a copy's life. */
static void clone_process(void)
{
	struct fork fork;
	uint64_t best = UINT64_MAX, least = UINT64_MAX;
	for (unsigned i = 0; i < ROUNDS; i++) {
		handle_t process, thread;
		uint32_t number;
		touch();
		uint64_t start = ticks();
		OK(sys_process_clone(0, &process, &thread, &number, 0));
		if (!number)
			sys_process_exit(0);
		uint64_t taken = ticks() - start;
		least = taken < least ? taken : least;
		OK(sys_handle_close(process));
		OK(sys_handle_close(thread));
		pause_ms(1);
		touch();
		start = ticks();
		if (fork_begin(&fork, 0))
			sys_process_exit(0);
		fork_wait(&fork);
		taken = ticks() - start;
		best = taken < best ? taken : best;
	}
	say("bench: clone.process %lu ticks", least);
	say("bench: clone.process_exit_wait %lu ticks", best);
}

/* What a copy costs beside its memory. */
static void clone_sharing(void)
{
	uint64_t least = UINT64_MAX;
	for (unsigned i = 0; i < ROUNDS; i++) {
		handle_t process, thread;
		uint32_t number;
		uint64_t block, start = ticks();
		OK(sys_process_clone(CLONE_SHARE_VMEM, &process, &thread, &number, &block));
		uint64_t taken = ticks() - start;
		least = taken < least ? taken : least;
		OK(sys_handle_close(process));
		OK(sys_handle_close(thread));
		pause_ms(1);
	}
	say("bench: clone.process_sharing %lu ticks", least);
}

static void say_size(void)
{
	struct process_info info = {0};
	uint64_t start, end = 0, offset, count = 0;
	uint32_t flags;
	while (sys_vmem_walk(HANDLE_SELF_VMEM, end, &start, &end, &flags, &offset) == ERR_OK)
		count++;
	OK(sys_process_info(HANDLE_SELF_PROCESS, &info));
	say("clones are of %lu mappings, %lu pages, %lu handles", count, info.pages, info.handles);
}

static void clone_frame(void)
{
	uint64_t best = UINT64_MAX, least = UINT64_MAX, last = UINT64_MAX;
	for (unsigned i = 0; i < ROUNDS; i++) {
		handle_t clone;
		touch();
		uint64_t start = ticks();
		OK(sys_frame_clone(frame, &clone));
		uint64_t taken = ticks() - start;
		best = taken < best ? taken : best;
		start = ticks();
		touch();
		taken = (ticks() - start) / PAGES;
		least = taken < least ? taken : least;
		OK(sys_handle_close(clone));
		pause_ms(1);
		OK(sys_frame_clone(frame, &clone));
		OK(sys_handle_close(clone));
		pause_ms(1);
		start = ticks();
		touch();
		taken = (ticks() - start) / PAGES;
		last = taken < last ? taken : last;
	}
	say("bench: clone.frame %lu ticks", best);
	say("bench: clone.write_copies %lu ticks", least);
	say("bench: clone.write_in_place %lu ticks", last);
}

void bench_clone(void)
{
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGES * PAGE, READ_WRITE, 0, 0, &at));
	touch();
	say_size();
	clone_process();
	clone_sharing();
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, PAGES * PAGE));
	OK(sys_frame_create(PAGES * PAGE, 0, &frame));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGES * PAGE, READ_WRITE, frame, 0, &at));
	clone_frame();
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, PAGES * PAGE));
	OK(sys_handle_close(frame));
}
