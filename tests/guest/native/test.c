#include "tests/guest/native/test.h"

#include <stdarg.h>

#include "abi/time_page.h"
#include "tests/guest/native/attack.h"

struct start_block *start_block;

static const char *test_name;
static bool test_failed;
static unsigned failures, tests;
static struct machine_stats before;

void *memset(void *to, int byte, size_t length)
{
	void *at = to;
	__asm__ volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(byte) : "memory");
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
	void *at = to;
	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(length) : : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
	const unsigned char *x = a, *y = b;
	for (size_t i = 0; i < length; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
	}
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;
	while (text[length])
		length++;
	return length;
}

static void add_number(char *text, size_t *at, uint64_t value, unsigned base)
{
	char digits[24];
	unsigned count = 0;
	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (count && *at < LOG_LINE_MAX - 1)
		text[(*at)++] = digits[--count];
}

void say(const char *format, ...)
{
	char text[LOG_LINE_MAX];
	size_t at = 0;
	va_list arguments;
	va_start(arguments, format);
	for (; *format && at < sizeof text - 1; format++) {
		if (*format != '%') {
			text[at++] = *format;
			continue;
		}
		bool wide = *++format == 'l';
		format += wide;
		if (*format == 's') {
			const char *s = va_arg(arguments, const char *);
			while (*s && at < sizeof text - 1)
				text[at++] = *s++;
		} else {
			uint64_t value = wide ? va_arg(arguments, uint64_t) : va_arg(arguments, uint32_t);
			add_number(text, &at, value, *format == 'x' ? 16 : 10);
		}
	}
	va_end(arguments);
	(void)!sys_log_write(grant("log"), text, at, LOG_INFO);
}

handle_t grant(const char *name)
{
	for (uint32_t i = 0; i < start_block->grant_count; i++) {
		const struct start_grant *g = &start_block->grants[i];
		if (strlen(g->name) == strlen(name) && !memcmp(g->name, name, strlen(name)))
			return g->handle;
	}
	return HANDLE_NONE;
}

uint64_t now(void)
{
	const volatile struct time_page *page = (const volatile struct time_page *)start_block->time_page;
	uint64_t tsc = __builtin_ia32_rdtsc();
	return page->ns_base + (uint64_t)((unsigned __int128)(tsc - page->tsc_base) * page->mult >> page->shift);
}

uint64_t random_next(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dull;
}

/* What the kernel frees by and by is gone when the counts have stood still or are right. */
static bool same_objects(const struct machine_stats *stats)
{
	for (unsigned type = 0; type < OBJECT_TYPES; type++) {
		if (stats->objects[type] != before.objects[type])
			return false;
	}
	return true;
}

static void check_objects(void)
{
	struct machine_stats stats;
	for (unsigned tries = 0; tries < 200; tries++) {
		if (sys_machine_stats(grant("machine"), &stats) || same_objects(&stats))
			break;
		pause_ms(1);
	}
	for (unsigned type = 0; type < OBJECT_TYPES; type++) {
		if (stats.objects[type] != before.objects[type])
			test_fail("objects of type", (int)type, "their number has changed by",
			        stats.objects[type] - before.objects[type]);
	}
}

static void test_end(void)
{
	if (!test_name)
		return;
	if (!test_failed)
		say("ok %s", test_name);
	failures += test_failed;
	tests++;
	test_name = 0;
}

void test_next(const char *name)
{
	test_end();
	test_name = name;
	test_failed = false;
}

static void test_end_all(void)
{
	if (test_name)
		check_objects();
	test_end();
}

void test_begin(const char *name)
{
	test_end_all();
	test_next(name);
	OK(sys_machine_stats(grant("machine"), &before));
}

void test_fail(const char *file, int line, const char *what, uint64_t value)
{
	if (!test_failed)
		say("not ok %s: %s:%d: %s %ld (0x%lx)", test_name ? test_name : "?", file, (uint32_t)line, what, value, value);
	test_failed = true;
}

void pause_ms(uint64_t ms)
{
	static const uint32_t never;
	(void)!sys_futex_wait(&never, 0, now() + ms * MS);
}

/* What GS points to, at the top of each stack. */
struct thread_area {
	struct thread_area *self;
	uint64_t control_block;
};

#define STACK_SIZE (16 * PAGE)

