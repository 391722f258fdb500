/*
 * The local APIC, through its page of registers, or through MSRs when the firmware left it in x2APIC mode, which cannot be left
 * again without a reset. Register offsets are those of the page; the MSR of one is 0x800 plus a sixteenth of it (SDM volume 3,
 * 11.12.1.2). QEMU without KVM has no x2APIC: untested on hardware.
 */
#include "arch/x86_64/lapic.h"

#include "arch/cpu.h"
#include "arch/paging.h"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/registers.h"
#include "core/log.h"

#define APIC_BASE_ENABLED (1u << 11)
#define APIC_BASE_X2 (1u << 10)

enum {
	LAPIC_ID = 0x20,
	LAPIC_TASK_PRIORITY = 0x80,
	LAPIC_EOI = 0xb0,
	LAPIC_LOGICAL_DESTINATION = 0xd0,
	LAPIC_SPURIOUS = 0xf0,
	LAPIC_IN_SERVICE = 0x100,
	LAPIC_ERROR_STATUS = 0x280,
	LAPIC_COMMAND = 0x300,
	LAPIC_COMMAND_HIGH = 0x310,
	LAPIC_LVT_TIMER = 0x320,
	LAPIC_LVT_THERMAL = 0x330,
	LAPIC_LVT_COUNTERS = 0x340,
	LAPIC_LVT_LINT0 = 0x350,
	LAPIC_LVT_LINT1 = 0x360,
	LAPIC_LVT_ERROR = 0x370,
	LAPIC_TIMER_INITIAL = 0x380,
	LAPIC_TIMER_CURRENT = 0x390,
	LAPIC_TIMER_DIVIDE = 0x3e0,
};

#define SPURIOUS_ENABLE 0x100u
#define LVT_MASKED 0x10000u
#define LVT_NMI 0x400u
#define LVT_TIMER_DEADLINE 0x40000u
#define COMMAND_SELF 0x40000u
#define COMMAND_OTHERS 0xc0000u
#define COMMAND_PENDING 0x1000u
#define COMMAND_ASSERT 0x4000u
#define COMMAND_NMI 0x400u
#define COMMAND_INIT 0x500u
#define COMMAND_STARTUP 0x600u
#define DIVIDE_BY_16 0x3u

#define ERRORS_LOGGED 4u

static volatile uint32_t *registers; /* 0: x2APIC */
static bool ready;

static uint32_t read(unsigned offset)
{
	return registers ? registers[offset / 4] : (uint32_t)msr_read(MSR_X2APIC + offset / 16);
}

static void write(unsigned offset, uint32_t value)
{
	if (registers)
		registers[offset / 4] = value;
	else
		msr_write(MSR_X2APIC + offset / 16, value);
}

static bool find_registers(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ENABLED))
		msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLED);
	else if (base & APIC_BASE_X2)
		return true;
	registers = device_map(paddr(base & 0x000ffffffffff000ull), PAGE_SIZE, PAGE_CACHE_NONE);
	return registers;
}

/* Input 1 is NMI on every PC, and the MADT may say that input 0 is. ExtINT, where the legacy controllers are, stays masked. */
static void set_local_inputs(uint8_t nmi_inputs)
{
	write(LAPIC_LVT_LINT0, nmi_inputs & 1 ? LVT_NMI : LVT_MASKED);
	write(LAPIC_LVT_LINT1, nmi_inputs & 2 || nmi_inputs == 0 ? LVT_NMI : LVT_MASKED);
}

bool lapic_init(void)
{
	return find_registers();
}

/* As the first CPU's is used, so are the others': what find_registers found enabled or did. */
static void enable(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLED;

	msr_write(MSR_APIC_BASE, base);
	if (!registers)
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2);
}

void lapic_init_cpu(uint8_t nmi_inputs)
{
	enable();
	write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	write(LAPIC_LVT_ERROR, LVT_MASKED | VECTOR_APIC_ERROR);
	set_local_inputs(nmi_inputs);
	write(LAPIC_TASK_PRIORITY, 0);
	write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	/* Whatever the firmware left unserved: at most one vector for each bit of the in-service register. */
	for (unsigned i = 0; i < 256; i++) {
		uint32_t any = 0;
		for (unsigned word = 0; word < 8; word++)
			any |= read(LAPIC_IN_SERVICE + word * 16);
		if (!any)
			break;
		lapic_eoi();
	}
	write(LAPIC_ERROR_STATUS, 0);
	write(LAPIC_LVT_ERROR, VECTOR_APIC_ERROR);
	write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_16);
	write(LAPIC_LVT_TIMER, VECTOR_TIMER);
	ready = true;
}

uint32_t lapic_id(void)
{
	uint32_t id = read(LAPIC_ID);

	return registers ? id >> 24 : id;
}

void lapic_eoi(void)
{
	write(LAPIC_EOI, 0);
}

void lapic_eoi_if_served(uint32_t vector)
{
	if (read(LAPIC_IN_SERVICE + vector / 32 * 16) >> vector % 32 & 1)
		lapic_eoi();
}

/* Delivery is over soon: on the bus of old, and at once for one that goes to oneself. */
static void command(uint32_t apic_id, uint32_t value)
{
	if (!registers) {
		msr_write(MSR_X2APIC + LAPIC_COMMAND / 16, (uint64_t)apic_id << 32 | value);
		return;
	}
	for (unsigned i = 0; i < 1000 && (read(LAPIC_COMMAND) & COMMAND_PENDING); i++)
		cpu_pause();
	write(LAPIC_COMMAND_HIGH, apic_id << 24);
	write(LAPIC_COMMAND, value);
}

bool lapic_reaches(uint32_t apic_id)
{
	return !registers || apic_id < 0xff; /* which is all of them */
}

void lapic_send_self(uint32_t vector)
{
	command(0, COMMAND_SELF | vector);
}

void lapic_send_init(uint32_t apic_id)
{
	command(apic_id, COMMAND_INIT | COMMAND_ASSERT);
}

void lapic_send_startup(uint32_t apic_id, uint64_t page)
{
	command(apic_id, COMMAND_STARTUP | COMMAND_ASSERT | (uint32_t)(page >> 12));
}

void lapic_send(uint32_t apic_id, uint32_t vector)
{
	command(apic_id, COMMAND_ASSERT | vector);
}

void lapic_send_nmi_to_others(void)
{
	if (ready)
		command(0, COMMAND_OTHERS | COMMAND_ASSERT | COMMAND_NMI);
}

void lapic_error(void)
{
	static unsigned logged;

	write(LAPIC_ERROR_STATUS, 0); /* moves what happened to where it can be read */
	uint32_t status = read(LAPIC_ERROR_STATUS);
	if (logged++ < ERRORS_LOGGED)
		log_warning("the local APIC reports error 0x%x", status);
	lapic_eoi();
}

void lapic_timer_start(uint32_t ticks)
{
	write(LAPIC_TIMER_INITIAL, ticks);
}

uint32_t lapic_timer_left(void)
{
	return read(LAPIC_TIMER_CURRENT);
}

void lapic_timer_use_deadline(void)
{
	write(LAPIC_LVT_TIMER, LVT_TIMER_DEADLINE | VECTOR_TIMER);
	/* The mode must be set before the first deadline is: SDM volume 3, 11.5.4.1. */
	__asm__ volatile("mfence" : : : "memory");
}

void lapic_timer_at(uint64_t tsc)
{
	msr_write(MSR_TSC_DEADLINE, tsc);
}
