/*
 * Per-CPU data. The CPU's own block is found through GS; nobody touches another CPU's without saying in LOCKS.md how.
 */
#pragma once

#include <stdint.h>

#include "arch/cpu.h"

#define CPUS_MAX 64

struct task;

struct cpu {
	struct arch_cpu arch; /* first: entry code finds it at GS */
	struct task *current; /* whose registers are in arch.context; 0 while idle */
	uint64_t switches;    /* of threads */
	uint64_t interrupts;
	uint64_t idle_since; /* 0 while not idle */
	uint64_t idle_ns;
	uint8_t lock_rank;     /* highest rank held */
	uint8_t need_schedule; /* look at the run queue before leaving */
	uint8_t ports_loaded;  /* a bitmap of I/O ports is in use: for the current address space only */
};

extern struct cpu cpus[CPUS_MAX];

static inline struct cpu *cpu_current(void)
{
	return (struct cpu *)arch_cpu_current();
}
