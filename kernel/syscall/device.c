/*
 * What is made from the machine's authority: interrupts of pins, port ranges, and numbers on the machine. Device memory is in
 * syscall/frame.c.
 */
#include "abi/syscalls.h"
#include "arch/interrupt.h"
#include "object/ioport.h"
#include "object/irq.h"
#include "object/machine.h"
#include "object/notify.h"
#include "syscall/call.h"

#define PORTS 65536u
#define ISA_LINES 16u
#define IRQ_FLAGS (IRQ_ACTIVE_HIGH | IRQ_ACTIVE_LOW | IRQ_EDGE | IRQ_LEVEL)

static bool pin_of(uint32_t number, uint32_t *out_pin)
{
	if ((number & IRQ_ISA) && (number & ~IRQ_ISA) >= ISA_LINES)
		return false;
	*out_pin = number & IRQ_ISA ? interrupt_isa_pin(number & ~IRQ_ISA) : number;
	return true;
}

static bool flags_ok(uint32_t flags)
{
	if (flags & ~IRQ_FLAGS)
		return false;
	uint32_t polarity = flags & (IRQ_ACTIVE_HIGH | IRQ_ACTIVE_LOW), trigger = flags & (IRQ_EDGE | IRQ_LEVEL);
	bool one_each =
	        polarity && trigger && polarity != (IRQ_ACTIVE_HIGH | IRQ_ACTIVE_LOW) && trigger != (IRQ_EDGE | IRQ_LEVEL);
	return !flags || one_each;
}

void syscall_irq_create(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	uint64_t number = call_word(thread, 0), flags = call_word(thread, 1);
	uint32_t pin;
	if (number > UINT32_MAX || flags > UINT32_MAX || !flags_ok((uint32_t)flags) || !pin_of((uint32_t)number, &pin)) {
		call_answer(thread, ERR_BAD_ARGUMENT);
		return;
	}
	struct irq *irq;
	uint32_t error = irq_create(thread->process->group, pin, (uint32_t)flags, &irq);
	if (error)
		call_answer(thread, error);
	else
		call_answer_handle(thread, &irq->object, object_classes[OBJECT_IRQ].rights);
}

void syscall_irq_bind(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct object *notify = 0;
	handle_t handle = (handle_t)call_word(thread, 0);
	uint32_t error = handle ? call_find(thread, handle, OBJECT_NOTIFY, RIGHT_SIGNAL, &notify, 0) : ERR_OK;
	if (!error)
		irq_bind((struct irq *)object, notify ? notify_of_object(notify) : 0, call_word(thread, 1));
	call_answer(thread, error);
}

void syscall_irq_ack(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	irq_ack((struct irq *)object);
	call_answer(thread, ERR_OK);
}

void syscall_ioport_create(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	uint64_t first = call_word(thread, 0), count = call_word(thread, 1);
	if (first >= PORTS || !count || count > PORTS - first) {
		call_answer(thread, ERR_BAD_ARGUMENT);
		return;
	}
	struct ioport *ioport;
	uint32_t error = ioport_create(thread->process->group, (uint32_t)first, (uint32_t)count, &ioport);
	if (error)
		call_answer(thread, error);
	else
		call_answer_handle(thread, &ioport->object, object_classes[OBJECT_IOPORT].rights);
}

/* As much of the structure as the caller knows. */
void syscall_machine_stats(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	uint64_t address = call_word(thread, 0), size = call_word(thread, 1);
	struct machine_stats stats;
	machine_stats(&stats);
	if (size > sizeof stats)
		size = sizeof stats;
	stats.size = size;
	uint64_t copied = vmem_copy_out(thread->process->vmem, address, &stats, size);
	call_answer(thread, copied == size ? ERR_OK : ERR_BAD_ADDRESS);
}
