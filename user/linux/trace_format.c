/*
 * A call as a line of text. What its arguments are calls.def says, a letter for each; kinds without a letter here are told as
 * numbers. Flags that have no name are told as a number behind those that have one.
 *
 * The program's memory is read by access.h when the call is over: what cannot be read is told as its address. A string that was read
 * from a changed memory is what it is now, which for a path that another thread overwrites is not what the server saw.
 */
#include <string.h>

#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/trace_format.h"
#include "user/linux/trace_names.h"

bool trace_is_full(const struct trace_line *line)
{
	return line->length == sizeof line->text - 1;
}

void trace_add_byte(struct trace_line *line, char c)
{
	if (!trace_is_full(line))
		line->text[line->length++] = c;
}

void trace_add(struct trace_line *line, const char *text)
{
	while (*text)
		trace_add_byte(line, *text++);
}

void trace_add_unsigned(struct trace_line *line, uint64_t value, uint32_t base)
{
	char digits[24];
	uint32_t at = sizeof digits;
	digits[--at] = 0;
	do
		digits[--at] = "0123456789abcdef"[value % base];
	while (value /= base);
	trace_add(line, digits + at);
}

void trace_add_number(struct trace_line *line, int64_t number)
{
	if (number < 0)
		trace_add_byte(line, '-');
	trace_add_unsigned(line, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10);
}

static void add_hex(struct trace_line *line, uint64_t value)
{
	trace_add(line, "0x");
	trace_add_unsigned(line, value, 16);
}

void trace_add_address(struct trace_line *line, uint64_t address)
{
	if (address)
		add_hex(line, address);
	else
		trace_add(line, "NULL");
}

void trace_add_signal(struct trace_line *line, uint64_t signal)
{
	const char *name = trace_signal_name(signal);
	if (name) {
		trace_add(line, "SIG");
		trace_add(line, name);
	} else {
		trace_add_number(line, (int64_t)signal);
	}
}

/* As C writes it. */
static void add_quoted_byte(struct trace_line *line, unsigned char c)
{
	static const char escaped[] = "\n\t\r\"\\", letters[] = "ntr\"\\";
	for (uint32_t i = 0; escaped[i]; i++) {
		if (c != (unsigned char)escaped[i])
			continue;
		trace_add_byte(line, '\\');
		trace_add_byte(line, letters[i]);
		return;
	}
	if (c >= ' ' && c < 0x7f) {
		trace_add_byte(line, (char)c);
		return;
	}
	trace_add_byte(line, '\\');
	trace_add_unsigned(line, c, 8);
}

static uint32_t string_limit(void)
{
	return process_self()->trace >> START_TRACE_STRINGS_SHIFT;
}

/* Bytes of the program's memory: up to a NUL, or `length` of them. */
void trace_add_memory(struct trace_line *line, uint64_t address, uint64_t length, bool is_string)
{
	uint32_t most = string_limit(), told = 0;
	unsigned char c;
	if (!address || (length && !access_read(&c, address, 1))) {
		trace_add_address(line, address);
		return;
	}
	trace_add_byte(line, '"');
	for (; told < length && told < most && access_read(&c, address + told, 1) && (c || !is_string); told++)
		add_quoted_byte(line, c);
	trace_add_byte(line, '"');
	bool more = told < length && told == most && (!is_string || (access_read(&c, address + told, 1) && c));
	if (more)
		trace_add(line, "...");
}

void trace_add_strings(struct trace_line *line, const char *first, uint32_t count)
{
	for (uint32_t i = 0; i < count && !trace_is_full(line); i++) {
		uint64_t length = strlen(first);
		if (i)
			trace_add(line, ", ");
		trace_add_memory(line, (uintptr_t)first, length, true);
		first += length + 1;
	}
}

/* A NULL-ended array of strings. */
static void add_array(struct trace_line *line, uint64_t pointers)
{
	uint64_t string;
	if (!access_read(&string, pointers, sizeof string)) {
		trace_add_address(line, pointers);
		return;
	}
	trace_add_byte(line, '[');
	for (uint32_t i = 0; !trace_is_full(line) && access_read(&string, pointers + i * 8ull, sizeof string) && string; i++) {
		if (i)
			trace_add(line, ", ");
		trace_add_memory(line, string, UINT64_MAX, true);
	}
	trace_add_byte(line, ']');
}