static uint64_t area_on(uint64_t stack, uint64_t control_block)
{
	struct thread_area *area = (struct thread_area *)(stack + STACK_SIZE - sizeof *area);
	*area = (struct thread_area){area, control_block};
	return (uint64_t)area;
}

static void thread_main(struct thread *thread)
{
	thread->function(thread->argument);
	for (;;) {
		uint64_t word[MESSAGE_WORDS] = {(uint64_t)&thread->ended, 0, 0};
		call_words(SYS_thread_exit, 0, word);
	}
}

void thread_begin_at(struct thread *thread, unsigned priority, void (*function)(void *argument), void *argument)
{
	uint64_t block;
	uint32_t number;
	thread->function = function;
	thread->argument = argument;
	thread->ended = 1;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, STACK_SIZE, MAP_READ | MAP_WRITE, 0, 0, &thread->stack));
	OK(sys_thread_create(HANDLE_SELF_PROCESS, &thread->handle, &block, &number));
	OK(sys_thread_set_priority(thread->handle, priority));
	uint64_t gs = area_on(thread->stack, block);
	OK(sys_thread_start(thread->handle, (uint64_t)thread_main, gs - 8, (uint64_t)thread, 0, gs));
}

void thread_begin(struct thread *thread, void (*function)(void *argument), void *argument)
{
	thread_begin_at(thread, 16, function, argument);
}

void thread_join(struct thread *thread)
{
	while (__atomic_load_n(&thread->ended, __ATOMIC_ACQUIRE)) {
		status_t status = sys_futex_wait(&thread->ended, 1, now() + 20000 * MS);
		if (status == ERR_TIMED_OUT) {
			test_fail(__FILE__, __LINE__, "a thread did not end", 0);
			return;
		}
	}
	OK(sys_handle_close(thread->handle));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, thread->stack, STACK_SIZE));
}

/* This program's own segments, by the headers that it was mapped with. */
struct program_header {
	uint32_t type, flags;
	uint64_t offset, address, physical, file_size, memory_size, align;
};

static void copy_segment(handle_t vmem, const struct program_header *header)
{
	uint64_t start = header->address & ~(PAGE - 1), end = (header->address + header->memory_size + PAGE - 1) & ~(PAGE - 1);
	uint64_t at, copied = 0;
	handle_t frame;
	if (!(header->flags & 2)) {
		uint32_t flags = MAP_READ | MAP_FIXED_EMPTY | (header->flags & 1 ? MAP_EXECUTE : 0);
		OK(sys_vmem_map(vmem, start, end - start, flags, grant("root"), header->offset & ~(PAGE - 1), &at));
		return;
	}
	OK(sys_frame_create(end - start, 0, &frame));
	while (copied < end - start) {
		uint64_t part = 0;
		status_t status = sys_frame_write(frame, copied, (void *)(start + copied), end - start - copied, &part);
		CHECK_IS(status, ERR_OK);
		if (status || !part)
			break;
		copied += part;
	}
	OK(sys_vmem_map(vmem, start, end - start, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY, frame, 0, &at));
	OK(sys_handle_close(frame));
}

handle_t group_make(handle_t parent, uint64_t pages, uint64_t objects, uint64_t processes, uint32_t ceiling)
{
	const struct group_amounts limits = {pages, objects, processes};
	handle_t group = HANDLE_NONE;
	OK(sys_group_create(parent, &limits, ceiling, &group));
	return group;
}

handle_t group_below(uint32_t priority)
{
	return group_make(grant("group"), GROUP_NO_LIMIT, GROUP_NO_LIMIT, GROUP_NO_LIMIT, priority - 1);
}

void child_make(struct child *child, const char *name)
{
	child_make_in(child, grant("group"), name);
}

void child_make_in(struct child *child, handle_t group, const char *name)
{
	memset(child, 0, sizeof *child);
	OK(sys_process_create(group, name, &child->process, &child->vmem, &child->number));
	OK(sys_notify_create(&child->notify));
	OK(sys_process_watch(child->process, child->notify, 1));
}

handle_t child_give(struct child *child, handle_t handle, uint32_t rights)
{
	handle_t there = HANDLE_NONE;
	OK(sys_process_give(child->process, handle, rights, &there));
	return there;
}

struct child_start {
	uint32_t (*function)(void *argument);
	void *argument;
};

