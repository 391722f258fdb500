/*
 * Structures that arguments point to, as strace writes them: the fields that say something, by their names. Those that a call fills in
 * are told when it has succeeded.
 */
#include "user/linux/access.h"
#include "user/linux/linux_abi.h"
#include "user/linux/linux_abi_signals.h"
#include "user/linux/linux_abi_sockets.h"
#include "user/linux/trace_format.h"
#include "user/linux/trace_names.h"

#define ITEMS_MAX 16u /* of an array that are told */

/* Kinds of names (trace_names.c) that no argument has by itself. */
#define NAMES_POLL '3'
#define NAMES_FAMILY '4'
#define NAMES_FILE '5'
#define NAMES_ACTION '6'

/* ", name=" or "{name=". */
static void add_field(struct trace_line *line, bool first, const char *name)
{
	trace_add(line, first ? "{" : ", ");
	trace_add(line, name);
	trace_add_byte(line, '=');
}

static bool add_timespec(struct trace_line *line, uint64_t address)
{
	struct linux_timespec time;
	if (!access_read(&time, address, sizeof time))
		return false;
	add_field(line, true, "tv_sec");
	trace_add_number(line, time.seconds);
	add_field(line, false, "tv_nsec");
	trace_add_number(line, time.nanoseconds);
	trace_add_byte(line, '}');
	return true;
}

static bool add_stat(struct trace_line *line, uint64_t address)
{
	struct linux_stat stat;
	if (!access_read(&stat, address, sizeof stat))
		return false;
	add_field(line, true, "st_mode");
	trace_add_named(line, NAMES_FILE, stat.mode & LINUX_S_IFMT);
	trace_add(line, "|0");
	trace_add_unsigned(line, stat.mode & 07777, 8);
	add_field(line, false, "st_size");
	trace_add_number(line, (int64_t)stat.size);
	trace_add(line, ", ...}");
	return true;
}

/* As ~[...] where more signals are in it than not. */
static bool add_set(struct trace_line *line, uint64_t address)
{
	uint64_t set;
	uint32_t count = 0;
	bool first = true;
	if (!access_read(&set, address, sizeof set))
		return false;
	for (uint64_t rest = set; rest; rest &= rest - 1)
		count++;
	if (count > 32) {
		trace_add_byte(line, '~');
		set = ~set;
	}
	trace_add_byte(line, '[');
	for (uint32_t signal = 1; signal <= 64; signal++) {
		const char *name = trace_signal_name(signal);
		if (!(set >> (signal - 1) & 1))
			continue;
		if (!first)
			trace_add_byte(line, ' ');
		first = false;
		if (name)
			trace_add(line, name);
		else
			trace_add_number(line, signal);
	}
	trace_add_byte(line, ']');
	return true;
}

static bool add_action(struct trace_line *line, uint64_t address)
{
	struct linux_sigaction action;
	if (!access_read(&action, address, sizeof action))
		return false;
	add_field(line, true, "sa_handler");
	if (action.handler > 1)
		trace_add_address(line, action.handler);
	else
		trace_add(line, action.handler ? "SIG_IGN" : "SIG_DFL");
	add_field(line, false, "sa_mask");
	add_set(line, address + __builtin_offsetof(struct linux_sigaction, mask));
	add_field(line, false, "sa_flags");
	trace_add_named(line, NAMES_ACTION, action.flags);
	trace_add_byte(line, '}');
	return true;
}

static void add_bound(struct trace_line *line, uint64_t value)
{
	if (value == LINUX_RLIM_INFINITY)
		trace_add(line, "RLIM_INFINITY");
	else
		trace_add_unsigned(line, value, 10);
}

static bool add_limit(struct trace_line *line, uint64_t address)
{
	struct linux_rlimit limit;
	if (!access_read(&limit, address, sizeof limit))
		return false;
	add_field(line, true, "rlim_cur");
	add_bound(line, limit.soft);
	add_field(line, false, "rlim_max");
	add_bound(line, limit.hard);
	trace_add_byte(line, '}');
	return true;
}

