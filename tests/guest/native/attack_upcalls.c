/*
 * Attacks by upcalls: entries that lead nowhere, control blocks that other threads write while the kernel does, bits without end,
 * threads that never take them, servers and callers that end while calls are asked to end. Only the attacker may suffer.
 */
#include "abi/exception.h"
#include "tests/guest/native/attack.h"
#include "tests/guest/native/upcalls.h"

static handle_t receiver, sender;

/* Each makes a bit come to an entry that is none. */
enum { NOT_MAPPED, DATA, LAST_ADDRESS, MISALIGNED_END, ENTRIES };

static uint32_t go_nowhere(void *argument)
{
	static uint64_t data[2];
	const uint64_t entries[ENTRIES] = {0x10000, (uint64_t)data, USER_TOP, USER_TOP - 1};
	uint64_t entry = entries[(uintptr_t)argument];
	if (sys_thread_set_upcall(HANDLE_SELF_THREAD, HANDLE_SELF_NOTIFY, entry))
		return 1;
	(void)!sys_process_signal(HANDLE_SELF_PROCESS, 1);
	return 2;
}

static void bad_entries(void)
{
	test_begin("an_entry_that_leads_nowhere_ends_its_process");
	for (uintptr_t i = 0; i < ENTRIES; i++) {
		struct child child;
		child_make(&child, "nowhere");
		child_start(&child, go_nowhere, (void *)i);
		CHECK_IS(child_wait(&child), PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT);
	}
}

/* Writes whatever into a control block in which the kernel writes upcalls, which go on with what it finds there. */
static struct control_block *victim;

static void scribble(void *argument)
{
	uint64_t state = (uint64_t)argument;
	for (;;) {
		state = state * 6364136223846793005 + 1442695040888963407;
		((volatile uint64_t *)victim)[2 + (state >> 33) % 126] = state >> 40 & 1 ? state : 0;
	}
}

static uint32_t be_scribbled_on(void *argument)
{
	static struct thread threads[2];
	handle_t timer;
	(void)argument;
	upcalls_begin(true);
	upcalls.unchecked = true;
	victim = control_block();
	if (sys_timer_create(HANDLE_SELF_NOTIFY, 1, &timer) || sys_timer_set(timer, 0, 50000))
		return 1;
	for (uintptr_t i = 0; i < 2; i++)
		thread_begin_at(&threads[i], MAIN_PRIORITY, scribble, (void *)(i + 77));
	for (;;)
		sys_thread_yield();
}

static uint32_t unmap_control_block(void *argument)
{
	(void)argument;
	upcalls_begin(true);
	if (sys_vmem_unmap(HANDLE_SELF_VMEM, (uint64_t)control_block() & ~(PAGE - 1), PAGE))
		return 1;
	(void)!sys_process_signal(HANDLE_SELF_PROCESS, 1);
	return 2;
}

static void bad_control_blocks(void)
{
	struct child child;
	test_begin("a_control_block_that_others_write_all_the_time_harms_only_its_process");
	for (unsigned i = 0; i < 4; i++) {
		child_make(&child, "scribbled");
		child_start(&child, be_scribbled_on, 0);
		pause_ms(30);
		(void)!sys_process_kill(child.process, PROCESS_STATUS_KILLED);
		child_wait(&child);
	}
	test_begin("an_upcall_into_a_control_block_that_was_unmapped_ends_its_process");
	child_make(&child, "unmapped");
	child_start(&child, unmap_control_block, 0);
	CHECK_IS(child_wait(&child), PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT);
}

static uint64_t turns_in_ms(uint64_t ms)
{
	uint64_t end = now() + ms * MS, turns = 0;
	while (now() < end)
		turns++;
	return turns;
}

/* Is interrupted for ever, and takes nothing. */
static uint32_t never_take(void *argument)
{
	(void)argument;
	upcalls_begin(true);
	upcalls.leave_bits = true;
	(void)!sys_process_signal(HANDLE_SELF_PROCESS, 1);
	for (;;)
		sys_thread_yield();
	return 0;
}

/* The same in calls, all of which are asked to end. */
static uint32_t never_wait(void *argument)
{
	static const uint32_t never;
	(void)argument;
	upcalls_begin(true);
	*hold_off() = HOLD_ASK;
	(void)!sys_process_signal(HANDLE_SELF_PROCESS, 1);
	for (;;) {
		if (sys_futex_wait(&never, 0, DEADLINE_NEVER) != ERR_INTERRUPTED)
			return 1;
	}
}

