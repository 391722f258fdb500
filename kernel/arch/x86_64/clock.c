/*
 * Calibration. The TSC is counted while a timer of known rate runs for 5 ms: HPET, else the ACPI timer, else the PIT. Each end of
 * the interval is the best of several attempts at reading both counters together, so that an interruption from outside (a
 * hypervisor's, a system management interrupt) does not count. Where CPUID says the TSC's rate exactly (leaf 0x15) it is taken
 * from there, and only the local APIC's timer is measured against it.
 */
#include "arch/x86_64/clock.h"

#include <stdbool.h>

#include "arch/cpu.h"
#include "arch/paging.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/registers.h"

#define INTERVALS_PER_SECOND 200u
#define ATTEMPTS 32u
#define TSC_MAX_HZ 20000000000ull /* no counter of a PC is faster: bounds the wait for a reference that stands still */

#define PM_TIMER_HZ 3579545u /* ACPI 4.8.2.1 */
#define PIT_HZ 1193182u
#define FEMTOSECONDS 1000000000000000ull

/* IA-PC HPET specification 1.0a, 2.3. */
#define HPET_CAPABILITIES 0x0u /* upper half: femtoseconds of a tick */
#define HPET_CONFIGURATION 0x10u
#define HPET_COUNTER 0xf0u
#define HPET_ENABLE 1u
#define HPET_PERIOD_MAX 100000000u

struct reference {
	const char *name;
	uint64_t hz;
	uint32_t mask; /* the counter wraps here */
	uint32_t (*read)(void);
};

struct sample {
	uint64_t tsc;
	uint32_t reference, lapic;
};

static volatile uint32_t *hpet;
static volatile const uint32_t *pm_timer_memory;
static uint16_t pm_timer_port;

static uint32_t read_hpet(void)
{
	return hpet[HPET_COUNTER / 4];
}

static uint32_t read_pm_timer(void)
{
	return pm_timer_memory ? *pm_timer_memory : port_read_32(pm_timer_port);
}

/* Channel 2, latched, counting down. */
static uint32_t read_pit(void)
{
	port_write_8(0x43, 0x80);
	uint32_t low = port_read_8(0x42);
	return 0xffff - (low | (uint32_t)port_read_8(0x42) << 8);
}

static bool use_hpet(const struct acpi *acpi, struct reference *out)
{
	hpet = acpi->hpet_address ? device_map(paddr(acpi->hpet_address), 0x400, PAGE_CACHE_NONE) : 0;
	if (!hpet)
		return false;
	uint32_t period = hpet[HPET_CAPABILITIES / 4 + 1];
	if (period == 0 || period > HPET_PERIOD_MAX)
		return false;
	hpet[HPET_CONFIGURATION / 4] |= HPET_ENABLE;
	*out = (struct reference){"HPET", FEMTOSECONDS / period, UINT32_MAX, read_hpet};
	return true;
}

static bool use_pm_timer(const struct acpi *acpi, struct reference *out)
{
	if (acpi->pm_timer_address == 0)
		return false;
	if (acpi->pm_timer_in_memory) {
		pm_timer_memory = device_map(paddr(acpi->pm_timer_address), 4, PAGE_CACHE_NONE);
		if (!pm_timer_memory)
			return false;
	}
	pm_timer_port = (uint16_t)acpi->pm_timer_address;
	*out = (struct reference){"ACPI timer", PM_TIMER_HZ, acpi->pm_timer_32 ? UINT32_MAX : 0xffffff, read_pm_timer};
	return true;
}

/* Intel 8254: channel 2 in mode 0 from the largest value, its gate opened and the speaker off by port 0x61. */
static bool use_pit(const struct acpi *acpi, struct reference *out)
{
	(void)acpi;
	port_write_8(0x61, (uint8_t)((port_read_8(0x61) & 0xfc) | 1));
	port_write_8(0x43, 0xb0);
	port_write_8(0x42, 0xff);
	port_write_8(0x42, 0xff);
	*out = (struct reference){"PIT", PIT_HZ, 0xffff, read_pit};
	return true;
}

/* Reads all counters close together. */
static struct sample take_sample(const struct reference *reference)
{
	struct sample best = {0, 0, 0};
	uint64_t best_span = UINT64_MAX;

	for (unsigned i = 0; i < ATTEMPTS; i++) {
		uint32_t lapic = lapic_timer_left();
		uint64_t before = cpu_tsc();
		uint32_t value = reference->read();
		uint64_t after = cpu_tsc();
		if (after - before >= best_span)
			continue;
		best_span = after - before;
		best = (struct sample){before + best_span / 2, value, lapic};
	}
	return best;
}

/* False: the reference stands still. */
static bool measure(const struct reference *reference, struct clock_rates *out)
{
	uint32_t wanted = (uint32_t)(reference->hz / INTERVALS_PER_SECOND);
	struct sample start, end;

	lapic_timer_start(UINT32_MAX);
	start = take_sample(reference);
	while (((reference->read() - start.reference) & reference->mask) < wanted) {
		if (cpu_tsc() - start.tsc > TSC_MAX_HZ / INTERVALS_PER_SECOND)
			return false;
	}
	end = take_sample(reference);
	lapic_timer_start(0);
	uint64_t ticks = (end.reference - start.reference) & reference->mask;
	out->tsc_hz = (end.tsc - start.tsc) * reference->hz / ticks;
	out->lapic_hz = (uint64_t)(start.lapic - end.lapic) * reference->hz / ticks;
	out->source = reference->name;
	return true;
}

/* Intel SDM volume 2, CPUID leaf 0x15: TSC rate = crystal in ecx * ebx / eax. */
static uint64_t tsc_hz_by_cpuid(void)
{
	if (cpuid(0, 0).eax < 0x15)
		return 0;
	struct cpuid leaf = cpuid(0x15, 0);
	return leaf.eax && leaf.ebx && leaf.ecx ? (uint64_t)leaf.ecx * leaf.ebx / leaf.eax : 0;
}

static void measure_lapic_by_tsc(struct clock_rates *rates)
{
	uint64_t interval = rates->tsc_hz / INTERVALS_PER_SECOND, start, now;

	lapic_timer_start(UINT32_MAX);
	start = cpu_tsc();
	do
		now = cpu_tsc();
	while (now - start < interval);
	uint32_t left = lapic_timer_left();
	lapic_timer_start(0);
	rates->lapic_hz = (uint64_t)(UINT32_MAX - left) * rates->tsc_hz / (now - start);
}

void clock_measure(const struct acpi *acpi, struct clock_rates *out)
{
	static bool (*const candidates[])(const struct acpi *acpi, struct reference *out) = {use_hpet, use_pm_timer, use_pit};
	struct reference reference;

	*out = (struct clock_rates){tsc_hz_by_cpuid(), 0, "CPUID"};
	if (out->tsc_hz) {
		measure_lapic_by_tsc(out);
		return;
	}
	for (unsigned i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
		if (candidates[i](acpi, &reference) && measure(&reference, out))
			return;
	}
}
