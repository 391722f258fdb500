/*
 * The console server ends anywhere in a change: before and behind each entry of its log, each commit, each saving of a call and each answer.
 * Who has a pseudo terminal open sees nothing of that: each byte comes once, settings stay, and who waits is served.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c tests/host/fake/calls_life.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c user/lib/request.c user/lib/table.c user/lib/pool.c common/path.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/state_stores.c user/lib/server_state.c user/lib/found.c */
/* sources: user/lib/waiting.c user/lib/writes.c user/lib/process.c user/lib/fs_call.c */
/* state: tests/host/console_main.c user/servers/console/terminal.c user/servers/console/pty.c user/servers/console/files.c */
/* state: user/servers/console/kept.c user/servers/console/line.c user/servers/console/job.c user/servers/console/control.c */
/* The address sanitizer and ends of threads in the midst of functions do not go together. */
/* flags: -DCALL_TO_FAKE_KERNEL -fno-sanitize=address */
/* libraries: -fno-sanitize=address -lpthread -Wl,--wrap=state_keep_words,--wrap=state_keep,--wrap=state_commit,--wrap=request_save */
/* libraries: -Wl,--wrap=answer_give,--wrap=state_answered */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/proto/fs.h"
#include "abi/proto/tty.h"
#include "check.h"
#include "console_main.h"
#include "fake/calls.h"
#include "user/lib/grants.h"
#include "user/lib/server.h"
#include "user/lib/state_area.h"

#include "tests/points.h"

void point_end(void)
{
	fake_end_here();
}

#define MUCH 20000u /* bytes: more than fits between the two sides twice */

static struct fake_process *console;
static handle_t session, master, slave;
static _Thread_local uint64_t answered;
static char much[MUCH];

static void begin(void)
{
	console = fake_process_with_state("console", console_main, "export.console", 32ull << 20, &session);
	fake_start(console);
	fake_settle();
}

static status_t call(handle_t to, uint32_t label, uint64_t first, uint64_t second, uint64_t third, const void *from,
        uint64_t from_length, void *into, uint64_t into_length)
{
	struct message message = {.label = label, .word = {first, second, third}};
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uintptr_t)from, from_length};
	send->writable = (struct message_buffer){(uintptr_t)into, into_length};
	control_block()->received.handle_count = 0;
	status_t status = sys_channel_call_x(to, &message);
	answered = message.word[0];
	return status ? status : message.label;
}

static handle_t open_name(const char *name)
{
	if (call(session, FS_open, 0, strlen(name), OPEN_READ | OPEN_WRITE, name, strlen(name), NULL, 0) ||
	        control_block()->received.handle_count != 1)
		return HANDLE_NONE;
	return control_block()->received.handles[0];
}

static bool put(handle_t to, const void *bytes, uint64_t length)
{
	return !call(to, FS_write, length, 0, 0, bytes, length, NULL, 0) && answered == length;
}

/* Exactly these come. */
static bool get(handle_t from, const void *bytes, uint64_t length)
{
	static _Thread_local char got[MUCH];
	for (uint64_t done = 0; done < length; done += answered)
		if (call(from, FS_read, length - done, 0, 0, NULL, 0, got + done, length - done) || !answered)
			return false;
	/* Others wait for what will never come then. */
	if (!CHECK(!memcmp(got, bytes, length)))
		exit(check_result());
	return true;
}

static bool open_both(void)
{
	char name[24];
	master = open_name("/ptmx");
	if (!master || call(master, TTY_pty, TTY_PTY_UNLOCK, 0, 0, NULL, 0, NULL, 0))
		return false;
	snprintf(name, sizeof name, "/pts/%llu", (unsigned long long)answered);
	slave = open_name(name);
	return slave;
}

static void close_both(void)
{
	sys_handle_close(slave);
	sys_handle_close(master);
	fake_settle();
}

static bool set_local(uint32_t local)
{
	struct tty_attributes attributes, seen;
	bool good = !call(slave, TTY_get_attributes, 0, 0, 0, NULL, 0, &attributes, sizeof attributes);
	attributes.local = local;
	attributes.cc[5] = 0;
	attributes.cc[6] = 1;
	good = good && !call(slave, TTY_set_attributes, 0, 0, 0, &attributes, sizeof attributes, NULL, 0);
	good = good && !call(slave, TTY_get_attributes, 0, 0, 0, NULL, 0, &seen, sizeof seen);
	return good && !memcmp(&seen, &attributes, sizeof seen);
}

