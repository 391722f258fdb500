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
#include "user/linux/trace.h"

struct flag_name {
	uint32_t value;
	char name[24];
};

struct kind_names {
	char kind;
	bool one; /* a value, not a sum of flags */
	char none[12];
	uint8_t first, count; /* of the names */
};

static const struct flag_name flag_names[] = {
        /* O: open. */
        {01, "O_WRONLY"},
        {02, "O_RDWR"},
        {0100, "O_CREAT"},
        {0200, "O_EXCL"},
        {0400, "O_NOCTTY"},
        {01000, "O_TRUNC"},
        {02000, "O_APPEND"},
        {04000, "O_NONBLOCK"},
        {0200000, "O_DIRECTORY"},
        {0400000, "O_NOFOLLOW"},
        {02000000, "O_CLOEXEC"},
        {010000000, "O_PATH"},
        {0100000, "O_LARGEFILE"},
        /* P: protection. */
        {1, "PROT_READ"},
        {2, "PROT_WRITE"},
        {4, "PROT_EXEC"},
        /* M: mmap. */
        {1, "MAP_SHARED"},
        {2, "MAP_PRIVATE"},
        {0x10, "MAP_FIXED"},
        {0x20, "MAP_ANONYMOUS"},
        {0x4000, "MAP_NORESERVE"},
        {0x20000, "MAP_STACK"},
        {0x100000, "MAP_FIXED_NOREPLACE"},
        /* C: clone. */
        {0x100, "CLONE_VM"},
        {0x200, "CLONE_FS"},
        {0x400, "CLONE_FILES"},
        {0x800, "CLONE_SIGHAND"},
        {0x4000, "CLONE_VFORK"},
        {0x10000, "CLONE_THREAD"},
        {0x40000, "CLONE_SYSVSEM"},
        {0x80000, "CLONE_SETTLS"},
        {0x100000, "CLONE_PARENT_SETTID"},
        {0x200000, "CLONE_CHILD_CLEARTID"},
        {0x1000000, "CLONE_CHILD_SETTID"},
        {17, "SIGCHLD"},
        /* W: wait. */
        {1, "WNOHANG"},
        {2, "WUNTRACED"},
        {4, "WEXITED"},
        {8, "WCONTINUED"},
        {0x1000000, "WNOWAIT"},
        /* A: access. */
        {1, "X_OK"},
        {2, "W_OK"},
        {4, "R_OK"},
        /* a: names relative to a directory. */
        {0x100, "AT_SYMLINK_NOFOLLOW"},
        {0x200, "AT_REMOVEDIR"},
        {0x400, "AT_SYMLINK_FOLLOW"},
        {0x1000, "AT_EMPTY_PATH"},
        /* H: lseek. */
        {0, "SEEK_SET"},
        {1, "SEEK_CUR"},
        {2, "SEEK_END"},
        {3, "SEEK_DATA"},
        {4, "SEEK_HOLE"},
        /* m: rt_sigprocmask. */
        {0, "SIG_BLOCK"},
        {1, "SIG_UNBLOCK"},
        {2, "SIG_SETMASK"},
        /* K: clocks. */
        {0, "CLOCK_REALTIME"},
        {1, "CLOCK_MONOTONIC"},
        {2, "CLOCK_PROCESS_CPUTIME"},
        {3, "CLOCK_THREAD_CPUTIME"},
        {7, "CLOCK_BOOTTIME"},
        /* F: fcntl. */
        {0, "F_DUPFD"},
        {1, "F_GETFD"},
        {2, "F_SETFD"},
        {3, "F_GETFL"},
        {4, "F_SETFL"},
        {5, "F_GETLK"},
        {6, "F_SETLK"},
        {7, "F_SETLKW"},
        {1030, "F_DUPFD_CLOEXEC"},
        /* I: ioctl. */
        {0x5401, "TCGETS"},
        {0x5402, "TCSETS"},
        {0x5403, "TCSETSW"},
        {0x5404, "TCSETSF"},
        {0x540e, "TIOCSCTTY"},
        {0x540f, "TIOCGPGRP"},
        {0x5410, "TIOCSPGRP"},
        {0x5413, "TIOCGWINSZ"},
        {0x5414, "TIOCSWINSZ"},
        {0x541b, "FIONREAD"},
        {0x5421, "FIONBIO"},
        /* U: futex. */
        {0, "FUTEX_WAIT"},
        {1, "FUTEX_WAKE"},
        {3, "FUTEX_REQUEUE"},
        {4, "FUTEX_CMP_REQUEUE"},
        {9, "FUTEX_WAIT_BITSET"},
        {128, "FUTEX_WAIT_PRIVATE"},
        {129, "FUTEX_WAKE_PRIVATE"},
        {131, "FUTEX_REQUEUE_PRIV"},
        {137, "FUTEX_WAIT_BITSET_P"},
        /* N: arch_prctl. */
        {0x1001, "ARCH_SET_GS"},
        {0x1002, "ARCH_SET_FS"},
        {0x1003, "ARCH_GET_FS"},
        {0x1004, "ARCH_GET_GS"},
};

