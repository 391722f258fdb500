/*
 * Signals to many: a group or a domain can have thousands of members, and pm serves others meanwhile. What is up to
 * JOB_AT_ONCE members is done at once; for more there is a job, which goes on by a part between two messages, and whose place is
 * a marker in the list of members. Members that join meanwhile join behind the marker and are reached too, so that nobody escapes
 * a kill by forking. The caller is answered when the last has it.
 */
#pragma once

#include "user/servers/pm/table.h"

#define JOB_AT_ONCE 32u
#define JOBS_MAX 256u /* that callers wait for */
#define JOB_SIGNALS 2u

struct job {
	struct list_link link;
	struct member marker;
	struct list *members;
	struct group *group;
	struct domain *domain;
	uint32_t except, count;
	struct sent_signal sent[JOB_SIGNALS];
	handle_t reply; /* HANDLE_NONE: nobody waits */
};

/* `members` are those of the group or the domain, the other is NULL; the process `except` gets nothing. FULL. */
MUST_CHECK status_t job_start(struct request *request, struct list *members, struct group *group, struct domain *domain,
        const struct sent_signal *sent, uint32_t except);

/* Several signals to each member, one after another; nobody waits for it. */
void job_for_group(struct group *group, const struct sent_signal *sent, uint32_t count);

/* Those that a predecessor has begun go on. */
void job_resume(void);
