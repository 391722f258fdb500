/*
 * There are no users: uid and gid are 0, because programs ask. Parents, groups, sessions and limits are pm's to know.
 */
#include "user/linux/identity.h"

#include <string.h>

#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/pm.h"
#include "user/linux/stack.h"
#include "user/linux/state.h"
#include "user/linux/thread.h"
#include "user/linux/time.h"

int64_t identity_zero(void)
{
	return 0;
}

int64_t identity_getpid(void)
{
	return process_self()->number;
}

static int64_t get(int process, struct pm_process *out)
{
	if (process < 0)
		return -ESRCH;
	return pm_to_linux(pm_get(process_self()->pm, (uint32_t)process, out), ESRCH);
}

/* Without pm nobody is known by number: it is alone in its group and session, and its parent outside of its view. */
int64_t identity_getppid(void)
{
	struct pm_process self;
	return get(0, &self) ? 0 : (int64_t)self.parent;
}

static bool is_self(int process)
{
	return process == 0 || process == (int)process_self()->number;
}

int64_t identity_getpgid(int process)
{
	struct pm_process other;
	if (!process_self()->pm)
		return is_self(process) ? (int64_t)process_self()->number : -ESRCH;
	int64_t error = get(process, &other);
	return error ? error : (int64_t)other.group;
}

int64_t identity_getsid(int process)
{
	struct pm_process other;
	if (!process_self()->pm)
		return is_self(process) ? (int64_t)process_self()->number : -ESRCH;
	int64_t error = get(process, &other);
	return error ? error : (int64_t)other.session;
}

int64_t identity_getpgrp(void)
{
	return identity_getpgid(0);
}

int64_t identity_setpgid(int process, int group)
{
	struct process *self = process_self();
	if (process < 0 || group < 0)
		return -EINVAL;
	if (!self->pm)
		return !is_self(process) ? -ESRCH : is_self(group) ? 0 : -EPERM;
	return pm_to_linux(pm_set_group(self->pm, (uint32_t)process, (uint32_t)group), ESRCH);
}

int64_t identity_setsid(void)
{
	uint32_t session;
	struct process *self = process_self();
	if (!self->pm)
		return -EPERM;
	int64_t error = pm_to_linux(pm_set_session(self->pm, &session), ESRCH);
	return error ? error : (int64_t)session;
}

int64_t identity_getgroups(int size, uint64_t out)
{
	(void)out; /* an empty list */
	return size < 0 ? -EINVAL : 0;
}

int64_t identity_getresid(uint64_t real, uint64_t effective, uint64_t saved)
{
	uint64_t to[] = {real, effective, saved};
	for (unsigned i = 0; i < 3; i++) {
		if (!user_range(to[i], 4))
			return -EFAULT;
		*(uint32_t *)user_pointer(to[i]) = 0;
	}
	return 0;
}

int64_t identity_uname(uint64_t out)
{
	static const struct linux_utsname name = {.system = "Linux",
	        .node = "hearth",
	        .release = "6.1.0-hearth",
	        .version = "Hearth",
	        .machine = "x86_64",
	        .domain = "(none)"};
	if (!user_range(out, sizeof name))
		return -EFAULT;
	memcpy(user_pointer(out), &name, sizeof name);
	return 0;
}

static uint64_t limit(uint32_t resource)
{
	switch (resource) {
	case LINUX_RLIMIT_STACK: return STACK_SIZE_PROGRAM;
	case LINUX_RLIMIT_CORE: return 0;
	case LINUX_RLIMIT_NOFILE: return DESCRIPTORS_MAX;
	}
	return LINUX_RLIM_INFINITY;
}

/* pm keeps what was set; what it has no limit for has one here that can not be exceeded. */
static int64_t get_limit(int process, uint32_t resource, struct linux_rlimit *out)
{
	uint64_t most = limit(resource);
	if (!process_self()->pm) {
		*out = (struct linux_rlimit){most, most};
		return is_self(process) ? 0 : -ESRCH;
	}
	status_t status = pm_get_limit(process_self()->pm, (uint32_t)process, resource, &out->soft, &out->hard);
	if (out->hard > most)
		out->hard = most;
	if (out->soft > out->hard)
		out->soft = out->hard;
	return pm_to_linux(status, ESRCH);
}

