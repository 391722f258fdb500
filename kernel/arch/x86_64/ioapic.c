/*
 * I/O APICs (Intel 82093AA, chapter 3): pins by global system interrupt, each with a vector of its own from VECTOR_PINS up, all
 * sent to the boot CPU.
 *
 * A level-triggered pin is masked in the controller when its interrupt arrives. An edge-triggered one is not, because an edge
 * that arrives while the pin is masked there is lost: it counts as masked here, the next edge is remembered (and only then is
 * the pin masked in the controller, so that a storm ends), and unmasking sends the remembered one again.
 */
#include "arch/interrupt.h"

#include "abi/syscalls.h"
#include "arch/cpu.h"
#include "arch/paging.h"
#include "arch/upcalls.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/registers.h"
#include "core/lock.h"
#include "core/log.h"

#define PINS_MAX (VECTOR_PINS_END - VECTOR_PINS)
#define ISA_LINES 16u

#define IOAPIC_VERSION 1u
#define IOAPIC_REDIRECTION 16u
#define REDIRECTION_ACTIVE_LOW 0x2000u
#define REDIRECTION_LEVEL 0x8000u
#define REDIRECTION_MASKED 0x10000u

struct ioapic {
	volatile uint32_t *registers; /* word 0 selects, word 4 is the selected one */
	uint32_t first_pin, pins;
};

struct pin {
	struct ioapic *ioapic; /* 0: there is no such pin */
	uint32_t redirection;  /* lower half of its register, as it is there */
	uint8_t configured, level, masked, pending;
};

static struct ioapic ioapics[ACPI_IOAPICS_MAX];
static struct pin pins[PINS_MAX];
static uint32_t pin_end;
static struct acpi_override overrides[ACPI_OVERRIDES_MAX];
static uint32_t override_count;
static uint32_t destination;
static struct lock lock = LOCK_INIT(RANK_PIN, "pin");

static uint32_t read(const struct ioapic *ioapic, uint32_t index)
{
	ioapic->registers[0] = index;
	return ioapic->registers[4];
}

static void write(const struct ioapic *ioapic, uint32_t index, uint32_t value)
{
	ioapic->registers[0] = index;
	ioapic->registers[4] = value;
}

static void set_redirection(uint32_t number, uint32_t value)
{
	struct pin *pin = &pins[number];

	pin->redirection = value;
	write(pin->ioapic, IOAPIC_REDIRECTION + (number - pin->ioapic->first_pin) * 2, value);
}

static void add_pins(struct ioapic *ioapic)
{
	for (uint32_t i = 0; i < ioapic->pins && ioapic->first_pin + i < PINS_MAX; i++) {
		uint32_t number = ioapic->first_pin + i;
		if (pins[number].ioapic)
			continue;
		pins[number] = (struct pin){.ioapic = ioapic, .masked = 1};
		write(ioapic, IOAPIC_REDIRECTION + i * 2 + 1, destination << 24);
		set_redirection(number, REDIRECTION_MASKED | (VECTOR_PINS + number));
		if (pin_end <= number)
			pin_end = number + 1;
	}
}

