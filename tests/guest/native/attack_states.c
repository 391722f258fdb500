/*
 * Attacks by order and number: chains of those who wait for each other, ends in the worst moment, names that come back, timers
 * without end. What is ended or robbed may only be the attacker's.
 */
#include "abi/exception.h"
#include "tests/guest/native/attack.h"

/* Threads of one process handle each other's faults: each takes the report of the one before and then faults itself. */
#define CHAIN 250
static handle_t faults;
static uint32_t links;

static void link_main(void *argument)
{
	struct message message = {0};
	(void)argument;
	if (sys_channel_recv(faults, DEADLINE_NEVER, &message))
		return;
	if (__atomic_add_fetch(&links, 1, __ATOMIC_RELAXED) < CHAIN)
		__asm__ volatile("ud2");
}

static uint32_t fault_in_a_chain(void *argument)
{
	static struct thread threads[CHAIN];
	(void)argument;
	for (unsigned i = 0; i < CHAIN; i++)
		thread_begin(&threads[i], link_main, 0);
	__asm__ volatile("ud2");
	return 1;
}

static void chains(void)
{
	struct child child;
	handle_t receiver, sender;
	test_begin("a_chain_of_faulted_handlers_of_faults_ends_its_process_and_no_more");
	channel_make(&receiver, 1, &sender);
	child_make(&child, "chain");
	links = 0;
	faults = child_give(&child, receiver, RIGHTS_ALL);
	OK(sys_handle_close(receiver));
	OK(sys_process_set_exception(child.process, sender));
	OK(sys_handle_close(sender));
	child_start(&child, fault_in_a_chain, 0);
	CHECK_IS(child_wait(&child), PROCESS_STATUS_FAULT + VECTOR_INVALID_OPCODE);
}

/* How much the main thread gets done in a while, with nothing beside it and under attack. */
static uint64_t turns_in_ms(uint64_t ms)
{
	uint64_t end = now() + ms * MS, turns = 0;
	while (now() < end)
		turns++;
	return turns;
}

static void timers(void)
{
	static handle_t many[4000];
	handle_t notify, timer;
	uint64_t bits, alone = turns_in_ms(50);

	test_begin("a_timer_with_the_longest_period_signals_once");
	OK(sys_notify_create(&notify));
	OK(sys_timer_create(notify, 1, &timer));
	OK(sys_timer_set(timer, now() + MS, UINT64_MAX));
	OK(sys_notify_wait(notify, 1, now() + 1000 * MS, &bits));
	CHECK_IS(sys_notify_wait(notify, 1, now() + 20 * MS, &bits), ERR_TIMED_OUT);
	OK(sys_timer_set(timer, 0, UINT64_MAX - 1));
	OK(sys_notify_wait(notify, 1, now() + 1000 * MS, &bits));
	CHECK_IS(sys_notify_wait(notify, 1, now() + 20 * MS, &bits), ERR_TIMED_OUT);
	OK(sys_handle_close(timer));

	test_next("thousands_of_short_timers_leave_programs_time_to_run");
	for (unsigned i = 0; i < 4000; i++)
		OK(sys_timer_create(notify, 1, &many[i]));
	for (unsigned i = 0; i < 4000; i++)
		OK(sys_timer_set(many[i], 0, 100000));
	uint64_t under = turns_in_ms(50);
	for (unsigned i = 0; i < 4000; i++)
		OK(sys_handle_close(many[i]));
	OK(sys_handle_close(notify));
	say("turns alone %lu, under 4000 timers %lu", alone, under);
	CHECK(under > alone / 10);
}

/* A long copy to a caller, whose reply's name comes to mean another caller half-way. */
#define LARGE (64ull << 20)
#define BYSTANDER (96ull << 20)
#define PLACES 511 /* in the table, since warm_up made 256 threads */
static handle_t to_server, receiver, second_sender, saved;
static uint64_t memory;
static volatile bool copy_started;

static void call_with_large_buffer(void *argument)
{
	struct message message = {.label = 1};
	struct message_extras *send = extras_begin();
	(void)argument;
	send->writable = (struct message_buffer){memory, LARGE};
	OK(sys_channel_call_x(to_server, &message));
}

