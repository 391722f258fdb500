#include "object/irq.h"

#include "arch/interrupt.h"
#include "arch/upcalls.h"
#include "core/lock.h"
#include "core/percpu.h"
#include "mm/slab.h"
#include "object/notify.h"

static struct slab irq_slab = SLAB_INIT("irqs", struct irq);

/* By pin; changes under the lock, the interrupt only reads. */
static struct irq *irqs[IRQ_PINS_MAX];
static struct lock irq_lock = LOCK_INIT(RANK_OBJECT, "irqs");

static uint32_t take_pin(struct irq *irq, uint32_t flags)
{
	lock_acquire(&irq_lock);
	uint32_t error = irqs[irq->pin] ? ERR_EXISTS : ERR_OK;
	if (!error && !interrupt_pin_configure(irq->pin, flags))
		error = ERR_BAD_ARGUMENT;
	if (!error)
		irqs[irq->pin] = irq;
	lock_release(&irq_lock);
	return error;
}

uint32_t irq_create(struct group *group, uint32_t pin, uint32_t flags, struct irq **out)
{
	if (pin >= IRQ_PINS_MAX || pin >= interrupt_pins())
		return ERR_BAD_ARGUMENT;
	struct irq *irq = slab_alloc(&irq_slab);
	if (!irq)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&irq->object, OBJECT_IRQ, group);
	if (error) {
		slab_free(&irq_slab, irq);
		return error;
	}
	irq->pin = pin;
	error = take_pin(irq, flags);
	if (error) {
		object_end(&irq->object);
		slab_free(&irq_slab, irq);
		return error;
	}
	*out = irq;
	return ERR_OK;
}

void irq_bind(struct irq *irq, struct notify *notify, uint64_t bits)
{
	if (notify)
		object_reference(&notify->object);
	lock_acquire(&irq_lock);
	struct notify *before = irq->notify;
	irq->notify = notify;
	irq->bits = bits;
	lock_release(&irq_lock);
	if (before)
		object_release(&before->object);
}

void irq_ack(struct irq *irq)
{
	interrupt_pin_unmask(irq->pin);
}

/* A pin that nobody has stays masked, as its interrupt left it. */
void upcall_interrupt(uint32_t pin)
{
	cpu_current()->interrupts++;
	struct irq *irq = pin < IRQ_PINS_MAX ? irqs[pin] : 0;
	if (irq && irq->notify)
		notify_signal(irq->notify, irq->bits);
}

bool irq_destroy_step(struct object *object)
{
	struct irq *irq = (struct irq *)object;
	interrupt_pin_mask(irq->pin);
	lock_acquire(&irq_lock);
	irqs[irq->pin] = 0;
	lock_release(&irq_lock);
	if (irq->notify)
		object_release(&irq->notify->object);
	object_end(object);
	slab_free(&irq_slab, irq);
	return true;
}