/* Those that the image itself holds to. */
static void keep_limit(struct process *self, uint32_t resource, uint64_t soft)
{
	uint32_t most = soft < DESCRIPTORS_MAX ? (uint32_t)soft : DESCRIPTORS_MAX;
	if (resource == LINUX_RLIMIT_NOFILE)
		__atomic_store_n(&self->descriptors_refused, DESCRIPTORS_MAX - most, __ATOMIC_RELAXED);
	if (resource == LINUX_RLIMIT_AS)
		__atomic_store_n(&self->memory_limit, soft == LINUX_RLIM_INFINITY ? 0 : soft ? soft : 1, __ATOMIC_RELAXED);
}

static int64_t set_limit(int process, uint32_t resource, const struct linux_rlimit *wanted)
{
	struct process *self = process_self();
	uint64_t most = limit(resource);
	if (wanted->soft > wanted->hard)
		return -EINVAL;
	if (!is_self(process))
		return -EPERM;
	if (wanted->hard > most && wanted->hard != LINUX_RLIM_INFINITY)
		return -EPERM;
	if (!self->pm)
		return wanted->soft == most && wanted->hard >= most ? 0 : -EPERM;
	int64_t error = pm_to_linux(pm_set_limit(self->pm, 0, resource, wanted->soft, wanted->hard), ESRCH);
	if (!error)
		keep_limit(self, resource, wanted->soft);
	return error;
}

int64_t identity_prlimit64(int process, uint32_t resource, uint64_t new, uint64_t old)
{
	struct linux_rlimit wanted, before;
	if (resource >= LINUX_RLIMITS || process < 0)
		return -EINVAL;
	if (new && !access_read(&wanted, new, sizeof wanted))
		return -EFAULT;
	int64_t error = old ? get_limit(process, resource, &before) : 0;
	if (!error && new)
		error = set_limit(process, resource, &wanted);
	if (error || !old)
		return error;
	return access_write(old, &before, sizeof before) ? 0 : -EFAULT;
}

int64_t identity_getrlimit(uint32_t resource, uint64_t out)
{
	return out ? identity_prlimit64(0, resource, 0, out) : -EFAULT;
}

int64_t identity_setrlimit(uint32_t resource, uint64_t new)
{
	return new ? identity_prlimit64(0, resource, new, 0) : -EFAULT;
}

/* Of the machine a process knows what pm tells; without one those fields are 0. */
int64_t identity_sysinfo(uint64_t out)
{
	struct linux_sysinfo info = {.uptime = (int64_t)(time_now() / 1000000000), .processes = 1, .unit = 1};
	uint64_t machine[MESSAGE_WORDS];
	handle_t pm = process_self()->pm;
	if (pm && !pm_machine(pm, machine)) {
		info.total = machine[0];
		info.free = machine[1];
		info.processes = (uint16_t)machine[2];
		memcpy(info.loads, &machine[3], sizeof info.loads);
	}
	return access_write(out, &info, sizeof info) ? 0 : -EFAULT;
}

int64_t identity_getcpu(uint64_t cpu, uint64_t node)
{
	uint64_t to[] = {cpu, node};
	for (unsigned i = 0; i < 2; i++) {
		if (to[i] && !user_range(to[i], 4))
			return -EFAULT;
		if (to[i])
			*(uint32_t *)user_pointer(to[i]) = 0;
	}
	return 0;
}

/* Whether there is such a thread here, or such a process. */
static bool is_there(int thread)
{
	struct pm_process process;
	return !thread || thread_find((uint32_t)thread) || !get(thread, &process);
}

/* One CPU, number 0, on which everything runs. */
int64_t identity_sched_getaffinity(int thread, uint64_t size, uint64_t out)
{
	if (thread < 0 || size < 8 || size % 8)
		return -EINVAL;
	if (!is_there(thread))
		return -ESRCH;
	if (!user_range(out, 8))
		return -EFAULT;
	*(uint64_t *)user_pointer(out) = 1;
	return 8;
}

/* So a wish that allows it is met, and any other cannot be. */
int64_t identity_sched_setaffinity(int thread, uint64_t size, uint64_t in)
{
	if (thread < 0)
		return -EINVAL;
	if (!is_there(thread))
		return -ESRCH;
	if (!size)
		return -EINVAL;
	if (!user_range(in, 1))
		return -EFAULT;
	return *(uint8_t *)user_pointer(in) & 1 ? 0 : -EINVAL;
}
