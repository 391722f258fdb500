/*
 * Interrupts of pins: each sets bits in the notify that the irq is bound to. The pin is masked from its interrupt on until
 * irq_ack, and before the first one, so that a driver that is slow, or dead, costs nothing. A pin belongs to at most one irq.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

#define IRQ_PINS_MAX 256u

struct notify;

struct irq {
	struct object object;
	struct notify *notify; /* a reference, 0: none */
	uint64_t bits;
	uint32_t pin;
};

/* Masked, and bound to nothing yet. BAD_ARGUMENT: no such pin, EXISTS: it is taken; QUOTA, NO_MEMORY. */
uint32_t irq_create(struct group *group, uint32_t pin, uint32_t flags, struct irq **out) __attribute__((warn_unused_result));

/* notify 0: none. The pin stays masked, or not, as it is. */
void irq_bind(struct irq *irq, struct notify *notify, uint64_t bits);

void irq_ack(struct irq *irq);

bool irq_destroy_step(struct object *object);
