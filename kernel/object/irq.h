/*
 * Interrupts of pins: each sets bits in a notify. The pin is masked from its interrupt on until irq_ack, so that a driver that
 * is slow, or dead, costs nothing. A pin belongs to at most one irq.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

#define IRQ_PINS_MAX 256u

struct notify;

struct irq {
	struct object object;
	struct notify *notify; /* a reference */
	uint64_t bits;
	uint32_t pin;
};

/* BAD_ARGUMENT: no such pin, EXISTS: it is taken; QUOTA, NO_MEMORY. */
uint32_t irq_create(struct group *group, uint32_t pin, uint32_t flags, struct notify *notify, uint64_t bits, struct irq **out)
        __attribute__((warn_unused_result));

void irq_ack(struct irq *irq);

bool irq_destroy_step(struct object *object);
