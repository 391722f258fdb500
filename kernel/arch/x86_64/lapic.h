/* The CPU's local interrupt controller and its timer: Intel SDM volume 3, chapter 11. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Maps it. False: no memory. */
bool lapic_init(void);

/* Enables that of the CPU that executes; `nmi_inputs` as in struct acpi. */
void lapic_init_cpu(uint8_t nmi_inputs);

uint32_t lapic_id(void);
void lapic_eoi(void);

/* Ends an interrupt of a vector that nobody owns, if it is being served at all. */
void lapic_eoi_if_served(uint32_t vector);

/* Sends a vector to this CPU itself. */
void lapic_send_self(uint32_t vector);

/*
 * Interrupts to other CPUs, by their APIC number: INIT, the startup interrupt with a page below 1 MiB, a vector. lapic_reaches:
 * whether the number can be named at all.
 */
bool lapic_reaches(uint32_t apic_id);
void lapic_send_init(uint32_t apic_id);
void lapic_send_startup(uint32_t apic_id, uint64_t page);
void lapic_send(uint32_t apic_id, uint32_t vector);

/* An NMI to all CPUs but this one; nothing before lapic_init_cpu. */
void lapic_send_nmi_to_others(void);

/* The vector VECTOR_APIC_ERROR: logs what went wrong, a few times. */
void lapic_error(void);

/* The timer counts `ticks` down once, then VECTOR_TIMER; 0 stops it. */
void lapic_timer_start(uint32_t ticks);
uint32_t lapic_timer_left(void);

/* From now on the timer fires when the TSC passes what lapic_timer_at is given; 0: never. */
void lapic_timer_use_deadline(void);
void lapic_timer_at(uint64_t tsc);
