/*
 * The lines of `make bench` about the boot, in ticks of the CPU's time-stamp counter from the loader's first instruction:
 *
 *   bench: boot.loader N ticks   to the kernel's first instruction
 *   bench: boot.kernel N ticks   to root's first instruction
 *   bench: boot.prompt N ticks   to the shell waiting for input at the console
 */
#pragma once

/* The first two, by what kernel and root have noted. */
void bench_started(void);

/* The third; only the first call counts. */
void bench_prompt(void);