static void add_flags(struct trace_line *line, const struct trace_kind *names, uint64_t value)
{
	const struct trace_flag *name = trace_flags(names);
	bool any = false;
	for (uint32_t i = 0; i < names->count; i++) {
		bool holds = names->one ? value == name[i].value : (value & name[i].value) == name[i].value;
		if (!holds)
			continue;
		if (any)
			trace_add_byte(line, '|');
		trace_add(line, name[i].name);
		value = names->one ? 0 : value & ~(uint64_t)name[i].value;
		any = true;
		if (names->one)
			return;
	}
	if (any && value)
		trace_add_byte(line, '|');
	if (!any && !value)
		trace_add(line, *names->none ? names->none : "0");
	else if (value)
		add_hex(line, value);
}

/* `count` ints that the call has written. */
static void add_integers(struct trace_line *line, uint64_t address, uint32_t count, int64_t result)
{
	int32_t value;
	if (result < 0 || !access_read(&value, address, sizeof value)) {
		trace_add_address(line, address);
		return;
	}
	trace_add_byte(line, '[');
	for (uint32_t i = 0; i < count && access_read(&value, address + i * sizeof value, sizeof value); i++) {
		if (i)
			trace_add(line, ", ");
		trace_add_number(line, value);
	}
	trace_add_byte(line, ']');
}

void trace_add_named(struct trace_line *line, char kind, uint64_t value)
{
	const struct trace_kind *names = trace_kind(kind);
	if (names)
		add_flags(line, names, value & UINT32_MAX);
	else if (value < 4096)
		trace_add_number(line, (int64_t)value);
	else
		add_hex(line, value);
}

/* An argument; `next` is the one behind it. Letters: calls.def. */
static void add_argument(struct trace_line *line, char kind, uint64_t value, uint64_t next, int64_t result)
{
	switch (kind) {
	case 'd': trace_add_number(line, (int32_t)value); break;
	case 'u': trace_add_unsigned(line, value, 10); break;
	case 'l': trace_add_number(line, (int64_t)value); break;
	case 'p': trace_add_address(line, value); break;
	case 's': trace_add_memory(line, value, UINT64_MAX, true); break;
	case 'b': trace_add_memory(line, value, next, false); break;
	case 'r':
		if (result >= 0)
			trace_add_memory(line, value, (uint64_t)result, false);
		else
			trace_add_address(line, value);
		break;
	case 'v': add_array(line, value); break;
	case 'o':
		trace_add_byte(line, '0');
		trace_add_unsigned(line, value & UINT32_MAX, 8);
		break;
	case 'D':
		if ((int32_t)value == LINUX_AT_FDCWD)
			trace_add(line, "AT_FDCWD");
		else
			trace_add_number(line, (int32_t)value);
		break;
	case 'S': trace_add_signal(line, value & UINT32_MAX); break;
	case 'i': add_integers(line, value, 1, result); break;
	case '2': add_integers(line, value, 2, result); break;
	default:
		if (!trace_add_struct(line, kind, value, next, result))
			trace_add_named(line, kind, value);
	}
}

void trace_add_call(struct trace_line *line, const struct frame *frame, uint32_t number, int64_t result)
{
	const uint64_t values[7] = {frame->rdi, frame->rsi, frame->rdx, frame->r10, frame->r8, frame->r9, 0};
	const struct trace_call *call = calls_find(number);
	if (!call) {
		trace_add(line, "syscall_");
		add_hex(line, number);
	} else {
		trace_add(line, call->name);
	}
	trace_add_byte(line, '(');
	for (uint32_t i = 0; call && i < 6 && call->kinds[i] && call->kinds[i] != ':'; i++) {
		if (i)
			trace_add(line, ", ");
		add_argument(line, call->kinds[i], values[i], values[i + 1], result);
	}
	trace_add_byte(line, ')');
}

static void add_error(struct trace_line *line, int64_t error)
{
	const char *name = trace_error_name(error);
	trace_add(line, "-1 ");
	if (name) {
		trace_add(line, name);
		return;
	}
	trace_add(line, "errno ");
	trace_add_number(line, error);
}

void trace_add_result(struct trace_line *line, uint32_t number, int64_t result)
{
	const struct trace_call *call = calls_find(number);
	const char *kinds = call ? call->kinds : "";
	while (*kinds && *kinds != ':')
		kinds++;
	trace_add(line, " = ");
	if (result == -LINUX_ERESTARTSYS || result == -LINUX_ERESTARTNOHAND)
		trace_add(line, "? (a signal has come)");
	else if (result < 0 && result > -4096)
		add_error(line, -result);
	else if (*kinds)
		add_hex(line, (uint64_t)result);
	else
		trace_add_number(line, result);
}