static void child_main(struct child_start *how)
{
	sys_process_exit(how->function(how->argument));
}

/* All but a stack. */
static void copy_program(handle_t vmem)
{
	const struct program_header *headers = (const struct program_header *)start_block->program_headers;
	for (uint32_t i = 0; i < start_block->program_header_count; i++) {
		if (headers[i].type == 1)
			copy_segment(vmem, &headers[i]);
	}
	uint64_t at, written, block_address = (uint64_t)start_block & ~(PAGE - 1);
	handle_t block_frame;
	OK(sys_vmem_map(vmem, start_block->time_page, PAGE, MAP_READ | MAP_FIXED_EMPTY, grant("time"), 0, &at));
	OK(sys_frame_create(4 * PAGE, 0, &block_frame));
	OK(sys_frame_write(block_frame, 0, start_block, start_block->size, &written));
	OK(sys_vmem_map(vmem, block_address, 4 * PAGE, MAP_READ | MAP_FIXED_EMPTY, block_frame, 0, &at));
	OK(sys_handle_close(block_frame));
}

/* Begins with nothing but its control block. */
static void image_main(struct child_start *how, uint64_t block)
{
	static struct thread_area area;
	area = (struct thread_area){&area, block};
	__asm__ volatile("wrgsbase %0" : : "r"(&area));
	child_main(how);
}

void image_make(struct process_replacement *how, uint32_t (*function)(void *argument), void *argument)
{
	struct child_start start = {function, argument};
	handle_t stack;
	uint64_t at, written;
	memset(how, 0, sizeof *how);
	OK(sys_vmem_create(&how->vmem));
	copy_program(how->vmem);
	OK(sys_frame_create(STACK_SIZE, 0, &stack));
	OK(sys_vmem_map(how->vmem, 0, STACK_SIZE, MAP_READ | MAP_WRITE, stack, 0, &at));
	how->argument = at + STACK_SIZE - sizeof start;
	OK(sys_frame_write(stack, STACK_SIZE - sizeof start, &start, sizeof start, &written));
	OK(sys_handle_close(stack));
	how->stack = (how->argument & ~15ull) - 8;
	how->entry = (uint64_t)image_main;
}

/* Its stack begins as a frame that is filled here: what GS points to, and how to begin. */
void child_start(struct child *child, uint32_t (*function)(void *argument), void *argument)
{
	handle_t stack;
	uint64_t block, written;
	uint32_t number;
	copy_program(child->vmem);
	OK(sys_frame_create(STACK_SIZE, 0, &stack));
	OK(sys_vmem_map(child->vmem, 0, STACK_SIZE, MAP_READ | MAP_WRITE, stack, 0, &child->stack));
	OK(sys_thread_create(child->process, &child->thread, &block, &number));
	uint64_t area_at = child->stack + STACK_SIZE - sizeof(struct thread_area);
	uint64_t how_at = area_at - sizeof(struct child_start);
	struct thread_area area = {(struct thread_area *)area_at, block};
	struct child_start how = {function, argument};
	OK(sys_frame_write(stack, area_at - child->stack, &area, sizeof area, &written));
	OK(sys_frame_write(stack, how_at - child->stack, &how, sizeof how, &written));
	OK(sys_handle_close(stack));
	OK(sys_thread_set_priority(child->thread, MAIN_PRIORITY));
	OK(sys_thread_start(child->thread, (uint64_t)child_main, (how_at & ~15ull) - 8, how_at, 0, area_at));
}

uint32_t child_wait(struct child *child)
{
	uint64_t bits;
	struct process_info info = {0};
	OK(sys_notify_wait(child->notify, 1, now() + 20000 * MS, &bits));
	OK(sys_process_info(child->process, &info));
	CHECK_IS(info.state, PROCESS_ENDED);
	if (child->thread)
		OK(sys_handle_close(child->thread));
	OK(sys_handle_close(child->process));
	OK(sys_handle_close(child->vmem));
	OK(sys_handle_close(child->notify));
	return info.status;
}

void child_kill(struct child *child)
{
	OK(sys_process_kill(child->process, PROCESS_STATUS_KILLED));
	CHECK_IS(child_wait(child), PROCESS_STATUS_KILLED);
}

