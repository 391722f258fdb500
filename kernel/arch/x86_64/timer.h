/* Time and its interrupt, as bring-up and interrupts.c see them. */
#pragma once

#include "abi/bootinfo.h"
#include "arch/x86_64/acpi.h"

/* Measures, and starts the clock at the loader's first instruction. Panics in words when no timer works. */
void timer_init(const struct bootinfo *boot, const struct acpi *acpi);

/* The interrupt of the CPU that executes, once its local APIC is ready. timer_init does it for the first. */
void timer_init_cpu(void);

/* VECTOR_TIMER arrived. */
void timer_interrupt(void);
