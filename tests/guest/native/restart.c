/*
 * Processes that were made restartable: a server that dies while a call is held, one is saved and one waits, and another program in
 * its place that answers all three.
 */
#include "tests/guest/native/test.h"

static handle_t there_receiver, there_notify; /* of the child's, known before its variables are copied */

enum way { EXITS, FAULTS, IS_KILLED, LIVES, WAYS };

/* Takes two calls, saves the second, and ends while it holds the first of another thread's. */
static void take_one(void *argument)
{
	struct message message;
	handle_t reply;
	uint64_t bits;
	if (sys_channel_recv(there_receiver, DEADLINE_NEVER, &message))
		sys_process_exit(50);
	if (argument && sys_reply_save(&reply))
		sys_process_exit(51);
	(void)!sys_notify_wait(there_notify, 1, DEADLINE_NEVER, &bits);
}

static uint32_t first_life(void *argument)
{
	static struct thread takers[2];
	handle_t own;
	/* Handles to itself must not keep it. */
	if (sys_handle_duplicate(HANDLE_SELF_PROCESS, RIGHTS_ALL, &own) ||
	        sys_handle_duplicate(HANDLE_SELF_VMEM, RIGHTS_ALL, &own) ||
	        sys_handle_duplicate(HANDLE_SELF_THREAD, RIGHTS_ALL, &own))
		return 52;
	thread_begin(&takers[0], take_one, 0);
	thread_begin(&takers[1], take_one, (void *)1);
	pause_ms(20);
	if (argument == (void *)FAULTS)
		__asm__ volatile("ud2");
	while (argument != (void *)EXITS)
		pause_ms(1000);
	return 7;
}

/* Answers what its predecessor took, told once more, then what is still in the queue, until nothing comes. */
static uint32_t answer_message(handle_t reply, const struct message *message)
{
	struct message answer = {.label = message->label + 100, .word = {message->word[1] * 2}};
	if (control_block()->received.stamp != 77 || RECEIVED_KIND(message->info) != RECEIVED_CALL)
		return 60;
	return sys_reply_send(reply, &answer);
}

static unsigned own_handles; /* to itself: of one that lived they are kept, and its old address space with them */

static uint32_t second_life(void *argument)
{
	uint64_t cursor = 0;
	handle_t handle, receiver = 0, replies[8];
	unsigned count = 0, reply_count = 0;
	uint32_t type, rights, error = 0;
	struct message message;
	while (!sys_handle_walk(&cursor, &handle, &type, &rights)) {
		count++;
		if (type == OBJECT_RECEIVER)
			receiver = handle;
		else if (type == OBJECT_REPLY && reply_count < 8)
			replies[reply_count++] = handle;
	}
	if (receiver != there_receiver || count != 2 + own_handles + reply_count || reply_count != 2)
		return 70 + reply_count;
	for (unsigned i = 0; i < reply_count && !error; i++) {
		error = sys_reply_message(replies[i], 0, &message);
		if (!error)
			error = answer_message(replies[i], &message);
	}
	if (!error)
		error = sys_channel_recv(receiver, now() + 1000 * MS, &message);
	if (!error)
		error = answer_message(HANDLE_SELF_REPLY, &message);
	return error ? 80 + error : (uint32_t)(uintptr_t)argument;
}

static handle_t sender;
struct one_call {
	uint32_t label;
	status_t status;
	struct thread thread;
};

static void make_call(void *argument)
{
	struct one_call *call = argument;
	struct message message = {.label = call->label, .word = {1, call->label * 3ull}};
	call->status = sys_channel_call(sender, &message);
	if (!call->status && (message.label != call->label + 100 || message.word[0] != call->label * 6ull))
		call->status = 999;
}

static void restartable_make(struct child *child, const char *name)
{
	memset(child, 0, sizeof *child);
	OK(sys_process_create_flags(grant("group"), name, PROCESS_RESTARTABLE, &child->process, &child->vmem, &child->number));
	OK(sys_notify_create(&child->notify));
	OK(sys_process_watch(child->process, child->notify, 1));
}