/* Clients that wait, each a process on a thread of its own. */
static int read_line(void)
{
	return !get(grant_find("file"), "typed\n", 6);
}

static int write_much(void)
{
	return !put(grant_find("file"), much, MUCH);
}

static struct fake_process *start_client(int (*start)(void), handle_t file)
{
	struct fake_process *client = fake_process_create("client", start);
	fake_grant(client, "file", file);
	fake_start(client);
	nanosleep(&(struct timespec){0, 1000000}, NULL); /* whether it waits by now changes nothing of what must come out */
	return client;
}

static bool lines(void)
{
	bool good = open_both() && put(master, "on", 2) && put(master, "e\177\ntwo\n", 7);
	good = good && get(slave, "on\n", 3) && get(slave, "two\n", 4) && get(master, "one\b \b\r\ntwo\r\n", 13);
	good = good && put(slave, "shown\n", 6) && get(master, "shown\r\n", 7);
	struct fake_process *client = start_client(read_line, slave);
	good = good && put(master, "ty", 2) && put(master, "ped\n", 4) && !fake_stop(client) && get(master, "typed\r\n", 7);
	close_both();
	return good;
}

static bool settings(void)
{
	bool good = open_both() && set_local(0) && !call(master, TTY_set_size, 30, 99, 0, NULL, 0, NULL, 0);
	good = good && put(master, "raw", 3) && get(slave, "raw", 3);
	good = good && !call(slave, TTY_get_size, 0, 0, 0, NULL, 0, NULL, 0) && answered == 30;
	good = good && put(master, "left", 4) && set_local(2) && put(master, "\n", 1) && get(slave, "left\n", 5);
	close_both();
	return good;
}

static bool much_is_shown(void)
{
	bool good = open_both();
	struct fake_process *client = start_client(write_much, slave);
	good = good && get(master, much, MUCH) && !fake_stop(client);
	close_both();
	return good;
}

static bool much_is_typed(void)
{
	bool good = open_both() && set_local(0);
	struct fake_process *client = start_client(write_much, master);
	good = good && get(slave, much, MUCH) && !fake_stop(client);
	close_both();
	return good;
}

/* Nobody is left at the other side. */
static bool ends_of_sides(void)
{
	char byte;
	bool good = open_both() && put(slave, "last", 4);
	sys_handle_close(slave);
	fake_settle();
	good = good && get(master, "last", 4) && call(master, FS_read, 1, 0, 0, NULL, 0, &byte, 1) == ERR_IO;
	sys_handle_close(master);
	good = good && open_both();
	sys_handle_close(master);
	fake_settle();
	good = good && !call(slave, FS_read, 1, 0, 0, NULL, 0, &byte, 1) && !answered;
	good = good && call(slave, FS_write, 1, 0, 0, "x", 1, NULL, 0) == ERR_IO;
	sys_handle_close(slave);
	fake_settle();
	return good;
}

/* Ends the server at the first point of what is done, then at the `step`-th behind it, until there are no more. */
static void everywhere(const char *what, bool (*act)(void), unsigned step)
{
	check_begin(what);
	for (unsigned at = 1;; at += step) {
		unsigned ended = fake_ends(console);
		points_left = at;
		bool good = act();
		fake_settle();
		points_left = 0;
		if (!CHECK(good)) {
			printf("at point %u\n", at);
			break;
		}
		if (ended == fake_ends(console))
			break;
	}
	CHECK(!strstr(fake_log(console), "starts empty") && !strstr(fake_log(console), "two ends"));
}

int main(void)
{
	for (unsigned i = 0; i < MUCH; i++)
		much[i] = (char)('a' + (i * 7 + i / 253) % 26);
	begin();
	everywhere("lines come once, wherever the console server ends", lines, 1);
	everywhere("settings stay", settings, 1);
	everywhere("much is shown once, and who waits for room goes on", much_is_shown, 7);
	everywhere("much is typed once, and who waits for room goes on", much_is_typed, 997);
	everywhere("who is left at one side hears of the end of the other", ends_of_sides, 1);
	check_begin("what was closed leaves no handle in the server");
	size_t before = fake_handle_count(console);
	CHECK(lines() && settings() && much_is_shown() && ends_of_sides());
	CHECK(fake_handle_count(console) == before && before < 10);
	CHECK(fake_ends(console) > 200);
	fake_stop(console);
	return check_result();
}
