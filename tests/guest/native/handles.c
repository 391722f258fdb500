/* Handles: what each call refuses, rights that only shrink, pseudo handles. */
#include "tests/guest/native/test.h"

struct row {
	uint32_t number, type, rights;
};

static const struct row rows[] = {
#define SYSCALL(number, name, type, rights) {number, type, rights},
#include "abi/syscalls.def"
#undef SYSCALL
};
#define ROWS (sizeof rows / sizeof *rows)

static handle_t any_of_type(uint32_t type)
{
	handle_t made = HANDLE_NONE, other;
	switch (type) {
	case OBJECT_NOTIFY: OK(sys_notify_create(&made)); break;
	case OBJECT_RECEIVER: OK(sys_channel_create(&made)); break;
	case OBJECT_FRAME: OK(sys_frame_create(PAGE, 0, &made)); break;
	case OBJECT_GROUP: OK(sys_handle_duplicate(grant("group"), RIGHTS_ALL, &made)); break;
	case OBJECT_LOG: OK(sys_handle_duplicate(grant("log"), RIGHTS_ALL, &made)); break;
	case OBJECT_MACHINE: OK(sys_handle_duplicate(grant("machine"), RIGHTS_ALL, &made)); break;
	case OBJECT_PROCESS: OK(sys_handle_duplicate(HANDLE_SELF_PROCESS, RIGHTS_ALL, &made)); break;
	case OBJECT_VMEM: OK(sys_handle_duplicate(HANDLE_SELF_VMEM, RIGHTS_ALL, &made)); break;
	case OBJECT_THREAD: OK(sys_handle_duplicate(HANDLE_SELF_THREAD, RIGHTS_ALL, &made)); break;
	case OBJECT_SENDER:
		OK(sys_channel_create(&other));
		OK(sys_channel_mint(other, 1, RIGHTS_ALL, &made));
		OK(sys_handle_close(other));
		break;
	case OBJECT_TIMER:
		OK(sys_notify_create(&other));
		OK(sys_timer_create(other, 1, &made));
		OK(sys_handle_close(other));
		break;
	case OBJECT_IRQ:
		/* The one of the last test may still be on its way out. */
		while (sys_irq_create(grant("machine"), IRQ_ISA | 7, 0, &made) == ERR_EXISTS)
			pause_ms(1);
		break;
	case OBJECT_IOPORT: OK(sys_ioport_create(grant("machine"), 0x80, 1, &made)); break;
	}
	return made;
}

static status_t raw(uint32_t number, handle_t handle, uint64_t word0)
{
	uint64_t word[MESSAGE_WORDS] = {word0};
	return call_words(number, handle, word);
}

static void refusals(void)
{
	test_begin("a_call_refuses_what_is_no_handle");
	for (unsigned i = 0; i < ROWS; i++) {
		if (rows[i].type == OBJECT_NONE)
			continue;
		CHECK_IS(raw(rows[i].number, 0, 0), ERR_BAD_HANDLE);
		CHECK_IS(raw(rows[i].number, 0x00100fff, 0), ERR_BAD_HANDLE);
		CHECK_IS(raw(rows[i].number, 0xfffffffe, 0), ERR_BAD_HANDLE);
	}

	test_begin("a_call_refuses_a_handle_of_another_type");
	handle_t notify = any_of_type(OBJECT_NOTIFY), frame = any_of_type(OBJECT_FRAME);
	for (unsigned i = 0; i < ROWS; i++) {
		if (rows[i].type != OBJECT_NONE)
			CHECK_IS(raw(rows[i].number, rows[i].type == OBJECT_NOTIFY ? frame : notify, 0), ERR_WRONG_TYPE);
	}
	OK(sys_handle_close(notify));
	OK(sys_handle_close(frame));

	test_begin("a_call_refuses_a_handle_without_the_right");
	for (unsigned i = 0; i < ROWS; i++) {
		if (rows[i].type == OBJECT_NONE || rows[i].type == OBJECT_REPLY)
			continue;
		handle_t all = any_of_type(rows[i].type), none;
		OK(sys_handle_duplicate(all, RIGHTS_ALL & ~rows[i].rights, &none));
		CHECK_IS(raw(rows[i].number, none, 0), ERR_NO_RIGHT);
		OK(sys_handle_close(all));
		OK(sys_handle_close(none));
	}

	test_begin("a_number_without_a_call_is_refused");
	for (uint32_t number = 0x1000; number < 0x1100; number++) {
		bool known = false;
		for (unsigned i = 0; i < ROWS; i++)
			known |= rows[i].number == number;
		if (!known)
			CHECK_IS(raw(number, 0, 0), ERR_BAD_CALL);
	}
}