/* A server that has ended in some way, with three calls on their way. */
static void begin_and_end(struct child *child, struct one_call calls[3], handle_t *notify, enum way way)
{
	handle_t receiver;
	uint64_t bits;
	OK(sys_channel_create(&receiver));
	OK(sys_channel_mint(receiver, 77, RIGHTS_ALL, &sender));
	OK(sys_notify_create(notify));
	restartable_make(child, "server");
	there_receiver = child_give(child, receiver, RIGHTS_ALL);
	there_notify = child_give(child, *notify, RIGHTS_ALL);
	OK(sys_handle_close(receiver));
	child_start(child, first_life, (void *)way);
	for (unsigned i = 0; i < 3; i++) {
		calls[i] = (struct one_call){.label = i + 1, .status = 998};
		thread_begin(&calls[i].thread, make_call, &calls[i]);
	}
	pause_ms(10);
	if (way == IS_KILLED)
		OK(sys_process_kill(child->process, 9));
	if (way != LIVES)
		OK(sys_notify_wait(child->notify, 1, now() + 1000 * MS, &bits));
	else
		pause_ms(15);
}

static void restarts(enum way way, const char *name)
{
	struct child child;
	struct one_call calls[3];
	struct process_replacement how;
	struct process_stats stats;
	handle_t notify;
	test_begin(name);
	begin_and_end(&child, calls, &notify, way);
	OK(sys_process_stats(child.process, &stats));
	CHECK_IS(stats.state, way == LIVES ? PROCESS_RUNNING : PROCESS_ENDED);
	CHECK_IS(stats.mapped_bytes == 0, way != LIVES);
	if (way == EXITS)
		CHECK_IS(stats.status, 7);
	if (way != LIVES) {
		uint64_t block;
		CHECK_IS(stats.handles, 4); /* what it was given, and two calls */
		CHECK_IS(sys_thread_create(child.process, &how.vmem, &block, &stats.number), ERR_DEAD);
	}
	for (unsigned i = 0; i < 3; i++)
		CHECK_IS(calls[i].status, 998);
	own_handles = way == LIVES ? 5 : 0;
	image_make(&how, second_life, (void *)5);
	how.keep_count = PROCESS_KEEP_ALL;
	OK(sys_process_watch_replaced(child.process, child.notify, 2));
	OK(sys_process_replace(child.process, &how));
	for (unsigned i = 0; i < 3; i++) {
		thread_join(&calls[i].thread);
		CHECK_IS(calls[i].status, ERR_OK);
	}
	/* It has ended again, and rests; with that its number is still the same. */
	pause_ms(5);
	OK(sys_process_stats(child.process, &stats));
	CHECK_IS(stats.state, PROCESS_ENDED);
	CHECK_IS(stats.status, 5);
	CHECK_IS(stats.number, child.number);
	CHECK_IS(stats.handles, way == LIVES ? 3 : 2);
	OK(sys_process_watch(child.process, child.notify, 1));
	child_wait(&child);
	pause_ms(2);
	struct message message = {0};
	CHECK_IS(sys_channel_call(sender, &message), ERR_PEER_CLOSED);
	OK(sys_handle_close(how.vmem));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(notify));
}

static void let_go(bool killed, const char *name)
{
	struct child child;
	struct one_call calls[3];
	handle_t notify, exceptions, to_exceptions;
	struct message message = {0};
	unsigned dropped = 0, closed = 0;
	test_begin(name);
	begin_and_end(&child, calls, &notify, EXITS);
	channel_make(&exceptions, 5, &to_exceptions);
	CHECK_IS(sys_process_set_exception(child.process, to_exceptions), ERR_DEAD);
	OK(sys_handle_close(to_exceptions));
	if (killed) {
		OK(sys_process_kill(child.process, 1));
		pause_ms(5);
		for (unsigned i = 0; i < 3; i++)
			CHECK(calls[i].status != 998);
	}
	OK(sys_process_watch(child.process, child.notify, 1));
	CHECK_IS(child_wait(&child), 7);
	for (unsigned i = 0; i < 3; i++) {
		thread_join(&calls[i].thread);
		dropped += calls[i].status == ERR_DROPPED;
		closed += calls[i].status == ERR_PEER_CLOSED;
	}
	CHECK_IS(dropped, 2);
	CHECK_IS(closed, 1);
	CHECK_IS(sys_channel_call(sender, &message), ERR_PEER_CLOSED);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(notify));
	OK(sys_handle_close(exceptions));
}

