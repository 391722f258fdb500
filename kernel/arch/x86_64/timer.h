/* Time and its interrupt, as bring-up and interrupts.c see them. */
#pragma once

#include "abi/bootinfo.h"
#include "arch/x86_64/acpi.h"

/* Measures, and starts the clock at the loader's first instruction. Panics in words when no timer works. */
void timer_init(const struct bootinfo *boot, const struct acpi *acpi);

/* VECTOR_TIMER arrived. */
void timer_interrupt(void);
