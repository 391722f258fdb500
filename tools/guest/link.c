#include "tools/guest/link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

double clock_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void link_begin(struct link *link, int descriptor, const char *command, double deadline)
{
	memset(link, 0, sizeof *link);
	link->descriptor = descriptor;
	link->command = command;
	link->deadline = deadline;
	if (command && strlen(command) > GUEST_RECORD_MAX)
		die("the command line is longer than %d bytes", GUEST_RECORD_MAX);
}

static void send_command(struct link *link, struct outcome *outcome)
{
	size_t length = strlen(link->command);
	uint8_t header[5] = {GUEST_COMMAND, (uint8_t)length, (uint8_t)(length >> 8), (uint8_t)(length >> 16), 0};
	/* The socket's buffer is far larger than a record, and nothing was sent before. */
	if (send(link->descriptor, header, sizeof header, MSG_NOSIGNAL) != (ssize_t)sizeof header ||
	        send(link->descriptor, link->command, length, MSG_NOSIGNAL) != (ssize_t)length)
		outcome_fail(outcome, "cannot send the command to the guest: %s", strerror(errno));
}

/* Pieces of at most PIPE_BUF after poll, so that a reader who stops reading cannot hold us past the deadline. */
static void pass_on(struct link *link, int to, const uint8_t *bytes, size_t count, struct outcome *outcome)
{
	while (count && !outcome->decided) {
		struct pollfd wait = {.fd = to, .events = POLLOUT};
		double left = link->deadline ? link->deadline - clock_seconds() : 1e6;
		if (left <= 0 || poll(&wait, 1, (int)(left * 1000) + 1) == 0) {
			outcome_set(outcome, STATUS_TIMEOUT, "time is up, and nobody reads the command's output");
			return;
		}
		ssize_t written = write(to, bytes, count < 4096 ? count : 4096);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			outcome_set(outcome, STATUS_FAILED, "cannot write the command's output: %s", strerror(errno));
		if (written > 0) {
			bytes += written;
			count -= (size_t)written;
		}
	}
}

static void take_record(struct link *link, const uint8_t *content, uint32_t length, struct outcome *outcome)
{
	enum guest_record type = (enum guest_record)link->record[0];
	switch (type) {
	case GUEST_HELLO: outcome_fail(outcome, "the guest greets twice; has it restarted?"); return;
	case GUEST_STDOUT: pass_on(link, STDOUT_FILENO, content, length, outcome); return;
	case GUEST_STDERR: pass_on(link, STDERR_FILENO, content, length, outcome); return;
	case GUEST_EXIT:
		if (length == 4)
			outcome_set(outcome, content[0], NULL);
		else
			outcome_fail(outcome, "the guest's last record has %u bytes and not 4", length);
		return;
	case GUEST_FAILED:
		outcome_fail(outcome, "the command could not be started: %.*s", (int)length, (const char *)content);
		return;
	case GUEST_COMMAND: break;
	}
	outcome_fail(outcome, "the guest sent a record of unknown type %#x", (unsigned)type);
}

static uint32_t content_length(const struct link *link)
{
	return (uint32_t)link->record[1] | (uint32_t)link->record[2] << 8 | (uint32_t)link->record[3] << 16 |
	        (uint32_t)link->record[4] << 24;
}

static void drop(struct link *link, unsigned count)
{
	link->have -= count;
	memmove(link->record, link->record + count, link->have);
}

/* Passes over what precedes the greeting, and greets. */
static void await_greeting(struct link *link, struct outcome *outcome)
{
	static const uint8_t greeting[5] = {GUEST_HELLO, 1, 0, 0, 0};
	while (link->have > sizeof greeting && memcmp(link->record, greeting, sizeof greeting))
		drop(link, 1);
	if (link->have <= sizeof greeting)
		return;
	uint8_t version = link->record[sizeof greeting];
	drop(link, sizeof greeting + 1);
	link->greeted = true;
	if (version == GUEST_LINK_VERSION)
		send_command(link, outcome);
	else
		outcome_fail(outcome, "the guest speaks version %u of the link, and not %u", version, GUEST_LINK_VERSION);
}

/* Handles the whole records among what was received and moves the rest to the front. */
static void take_records(struct link *link, struct outcome *outcome)
{
	while (link->have >= 5 && !outcome->decided) {
		uint32_t length = content_length(link);
		if (length > GUEST_RECORD_MAX) {
			outcome_fail(outcome, "the guest announced a record of %u bytes", length);
			return;
		}
		if (link->have < 5 + length)
			return;
		take_record(link, link->record + 5, length, outcome);
		drop(link, 5 + length);
	}
}

void link_read(struct link *link, struct outcome *outcome)
{
	ssize_t count = read(link->descriptor, link->record + link->have, sizeof link->record - link->have);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0) {
		close(link->descriptor);
		link->descriptor = -1;
		return;
	}
	link->have += (unsigned)count;
	if (!link->greeted)
		await_greeting(link, outcome);
	if (link->greeted)
		take_records(link, outcome);
}
