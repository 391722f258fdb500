/*
 * There are no users: uid and gid are 0, because programs ask. There are no sessions yet: a process is alone in its group and
 * its session, and has no children. Limits are told, not set.
 */
#include "user/linux/identity.h"

#include <string.h>

#include "user/linux/errors.h"
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

/* The starter is not known by number: 0, as for a process whose parent is outside of its view. */
int64_t identity_getppid(void)
{
	return 0;
}

int64_t identity_getpgrp(void)
{
	return process_self()->number;
}

static bool is_self(int process)
{
	return process == 0 || process == (int)process_self()->number;
}

/* getpgid and getsid. */
int64_t identity_getpgid(int process)
{
	return is_self(process) ? identity_getpgrp() : -ESRCH;
}

int64_t identity_setpgid(int process, int group)
{
	if (group < 0)
		return -EINVAL;
	if (!is_self(process))
		return -ESRCH;
	return is_self(group) ? 0 : -EPERM;
}

/* It leads its group already, so Linux would refuse too. */
int64_t identity_setsid(void)
{
	return -EPERM;
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

int64_t identity_getrlimit(uint32_t resource, uint64_t out)
{
	if (resource >= LINUX_RLIMITS)
		return -EINVAL;
	if (!user_range(out, sizeof(struct linux_rlimit)))
		return -EFAULT;
	*(struct linux_rlimit *)user_pointer(out) = (struct linux_rlimit){limit(resource), limit(resource)};
	return 0;
}

/* Only what holds already can be set. */
int64_t identity_setrlimit(uint32_t resource, uint64_t new)
{
	if (resource >= LINUX_RLIMITS)
		return -EINVAL;
	if (!user_range(new, sizeof(struct linux_rlimit)))
		return -EFAULT;
	struct linux_rlimit wanted = *(const struct linux_rlimit *)user_pointer(new);
	return wanted.soft == limit(resource) && wanted.hard == limit(resource) ? 0 : -EPERM;
}

int64_t identity_prlimit64(int process, uint32_t resource, uint64_t new, uint64_t old)
{
	if (!is_self(process))
		return -ESRCH;
	int64_t error = new ? identity_setrlimit(resource, new) : 0;
	return error || !old ? error : identity_getrlimit(resource, old);
}

/* The memory of the machine is not a process's to know without a handle that says so: those fields are 0. */
int64_t identity_sysinfo(uint64_t out)
{
	if (!user_range(out, sizeof(struct linux_sysinfo)))
		return -EFAULT;
	*(struct linux_sysinfo *)user_pointer(out) =
	        (struct linux_sysinfo){.uptime = (int64_t)(time_now() / 1000000000), .processes = 1, .unit = 1};
	return 0;
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

/* One CPU, number 0. */
int64_t identity_sched_getaffinity(int thread, uint64_t size, uint64_t out)
{
	if (thread < 0 || size < 8 || size % 8)
		return -EINVAL;
	if (thread && !thread_exists((uint32_t)thread))
		return -ESRCH;
	if (!user_range(out, 8))
		return -EFAULT;
	*(uint64_t *)user_pointer(out) = 1;
	return 8;
}

int64_t identity_wait4(int process)
{
	(void)process;
	return -ECHILD;
}
