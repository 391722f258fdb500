/* Interrupt pins of the I/O APICs by global system interrupt. An interrupt masks its pin before upcall_interrupt is called. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Number of pins: valid ones are below. 0 when there is no I/O APIC. */
uint32_t interrupt_pins(void);

/* Where an ISA line leads, and how it signals (IRQ_* flags of abi/syscalls.h), by the MADT's overrides. */
uint32_t interrupt_isa_pin(uint32_t line, uint32_t *out_flags);

/* Sets up a pin with IRQ_* flags and leaves it masked; false for a pin that is not there. */
bool interrupt_pin_configure(uint32_t pin, uint32_t flags);
void interrupt_pin_mask(uint32_t pin);
void interrupt_pin_unmask(uint32_t pin);
