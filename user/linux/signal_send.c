/*
 * Sending. Within the process it is a matter of this image alone; everything else is pm's, which knows the groups and who may be
 * reached. A process without pm reaches itself only.
 */
#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/pm.h"
#include "user/linux/signal.h"
#include "user/linux/thread.h"

static bool good_number(int signal)
{
	return signal >= 0 && signal <= LINUX_SIGNALS;
}

static bool good_number_of_queue(int code)
{
	return code < 0; /* what only the kernel says is not for programs to say of themselves */
}

/* To this process or, with a thread, to that alone. */
static int64_t send_here(struct thread *thread, int signal, const struct signal_note *note)
{
	if (!signal)
		return 0;
	if (signal == LINUX_SIGKILL)
		signal_end_process(signal);
	signal_add(thread, signal, note);
	return 0;
}

static struct signal_note note_of_self(int code)
{
	return (struct signal_note){.code = code, .pid = process_self()->number};
}

static int64_t send_elsewhere(uint32_t select, uint32_t id, int signal)
{
	struct process *process = process_self();
	if (!process->pm)
		return -ESRCH;
	return pm_to_linux(pm_signal(process->pm, select, id, (uint32_t)signal, 0, 0), ESRCH);
}

int64_t signal_kill(int process, int signal)
{
	struct process *self = process_self();
	struct signal_note note = note_of_self(LINUX_SI_USER);
	if (!good_number(signal))
		return -EINVAL;
	if (process == (int)self->number || (!self->pm && (process == 0 || process == -(int)self->number)))
		return send_here(NULL, signal, &note);
	if (process > 0)
		return send_elsewhere(PROCESS_SELECT_ONE, (uint32_t)process, signal);
	if (process == 0)
		return send_elsewhere(PROCESS_SELECT_OWN_GROUP, 0, signal);
	if (process == -1)
		return send_elsewhere(PROCESS_SELECT_ANY, 0, signal);
	return process == INT32_MIN ? -ESRCH : send_elsewhere(PROCESS_SELECT_GROUP, (uint32_t)-process, signal);
}

void signal_pipe(void)
{
	struct signal_note note = note_of_self(LINUX_SI_USER);
	signal_add(thread_self(), LINUX_SIGPIPE, &note);
}

static int64_t send_to_thread(int thread, int signal, const struct signal_note *note)
{
	if (!good_number(signal) || thread <= 0)
		return -EINVAL;
	struct thread *to = thread_find((uint32_t)thread);
	return to ? send_here(to, signal, note) : -ESRCH;
}

int64_t signal_tkill(int thread, int signal)
{
	struct signal_note note = note_of_self(LINUX_SI_TKILL);
	return send_to_thread(thread, signal, &note);
}

int64_t signal_tgkill(int process, int thread, int signal)
{
	if (process <= 0 || thread <= 0)
		return -EINVAL;
	if (process == (int)process_self()->number)
		return signal_tkill(thread, signal);
	/* The first thread of another process is all of it that can be named. */
	return good_number(signal) && process == thread ? signal_kill(process, signal) : -ESRCH;
}

static bool read_info(uint64_t address, struct linux_siginfo *out)
{
	return access_read(out, address, sizeof *out);
}

int64_t signal_rt_sigqueueinfo(int process, int signal, uint64_t address)
{
	struct process *self = process_self();
	struct linux_siginfo info;
	if (!read_info(address, &info))
		return -EFAULT;
	if (!good_number(signal) || process <= 0)
		return -EINVAL;
	if (process == (int)self->number) {
		struct signal_note note = {info.code, (uint32_t)info.pid, info.value};
		return send_here(NULL, signal, &note);
	}
	if (!good_number_of_queue(info.code))
		return -EPERM;
	if (!self->pm)
		return -ESRCH;
	return pm_to_linux(
	        pm_signal(self->pm, PROCESS_SELECT_ONE, (uint32_t)process, (uint32_t)signal, info.value, PROCESS_SIGNAL_QUEUED),
	        ESRCH);
}

int64_t signal_rt_tgsigqueueinfo(int process, int thread, int signal, uint64_t address)
{
	struct linux_siginfo info;
	if (!read_info(address, &info))
		return -EFAULT;
	if (process != (int)process_self()->number)
		return -ESRCH;
	struct signal_note note = {info.code, (uint32_t)info.pid, info.value};
	return send_to_thread(thread, signal, &note);
}