void ioapic_init(const struct acpi *acpi, uint32_t apic_id)
{
	destination = apic_id;
	override_count = acpi->override_count;
	for (uint32_t i = 0; i < override_count; i++)
		overrides[i] = acpi->overrides[i];
	for (uint32_t i = 0; i < acpi->ioapic_count; i++) {
		struct ioapic *ioapic = &ioapics[i];
		ioapic->registers = device_map(paddr(acpi->ioapics[i].address), 0x20, PAGE_CACHE_NONE);
		ioapic->first_pin = acpi->ioapics[i].first_pin;
		if (!ioapic->registers || ioapic->first_pin >= PINS_MAX) {
			log_warning("the I/O APIC at 0x%lx with pins from %u up cannot be used", acpi->ioapics[i].address,
			        ioapic->first_pin);
			continue;
		}
		ioapic->pins = (read(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
		add_pins(ioapic);
	}
}

uint32_t interrupt_pins(void)
{
	return pin_end;
}

/* Flags of an ISA line: edges, active high, unless an override says otherwise. */
static uint32_t override_flags(const struct acpi_override *override)
{
	uint32_t polarity = MADT_POLARITY(override->flags) == MADT_POLARITY_LOW ? IRQ_ACTIVE_LOW : IRQ_ACTIVE_HIGH;
	uint32_t trigger = MADT_TRIGGER(override->flags) == MADT_TRIGGER_LEVEL ? IRQ_LEVEL : IRQ_EDGE;

	return polarity | trigger;
}

uint32_t interrupt_isa_pin(uint32_t line)
{
	for (uint32_t i = 0; i < override_count; i++) {
		if (overrides[i].line == line)
			return overrides[i].pin;
	}
	return line;
}

/* What the tables say of a pin: an override that leads there, else the ISA bus for the first 16, else PCI. */
static uint32_t default_flags(uint32_t number)
{
	for (uint32_t i = 0; i < override_count; i++) {
		if (overrides[i].pin == number)
			return override_flags(&overrides[i]);
	}
	return number < ISA_LINES ? IRQ_ACTIVE_HIGH | IRQ_EDGE : IRQ_ACTIVE_LOW | IRQ_LEVEL;
}

static struct pin *find_pin(uint32_t number)
{
	if (number >= pin_end)
		return 0;
	struct pin *pin = &pins[cpu_mask_index(number, PINS_MAX)];
	return pin->ioapic ? pin : 0;
}

bool interrupt_pin_configure(uint32_t number, uint32_t flags)
{
	struct pin *pin = find_pin(number);
	uint32_t defaults = default_flags(number);

	if (!pin)
		return false;
	if (!(flags & (IRQ_ACTIVE_HIGH | IRQ_ACTIVE_LOW)))
		flags |= defaults & (IRQ_ACTIVE_HIGH | IRQ_ACTIVE_LOW);
	if (!(flags & (IRQ_EDGE | IRQ_LEVEL)))
		flags |= defaults & (IRQ_EDGE | IRQ_LEVEL);
	lock_acquire(&lock);
	pin->configured = 1;
	pin->level = (flags & IRQ_LEVEL) != 0;
	pin->masked = 1;
	pin->pending = 0;
	set_redirection(number,
	        REDIRECTION_MASKED | (VECTOR_PINS + number) | (pin->level ? REDIRECTION_LEVEL : 0) |
	                (flags & IRQ_ACTIVE_LOW ? REDIRECTION_ACTIVE_LOW : 0));
	lock_release(&lock);
	return true;
}

void interrupt_pin_mask(uint32_t number)
{
	struct pin *pin = find_pin(number);

	if (!pin)
		return;
	lock_acquire(&lock);
	pin->masked = 1;
	pin->pending = 0;
	set_redirection(number, pin->redirection | REDIRECTION_MASKED);
	lock_release(&lock);
}

void interrupt_pin_unmask(uint32_t number)
{
	struct pin *pin = find_pin(number);

	if (!pin || !pin->configured)
		return;
	lock_acquire(&lock);
	pin->masked = 0;
	if (pin->redirection & REDIRECTION_MASKED)
		set_redirection(number, pin->redirection & ~REDIRECTION_MASKED);
	if (pin->pending) {
		pin->pending = 0;
		lapic_send_self(VECTOR_PINS + number);
	}
	lock_release(&lock);
}

/* Whether the owner is to be told. */
static bool take(uint32_t number, struct pin *pin)
{
	bool wanted = !pin->masked;

	if (!wanted && !pin->level)
		pin->pending = 1;
	if (!wanted || pin->level)
		set_redirection(number, pin->redirection | REDIRECTION_MASKED);
	pin->masked = 1;
	return wanted;
}

void ioapic_interrupt(uint32_t vector)
{
	uint32_t number = vector - VECTOR_PINS;
	struct pin *pin = find_pin(number);
	bool wanted = false;

	if (pin) {
		lock_acquire(&lock);
		wanted = take(number, pin);
		lock_release(&lock);
	}
	lapic_eoi();
	if (wanted)
		upcall_interrupt(number);
}

/* Intel 8259A: initialisation words 1 to 4, then the mask. */
void pic_mask(void)
{
	port_write_8(0x20, 0x11);
	port_write_8(0xa0, 0x11);
	port_write_8(0x21, VECTOR_PIC);
	port_write_8(0xa1, VECTOR_PIC + 8);
	port_write_8(0x21, 1 << 2);
	port_write_8(0xa1, 2);
	port_write_8(0x21, 1);
	port_write_8(0xa1, 1);
	port_write_8(0x21, 0xff);
	port_write_8(0xa1, 0xff);
}
