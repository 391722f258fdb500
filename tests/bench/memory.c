/* First touches of anonymous memory, and of memory that a child has got a copy of. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"

#define PAGE 4096
#define PAGES 1024

static char *map(void)
{
	char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* Ticks that writing a byte of each page takes. */
static uint64_t touch(volatile char *memory)
{
	uint64_t ticks = measure_ticks();
	for (int i = 0; i < PAGES; i++)
		memory[i * PAGE] = 1;
	return measure_ticks() - ticks;
}

static void measure_zero(void)
{
	uint64_t least = UINT64_MAX;
	for (int repeat = 0; repeat < MEASURE_REPEATS; repeat++) {
		char *memory = map();
		if (!memory) {
			MEASURE_FAILED("mem.fault_zero_4k: mmap");
			return;
		}
		uint64_t ticks = touch(memory);
		if (ticks < least)
			least = ticks;
		munmap(memory, PAGES * PAGE);
	}
	measure_print("mem.fault_zero_4k", least / PAGES, "insn");
}

/* The child writes into its copies, so that every fault has a page to copy, and tells through a page that both share. */
static void measure_copy(void)
{
	char *memory = map();
	uint64_t *least = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!memory || least == MAP_FAILED) {
		MEASURE_FAILED("mem.cow_fault_4k: mmap");
		return;
	}
	*least = UINT64_MAX;
	touch(memory);
	for (int repeat = 0; repeat < MEASURE_REPEATS; repeat++) {
		pid_t child = fork();
		if (child < 0) {
			MEASURE_FAILED("mem.cow_fault_4k: fork");
			return;
		}
		if (!child) {
			uint64_t ticks = touch(memory);
			if (ticks < *least)
				*least = ticks;
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	measure_print("mem.cow_fault_4k", *least / PAGES, "insn");
	munmap(memory, PAGES * PAGE);
	munmap(least, PAGE);
}

void measure_memory(void)
{
	measure_zero();
	measure_copy();
}