/* What one is told again is all that it was told the first time. */
static uint64_t buffers[2];
static void call_with_everything(void *argument)
{
	struct message message = {.label = 8, .word = {1, 2, 3, 4, 5, 6}};
	struct message_extras *send = extras_begin();
	send->deadline = *(uint64_t *)argument;
	send->word_count = 2;
	control_block()->send_words[0] = 11;
	control_block()->send_words[1] = 22;
	send->readable = (struct message_buffer){(uint64_t)&buffers[0], 8};
	send->writable = (struct message_buffer){(uint64_t)&buffers[1], 4};
	extras_add_handle(send, grant("log"), RIGHT_WRITE, 0);
	extras_add_handle(send, grant("log"), RIGHT_READ, 0);
	(void)!sys_channel_call_x(sender, &message);
}

static void told_again(void)
{
	struct thread caller;
	struct message first, again;
	struct message_extras received;
	handle_t receiver, reply;
	uint64_t deadline = now() + 200 * MS;
	test_begin("a_call_is_told_again_as_it_was_received");
	channel_make(&receiver, 9, &sender);
	thread_begin(&caller, call_with_everything, &deadline);
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &first));
	received = control_block()->received;
	OK(sys_handle_close(received.handles[0]));
	OK(sys_reply_save(&reply));
	memset(&control_block()->received, 0, sizeof received);
	memset(control_block()->received_words, 0, sizeof control_block()->received_words);
	OK(sys_reply_message(reply, 0, &again));
	CHECK_IS(again.label, 8);
	CHECK_IS(again.info, first.info);
	for (unsigned i = 0; i < MESSAGE_WORDS; i++)
		CHECK_IS(again.word[i], i + 1);
	const struct message_extras *told = &control_block()->received;
	CHECK_IS(told->stamp, 9);
	CHECK_IS(told->serial, received.serial);
	CHECK_IS(told->caller, received.caller);
	CHECK_IS(told->deadline, deadline);
	CHECK_IS(told->readable.length, 8);
	CHECK_IS(told->writable.length, 4);
	CHECK_IS(told->handle_count, 2);
	CHECK_IS(told->handles[0], HANDLE_NONE);
	CHECK_IS(told->handles[1], received.handles[1]);
	CHECK_IS(told->rights[1], RIGHT_READ);
	CHECK_IS(told->word_count, 2);
	CHECK_IS(control_block()->received_words[1], 22);
	/* Taken back, it is the call that the thread holds; then it can be saved again. */
	handle_t saved_again;
	CHECK_IS(sys_reply_message(reply, sender, &again), ERR_WRONG_TYPE);
	OK(sys_reply_message(reply, receiver, &again));
	CHECK_IS(again.label, 8);
	CHECK_IS(sys_reply_message(reply, 0, &again), ERR_BAD_HANDLE);
	CHECK_IS(sys_reply_message(HANDLE_SELF_REPLY, receiver, &again), ERR_BAD_STATE);
	CHECK_IS(sys_channel_recv(receiver, DEADLINE_NOW, &again), ERR_BAD_STATE);
	OK(sys_reply_save(&saved_again));
	CHECK(saved_again != reply);
	reply = saved_again;
	thread_join(&caller);
	CHECK_IS(sys_reply_message(reply, 0, &again), ERR_DEAD);
	CHECK_IS(sys_reply_message(reply, receiver, &again), ERR_DEAD);
	OK(sys_handle_close(reply));
	deadline = now() + 200 * MS;
	thread_begin(&caller, call_with_everything, &deadline);
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &again));
	CHECK(control_block()->received.serial != received.serial);
	for (unsigned i = 0; i < control_block()->received.handle_count; i++)
		OK(sys_handle_close(control_block()->received.handles[i]));
	OK(sys_reply_send(HANDLE_SELF_REPLY, &again));
	thread_join(&caller);
	OK(sys_handle_close(received.handles[1]));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void call_with_a_handle(void *argument)
{
	struct message message = {.label = 8};
	(void)argument;
	extras_add_handle(extras_begin(), grant("log"), RIGHT_READ, 0);
	(void)!sys_channel_call_x(sender, &message);
}

