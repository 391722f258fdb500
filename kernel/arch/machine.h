/* Bringing the machine up, in the order of the calls below, each on the boot CPU with interrupts off; and its first console. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/bootinfo.h"

/* rdtsc at the kernel's first instruction. */
extern uint64_t kernel_entry_tsc;

/* Descriptor tables, per-CPU base, exceptions, CPU features; needs no memory allocation. False with a sentence: cannot run. */
bool machine_init_cpu(const struct bootinfo *boot, const char **out_reason);

/* ACPI tables, APICs, clocks, the other CPUs; needs pages. Problems are logged, and what cannot be done without panics in words. */
void machine_init_devices(const struct bootinfo *boot);

/*
 * COM1, if one answers; polled. serial_write waits for a transmitter that is busy, but not for one that stays so; serial_room says
 * how many bytes it takes now without waiting, for those who ask at most once in a millisecond while it is 0.
 */
bool serial_init(void);
size_t serial_room(void);
void serial_write(const char *text, size_t length);

/* Enters the first thread that upcall_leave answers; the caller's stack is abandoned. */
_Noreturn void machine_start(void);
