/* pm keeps the family; here its answers get the forms that Linux gives them. All CPU time counts as the program's own. */
#include "user/linux/child.h"

#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/pm.h"
#include "user/linux/signal.h"
#include "user/linux/time.h"

#define NS_PER_SECOND 1000000000ull
#define WNOHANG 0x1u
#define WUNTRACED 0x2u
#define WEXITED 0x4u
#define WCONTINUED 0x8u
#define WNOWAIT 0x01000000u
#define WNOTHREAD 0x20000000u
#define WALL 0x40000000u
#define WCLONE 0x80000000u
#define WANY (WNOTHREAD | WALL | WCLONE) /* which kinds of children: there is one kind */

enum { P_ALL, P_PID, P_PGID };

/* The numbers of the options are the protocol's but for the last. */
static uint32_t options_of(uint32_t options)
{
	return (options & (WNOHANG | WUNTRACED | WEXITED | WCONTINUED)) | (options & WNOWAIT ? PROCESS_WAIT_KEEP : 0);
}

static int64_t wait(uint32_t select, uint32_t id, uint32_t options, struct pm_end *out)
{
	struct process *process = process_self();
	status_t status;
	if (!process->pm)
		return -ECHILD;
	do {
		signal_ask();
		status = pm_wait(process->pm, select, id, options_of(options), out);
		signal_hold();
	} while (signal_repeat(status));
	return pm_to_linux(status, ECHILD);
}

static uint32_t status_word(const struct pm_end *end)
{
	switch (end->how) {
	case PROCESS_HOW_EXITED: return (end->code & 0xff) << 8;
	case PROCESS_HOW_STOPPED: return (end->code & 0xff) << 8 | 0x7f;
	case PROCESS_HOW_CONTINUED: return 0xffff;
	}
	return end->code & 0x7f;
}

static struct linux_timeval from_ns(uint64_t ns)
{
	return (struct linux_timeval){(int64_t)(ns / NS_PER_SECOND), (int64_t)(ns % NS_PER_SECOND / 1000)};
}

static bool tell_usage(uint64_t address, uint64_t ns)
{
	struct linux_rusage usage = {.user = from_ns(ns)};
	return !address || access_write(address, &usage, sizeof usage);
}

int64_t child_wait4(int process, uint64_t status, uint32_t options, uint64_t usage)
{
	struct pm_end end;
	uint32_t select = PROCESS_SELECT_ONE, id = (uint32_t)process;
	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WANY))
		return -EINVAL;
	if (process == INT32_MIN)
		return -ESRCH;
	if (process == -1 || process == 0) {
		select = process ? PROCESS_SELECT_ANY : PROCESS_SELECT_OWN_GROUP;
		id = 0;
	} else if (process < 0) {
		select = PROCESS_SELECT_GROUP;
		id = (uint32_t)-process;
	}
	int64_t error = wait(select, id, options | WEXITED, &end);
	if (error)
		return error;
	if (!end.number)
		return 0;
	uint32_t word = status_word(&end);
	if ((status && !access_write(status, &word, sizeof word)) || !tell_usage(usage, end.own_ns + end.children_ns))
		return -EFAULT;
	return end.number;
}

int64_t child_waitid(uint32_t select, uint32_t id, uint64_t info, uint32_t options, uint64_t usage)
{
	static const uint8_t selects[] = {PROCESS_SELECT_ANY, PROCESS_SELECT_ONE, PROCESS_SELECT_GROUP};
	struct pm_end end;
	if (options & ~(WNOHANG | WUNTRACED | WEXITED | WCONTINUED | WNOWAIT | WANY))
		return -EINVAL;
	if (!(options & (WUNTRACED | WEXITED | WCONTINUED)) || select > P_PGID || (select == P_PID && !id))
		return -EINVAL;
	uint32_t to = select == P_PGID && !id ? PROCESS_SELECT_OWN_GROUP : selects[select];
	int64_t error = wait(to, select == P_ALL ? 0 : id, options, &end);
	if (error)
		return error;
	struct linux_siginfo out = {0};
	if (end.number) {
		out.signal = LINUX_SIGCHLD;
		out.code = (int32_t)end.how;
		out.pid = (int32_t)end.number;
		out.status = (int32_t)end.code;
	}
	if ((info && !access_write(info, &out, sizeof out)) ||
	        !tell_usage(usage, end.number ? end.own_ns + end.children_ns : 0))
		return -EFAULT;
	return 0;
}

/* CPU time in ns of the process, and of the children that it has waited for. */
static void read_times(uint64_t *out_own, uint64_t *out_children)
{
	struct process_info info;
	*out_own = *out_children = 0;
	if (!sys_process_info(HANDLE_SELF_PROCESS, &info))
		*out_own = info.cpu_ns;
	uint64_t own;
	if (pm_times(process_self()->pm, &own, out_children))
		*out_children = 0;
}

int64_t child_getrusage(int who, uint64_t usage)
{
	enum { CHILDREN = -1, SELF, THREAD };
	uint64_t own, children;
	if (who < CHILDREN || who > THREAD)
		return -EINVAL;
	read_times(&own, &children);
	if (who == THREAD)
		own = time_of_thread();
	return usage && tell_usage(usage, who == CHILDREN ? children : own) ? 0 : -EFAULT;
}

int64_t child_times(uint64_t out)
{
	uint64_t tick = NS_PER_SECOND / LINUX_CLOCK_TICKS, own, children;
	if (out) {
		read_times(&own, &children);
		struct linux_tms value = {.user = (int64_t)(own / tick), .child_user = (int64_t)(children / tick)};
		if (!access_write(out, &value, sizeof value))
			return -EFAULT;
	}
	return (int64_t)(time_now() / tick);
}
