/*
 * The ring and what prints it. A line is formatted on the stack, put into the ring under the lock, and printed outside it, from
 * where printing had come to, so that lines come in their order whoever prints them.
 */
#include "core/log.h"

#include <stdarg.h>

#include "arch/timer.h"
#include "core/lock.h"
#include "core/percpu.h"
#include "lib/format.h"
#include "lib/string.h"

#define COPY_MAX 2048u
#define PREFIX_MAX 80u
#define OUTPUTS_MAX 4u
#define STEP_MAX 32u /* bytes; what a screen needs for them is some 5,000 instructions */

static char ring[LOG_RING_SIZE];
static uint64_t ring_end;
static struct lock ring_lock = LOCK_INIT(RANK_LOG, "log");

static const struct log_output *outputs[OUTPUTS_MAX];
static uint32_t output_count;
static bool claimed, later;
static uint8_t printing;
static uint64_t printed;

static void (*listener_added)(void);

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static void ring_put(const char *text, size_t length)
{
	for (size_t done = 0; done < length;) {
		size_t at = (ring_end + done) % LOG_RING_SIZE;
		size_t part = length - done < LOG_RING_SIZE - at ? length - done : LOG_RING_SIZE - at;

		memcpy(ring + at, text + done, part);
		done += part;
	}
	__atomic_store_n(&ring_end, ring_end + length, __ATOMIC_RELEASE);
}

static char ring_at(uint64_t position)
{
	return ring[position % LOG_RING_SIZE];
}

/* The first position from `cursor` on that the ring still has and at which a line begins. */
static uint64_t ring_first_line(uint64_t cursor)
{
	uint64_t oldest = ring_end > LOG_RING_SIZE ? ring_end - LOG_RING_SIZE : 0;

	if (cursor >= oldest)
		return cursor < ring_end ? cursor : ring_end;
	while (oldest < ring_end && ring_at(oldest) != '\n')
		oldest++;
	return oldest < ring_end ? oldest + 1 : oldest;
}

size_t log_copy(uint64_t cursor, char *to, size_t size, uint64_t *out_cursor, uint64_t *out_lost)
{
	size_t whole = 0;

	if (size > COPY_MAX)
		size = COPY_MAX;
	lock_acquire(&ring_lock);
	uint64_t start = ring_first_line(cursor);
	size_t length = ring_end - start < size ? ring_end - start : size;
	size_t at = start % LOG_RING_SIZE;
	size_t part = length < LOG_RING_SIZE - at ? length : LOG_RING_SIZE - at;
	memcpy(to, ring + at, part);
	memcpy(to + part, ring, length - part);
	lock_release(&ring_lock);
	for (size_t i = length; i > 0 && whole == 0; i--) {
		if (to[i - 1] == '\n')
			whole = i;
	}
	*out_cursor = start + whole;
	*out_lost = start > cursor ? start - cursor : 0;
	return whole;
}

uint64_t log_end(void)
{
	return __atomic_load_n(&ring_end, __ATOMIC_ACQUIRE);
}

static void write_all(const char *text, size_t length)
{
	for (uint32_t i = 0; i < output_count; i++)
		outputs[i]->write(text, length);
}

void log_print_raw(const char *text, size_t length)
{
	size_t start = 0;

	for (size_t i = 0; i <= length; i++) {
		if (i < length && text[i] != '\n')
			continue;
		write_all(text + start, i - start);
		if (i < length)
			write_all("\r\n", 2);
		start = i + 1;
	}
}

/* Moves up to `size` bytes of pending lines to `to`, with their ends as outputs want them. The size is at least 2. */
static size_t take_pending(char *to, size_t size)
{
	size_t length = 0;

	lock_acquire(&ring_lock);
	printed = ring_first_line(printed);
	for (; printed < ring_end && length < size; printed++) {
		if (ring_at(printed) == '\n') {
			if (length + 2 > size)
				break;
			to[length++] = '\r';
		}
		to[length++] = ring_at(printed);
	}
	lock_release(&ring_lock);
	return length;
}

enum log_progress log_print_step(void)
{
	char text[STEP_MAX];
	size_t room = sizeof text;

	if (claimed || printed == log_end() || __atomic_exchange_n(&printing, 1, __ATOMIC_ACQUIRE))
		return LOG_PRINTED;
	for (uint32_t i = 0; i < output_count; i++) {
		size_t one = outputs[i]->room();
		room = one < room ? one : room;
	}
	if (room)
		write_all(text, take_pending(text, room));
	bool more = printed != log_end();
	__atomic_store_n(&printing, 0, __ATOMIC_RELEASE);
	return !room ? LOG_NO_ROOM : more ? LOG_MORE : LOG_PRINTED;
}

bool log_settle_step(void)
{
	bool settled = true;

	for (uint32_t i = 0; i < output_count && !claimed; i++) {
		if (outputs[i]->settle)
			settled &= outputs[i]->settle();
	}
	return settled;
}

void log_flush(void)
{
	char text[STEP_MAX];
	size_t length;

	while (!claimed && (length = take_pending(text, sizeof text)) != 0)
		write_all(text, length);
}

/* The first lines, which nobody is there for yet to print them in steps. */
static void print_now(void)
{
	log_flush();
	log_settle_step();
}

static size_t format_prefix(char *to, size_t size, uint32_t level, const char *source)
{
	uint64_t microseconds = timer_now() / 1000;

	if (level > LOG_DEBUG)
		level = LOG_DEBUG;
	return format_text(to, size, "[%4lu.%06lu] cpu%u %.31s %s: ", microseconds / 1000000, microseconds % 1000000,
	        cpu_current()->arch.index, source, level_names[level]);
}

void log_text(uint32_t level, const char *source, const char *text, size_t length)
{
	char line[PREFIX_MAX + LOG_LINE_MAX + 1];
	size_t at = format_prefix(line, PREFIX_MAX, level, source);

	if (length > LOG_LINE_MAX)
		length = LOG_LINE_MAX;
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = (uint8_t)text[i];
		line[at++] = byte < 0x20 || byte == 0x7f ? '?' : (char)byte;
	}
	line[at++] = '\n';
	lock_acquire(&ring_lock);
	ring_put(line, at);
	lock_release(&ring_lock);
	if (!later)
		print_now();
	if (listener_added)
		listener_added();
}

void log_line(uint32_t level, const char *source, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	size_t length = format_text_v(text, sizeof text, format, arguments);
	va_end(arguments);
	log_text(level, source, text, length);
}

void log_add_output(const struct log_output *output)
{
	if (output_count < OUTPUTS_MAX)
		outputs[output_count++] = output;
}

void log_print_later(void)
{
	later = true;
}

bool log_claim_console(uint64_t *out_cursor)
{
	lock_acquire(&ring_lock);
	printed = ring_first_line(printed);
	claimed |= printed == 0 || ring_at(printed - 1) == '\n';
	*out_cursor = printed;
	lock_release(&ring_lock);
	return claimed;
}

void log_release_console(void)
{
	if (claimed)
		printed = log_end();
	claimed = false;
}

void log_set_listener(void (*listener)(void))
{
	listener_added = listener;
}