/* Gives a name of this process to another object as soon as it comes; false: it does not. */
static bool name_again(handle_t name, handle_t object)
{
	for (unsigned i = 0; i < 200000; i++) {
		handle_t duplicate = HANDLE_NONE;
		if (sys_handle_duplicate(object, RIGHTS_ALL, &duplicate) || duplicate == name)
			return duplicate == name;
		if (sys_handle_close(duplicate))
			return false;
	}
	return false;
}

/* In a process of its own, whose table is short: a name comes back after each free place had 4,094. */
static uint32_t tell_names(void *argument)
{
	const struct message_extras *received = &control_block()->received;
	struct message message;
	handle_t reply;
	(void)argument;
	if (sys_channel_recv(there_receiver, now() + 1000 * MS, &message) || sys_reply_save(&reply))
		return 60;
	handle_t name = received->handles[0];
	if (sys_reply_message(reply, 0, &message) || received->handle_count != 1 || received->handles[0] != name)
		return 61;
	if (sys_handle_close(name) || !name_again(name, there_notify))
		return 62;
	if (sys_reply_message(reply, 0, &message) || received->handle_count != 1)
		return 63;
	if (received->handles[0] != HANDLE_NONE || received->rights[0])
		return 64;
	return sys_reply_send(reply, &message) ? 65 : 0;
}