static void duplicates(void)
{
	uint32_t type, rights;
	uint64_t object, same;
	test_begin("rights_only_shrink");
	handle_t notify = any_of_type(OBJECT_NOTIFY), less, more, none;
	OK(sys_handle_duplicate(notify, RIGHT_SIGNAL | RIGHT_DUPLICATE, &less));
	OK(sys_handle_duplicate(less, RIGHTS_ALL, &more));
	OK(sys_handle_info(more, &type, &rights, &object));
	CHECK_IS(type, OBJECT_NOTIFY);
	CHECK_IS(rights, RIGHT_SIGNAL | RIGHT_DUPLICATE);
	OK(sys_handle_info(notify, &type, &rights, &same));
	CHECK_IS(same, object);
	OK(sys_handle_duplicate(less, RIGHT_SIGNAL, &none));
	CHECK_IS(sys_handle_duplicate(none, RIGHTS_ALL, &more), ERR_NO_RIGHT);
	OK(sys_handle_close(notify));
	OK(sys_handle_close(less));
	OK(sys_handle_close(none));

	OK(sys_handle_close(more));

	test_begin("a_closed_handle_is_refused_though_its_place_is_used_again");
	handle_t first = any_of_type(OBJECT_NOTIFY);
	OK(sys_handle_close(first));
	CHECK_IS(sys_handle_close(first), ERR_BAD_HANDLE);
	for (unsigned i = 0; i < 2000; i++) {
		handle_t next = any_of_type(OBJECT_NOTIFY);
		CHECK(next != first);
		CHECK_IS(sys_notify_signal(first, 1), ERR_BAD_HANDLE);
		OK(sys_handle_close(next));
	}

	test_begin("pseudo_handles_name_the_own_process_and_cannot_be_given_away");
	const handle_t self[] = {HANDLE_SELF_PROCESS, HANDLE_SELF_VMEM, HANDLE_SELF_THREAD};
	const uint32_t types[] = {OBJECT_PROCESS, OBJECT_VMEM, OBJECT_THREAD};
	for (unsigned i = 0; i < 3; i++) {
		handle_t there;
		OK(sys_handle_info(self[i], &type, &rights, &object));
		CHECK_IS(type, types[i]);
		CHECK(!(rights & RIGHT_TRANSFER));
		CHECK_IS(sys_process_give(HANDLE_SELF_PROCESS, self[i], RIGHTS_ALL, &there), ERR_NO_RIGHT);
		CHECK_IS(sys_handle_close(self[i]), ERR_BAD_HANDLE);
	}
	CHECK_IS(sys_handle_info(HANDLE_SELF_REPLY, &type, &rights, &object), ERR_BAD_HANDLE);
}

static void many(void)
{
	test_begin("a_process_can_have_thousands_of_handles_and_give_them_back");
	static handle_t held[20000];
	handle_t notify = any_of_type(OBJECT_NOTIFY);
	for (unsigned i = 0; i < 20000; i++)
		OK(sys_handle_duplicate(notify, RIGHTS_ALL, &held[i]));
	for (unsigned i = 0; i < 20000; i++)
		OK(sys_handle_close(held[i]));
	OK(sys_handle_close(notify));
}

void test_handles(void)
{
	refusals();
	duplicates();
	many();
}
