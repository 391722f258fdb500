/* The CPU's local interrupt controller and its timer: Intel SDM volume 3, chapter 11. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Maps and enables it; `nmi_inputs` as in struct acpi. False: no memory. */
bool lapic_init(uint8_t nmi_inputs);

uint32_t lapic_id(void);
void lapic_eoi(void);

/* Ends an interrupt of a vector that nobody owns, if it is being served at all. */
void lapic_eoi_if_served(uint32_t vector);

/* Sends a vector to this CPU itself. */
void lapic_send_self(uint32_t vector);

/* The vector VECTOR_APIC_ERROR: logs what went wrong, a few times. */
void lapic_error(void);

/* The timer counts `ticks` down once, then VECTOR_TIMER; 0 stops it. */
void lapic_timer_start(uint32_t ticks);
uint32_t lapic_timer_left(void);

/* From now on the timer fires when the TSC passes what lapic_timer_at is given; 0: never. */
void lapic_timer_use_deadline(void);
void lapic_timer_at(uint64_t tsc);