static uint32_t signal_for_ever(void *argument)
{
	handle_t process = *(handle_t *)argument;
	while (!sys_process_signal(process, UINT64_MAX))
		;
	return 0;
}

static void storms(void)
{
	struct child lazy, restless, stormed, storm;
	static handle_t there;
	test_begin("threads_that_never_take_their_bits_and_those_who_set_them_without_end_have_only_their_share");
	uint64_t alone = turns_in_ms(50);
	child_make(&lazy, "lazy");
	child_start(&lazy, never_take, 0);
	child_make(&restless, "restless");
	child_start(&restless, never_wait, 0);
	child_make(&stormed, "stormed");
	child_start(&stormed, never_take, 0);
	child_make(&storm, "storm");
	there = child_give(&storm, stormed.process, RIGHT_SIGNAL);
	child_start(&storm, signal_for_ever, &there);
	uint64_t under = turns_in_ms(250);
	say("turns alone %lu in 50 ms, under four attackers %lu in 250 ms", alone, under);
	CHECK(under > alone / 4);
	child_kill(&stormed);
	CHECK_IS(child_wait(&storm), 0);
	child_kill(&lazy);
	child_kill(&restless);
}

/* Calls, is asked to end, and is ended, again and again. */
#define CALLERS 24

static void call_for_ever(void *argument)
{
	(void)argument;
	struct message message = {0};
	while (!sys_channel_call(sender, &message) || message.label != ERR_PEER_CLOSED)
		message = (struct message){0};
}

static uint32_t calling_process(void *argument)
{
	static struct thread threads[CALLERS];
	static handle_t notifies[CALLERS];
	sender = *(handle_t *)argument;
	for (unsigned i = 0; i < CALLERS; i++) {
		thread_begin_at(&threads[i], MAIN_PRIORITY, call_for_ever, 0);
		if (sys_notify_create(&notifies[i]) ||
		        sys_thread_set_upcall(threads[i].handle, notifies[i], (uint64_t)upcall_entry))
			return 1;
	}
	for (unsigned i = 0;; i = (i + 1) % CALLERS) {
		if (sys_notify_signal(notifies[i], 1))
			return 2;
		uint64_t bits;
		(void)!sys_notify_wait(notifies[(i + 7) % CALLERS], UINT64_MAX, DEADLINE_NOW, &bits);
		sys_thread_yield();
	}
}

/* Saves what comes, answers some of it, hears of some, until it ends with all in its table. */
static uint32_t careless_server(void *argument)
{
	handle_t there = *(handle_t *)argument, replies[64];
	unsigned count = 0;
	struct message message = {0};
	for (unsigned round = 0; round < 400; round++) {
		if (sys_channel_recv(there, now() + MS, &message))
			continue;
		if (RECEIVED_KIND(message.info) == RECEIVED_CALL && count < 64 && !sys_reply_save(&replies[count]))
			count++;
		else if (RECEIVED_KIND(message.info) == RECEIVED_CALL)
			(void)!sys_reply_send(HANDLE_SELF_REPLY, &message);
		if (round % 5 == 4 && count) {
			(void)!sys_reply_send(replies[round % count], &message);
			replies[round % count] = replies[count - 1];
			count--;
		}
	}
	return 5;
}

static void ends(void)
{
	struct child callers, server;
	static handle_t to_server, of_server;
	test_begin("callers_and_servers_end_in_the_middle_of_being_asked");
	for (unsigned round = 0; round < 6; round++) {
		channel_make(&receiver, 1, &sender);
		child_make(&server, "careless");
		of_server = child_give(&server, receiver, RIGHTS_ALL);
		child_make(&callers, "callers");
		to_server = child_give(&callers, sender, RIGHTS_ALL);
		OK(sys_handle_close(receiver));
		OK(sys_handle_close(sender));
		child_start(&server, careless_server, &of_server);
		child_start(&callers, calling_process, &to_server);
		if (round % 2) {
			pause_ms(5 + round);
			child_kill(&callers);
			child_kill(&server);
		} else {
			CHECK_IS(child_wait(&server), 5);
			child_kill(&callers);
		}
	}
}

void attack_upcalls(void)
{
	bad_entries();
	bad_control_blocks();
	storms();
	ends();
}
