/* bootconf_read: what a boot.conf can hold, and what becomes a note with a line number instead of stopping the boot. */
/* sources: boot/bootconf.c boot/text.c */
#include "boot/bootconf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void check(bool ok, const char *name, const char *why)
{
	printf(ok ? "ok bootconf: %s\n" : "not ok bootconf: %s: %s\n", name, why);
	failures += !ok;
}

/* Reads a text that stands in an allocation of exactly its size. */
static struct bootconf read_bytes(const char *text, size_t size)
{
	struct bootconf conf;
	char *copy = malloc(size ? size : 1);

	memcpy(copy, text, size);
	memset(&conf, 0x5a, sizeof conf);
	bootconf_read(copy, (uint32_t)size, &conf);
	free(copy);
	return conf;
}

static struct bootconf read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

/* The text of the first note must be this one, and there must be `count` in all. */
static void expect_note(const char *text, uint32_t count, const char *sentence, const char *name)
{
	struct bootconf conf = read_text(text);
	char note[200] = "no note";

	if (conf.note_count)
		bootconf_note_text(&conf.notes[0], note, sizeof note);
	check(conf.note_count == count && !strcmp(note, sentence), name, note);
}

static void test_whole(void)
{
	struct bootconf conf = read_text("# a comment\n"
	                                 "\n"
	                                 "kernel = kernel.elf\n"
	                                 "\t initfs=/other/first.tar.zst  \n"
	                                 "command_line = log=debug  root=a b=#c\n"
	                                 "resolution = 1920x1080\n"
	                                 "timeout = 7");

	check(!strcmp(conf.kernel, "\\hearth\\kernel.elf"), "a name without a slash is in the folder", conf.kernel);
	check(!strcmp(conf.initfs, "\\other\\first.tar.zst"), "slashes become backslashes", conf.initfs);
	check(!strcmp(conf.command_line, "log=debug  root=a b=#c"), "the command line is taken as it stands",
	        conf.command_line);
	check(conf.command_line_length == strlen(conf.command_line), "its length is right", "it is not");
	check(conf.width == 1920 && conf.height == 1080 && conf.timeout == 7, "numbers are read", "they are not");
	check(conf.note_count == 0, "nothing is complained of", "something is");
}

static void test_forms(void)
{
	struct bootconf conf = read_text("\xef\xbb\xbfkernel = \\k\r\ninitfs = i\r\n\r\ncommand_line = x \r\n");

	check(!strcmp(conf.kernel, "\\k") && !strcmp(conf.initfs, "\\hearth\\i") && !strcmp(conf.command_line, "x") &&
	                !conf.note_count,
	        "byte order mark and CR LF are accepted", "they are not");
	conf = read_text("command_line = a\ncommand_line =\ncommand_line = b\n");
	check(!strcmp(conf.command_line, "a b") && !conf.note_count, "command lines are joined", conf.command_line);
	conf = read_text("");
	check(!conf.kernel[0] && !conf.initfs[0] && !conf.command_line[0] && !conf.timeout && !conf.note_count,
	        "empty is empty", "it is not");
	conf = read_text("\n\n#\n   # x\n \t \n");
	check(!conf.kernel[0] && conf.note_count == 0, "blank lines and comments say nothing", "they do");
	conf = read_text("command_line = caf\xc3\xa9");
	check(!strcmp(conf.command_line, "caf\xc3\xa9"), "the command line may be UTF-8", conf.command_line);
	conf = read_text("command_line = a\tb");
	check(!strcmp(conf.command_line, "a\tb"), "the command line may have tabs", conf.command_line);
}

