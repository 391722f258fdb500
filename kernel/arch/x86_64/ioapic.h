/* I/O APICs: what entry code and the bring-up need beyond arch/interrupt.h. */
#pragma once

#include <stdint.h>

#include "arch/x86_64/acpi.h"

/* Maps them and masks every pin. */
void ioapic_init(const struct acpi *acpi, uint32_t apic_id);

/* A vector of VECTOR_PINS and up arrived. */
void ioapic_interrupt(uint32_t vector);

/* Masks the two legacy controllers and moves them to vectors of their own, where a stray request does no harm. */
void pic_mask(void);
