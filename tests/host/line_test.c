/* The console's line discipline and its question for the window size. */
/* sources: user/servers/console/line.c user/servers/console/window.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/servers/console/line.h"
#include "user/servers/console/window.h"

static int failed;
static char shown[65536];
static size_t shown_length;

static void verdict(bool holds, const char *name)
{
	printf("%s %s\n", holds ? "ok" : "not ok", name);
	failed |= !holds;
}

static void show(void *context, const char *bytes, size_t length)
{
	(void)context;
	if (shown_length + length < sizeof shown) {
		memcpy(shown + shown_length, bytes, length);
		shown_length += length;
	}
	shown[shown_length] = '\0';
}

static uint32_t last_signal;

static void take_signal(void *context, uint32_t signal)
{
	(void)context;
	last_signal = signal;
}

static void begin(struct line *line)
{
	last_signal = 0;
	line_init(line, show, take_signal, NULL);
	shown_length = 0;
	shown[0] = '\0';
}

static void type(struct line *line, const char *text)
{
	line_input(line, (const uint8_t *)text, strlen(text));
}

static bool reads(struct line *line, const char *expected)
{
	char bytes[5000];

	if (!line_readable(line))
		return false;
	size_t length = line_read(line, (uint8_t *)bytes, sizeof bytes);
	return length == strlen(expected) && memcmp(bytes, expected, length) == 0;
}

static void set_local(struct line *line, uint32_t clear, uint32_t set)
{
	struct tty_attributes attributes = line->attributes;

	attributes.local = (attributes.local & ~clear) | set;
	line_set_attributes(line, &attributes, false);
}

static void check_canonical(struct line *line)
{
	begin(line);
	type(line, "echo hi");
	verdict(!line_readable(line), "a_line_cannot_be_read_before_its_end");
	type(line, "\r");
	verdict(strcmp(shown, "echo hi\n") == 0, "what_is_typed_is_echoed");
	verdict(reads(line, "echo hi\n") && !line_readable(line), "return_ends_a_line");
	type(line, "one\rtwo\r");
	verdict(reads(line, "one\n") && reads(line, "two\n"), "one_read_takes_one_line");
	type(line, "abc\004");
	verdict(reads(line, "abc") && !line_readable(line), "eof_behind_text_ends_the_line_without_a_newline");
	type(line, "\004");
	verdict(reads(line, "") && !line_readable(line), "eof_alone_is_the_end_of_the_file");
	type(line, "abc\004");
	char part[3];
	bool exact = line_read(line, (uint8_t *)part, 3) == 3 && !line_readable(line);
	verdict(exact, "eof_is_not_read_again_behind_an_exact_read");
	type(line, "junk\003");
	type(line, "good\r");
	verdict(reads(line, "good\n") && last_signal == LINE_SIGNAL_INTERRUPT,
	        "interrupt_discards_the_line_and_sends_a_signal");
	type(line, "half\032");
	verdict(last_signal == LINE_SIGNAL_STOP && !line_readable(line), "suspend_sends_a_signal");
	type(line, "\023");
	bool held = line->held;
	type(line, "x\021");
	verdict(held && !line->held, "stop_holds_output_and_start_lets_it_go");
	type(line, "\r");
	verdict(reads(line, "x\n"), "stop_and_start_are_no_input");
	type(line, "\023\034");
	verdict(!line->held && last_signal == LINE_SIGNAL_QUIT, "a_signal_lets_output_go");
	type(line, "\026\003x\r");
	verdict(reads(line, "\003x\n"), "literal_next_takes_a_control_character");
}

static void check_erase(struct line *line)
{
	begin(line);
	type(line, "ab\xc3\xa4\x7f\x7f");
	verdict(strcmp(shown, "ab\xc3\xa4\b \b\b \b") == 0, "erase_takes_back_one_column_for_a_character_of_two_bytes");
	type(line, "\xf0\x9f\x90\x88z\x7f\x7fq\r");
	verdict(reads(line, "aq\n"), "erase_takes_back_whole_characters");
	type(line, "\x7f\x7f\x7fok\r");
	verdict(reads(line, "ok\n"), "erase_at_the_beginning_does_nothing");
	type(line, "one two  \027three\r");
	verdict(reads(line, "one three\n"), "word_erase_takes_a_word_and_the_blanks_behind_it");
	type(line, "nothing\025all\r");
	verdict(reads(line, "all\n"), "kill_takes_the_line");
	shown_length = 0;
	type(line, "\001\x7f\r");
	verdict(strcmp(shown, "^A\b \b\b \b\n") == 0 && reads(line, "\n"), "a_control_character_is_erased_as_two_columns");
	type(line, "\x80\x80\x80\x80\x80\x7f\x7f\x7f\x7f\x7f.\r");
	verdict(reads(line, ".\n"), "broken_utf8_is_erased_byte_by_byte");
}

static void check_limits(struct line *line)
{
	char *longest = malloc(6001);

	begin(line);
	memset(longest, 'x', 6000);
	longest[6000] = '\0';
	type(line, longest);
	type(line, "\r");
	char bytes[5000];
	size_t length = line_read(line, (uint8_t *)bytes, sizeof bytes);
	verdict(length == LINE_EDIT_MAX && bytes[length - 1] == '\n', "a_line_too_long_is_cut_and_still_ends");
	for (unsigned i = 0; i < 3000; i++)
		type(line, "1234567\r");
	unsigned lines = 0;
	while (line_readable(line) && reads(line, "1234567\n"))
		lines++;
	verdict(lines == LINE_READY_MAX / 8 && !line_readable(line), "a_full_ring_drops_whole_lines");
	begin(line);
	while (line_room(line) >= 8)
		type(line, "1234567\r");
	for (lines = 0; line_readable(line) && reads(line, "1234567\n"); lines++)
		;
	verdict(lines == LINE_READY_MAX / 8 - 1, "nothing_is_lost_of_what_there_is_room_for");
	type(line, longest);
	verdict(!line_readable(line) && line_room(line), "a_line_without_an_end_leaves_room_for_one");
	free(longest);
}

static void check_modes(struct line *line)
{
	begin(line);
	type(line, "ab");
	set_local(line, TTY_ICANON | TTY_ECHO, 0);
	verdict(reads(line, "ab"), "what_was_being_edited_can_be_read_in_raw_mode");
	shown_length = 0;
	shown[0] = '\0';
	type(line, "x\177");
	verdict(reads(line, "x\177") && shown[0] == '\0', "raw_mode_passes_everything_and_is_silent");
	verdict(!line_readable(line), "nothing_is_left");
	type(line, "yz");
	set_local(line, 0, TTY_ICANON);
	verdict(reads(line, "yz") && !line_readable(line), "a_rest_becomes_a_line_in_canonical_mode");
	type(line, "\004");
	set_local(line, TTY_ICANON, 0);
	verdict(!line_readable(line), "an_end_of_file_is_nothing_in_raw_mode");
}

static void check_random(struct line *line)
{
	bool holds = true;

	srand(3);
	begin(line);
	for (unsigned i = 0; i < 200000 && holds; i++) {
		uint8_t byte = (uint8_t)rand(), bytes[50];
		shown_length = 0;
		line_input(line, &byte, 1);
		if (rand() % 20 == 0 && line_readable(line)) {
			size_t before = line_available(line), want = (size_t)(rand() % 50) + 1;
			size_t got = line_read(line, bytes, want);
			holds = got == (before < want ? before : want);
		}
		if (rand() % 100 == 0)
			set_local(line, TTY_ICANON, rand() & TTY_ICANON);
		holds = holds && line->edit_length <= LINE_EDIT_MAX && line->ready_length <= LINE_READY_MAX;
	}
	verdict(holds, "random_input_keeps_the_bounds_and_the_counts");
}

static void check_window(void)
{
	struct window window = {.asked = true};
	uint8_t out[32];
	char passed[64] = "";
	const char *typed = "ls\033[24;80Rx";

	for (size_t i = 0; typed[i]; i++) {
		size_t length = window_filter(&window, (uint8_t)typed[i], out);
		strncat(passed, (char *)out, length);
	}
	verdict(window.rows == 24 && window.columns == 80 && !window.asked, "the_terminals_answer_gives_the_size");
	verdict(strcmp(passed, "lsx") == 0, "the_answer_is_not_typed");
	window = (struct window){.asked = true};
	passed[0] = '\0';
	typed = "\033[A\033[1;2H\033";
	for (size_t i = 0; typed[i]; i++) {
		size_t length = window_filter(&window, (uint8_t)typed[i], out);
		strncat(passed, (char *)out, length);
	}
	strncat(passed, (char *)out, window_give_up(&window, out));
	verdict(strcmp(passed, typed) == 0, "other_sequences_pass_unchanged");
}

int main(void)
{
	static struct line line;

	check_canonical(&line);
	check_erase(&line);
	check_limits(&line);
	check_modes(&line);
	check_random(&line);
	check_window();
	return failed;
}