void channel_make(handle_t *out_receiver, uint64_t stamp, handle_t *out_sender)
{
	OK(sys_channel_create(out_receiver));
	OK(sys_channel_mint(*out_receiver, stamp, RIGHTS_ALL, out_sender));
}

uint64_t pages_free(void)
{
	struct machine_stats stats;
	OK(sys_machine_stats(grant("machine"), &stats));
	return stats.pages_free;
}

void check_pages_many(uint64_t expected, uint64_t rounds)
{
	uint64_t slack = rounds / 8;
	check_pages(expected > slack ? expected - slack : 0);
}

void check_pages(uint64_t expected)
{
	for (unsigned i = 0; i < 300 && pages_free() < expected; i++)
		pause_ms(10);
	uint64_t is_free = pages_free();
	CHECK_IS(is_free < expected ? expected - is_free : 0, 0);
}

/* Writes to the ACPI register by which QEMU's q35 is switched off, after the kernel has had time to print what was said. */
static void power_off(void)
{
	handle_t ports;
	pause_ms(500);
	OK(sys_ioport_create(grant("machine"), 0x604, 2, &ports));
	__asm__ volatile("outw %%ax, %%dx" : : "a"(0x2000), "d"(0x604));
}

static uint32_t end_at_once(void *argument)
{
	(void)argument;
	return 0;
}

/*
 * What stays with this process, and shall not count: pages of control blocks for all threads that tests make, and all pages of
 * its variables, which a child is given a copy of; and the stack, as deep as tests go.
 */
static void warm_up(void)
{
	struct child child;
	volatile uint8_t stack[4 * PAGE];
	for (unsigned i = 0; i < sizeof stack; i += PAGE)
		stack[i] = 0;
	static handle_t threads[256];
	for (unsigned i = 0; i < 256; i++) {
		uint64_t block;
		uint32_t number;
		OK(sys_thread_create(HANDLE_SELF_PROCESS, &threads[i], &block, &number));
	}
	for (unsigned i = 0; i < 256; i++)
		OK(sys_handle_close(threads[i]));
	child_make(&child, "warm");
	child_start(&child, end_at_once, 0);
	CHECK_IS(child_wait(&child), 0);
	pause_ms(10);
}

static bool argument_is(const char *text)
{
	const char *argument = (const char *)start_block + start_block->arguments;
	for (uint32_t i = 0; i < start_block->argument_count; i++, argument += strlen(argument) + 1) {
		if (strlen(argument) == strlen(text) && !memcmp(argument, text, strlen(text)))
			return true;
	}
	return false;
}

static bool bench_is_wanted(const char *name)
{
	char text[64];
	if (strlen(name) + 14 > sizeof text)
		return false;
	memcpy(text, "native=bench.", 13);
	memcpy(text + 13, name, strlen(name) + 1);
	return argument_is(text);
}

static void run(void (*const subjects[])(void), size_t count)
{
	for (size_t i = 0; i < count; i++)
		subjects[i]();
	test_end_all();
}

void test_main(struct start_block *block);
void test_main(struct start_block *block)
{
	static struct thread_area area;
	area = (struct thread_area){&area, block->control_block};
	__asm__ volatile("wrgsbase %0" : : "r"(&area));
	start_block = block;
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, MAIN_PRIORITY));
	warm_up();
	static void (*const all[])(void) = {test_handles, test_memory, test_vmem, test_frame, test_clones, test_waiting,
	        test_threads, test_ipc, test_ipc_ends, test_ipc_table, test_put_off, test_passage, test_extras, test_buffers,
	        test_forward, test_events, test_processes, test_groups, test_inspect, test_fork, test_replace, test_restart,
	        test_vfork, test_faults, test_upcalls, test_interrupt, test_devices, test_random};
	static void (*const attacks[])(void) = {
	        attack_clones, attack_leaks, attack_copies, attack_memory, attack_states, attack_upcalls};
	bench_for_ever(bench_is_wanted);
	if (argument_is("native=bench"))
		bench();
	else if (argument_is("native=random"))
		random_for_ever();
	else if (argument_is("native=attack"))
		run(attacks, sizeof attacks / sizeof *attacks);
	else
		run(all, sizeof all / sizeof *all);
	say("native: %u tests, %u failed", tests, failures);
	power_off();
	sys_process_exit(failures != 0);
}