static void test_notes(void)
{
	expect_note("\n\nkernle = x\n", 1, "line 3: unknown key \"kernle\" is ignored", "unknown key");
	expect_note("Kernel = x\n", 1, "line 1: unknown key \"Kernel\" is ignored", "keys are in small letters");
	expect_note(" = x\n", 1, "line 1: unknown key \"\" is ignored", "no key");
	expect_note("kernel\n", 1, "line 1: \"kernel\" is no \"key = value\" and is ignored", "no equals sign");
	expect_note("kernel = a\nkernel = b\n", 1, "line 2: \"kernel\" is given again; the last line counts", "repeated key");
	expect_note(
	        "kernel = a\001b\n", 1, "line 1: \"kernel = a?b\" has a control character and is ignored", "control character");
	expect_note("kernel = \n", 1, "line 1: \"kernel\" is no file name and is ignored", "empty path");
	expect_note("kernel = c:\\x\n", 1, "line 1: \"kernel\" is no file name and is ignored", "path with a drive");
	expect_note("initfs = caf\xc3\xa9\n", 1, "line 1: \"initfs\" is no file name and is ignored", "path beyond ASCII");
	for (const char *const *bad = (const char *const[]){"x", "800", "800x", "x600", "800x600x", "0x600", "800x0", "16385x1",
	             "99999999999999999999x1", "-1x5", "800 x600", NULL};
	        *bad; bad++) {
		char text[80];

		snprintf(text, sizeof text, "resolution = %s", *bad);
		expect_note(text, 1, "line 1: \"resolution\" is not like 1280x800 and is ignored", text);
	}
	expect_note("timeout = 601", 1, "line 1: \"timeout\" is not a number of seconds up to 600 and is ignored",
	        "too long a time-out");
	expect_note("timeout = 5s", 1, "line 1: \"timeout\" is not a number of seconds up to 600 and is ignored",
	        "time-out with a unit");
	expect_note("timeout = 4294967297", 1, "line 1: \"timeout\" is not a number of seconds up to 600 and is ignored",
	        "time-out that overflows");
	expect_note("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11", 11, "line 1: \"1\" is no \"key = value\" and is ignored",
	        "many notes are counted");
}

static void test_note_of_nul(void)
{
	struct bootconf conf = read_bytes("kernel = a\0b\ninitfs = i", 23);

	check(!conf.kernel[0] && !strcmp(conf.initfs, "\\hearth\\i") && conf.note_count == 1 && conf.notes[0].line == 1,
	        "a NUL spoils its line alone", "it does not");
}

static void test_limits(void)
{
	char text[5000] = "kernel = ";
	struct bootconf conf;

	memset(text + 9, 'k', 118);
	conf = read_text(text);
	check(strlen(conf.kernel) == 126 && !conf.note_count, "the longest path fits", "it does not");
	text[9 + 118] = 'k';
	text[9 + 119] = 'k';
	conf = read_text(text);
	check(!conf.kernel[0] && conf.note_count == 1 && conf.notes[0].problem == BOOTCONF_TOO_LONG, "a longer one is reported",
	        "it is not");

	strcpy(text, "command_line = ");
	memset(text + 15, 'c', BOOTCONF_COMMAND_LINE_SIZE - 1);
	text[15 + BOOTCONF_COMMAND_LINE_SIZE - 1] = '\0';
	conf = read_text(text);
	check(conf.command_line_length == BOOTCONF_COMMAND_LINE_SIZE - 1 && !conf.note_count, "the longest command line fits",
	        "it does not");
	strcat(text, "\ncommand_line = d");
	conf = read_text(text);
	check(conf.command_line_length == BOOTCONF_COMMAND_LINE_SIZE - 1 && conf.note_count == 1 && conf.notes[0].line == 2,
	        "what does not fit any more is reported", "it is not");
	strcpy(text, "command_line = ");
	memset(text + 15, 'c', BOOTCONF_COMMAND_LINE_SIZE);
	text[15 + BOOTCONF_COMMAND_LINE_SIZE] = '\0';
	conf = read_text(text);
	check(conf.command_line_length == 0 && conf.note_count == 1, "a longer command line is reported, not cut", "it is not");
}

int main(void)
{
	test_whole();
	test_forms();
	test_notes();
	test_note_of_nul();
	test_limits();
	return failures != 0;
}
