/* One handle with a call or an answer between two processes, which wait for each other: the quick way. Any number: extras.c. */
#include "tests/guest/native/test.h"

enum { GIVE_BACK = 1, SHOW, KEEP, GIVE_WHAT_IS_NOT, END };

static handle_t receiver, sender, there;

/* Gives back what came, moved or duplicated, or keeps it; tells how it was received and what the last answer was refused with. */
static uint32_t server(void *argument)
{
	struct message message;
	status_t refused = ERR_OK;
	(void)argument;
	if (sys_channel_recv(there, DEADLINE_NEVER, &message))
		return 1;
	while (message.label != END) {
		const struct message_extras *received = &control_block()->received;
		bool came = message.info & RECEIVED_EXTRAS && received->handle_count == 1;
		handle_t handle = came ? received->handles[0] : 0;
		uint32_t label = message.label;
		uint32_t type, rights = 0;
		if (came && (sys_handle_info(handle, &type, &rights, &message.word[2]) || rights != received->rights[0]))
			return 2;
		message.word[0] = rights;
		message.word[1] = refused;
		struct message_extras *send = extras_begin();
		if (label == GIVE_WHAT_IS_NOT)
			extras_add_handle(send, 0x300001, RIGHTS_ALL, 1);
		else if (label != KEEP && came)
			extras_add_handle(send, handle, RIGHTS_ALL & ~RIGHT_SIGNAL, label == GIVE_BACK);
		refused = sys_channel_reply_recv_x(there, &message);
		if (refused) {
			message = (struct message){.label = 77};
			if (sys_channel_reply_recv(there, &message))
				return 3;
		}
		if (handle && label == SHOW && sys_handle_close(handle))
			return 4;
	}
	return sys_reply_send(HANDLE_SELF_REPLY, &message);
}

static struct child child;

static void begin(const char *name)
{
	test_begin(name);
	channel_make(&receiver, 1, &sender);
	child_make(&child, "server");
	there = child_give(&child, receiver, RIGHTS_ALL);
	child_start(&child, server, 0);
	pause_ms(2);
}

static void end(void)
{
	struct message message = {.label = END};
	OK(sys_channel_call(sender, &message));
	CHECK_IS(child_wait(&child), 0);
	OK(sys_handle_close(receiver));
	OK(sys_handle_close(sender));
}

static status_t call(uint32_t label, handle_t handle, uint32_t rights, bool moves, struct message *message)
{
	*message = (struct message){.label = label};
	extras_add_handle(extras_begin(), handle, rights, moves);
	return sys_channel_call_x(sender, message);
}

static uint64_t number_of(handle_t handle, uint32_t *out_rights)
{
	uint32_t type;
	uint64_t number;
	OK(sys_handle_info(handle, &type, out_rights, &number));
	return number;
}

static void there_and_back(void)
{
	handle_t notify, first;
	struct message message;
	uint32_t rights;
	begin("a_handle_moves_to_another_process_and_back");
	OK(sys_notify_create(&notify));
	uint64_t number = number_of(notify, &rights);
	for (unsigned i = 0; i < 300; i++) {
		first = notify;
		OK(call(GIVE_BACK, notify, RIGHTS_ALL, true, &message));
		CHECK_IS(message.info, RECEIVED_EXTRAS);
		CHECK_IS(message.word[2], number);
		CHECK_IS(control_block()->received.handle_count, 1);
		notify = control_block()->received.handles[0];
		CHECK_IS(control_block()->received.rights[0], rights & ~RIGHT_SIGNAL);
		CHECK_IS(sys_handle_close(first), ERR_BAD_HANDLE);
		CHECK_IS(number_of(notify, &rights), number);
		CHECK(!(rights & RIGHT_SIGNAL));
	}
	OK(sys_handle_close(notify));
	end();
}

static void shown(void)
{
	handle_t notify, back;
	struct message message;
	uint32_t rights;
	begin("a_handle_that_is_duplicated_for_another_process_stays_where_it_was");
	OK(sys_notify_create(&notify));
	uint64_t number = number_of(notify, &rights);
	for (unsigned i = 0; i < 100; i++) {
		OK(call(SHOW, notify, rights & ~RIGHT_WAIT, false, &message));
		CHECK_IS(message.word[0], rights & ~RIGHT_WAIT);
		back = control_block()->received.handles[0];
		CHECK(back != notify);
		uint32_t back_rights;
		CHECK_IS(number_of(back, &back_rights), number);
		CHECK_IS(back_rights, rights & ~RIGHT_WAIT & ~RIGHT_SIGNAL);
		OK(sys_handle_close(back));
	}
	OK(sys_handle_close(notify));
	end();
}

static void refused(void)
{
	handle_t notify, bound;
	struct message message;
	begin("a_handle_that_may_not_go_is_refused_and_nobody_hears_of_it");
	OK(sys_notify_create(&notify));
	OK(sys_handle_duplicate(notify, RIGHT_WAIT | RIGHT_TRANSFER, &bound));
	CHECK_IS(call(KEEP, bound, RIGHTS_ALL, false, &message), ERR_NO_RIGHT);
	CHECK_IS(call(KEEP, 0, RIGHTS_ALL, true, &message), ERR_BAD_HANDLE);
	CHECK_IS(call(KEEP, 0x300001, RIGHTS_ALL, true, &message), ERR_BAD_HANDLE);
	CHECK_IS(call(KEEP, HANDLE_SELF_PROCESS, RIGHTS_ALL, true, &message), ERR_NO_RIGHT);
	OK(call(KEEP, bound, RIGHT_WAIT, true, &message));
	CHECK_IS(message.word[0], RIGHT_WAIT);
	OK(call(GIVE_WHAT_IS_NOT, notify, RIGHTS_ALL, true, &message));
	CHECK_IS(message.label, 77);
	message = (struct message){.label = KEEP};
	OK(sys_channel_call(sender, &message));
	CHECK_IS(message.word[1], ERR_BAD_HANDLE);
	end();
}

static void sender_goes(void)
{
	handle_t other;
	struct message message;
	uint32_t rights;
	begin("the_sender_of_a_call_can_go_along_with_it");
	OK(sys_handle_duplicate(sender, RIGHTS_ALL, &other));
	uint64_t number = number_of(sender, &rights);
	OK(call(GIVE_BACK, sender, RIGHTS_ALL, true, &message));
	CHECK_IS(sys_handle_close(sender), ERR_BAD_HANDLE);
	CHECK_IS(number_of(control_block()->received.handles[0], &rights), number);
	OK(sys_handle_close(control_block()->received.handles[0]));
	sender = other;
	end();
}

void test_passage(void)
{
	there_and_back();
	shown();
	refused();
	sender_goes();
}
