/* Which vector belongs to whom (layout.h), and the vectors that mean nothing. */
#include "arch/x86_64/interrupts.h"

#include "arch/upcalls.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/timer.h"
#include "core/log.h"

static uint64_t strays;

static void stray(uint32_t vector)
{
	if (strays++ == 0)
		log_warning("interrupt vector 0x%x belongs to nobody; more of such are only counted", vector);
	lapic_eoi_if_served(vector);
}

void interrupt_dispatch(uint32_t vector)
{
	if (vector == VECTOR_TIMER) {
		lapic_eoi();
		timer_interrupt();
	} else if (vector >= VECTOR_PINS && vector < VECTOR_PINS_END) {
		ioapic_interrupt(vector);
	} else if (vector == VECTOR_ASKED) {
		lapic_eoi();
		upcall_asked();
	} else if (vector == VECTOR_APIC_ERROR) {
		lapic_error();
	} else if (vector != VECTOR_SPURIOUS && (vector < VECTOR_PIC || vector >= VECTOR_PIC + 16)) {
		stray(vector);
	}
}
