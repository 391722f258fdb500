/* core/log.c: whatever the outputs' pace and whoever prints, each line comes out once, whole and in its order. */
/* sources: kernel/core/log.c kernel/core/lock.c kernel/lib/format.c */
/* sources: tests/host/fake/kernel.c tests/host/fake/machine.c tests/host/fake/direct_map.c */
/* includes: kernel */
#include "core/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/timer.h"
#include "fake/kernel.h"

#define OUTPUT_MAX (1u << 20)

static char written[OUTPUT_MAX], expected[OUTPUT_MAX];
static size_t written_length, expected_length, room_now, longest;

uint64_t timer_now(void)
{
	return 0;
}

static size_t room(void)
{
	return room_now;
}

static void write(const char *text, size_t length)
{
	memcpy(written + written_length, text, length);
	written_length += length;
	longest = length > longest ? length : longest;
}

static const struct log_output output = {.room = room, .write = write};

static void start(void)
{
	fake_kernel_start(1 << 20);
	written_length = expected_length = longest = 0;
	log_add_output(&output);
}

/* A line of the log, and what an output should show of it. */
static void say(unsigned number, unsigned length)
{
	char text[LOG_LINE_MAX];

	length = (unsigned)snprintf(text, sizeof text, "%u %.*s", number, (int)length, "abcdefghijklmnopqrstuvwxyz0123456789");
	expected_length += (size_t)sprintf(expected + expected_length, "[   0.000000] cpu0 test info: %s\r\n", text);
	log_text(LOG_INFO, "test", text, length);
}

static bool as_expected(void)
{
	return written_length == expected_length && memcmp(written, expected, written_length) == 0;
}

static void lines_are_printed_at_once_until_steps_are_taken(void)
{
	start();
	say(1, 5);
	check(as_expected(), "log_prints_at_once_before_there_are_tasks",
	        "the line did not come out, or not as it was written");
	log_print_later();
	say(2, 5);
	check(!as_expected(), "log_prints_nothing_itself_when_a_task_does", "the line came out");
	log_flush();
	check(as_expected(), "log_flush_prints_what_is_pending", "something is missing");
}

static void lines_are_printed_in_steps(void)
{
	enum log_progress progress = LOG_MORE;

	start();
	log_print_later();
	srand(1);
	for (unsigned i = 0; i < 3000; i++) {
		if (rand() % 3 == 0)
			say(i, (unsigned)rand() % 37);
		room_now = rand() % 4 ? 16 : 0;
		log_print_step();
	}
	room_now = 16;
	for (unsigned i = 0; i < 100000 && progress != LOG_PRINTED; i++)
		progress = log_print_step();
	check(as_expected(), "log_lines_come_in_order_and_once", "the output is not what was said");
	check(longest <= 16, "log_steps_write_no_more_than_there_is_room_for", "more than 16 bytes came at once");
}

/* A console takes over in the middle of it all, prints a while, and ends. */
static void claims_begin_at_a_line(void)
{
	bool whole = true, complete = true;
	char text[2048];
	uint64_t cursor, lost;

	start();
	log_print_later();
	room_now = 16;
	srand(2);
	for (unsigned round = 0; round < 200; round++) {
		for (unsigned i = 0; i < 5; i++)
			say(round * 5 + i, (unsigned)rand() % 37);
		for (int i = rand() % 12; i > 0; i--)
			log_print_step();
		while (!log_claim_console(&cursor))
			log_print_step();
		whole &= written_length == 0 || written[written_length - 1] == '\n';
		log_print_step();
		for (size_t length; (length = log_copy(cursor, text, sizeof text, &cursor, &lost)) != 0;)
			log_print_raw(text, length);
		complete &= as_expected();
		log_release_console();
	}
	check(whole, "log_is_claimed_where_a_line_begins", "the kernel had printed half a line");
	check(complete, "log_lines_are_printed_once_by_kernel_and_claimer", "the output is not what was said");
}

static void overrun(void)
{
	bool held = true;

	start();
	log_print_later();
	room_now = 16;
	say(0, 5);
	log_print_step();
	for (unsigned i = 0; i < 9000; i++)
		say(i, 36);
	log_flush();
	held = written_length > LOG_RING_SIZE && written_length < LOG_RING_SIZE + 10000 &&
	        memcmp(written + written_length - 200000, expected + expected_length - 200000, 200000) == 0;
	check(held, "log_prints_what_the_ring_still_has", "the last 200,000 bytes are not what was said");
}

int main(void)
{
	run_test(lines_are_printed_at_once_until_steps_are_taken);
	run_test(lines_are_printed_in_steps);
	run_test(claims_begin_at_a_line);
	run_test(overrun);
	return fake_status();
}
