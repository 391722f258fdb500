/* Ports, interrupts and the log. */
#include "tests/guest/native/test.h"

static uint8_t port_in(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %%dx, %%al" : "=a"(value) : "d"(port));
	return value;
}

static void port_out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %%al, %%dx" : : "a"(value), "d"(port));
}

static handle_t there;

/* Reads the CMOS's seconds twice; the second time without the right, if it closes the handle. */
static uint32_t use_port(void *close)
{
	port_out(0x70, 0);
	if (port_in(0x71) > 0x59)
		return 1;
	for (unsigned i = 0; i < 2000; i++) {
		port_in(0x71);
		sys_thread_yield();
	}
	if (close && sys_handle_close(there))
		return 2;
	port_in(0x71);
	return 3;
}

/* The CPU has the first range already when the second one comes. */
static uint32_t use_two_ranges(void *machine)
{
	handle_t first, second;
	if (sys_ioport_create(*(handle_t *)machine, 0x70, 2, &first))
		return 1;
	port_out(0x70, 0);
	if (sys_ioport_create(*(handle_t *)machine, 0x80, 1, &second))
		return 2;
	port_out(0x80, 0);
	return 3;
}

static void ports(void)
{
	struct child child;
	handle_t cmos;
	test_begin("a_process_uses_the_ports_that_it_has_a_handle_to");
	OK(sys_ioport_create(grant("machine"), 0x70, 2, &cmos));
	child_make(&child, "ports");
	there = child_give(&child, cmos, RIGHTS_ALL);
	child_start(&child, use_port, 0);
	CHECK_IS(child_wait(&child), 3);

	test_next("a_port_is_refused_once_its_handle_was_closed");
	child_make(&child, "ports");
	there = child_give(&child, cmos, RIGHTS_ALL);
	child_start(&child, use_port, (void *)1);
	CHECK_IS(child_wait(&child), PROCESS_STATUS_FAULT + 13);
	OK(sys_handle_close(cmos));

	test_begin("a_port_that_comes_later_can_be_used_at_once");
	child_make(&child, "ports");
	there = child_give(&child, grant("machine"), RIGHTS_ALL);
	child_start(&child, use_two_ranges, &there);
	CHECK_IS(child_wait(&child), 3);

	test_begin("ports_beyond_the_last_do_not_exist");
	CHECK_IS(sys_ioport_create(grant("machine"), 65535, 2, &cmos), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_ioport_create(grant("machine"), 1ull << 31, 1, &cmos), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_ioport_create(grant("machine"), 0, 0, &cmos), ERR_BAD_ARGUMENT);
	OK(sys_ioport_create(grant("machine"), 0, 65536, &cmos));
	port_in(0x61);
	OK(sys_handle_close(cmos));
}

/* The CMOS clock's periodic interrupt, line 8: 1024 a second until register C is read. */
static void interrupts(void)
{
	handle_t cmos, irq, notify;
	uint64_t bits;
	test_begin("an_interrupt_signals_its_notify_and_the_next_comes_after_the_acknowledgement");
	OK(sys_ioport_create(grant("machine"), 0x70, 2, &cmos));
	OK(sys_notify_create(&notify));
	CHECK_IS(sys_irq_create(grant("machine"), IRQ_ISA | 16, 0, &irq), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_irq_create(grant("machine"), 100000, 0, &irq), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_irq_create(grant("machine"), IRQ_ISA | 8, IRQ_EDGE, &irq), ERR_BAD_ARGUMENT);
	OK(sys_irq_create(grant("machine"), IRQ_ISA | 8, 0, &irq));
	OK(sys_irq_bind(irq, notify, 4));
	port_out(0x70, 0x0b);
	uint8_t control = port_in(0x71);
	port_out(0x70, 0x0b);
	port_out(0x71, control | 0x40);
	for (unsigned i = 0; i < 5; i++) {
		OK(sys_irq_ack(irq));
		port_out(0x70, 0x0c);
		port_in(0x71);
		OK(sys_notify_wait(notify, 4, now() + 1000 * MS, &bits));
		CHECK_IS(bits, 4);
	}
	port_out(0x70, 0x0c);
	port_in(0x71);
	CHECK_IS(sys_notify_wait(notify, 4, now() + 10 * MS, &bits), ERR_TIMED_OUT);
	port_out(0x70, 0x0b);
	port_out(0x71, control);
	port_out(0x70, 0x0c);
	port_in(0x71);
	OK(sys_handle_close(irq));
	OK(sys_handle_close(notify));
	OK(sys_handle_close(cmos));
}

static bool contains(const char *text, uint64_t length, const char *words)
{
	size_t size = strlen(words);
	for (uint64_t i = 0; i + size <= length; i++) {
		if (!memcmp(text + i, words, size))
			return true;
	}
	return false;
}

static char text[4096];

/* Has the console meanwhile, so that the kernel does not print. */
static uint32_t read_own_line(void *argument)
{
	const handle_t *own = argument;
	uint64_t bytes, cursor, lost, bits;
	if (sys_log_claim(own[0], &cursor) || sys_log_watch(own[0], own[1], 2))
		return 1;
	if (sys_log_write(own[0], "here\033 I am", 10, LOG_WARNING))
		return 2;
	if (sys_notify_wait(own[1], 2, now() + 1000 * MS, &bits))
		return 3;
	if (sys_log_read(own[0], cursor, text, sizeof text, &bytes, &cursor, &lost) || lost)
		return 4;
	if (!contains(text, bytes, " writer warning: here? I am\n"))
		return 5;
	(void)!sys_notify_signal(own[1], 4);
	return sys_notify_wait(own[1], 8, DEADLINE_NEVER, &bits);
}

static void the_log(void)
{
	handle_t log = grant("log"), notify;
	uint64_t bytes, cursor, lost, bits;
	test_begin("a_line_on_the_log_bears_the_name_of_who_wrote_it");
	static handle_t own[2];
	struct child child;
	OK(sys_notify_create(&notify));
	child_make(&child, "writer");
	own[0] = child_give(&child, log, RIGHTS_ALL);
	own[1] = child_give(&child, notify, RIGHTS_ALL);
	child_start(&child, read_own_line, own);

	OK(sys_notify_wait(notify, 4, now() + 1000 * MS, &bits));
	CHECK_IS(sys_log_claim(log, &cursor), ERR_EXISTS);
	OK(sys_notify_signal(notify, 8));
	CHECK_IS(child_wait(&child), 0);
	OK(sys_handle_close(notify));

	test_begin("the_log_refuses_what_it_cannot_hold_or_read");
	CHECK_IS(sys_log_write(log, text, LOG_LINE_MAX + 1, LOG_INFO), ERR_TOO_LARGE);
	CHECK_IS(sys_log_write(log, text, 1, LOG_DEBUG + 1), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_log_write(log, (char *)8, 1, LOG_INFO), ERR_BAD_ADDRESS);
	CHECK_IS(sys_log_read(log, 0, (char *)8, sizeof text, &bytes, &cursor, &lost), ERR_BAD_ADDRESS);
}

void test_devices(void)
{
	ports();
	interrupts();
	the_log();
}