/* Of a path, or an abstract name, as much as there is. */
static bool add_socket_address(struct trace_line *line, uint64_t address, uint64_t length)
{
	const uint64_t path = __builtin_offsetof(struct linux_sockaddr_un, path);
	uint16_t family;
	char first = 0;
	if (length < sizeof family || length > sizeof(struct linux_sockaddr_un) ||
	        !access_read(&family, address, sizeof family))
		return false;
	add_field(line, true, "sa_family");
	trace_add_named(line, NAMES_FAMILY, family);
	if (family == LINUX_AF_UNIX && length > path && access_read(&first, address + path, 1)) {
		add_field(line, false, "sun_path");
		if (!first)
			trace_add_byte(line, '@');
		trace_add_memory(line, address + path + !first, length - path - !first, first != 0);
	}
	trace_add_byte(line, '}');
	return true;
}

static bool add_written_address(struct trace_line *line, uint64_t address, uint64_t length_address)
{
	uint32_t length;
	return access_read(&length, length_address, sizeof length) && add_socket_address(line, address, length);
}

/* Item `i` of an array begins; false: no more of it are told. */
static bool begin_item(struct trace_line *line, uint64_t i)
{
	if (i)
		trace_add(line, ", ");
	if (i < ITEMS_MAX && !trace_is_full(line))
		return true;
	trace_add(line, "...");
	return false;
}

static bool add_polled(struct trace_line *line, uint64_t address, uint64_t count, bool answered)
{
	struct linux_pollfd item;
	if (count && !access_read(&item, address, sizeof item))
		return false;
	trace_add_byte(line, '[');
	for (uint64_t i = 0; i < count && begin_item(line, i); i++) {
		if (!access_read(&item, address + i * sizeof item, sizeof item))
			break;
		add_field(line, true, "fd");
		trace_add_number(line, item.fd);
		add_field(line, false, "events");
		trace_add_named(line, NAMES_POLL, (uint16_t)item.events);
		if (answered && item.revents) {
			add_field(line, false, "revents");
			trace_add_named(line, NAMES_POLL, (uint16_t)item.revents);
		}
		trace_add_byte(line, '}');
	}
	trace_add_byte(line, ']');
	return true;
}

/* Pieces of memory, and what is in them: `bytes` of all together. */
static bool add_pieces(struct trace_line *line, uint64_t address, uint64_t count, uint64_t bytes)
{
	struct linux_iovec item;
	if (count && !access_read(&item, address, sizeof item))
		return false;
	trace_add_byte(line, '[');
	for (uint64_t i = 0; i < count && begin_item(line, i); i++) {
		if (!access_read(&item, address + i * sizeof item, sizeof item))
			break;
		uint64_t told = item.length < bytes ? item.length : bytes;
		bytes -= told;
		add_field(line, true, "iov_base");
		if (told || !item.length)
			trace_add_memory(line, item.base, told, false);
		else
			trace_add_address(line, item.base);
		add_field(line, false, "iov_len");
		trace_add_unsigned(line, item.length, 10);
		trace_add_byte(line, '}');
	}
	trace_add_byte(line, ']');
	return true;
}

bool trace_add_struct(struct trace_line *line, char kind, uint64_t address, uint64_t next, int64_t result)
{
	bool done = result >= 0, told;
	switch (kind) {
	case 'T': told = add_timespec(line, address); break;
	case 't': told = done && add_timespec(line, address); break;
	case 'Z': told = done && add_stat(line, address); break;
	case 'e': told = add_set(line, address); break;
	case 'j': told = done && add_set(line, address); break;
	case 'G': told = add_action(line, address); break;
	case 'g': told = done && add_action(line, address); break;
	case 'L': told = add_limit(line, address); break;
	case 'R': told = done && add_limit(line, address); break;
	case 'B': told = add_socket_address(line, address, next); break;
	case 'E': told = done && add_written_address(line, address, next); break;
	case 'k': told = add_polled(line, address, next, done); break;
	case 'w': told = add_pieces(line, address, next, UINT64_MAX); break;
	case 'y': told = add_pieces(line, address, next, done ? (uint64_t)result : 0); break;
	default: return false;
	}
	if (!told)
		trace_add_address(line, address);
	return true;
}