/* In the order of the names above. */
static const struct kind_names kinds_named[] = {
        {'O', false, "O_RDONLY", 0, 13},
        {'n', false, "0", 0, 13},
        {'P', false, "PROT_NONE", 13, 3},
        {'M', false, "0", 16, 7},
        {'C', false, "0", 23, 12},
        {'W', false, "0", 35, 5},
        {'A', false, "F_OK", 40, 3},
        {'a', false, "0", 43, 4},
        {'H', true, "", 47, 5},
        {'m', true, "", 52, 3},
        {'K', true, "", 55, 5},
        {'F', true, "", 60, 9},
        {'I', true, "", 69, 11},
        {'U', true, "", 80, 9},
        {'N', true, "", 89, 4},
};
_Static_assert(sizeof flag_names / sizeof *flag_names == 93, "the table of kinds ends with the names");

static const char signal_names[32][8] = {"0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
        "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
        "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"};

struct errno_name {
	uint8_t number;
	char name[15];
};

#define E(name) \
	{ \
		name, #name \
	}
static const struct errno_name errno_names[] = {E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC),
        E(EBADF), E(ECHILD), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(EBUSY), E(EEXIST), E(EXDEV), E(ENODEV), E(ENOTDIR),
        E(EISDIR), E(EINVAL), E(ENFILE), E(EMFILE), E(ENOTTY), E(ETXTBSY), E(EFBIG), E(ENOSPC), E(ESPIPE), E(EROFS), E(EMLINK),
        E(EPIPE), E(EDOM), E(ERANGE), E(EDEADLK), E(ENAMETOOLONG), E(ENOLCK), E(ENOSYS), E(ENOTEMPTY), E(ELOOP), E(EOVERFLOW),
        E(ENOTSOCK), E(EDESTADDRREQ), E(EMSGSIZE), E(EPROTOTYPE), E(ENOPROTOOPT), E(EOPNOTSUPP), E(EAFNOSUPPORT), E(EADDRINUSE),
        E(ECONNREFUSED), E(ECONNRESET), E(EISCONN), E(ENOTCONN), E(ETIMEDOUT), E(EALREADY), E(EINPROGRESS), E(ETOOMANYREFS),
        E(EDQUOT), E(ECANCELED), E(ENODATA)};
#undef E

static bool is_full(const struct trace_line *line)
{
	return line->length == sizeof line->text - 1;
}

static void add_byte(struct trace_line *line, char c)
{
	if (!is_full(line))
		line->text[line->length++] = c;
}

void trace_add(struct trace_line *line, const char *text)
{
	while (*text)
		add_byte(line, *text++);
}

static void add_unsigned(struct trace_line *line, uint64_t value, uint32_t base)
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
		add_byte(line, '-');
	add_unsigned(line, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10);
}

static void add_hex(struct trace_line *line, uint64_t value)
{
	trace_add(line, "0x");
	add_unsigned(line, value, 16);
}

static void add_address(struct trace_line *line, uint64_t address)
{
	if (address)
		add_hex(line, address);
	else
		trace_add(line, "NULL");
}

void trace_add_signal(struct trace_line *line, uint64_t signal)
{
	if (signal && signal < 32) {
		trace_add(line, "SIG");
		trace_add(line, signal_names[signal]);
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
		add_byte(line, '\\');
		add_byte(line, letters[i]);
		return;
	}
	if (c >= ' ' && c < 0x7f) {
		add_byte(line, (char)c);
		return;
	}
	add_byte(line, '\\');
	add_unsigned(line, c, 8);
}

static uint32_t string_limit(void)
{
	return process_self()->trace >> START_TRACE_STRINGS_SHIFT;
}

/* Bytes of the program's memory: up to a NUL, or `length` of them. */
static void add_memory(struct trace_line *line, uint64_t address, uint64_t length, bool is_string)
{
	uint32_t most = string_limit(), told = 0;
	unsigned char c;
	if (!address || (length && !access_read(&c, address, 1))) {
		add_address(line, address);
		return;
	}
	add_byte(line, '"');
	for (; told < length && told < most && access_read(&c, address + told, 1) && (c || !is_string); told++)
		add_quoted_byte(line, c);
	add_byte(line, '"');
	bool more = told < length && told == most && (!is_string || (access_read(&c, address + told, 1) && c));
	if (more)
		trace_add(line, "...");
}