static void told_names(void)
{
	struct thread caller;
	struct child server;
	handle_t receiver, notify;
	test_begin("a_call_told_again_does_not_name_what_has_the_name_of_its_handle_now");
	channel_make(&receiver, 9, &sender);
	OK(sys_notify_create(&notify));
	child_make(&server, "server");
	there_receiver = child_give(&server, receiver, RIGHTS_ALL);
	there_notify = child_give(&server, notify, RIGHTS_ALL);
	child_start(&server, tell_names, 0);
	thread_begin(&caller, call_with_a_handle, 0);
	CHECK_IS(child_wait(&server), 0);
	thread_join(&caller);
	OK(sys_handle_close(notify));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void call_when_told(void *argument)
{
	struct message message = {.label = 8};
	(void)!sys_futex_wait(argument, 0, DEADLINE_NEVER);
	(void)!sys_channel_call(sender, &message);
}

/* On one CPU a later call has a greater number, whoever makes it; so none comes back. */
static void numbers(void)
{
	static uint32_t go[2];
	struct thread callers[2];
	struct message message;
	handle_t receiver;
	uint64_t last = 0;
	uint32_t woken;
	test_begin("numbers_of_calls_go_up_whichever_thread_calls");
	channel_make(&receiver, 9, &sender);
	for (unsigned i = 0; i < 2; i++)
		thread_begin(&callers[i], call_when_told, &go[i]);
	for (unsigned i = 2; i--;) { /* the one that was made last calls first */
		OK(sys_futex_wake(&go[i], 1, &woken));
		OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
		CHECK(control_block()->received.serial > last);
		last = control_block()->received.serial;
		OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	}
	for (unsigned i = 0; i < 2; i++)
		thread_join(&callers[i]);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

/* A caller that goes while the server rests. */
static void caller_goes(void)
{
	struct child server, client;
	struct process_stats stats;
	handle_t receiver, notify;
	uint64_t bits;
	test_begin("a_caller_that_ends_while_its_server_rests_leaves_a_dead_reply");
	channel_make(&receiver, 77, &sender);
	OK(sys_notify_create(&notify));
	restartable_make(&server, "server");
	there_receiver = child_give(&server, receiver, RIGHTS_ALL);
	there_notify = child_give(&server, notify, RIGHTS_ALL);
	OK(sys_handle_close(receiver));
	child_start(&server, first_life, (void *)EXITS);
	child_make(&client, "client");
	handle_t kept = sender;
	sender = child_give(&client, kept, RIGHTS_ALL);
	static struct one_call call;
	call.label = 1;
	child_start(&client, (uint32_t(*)(void *))(uintptr_t)make_call, &call);
	OK(sys_notify_wait(server.notify, 1, now() + 1000 * MS, &bits));
	child_kill(&client);
	CHECK_IS(sys_process_kill_running(server.process, 9), ERR_BAD_STATE); /* and it keeps what it has */
	OK(sys_process_stats(server.process, &stats));
	CHECK_IS(stats.handles, 3);
	OK(sys_process_watch(server.process, server.notify, 1));
	CHECK_IS(child_wait(&server), 7);
	OK(sys_handle_close(kept));
	OK(sys_handle_close(notify));
}

static uint32_t sleep_for_ever(void *argument)
{
	while (!argument)
		pause_ms(1000);
	return 1;
}

static void killed_while_it_runs(void)
{
	struct child child;
	struct process_info info;
	uint64_t bits;
	uint64_t word[MESSAGE_WORDS] = {9, 2};
	test_begin("who_kills_only_what_runs_lets_nothing_go_that_has_ended");
	restartable_make(&child, "sleeper");
	child_start(&child, sleep_for_ever, 0);
	CHECK_IS(call_words(SYS_process_kill, child.process, word), ERR_BAD_ARGUMENT);
	OK(sys_process_kill_running(child.process, 9));
	OK(sys_notify_wait(child.notify, 1, now() + 1000 * MS, &bits));
	for (unsigned i = 0; i < 3; i++)
		CHECK_IS(sys_process_kill_running(child.process, 10), ERR_BAD_STATE);
	OK(sys_process_info(child.process, &info));
	CHECK_IS(info.status, 9);
	OK(sys_process_watch(child.process, child.notify, 1));
	CHECK_IS(child_wait(&child), 9);
}

/* Two channels: who receives by one learns nothing of how much is called by the other. */
static void numbers_are_a_channels(void)
{
	handle_t receivers[2], senders[2];
	struct thread callers[6];
	struct message message;
	static struct one_call calls[6];
	uint64_t serials[2];
	handle_t kept = sender;
	test_begin("the_calls_of_a_channel_are_numbered_by_themselves");
	for (unsigned i = 0; i < 2; i++)
		channel_make(&receivers[i], 77, &senders[i]);
	for (unsigned i = 0; i < 6; i++) {
		sender = senders[i == 0 || i == 5];
		calls[i].label = 1;
		thread_begin(&callers[i], make_call, &calls[i]);
		handle_t receiver = receivers[i == 0 || i == 5];
		OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
		if (i == 0 || i == 5)
			serials[i == 5] = control_block()->received.serial;
		OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
		thread_join(&callers[i]);
	}
	CHECK_IS(serials[1], serials[0] + 1);
	for (unsigned i = 0; i < 2; i++) {
		OK(sys_handle_close(senders[i]));
		OK(sys_handle_close(receivers[i]));
	}
	sender = kept;
}

void test_restart(void)
{
	told_again();
	told_names();
	numbers();
	restarts(EXITS, "a_server_that_exits_and_is_restarted_answers_all_calls_that_were_on_their_way");
	restarts(FAULTS, "a_server_that_faults_and_is_restarted_answers_all_calls_that_were_on_their_way");
	restarts(IS_KILLED, "a_server_that_is_killed_and_is_restarted_answers_all_calls_that_were_on_their_way");
	restarts(LIVES, "a_server_that_still_runs_is_restarted_with_all_that_it_has");
	let_go(false, "what_rests_is_let_go_with_the_last_handle_to_it");
	let_go(true, "what_rests_is_let_go_when_it_is_killed");
	caller_goes();
	killed_while_it_runs();
	numbers_are_a_channels();
}
