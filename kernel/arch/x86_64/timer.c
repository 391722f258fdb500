/*
 * Time since boot is the TSC, scaled: nanoseconds = ticks * mult / 2^32. The timer interrupt is the local APIC's, by TSC deadline
 * where the CPU has that, else as a count-down. A count-down can be too short for a far deadline and fires early then; it is
 * started again until the deadline has really passed.
 *
 * The path by TSC deadline does not run in QEMU without KVM: untested on hardware.
 */
#include "arch/timer.h"

#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/timer.h"
#include "core/log.h"
#include "core/panic.h"

#define NS_PER_SECOND 1000000000ull
#define SHIFT 32

typedef unsigned __int128 wide;

static uint64_t tsc_base; /* the TSC at time 0 */
static uint64_t tsc_hz;
static uint64_t ns_mult;    /* nanoseconds of a tick, times 2^32; 0: the clock does not run yet */
static uint64_t tsc_mult;   /* ticks of a nanosecond, times 2^32 */
static uint64_t lapic_mult; /* likewise of the local APIC's timer */
static uint64_t wall_at_zero;

static uint64_t scale(uint64_t value, uint64_t mult)
{
	return (uint64_t)((wide)value * mult >> SHIFT);
}

/* value / divisor, times 2^32. */
static uint64_t ratio(uint64_t value, uint64_t divisor)
{
	return (value / divisor << SHIFT) + (value % divisor << SHIFT) / divisor;
}

uint64_t timer_now(void)
{
	return scale(cpu_tsc() - tsc_base, ns_mult);
}

uint64_t timer_tsc_hz(void)
{
	return tsc_hz;
}

void timer_init(const struct bootinfo *boot, const struct acpi *acpi)
{
	struct clock_rates rates;

	clock_measure(acpi, &rates);
	if (rates.tsc_hz == 0)
		panic("the TSC cannot be measured: HPET, ACPI timer and PIT all stand still or are absent");
	if (rates.lapic_hz == 0)
		panic("the local APIC's timer does not count");
	tsc_hz = rates.tsc_hz;
	tsc_base = boot->tsc_entry;
	tsc_mult = ratio(tsc_hz, NS_PER_SECOND);
	lapic_mult = ratio(rates.lapic_hz, NS_PER_SECOND);
	ns_mult = ratio(NS_PER_SECOND, tsc_hz);
	if (boot->wall_seconds)
		wall_at_zero = boot->wall_seconds - (boot->tsc_exit - boot->tsc_entry) / tsc_hz;
	timer_init_cpu();
	log_info("clock: TSC at %lu.%03lu MHz by %s, timer by %s", tsc_hz / 1000000, tsc_hz / 1000 % 1000, rates.source,
	        features.tsc_deadline ? "TSC deadline" : "the local APIC's count-down");
}

void timer_init_cpu(void)
{
	arch_cpu_current()->timer_armed = UINT64_MAX;
	if (features.tsc_deadline)
		lapic_timer_use_deadline();
}

static void start(uint64_t deadline)
{
	uint64_t now = timer_now();
	uint64_t left = deadline > now ? deadline - now : 0;

	if (features.tsc_deadline) {
		/* One tick more than rounding down gives; 0 would mean never. */
		wide at = ((wide)deadline * tsc_mult >> SHIFT) + tsc_base + 1;
		lapic_timer_at(at > UINT64_MAX ? 0 : (uint64_t)at);
		return;
	}
	wide ticks = ((wide)left * lapic_mult >> SHIFT) + 1;
	lapic_timer_start(ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
}

void timer_arm(uint64_t deadline)
{
	struct arch_cpu *cpu = arch_cpu_current();

	if (deadline == cpu->timer_armed)
		return;
	cpu->timer_armed = deadline;
	if (deadline != UINT64_MAX)
		start(deadline);
	else if (features.tsc_deadline)
		lapic_timer_at(0);
	else
		lapic_timer_start(0);
}

void timer_interrupt(void)
{
	struct arch_cpu *cpu = arch_cpu_current();

	if (cpu->timer_armed == UINT64_MAX)
		return;
	if (timer_now() < cpu->timer_armed) {
		start(cpu->timer_armed);
		return;
	}
	cpu->timer_armed = UINT64_MAX;
	upcall_timer();
}

void timer_describe(struct time_page *page)
{
	page->version = TIME_PAGE_VERSION;
	__atomic_store_n(&page->sequence, page->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	page->tsc_base = tsc_base;
	page->ns_base = 0;
	page->mult = ns_mult;
	page->shift = SHIFT;
	page->wall_ns_at_boot = wall_at_zero * NS_PER_SECOND;
	page->tsc_hz = tsc_hz;
	__atomic_store_n(&page->sequence, page->sequence + 1, __ATOMIC_RELEASE);
}
