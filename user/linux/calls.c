/*
 * Dispatch: a switch made from calls.def, because a table of addresses would need relocations. Arguments become the types of
 * each function here, as Linux takes an int from the lower half of a register.
 *
 * A call that is not answered is ENOSYS. If the starter asked for it, each such call is named on the log once.
 */
#include "user/linux/calls.h"

#include "user/linux/advice.h"
#include "user/linux/alarm.h"
#include "user/linux/attributes.h"
#include "user/linux/child.h"
#include "user/linux/clock.h"
#include "user/linux/copy.h"
#include "user/linux/descriptors.h"
#include "user/linux/directory.h"
#include "user/linux/epoll.h"
#include "user/linux/errors.h"
#include "user/linux/event.h"
#include "user/linux/exec.h"
#include "user/linux/file.h"
#include "user/linux/fork.h"
#include "user/linux/futex.h"
#include "user/linux/identity.h"
#include "user/linux/log.h"
#include "user/linux/machine.h"
#include "user/linux/memory.h"
#include "user/linux/mounts.h"
#include "user/linux/names.h"
#include "user/linux/poll.h"
#include "user/linux/random.h"
#include "user/linux/record_lock.h"
#include "user/linux/remap.h"
#include "user/linux/signal.h"
#include "user/linux/socket.h"
#include "user/linux/stat.h"
#include "user/linux/stream.h"
#include "user/linux/terminal.h"
#include "user/linux/thread.h"
#include "user/linux/time.h"
#include "user/linux/timers.h"
#include "user/linux/trace.h"
#include "user/linux/users.h"

static const struct trace_call calls[] = {
#define LINUX_CALL(number, name, function, arguments, ...) {number, #name, "" __VA_ARGS__},
#define LINUX_ABSENT(number, name) {number, #name, ""},
#include "user/linux/calls.def"
#undef LINUX_ABSENT
#undef LINUX_CALL
};

/* Nobody but strace and the log asks, so nothing is sorted. */
const struct trace_call *calls_find(uint32_t number)
{
	for (uint32_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (calls[i].number == number)
			return &calls[i];
	}
	return NULL;
}

/* True the first time for each number below CALLS_MAX, false for all others. */
static bool tell_once(struct process *process, uint32_t number)
{
	if (number >= CALLS_MAX)
		return false;
	uint64_t bit = 1ull << number % 64;
	return !(__atomic_fetch_or(&process->unknown_told[number / 64], bit, __ATOMIC_RELAXED) & bit);
}

static int64_t unknown(uint32_t number)
{
	struct process *process = process_self();
	if (!process->log_unknown_calls || !tell_once(process, number))
		return -ENOSYS;
	const struct trace_call *call = calls_find(number);
	const char *name = call ? call->name : "?";
	struct log_text line = {0};
	log_add(&line, process->name);
	log_add(&line, " made the Linux call ");
	log_add(&line, name);
	log_add(&line, " (");
	log_add_number(&line, number);
	log_add(&line, "), which is not answered: it gets ENOSYS");
	log_put(process->log, LOG_DEBUG, &line);
	return -ENOSYS;
}

#define ARGUMENTS_0()
#define ARGUMENTS_1() f->rdi
#define ARGUMENTS_2() f->rdi, f->rsi
#define ARGUMENTS_3() f->rdi, f->rsi, f->rdx
#define ARGUMENTS_4() f->rdi, f->rsi, f->rdx, f->r10
#define ARGUMENTS_5() f->rdi, f->rsi, f->rdx, f->r10, f->r8
#define ARGUMENTS_6() f->rdi, f->rsi, f->rdx, f->r10, f->r8, f->r9

static int64_t dispatch(struct frame *f)
{
	switch ((uint32_t)f->rax) {
#define LINUX_CALL(number, name, function, arguments, ...) \
	case number: \
		return function(ARGUMENTS_##arguments());
#define LINUX_ABSENT(number, name)
#include "user/linux/calls.def"
#undef LINUX_ABSENT
#undef LINUX_CALL
	}
	return unknown((uint32_t)f->rax);
}

/* A child comes back from the same call as its parent, who tells it. */
static __attribute__((noinline)) int64_t dispatch_traced(struct frame *f)
{
	uint32_t process = process_self()->number, number = (uint32_t)f->rax;
	trace_before(f);
	int64_t result = dispatch(f);
	if (trace_is_on(process_self()) && process_self()->number == process)
		trace_after(f, number, result);
	return result;
}

int64_t calls_dispatch(struct frame *f)
{
	return trace_is_on(process_self()) ? dispatch_traced(f) : dispatch(f);
}
