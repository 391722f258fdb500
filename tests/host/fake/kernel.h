/*
 * What kernel sources need around them when they run as a program of the build machine: a machine's memory at direct_map_base,
 * per-CPU data at GS, the panic that ends the test, and locks that check their ranks (core/lock.c itself).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/bootinfo.h"

/*
 * Starts a machine of `length` bytes of address space, all zero and none of it resident until it is touched, on CPU 0. Once
 * in a process.
 */
void fake_kernel_start(uint64_t length);

/* Lays a boot map at the given physical address, which must be in LOADER memory of the map. */
struct bootinfo fake_bootinfo(uint64_t at, const struct boot_memory *map, uint32_t count);

/* Runs the code in a process of its own and answers whether it ended in a panic whose sentence contains `words`. */
bool panics(void (*code)(void), const char *words);

/* Runs a test in a process of its own, so that each begins with a kernel that has not run. */
void run_test(void (*test)(void));

/* One line per check; main answers fake_status(). */
void check(bool ok, const char *what, const char *why);
int fake_status(void);
