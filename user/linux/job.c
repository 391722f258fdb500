#include "user/linux/job.h"

#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/pm.h"
#include "user/linux/remote.h"
#include "user/linux/signal.h"

#define ANCESTORS_MAX 64u /* looked at; a group whose tree is deeper counts as orphaned */

static bool is_blocked_or_ignored(int signal)
{
	struct process *process = process_self();
	if (thread_self()->signal_mask & SIGNAL_BIT(signal))
		return true;
	lock_take(&process->signals_lock);
	bool ignored = signal_is_ignored_locked(process, signal);
	lock_drop(&process->signals_lock);
	return ignored;
}

/*
 * Whether nobody outside the caller's group, and in its session, is parent of one of it, as far as the caller's own line of
 * ancestors tells.
 */
static bool group_is_orphaned(void)
{
	handle_t pm = process_self()->pm;
	struct pm_process self, other;
	if (pm_get(pm, 0, &self))
		return true;
	uint32_t parent = self.parent;
	for (uint32_t i = 0; i < ANCESTORS_MAX && parent && !pm_get(pm, parent, &other); i++) {
		if (other.group != self.group)
			return other.session != self.session;
		parent = other.parent;
	}
	return true;
}

int64_t job_background(int signal)
{
	bool output = signal == LINUX_SIGTTOU;
	if (is_blocked_or_ignored(signal))
		return output ? JOB_FORCE : -EIO;
	if (group_is_orphaned())
		return -EIO;
	status_t status = pm_signal(process_self()->pm, PROCESS_SELECT_OWN_GROUP, 0, (uint32_t)signal, 0, 0);
	return status ? -EIO : -LINUX_ERESTARTSYS;
}

static int64_t take(handle_t file)
{
	uint64_t number;
	status_t status = remote_ask(file, TTY_take, 0, &number);
	if (status)
		return status == ERR_NO_RIGHT ? -EPERM : errors_to_linux(status);
	return pm_to_linux(pm_set_terminal(process_self()->pm, (uint32_t)number), EPERM);
}

static int64_t leave(handle_t file)
{
	status_t status = remote_plain(file, TTY_leave, 0);
	if (status)
		return errors_to_linux(status);
	status = pm_set_terminal(process_self()->pm, 0);
	return status == ERR_NO_RIGHT ? 0 : pm_to_linux(status, EPERM); /* whoever leads no session has left nothing */
}

/* TIOCGPGRP and TIOCGSID: the first or the second word of the answer. */
static int64_t get(handle_t file, bool session, uint64_t address)
{
	uint64_t words[2];
	status_t status = remote_ask_words(file, TTY_get_group, 0, 0, words, 2);
	if (status)
		return errors_to_linux(status);
	uint32_t number = (uint32_t)words[session];
	return access_write(address, &number, sizeof number) ? 0 : -EFAULT;
}

static int64_t set_group(handle_t file, uint64_t address)
{
	uint32_t group;
	uint64_t word;
	if (!access_read(&group, address, sizeof group))
		return -EFAULT;
	if ((int32_t)group < 0)
		return -EINVAL;
	status_t status = remote_ask_words(file, TTY_set_group, group, 0, &word, 1);
	if (status == ERR_BACKGROUND) {
		int64_t what = job_background(LINUX_SIGTTOU);
		if (what != JOB_FORCE)
			return what;
		status = remote_ask_words(file, TTY_set_group, group, TTY_FORCED, &word, 1);
	}
	return status == ERR_NO_RIGHT ? -EPERM : errors_to_linux(status);
}

int64_t job_ioctl(handle_t file, uint32_t command, uint64_t argument, bool *out_known)
{
	*out_known = true;
	switch (command) {
	case LINUX_TIOCSCTTY: return take(file);
	case LINUX_TIOCNOTTY: return leave(file);
	case LINUX_TIOCGPGRP: return get(file, false, argument);
	case LINUX_TIOCGSID: return get(file, true, argument);
	case LINUX_TIOCSPGRP: return set_group(file, argument);
	}
	*out_known = false;
	return 0;
}

void job_opened_terminal(handle_t file)
{
	struct pm_process self;
	uint64_t number;
	handle_t pm = process_self()->pm;
	if (pm_get(pm, 0, &self) || self.session != self.number || self.terminal)
		return;
	/* It may be another session's already; then this one goes without, as on Linux. */
	if (!remote_ask(file, TTY_take, 0, &number))
		(void)!pm_set_terminal(pm, (uint32_t)number);
}
