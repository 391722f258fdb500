/* Interrupt pins of the I/O APICs by global system interrupt. An interrupt masks its pin before upcall_interrupt is called. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Number of pins: valid ones are below. 0 when there is no I/O APIC. */
uint32_t interrupt_pins(void);

/* Where an ISA line leads, by the MADT's overrides. */
uint32_t interrupt_isa_pin(uint32_t line);

/*
 * Sets up a pin and leaves it masked; false for a pin that is not there. Flags: IRQ_* of abi/syscalls.h. Polarity or trigger, if
 * not among them, are what the MADT's override of the pin says; without one the first 16 pins are taken as ISA's, others as PCI's.
 */
bool interrupt_pin_configure(uint32_t pin, uint32_t flags);
void interrupt_pin_mask(uint32_t pin);
void interrupt_pin_unmask(uint32_t pin);
