/* Groups: who pays for pages, objects and processes. */
#pragma once

#include "user/lib/call_stub.h"

#define GROUP_NO_LIMIT UINT64_MAX

/* What a group has, or may have; objects are also counted as half a page each. */
struct group_amounts {
	uint64_t pages, objects, processes;
};

static inline MUST_CHECK status_t sys_group_create(
        handle_t parent, const struct group_amounts *limits, uint32_t ceiling, handle_t *out)
{
	SYS_WORDS(limits->pages, limits->objects, limits->processes, ceiling);
	SYS_RUN(group_create, parent);
	if (!status)
		*out = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_group_limit(handle_t group, const struct group_amounts *limits)
{
	SYS_WORDS(limits->pages, limits->objects, limits->processes);
	SYS_RUN(group_limit, group);
	return status;
}

static inline MUST_CHECK status_t sys_group_info(
        handle_t group, struct group_amounts *out_used, struct group_amounts *out_limits)
{
	SYS_WORDS(0);
	SYS_RUN(group_info, group);
	if (status)
		return status;
	*out_used = (struct group_amounts){word[0], word[1], word[2]};
	*out_limits = (struct group_amounts){word[3], word[4], word[5]};
	return status;
}

static inline MUST_CHECK status_t sys_process_confine(handle_t process, const struct group_amounts *limits, handle_t *out_group)
{
	SYS_WORDS(limits->pages, limits->objects, limits->processes);
	SYS_RUN(process_confine, process);
	if (!status)
		*out_group = (handle_t)word[0];
	return status;
}
