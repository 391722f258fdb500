/*
 * What memory costs, and how long the calls on much memory hold everybody else up: a thread of the highest priority sleeps for a
 * short while again and again, and the most that it wakes too late, while the main thread does one thing after the other, is
 * what others wait for. Under -icount a tick is an instruction.
 */
#include "tests/guest/native/test.h"

#define ROUNDS 200u
#define PAGES 4000u
#define READ_WRITE (MAP_READ | MAP_WRITE)
#define NAP 30000ull /* ns */

static uint64_t at;

static void fault(void)
{
	*(volatile uint8_t *)at = 1;
	at += PAGE;
}

static void protect(void)
{
	static uint32_t flags;
	flags ^= MAP_WRITE;
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, MAP_READ | flags));
}

static void map_touch_unmap(void)
{
	uint64_t address;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, READ_WRITE, 0, 0, &address));
	*(volatile uint8_t *)address = 1;
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, address, PAGE));
}

/* The least and the mean of many rounds. */
static void measure(const char *name, void (*what)(void))
{
	uint64_t best = UINT64_MAX, sum = 0;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = __builtin_ia32_rdtsc();
		what();
		uint64_t ticks = __builtin_ia32_rdtsc() - start;
		best = ticks < best ? ticks : best;
		sum += ticks;
	}
	say("bench: %s %lu ticks (%lu on average)", name, best, sum / ROUNDS);
}

static handle_t alarm;
static volatile uint32_t stop;
static uint64_t latest;

static void watch(void *argument)
{
	(void)argument;
	while (!stop) {
		uint64_t bits, deadline = now() + NAP;
		if (sys_notify_wait(alarm, 1, deadline, &bits) != ERR_TIMED_OUT)
			return;
		uint64_t late = now() - deadline;
		latest = late > latest ? late : latest;
	}
}

static void say_latest(const char *name)
{
	say("bench: %s %lu ns", name, latest);
	latest = 0;
}

static void touch(uint64_t address)
{
	for (unsigned i = 0; i < PAGES; i++)
		*(volatile uint8_t *)(address + i * PAGE) = 1;
}

static uint32_t die_with_much_memory(void *argument)
{
	uint64_t address;
	(void)argument;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGES * PAGE, READ_WRITE, 0, 0, &address))
		return 1;
	touch(address);
	for (unsigned i = 0; i < 500; i++) {
		if (sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, READ_WRITE, 0, 0, &address))
			return 1;
		*(volatile uint8_t *)address = 1;
		if (sys_vmem_map(HANDLE_SELF_VMEM, (i + 1ull) << 36, PAGE, READ_WRITE | MAP_FIXED_EMPTY, 0, 0, &address))
			return 1;
		*(volatile uint8_t *)address = 1;
	}
	return 0;
}

static void long_calls(void)
{
	uint64_t address, copied;
	handle_t frame;
	struct child child;
	pause_ms(2);
	say_latest("latency.idle");
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGES * PAGE, READ_WRITE, 0, 0, &address));
	touch(address);
	say_latest("latency.faults");
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, address, PAGES * PAGE, MAP_READ));
	say_latest("latency.protect");
	OK(sys_vmem_map(HANDLE_SELF_VMEM, address, PAGES * PAGE, READ_WRITE | MAP_FIXED, 0, 0, &address));
	say_latest("latency.replace");
	touch(address);
	latest = 0;
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, address, PAGES * PAGE));
	say_latest("latency.unmap");
	OK(sys_frame_create(PAGES * PAGE, 0, &frame));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGES * PAGE, READ_WRITE, frame, 0, &address));
	touch(address);
	latest = 0;
	OK(sys_frame_read(frame, 0, (void *)(address + PAGES / 2 * PAGE), PAGES / 2 * PAGE, &copied));
	say_latest("latency.frame_read");
	OK(sys_frame_resize(frame, PAGE));
	say_latest("latency.frame_resize");
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, address, PAGES * PAGE));
	OK(sys_handle_close(frame));
	latest = 0;
	OK(sys_frame_create(4ull << 20, FRAME_CONTIGUOUS, &frame));
	OK(sys_handle_close(frame));
	pause_ms(1);
	say_latest("latency.contiguous");
	child_make(&child, "large");
	child_start(&child, die_with_much_memory, 0);
	latest = 0;
	child_wait(&child);
	pause_ms(20);
	say_latest("latency.process_end");
}

void bench_memory(void)
{
	struct thread watcher;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGES * PAGE, READ_WRITE, 0, 0, &at));
	uint64_t start = at;
	measure("memory.fault", fault);
	measure("memory.protect", protect);
	measure("memory.map_touch_unmap", map_touch_unmap);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, start, PAGES * PAGE));
	OK(sys_notify_create(&alarm));
	thread_begin_at(&watcher, 31, watch, 0);
	long_calls();
	stop = 1;
	thread_join(&watcher);
	OK(sys_handle_close(alarm));
}