void trace_add_strings(struct trace_line *line, const char *first, uint32_t count)
{
	for (uint32_t i = 0; i < count && !is_full(line); i++) {
		uint64_t length = strlen(first);
		if (i)
			trace_add(line, ", ");
		add_memory(line, (uintptr_t)first, length, true);
		first += length + 1;
	}
}

/* A NULL-ended array of strings. */
static void add_array(struct trace_line *line, uint64_t pointers)
{
	uint64_t string;
	if (!access_read(&string, pointers, sizeof string)) {
		add_address(line, pointers);
		return;
	}
	add_byte(line, '[');
	for (uint32_t i = 0; !is_full(line) && access_read(&string, pointers + i * 8ull, sizeof string) && string; i++) {
		if (i)
			trace_add(line, ", ");
		add_memory(line, string, UINT64_MAX, true);
	}
	add_byte(line, ']');
}

static void add_flags(struct trace_line *line, const struct kind_names *names, uint64_t value)
{
	const struct flag_name *name = &flag_names[names->first];
	bool any = false;
	for (uint32_t i = 0; i < names->count; i++) {
		bool holds = names->one ? value == name[i].value : (value & name[i].value) == name[i].value;
		if (!holds)
			continue;
		if (any)
			add_byte(line, '|');
		trace_add(line, name[i].name);
		value = names->one ? 0 : value & ~(uint64_t)name[i].value;
		any = true;
		if (names->one)
			return;
	}
	if (any && value)
		add_byte(line, '|');
	if (!any && !value)
		trace_add(line, *names->none ? names->none : "0");
	else if (value)
		add_hex(line, value);
}

static void add_timespec(struct trace_line *line, uint64_t address)
{
	struct linux_timespec time;
	if (!access_read(&time, address, sizeof time)) {
		add_address(line, address);
		return;
	}
	trace_add(line, "{tv_sec=");
	trace_add_number(line, time.seconds);
	trace_add(line, ", tv_nsec=");
	trace_add_number(line, time.nanoseconds);
	add_byte(line, '}');
}

/* `count` ints that the call has written. */
static void add_integers(struct trace_line *line, uint64_t address, uint32_t count, int64_t result)
{
	int32_t value;
	if (result < 0 || !access_read(&value, address, sizeof value)) {
		add_address(line, address);
		return;
	}
	add_byte(line, '[');
	for (uint32_t i = 0; i < count && access_read(&value, address + i * sizeof value, sizeof value); i++) {
		if (i)
			trace_add(line, ", ");
		trace_add_number(line, value);
	}
	add_byte(line, ']');
}

static void add_named(struct trace_line *line, char kind, uint64_t value)
{
	for (uint32_t i = 0; i < sizeof kinds_named / sizeof *kinds_named; i++) {
		if (kinds_named[i].kind == kind) {
			add_flags(line, &kinds_named[i], value & UINT32_MAX);
			return;
		}
	}
	if (value < 4096)
		trace_add_number(line, (int64_t)value);
	else
		add_hex(line, value);
}

/* An argument; `next` is the one behind it. Letters: calls.def. */
static void add_argument(struct trace_line *line, char kind, uint64_t value, uint64_t next, int64_t result)
{
	switch (kind) {
	case 'd': trace_add_number(line, (int32_t)value); break;
	case 'u': add_unsigned(line, value, 10); break;
	case 'l': trace_add_number(line, (int64_t)value); break;
	case 'p': add_address(line, value); break;
	case 's': add_memory(line, value, UINT64_MAX, true); break;
	case 'b': add_memory(line, value, next, false); break;
	case 'r':
		if (result >= 0)
			add_memory(line, value, (uint64_t)result, false);
		else
			add_address(line, value);
		break;
	case 'v': add_array(line, value); break;
	case 'o':
		add_byte(line, '0');
		add_unsigned(line, value & UINT32_MAX, 8);
		break;
	case 'D':
		if ((int32_t)value == LINUX_AT_FDCWD)
			trace_add(line, "AT_FDCWD");
		else
			trace_add_number(line, (int32_t)value);
		break;
	case 'S': trace_add_signal(line, value & UINT32_MAX); break;
	case 'T': add_timespec(line, value); break;
	case 'i': add_integers(line, value, 1, result); break;
	case '2': add_integers(line, value, 2, result); break;
	default: add_named(line, kind, value);
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
	add_byte(line, '(');
	for (uint32_t i = 0; call && i < 6 && call->kinds[i] && call->kinds[i] != ':'; i++) {
		if (i)
			trace_add(line, ", ");
		add_argument(line, call->kinds[i], values[i], values[i + 1], result);
	}
	add_byte(line, ')');
}

static void add_error(struct trace_line *line, int64_t error)
{
	trace_add(line, "-1 ");
	for (uint32_t i = 0; i < sizeof errno_names / sizeof *errno_names; i++) {
		if (errno_names[i].number == error) {
			trace_add(line, errno_names[i].name);
			return;
		}
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
