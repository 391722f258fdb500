/*
 * Process groups and sessions (POSIX.1-2017, 3.296 and 3.343; Linux's rules where that leaves a choice).
 *
 * A group is *orphaned* when no living member has a parent outside of the group and inside the session: then no shell is left
 * that would continue what is stopped. Each member that has such a parent is an *anchor* of its group; their count is kept
 * whenever a parent, a group or a life changes, so that nobody has to go through the members.
 */
#pragma once

#include "user/servers/pm/table.h"

/* Makes the process, which is in none, leader of a new session and group. NO_MEMORY. */
MUST_CHECK status_t group_lead_session(struct process *process);

/* Puts it, which is in none, into the group. */
void group_join(struct process *process, struct group *group);
/* Takes it out of its group, for good or to go into another. */
void group_leave(struct process *process);

/* A group gone without members and jobs is freed. */
void group_unhold(struct group *group);

/* Counts it anew as an anchor or none; true if its group has just lost the last one. */
bool group_update_anchor(struct process *process);
static inline bool group_is_orphaned(const struct group *group)
{
	return !group->anchors;
}

struct group *group_find(uint32_t id);

/* As protocol process says. */
MUST_CHECK status_t group_set(struct process *caller, struct process *process, uint32_t id);
MUST_CHECK status_t group_set_session(struct process *process);

/* Its leader ends: the session has no terminal any more (POSIX.1-2017, 11.1.3). Its foreground group is the terminal's to tell. */
void group_end_session(struct session *session);
MUST_CHECK status_t group_set_terminal(struct process *process, uint64_t number);
