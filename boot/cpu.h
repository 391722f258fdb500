/* What the processor can do, and the few instructions that C does not know. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

/* Whether it has everything that Hearth needs. */
bool cpu_check(struct failure *failure) MUST_CHECK;

bool cpu_has_1g_pages(void);
bool cpu_has_rdrand(void);

/* A random word; false when the generator does not deliver. Only where cpu_has_rdrand. */
bool cpu_rdrand(uint64_t *out) MUST_CHECK;

static inline uint64_t cpu_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline void cpu_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t cpu_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}