static void call_with_small_buffer(void *argument)
{
	struct message message = {.label = 2};
	struct message_extras *send = extras_begin();
	(void)argument;
	send->writable = (struct message_buffer){memory + LARGE, 8};
	OK(sys_channel_call_x(second_sender, &message));
}

static void copy_long(void *argument)
{
	uint64_t copied = 0;
	(void)argument;
	copy_started = true;
	(void)!sys_reply_write(saved, 0, (void *)memory, LARGE, &copied);
}

static handle_t name_of_next_place(void)
{
	handle_t notify = 0;
	OK(sys_notify_create(&notify));
	OK(sys_handle_close(notify));
	return notify;
}

/* Generations go from 1 to 4094. */
static handle_t name_before(handle_t handle)
{
	return handle >> HANDLE_INDEX_BITS == 1 ? handle + (4093u << HANDLE_INDEX_BITS) : handle - (1u << HANDLE_INDEX_BITS);
}

/* Free places are used in turn. */
static uint32_t free_place_count(void)
{
	const handle_t index = (1u << HANDLE_INDEX_BITS) - 1, first = name_of_next_place() & index;
	uint32_t count = 1;
	while ((name_of_next_place() & index) != first)
		count++;
	return count;
}

static void names_that_come_back(void)
{
	struct thread first, second, copier;
	struct message message = {0};
	static handle_t fill[PLACES + 100];
	unsigned filled = 0, tries = 0;
	handle_t reply = 0;
	test_begin("a_copy_to_a_caller_never_goes_on_beyond_the_buffer_of_another");
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, 20));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, LARGE + BYSTANDER, MAP_READ | MAP_WRITE, 0, 0, &memory));
	for (uint64_t at = 0; at < LARGE; at += PAGE)
		*(volatile uint64_t *)(memory + at) = 1;
	channel_make(&receiver, 1, &to_server);
	OK(sys_channel_mint(receiver, 2, RIGHTS_ALL, &second_sender));
	thread_begin_at(&first, 22, call_with_large_buffer, 0);
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	OK(sys_reply_save(&saved));
	copy_started = false;
	thread_begin_at(&copier, 10, copy_long, 0);
	thread_begin_at(&second, 22, call_with_small_buffer, 0);
	/* The table has few free places, so that names come back soon. */
	struct process_info info;
	OK(sys_process_info(HANDLE_SELF_PROCESS, &info));
	while (info.handles + filled < PLACES - 1)
		OK(sys_handle_duplicate(grant("log"), RIGHTS_ALL, &fill[filled++]));
	for (unsigned i = 0; i < 100 && !copy_started; i++)
		pause_ms(1); /* the copy begins */
	CHECK(copy_started);
	OK(sys_reply_send(saved, &message));
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	CHECK_IS(message.label, 2);
	uint32_t free_places = free_place_count();
	for (handle_t last = 0; last != name_before(saved) && tries < 50000; tries++)
		last = name_of_next_place();
	while (--free_places)
		OK(sys_handle_duplicate(grant("log"), RIGHTS_ALL, &fill[filled++]));
	OK(sys_reply_save(&reply));
	CHECK_IS(reply, saved);
	pause_ms(30); /* the copy goes on */
	uint64_t changed = 0;
	for (uint64_t at = LARGE + PAGE; at < LARGE + BYSTANDER; at += PAGE)
		changed += *(volatile uint64_t *)(memory + at) != 0;
	CHECK_IS(changed, 0);
	OK(sys_reply_send(reply, &message));
	thread_join(&first);
	thread_join(&second);
	thread_join(&copier);
	while (filled)
		OK(sys_handle_close(fill[--filled]));
	OK(sys_handle_close(to_server));
	OK(sys_handle_close(second_sender));
	OK(sys_handle_close(receiver));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, memory, LARGE + BYSTANDER));
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, MAIN_PRIORITY));
}

void attack_states(void)
{
	chains();
	names_that_come_back();
	timers();
}
