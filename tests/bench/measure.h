/*
 * How the rows of the bench are measured: a body is run many times between two readings of the TSC, and that again several times;
 * the least of these is the row's value. Under QEMU's -icount one tick is one instruction of the guest, so the least is what the
 * operation costs without timer interrupts and other work in between.
 *
 * The program is an ordinary static Linux program: the same file runs on Linux, for comparison.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MEASURE_REPEATS 7

#define MEASURE_TINY "/bin/bench-tiny" /* ends at once; without a libc */
#define MEASURE_SELF "/bin/bench"      /* this program; sleeps if its argument is */
#define MEASURE_SLEEP "sleep"

static inline uint64_t measure_ticks(void)
{
	uint32_t low, high;
	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static inline void measure_print(const char *name, uint64_t value, const char *unit)
{
	printf("bench: %s %llu %s\n", name, (unsigned long long)value, unit);
	fflush(stdout);
}

/* A row that can not be measured: the bench fails, and the other rows are measured all the same. */
#define MEASURE_FAILED(name) (perror("bench: " name), measure_failures++)
extern int measure_failures;

/* Prints the cost of one `body` out of `count` in a row; `each` divides it further, 1: by nothing. */
#define MEASURE_EACH(name, unit, count, each, body) \
	do { \
		uint64_t least = UINT64_MAX; \
		for (int repeat = 0; repeat <= MEASURE_REPEATS; repeat++) { \
			uint64_t ticks = measure_ticks(); \
			for (int round = 0; round < (count); round++) { \
				body; \
			} \
			ticks = measure_ticks() - ticks; \
			if (repeat && ticks < least) \
				least = ticks; \
		} \
		measure_print(name, least / ((uint64_t)(count) * (each)), unit); \
	} while (0)

#define MEASURE(name, count, body) MEASURE_EACH(name, "insn", count, 1, body)

void measure_files(void);
void measure_memory(void);
void measure_streams(void);
void measure_processes(void);
