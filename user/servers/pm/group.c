/* Groups and sessions: see group.h. */
#include "user/servers/pm/group.h"

struct group *group_find(uint32_t id)
{
	return table_find(&pm->groups, id);
}

static bool should_be_anchor(const struct process *process)
{
	const struct process *parent = process->parent;
	if (process->state == PROCESS_STATE_ZOMBIE || !parent || !parent->group || parent->state == PROCESS_STATE_ZOMBIE)
		return false;
	return parent->group != process->group && parent->group->session == process->group->session;
}

bool group_update_anchor(struct process *process)
{
	bool is = process->group && should_be_anchor(process);
	if (is == process->is_anchor)
		return false;
	process->is_anchor = is;
	if (is)
		process->group->anchors++;
	else
		process->group->anchors--;
	return !is && !process->group->anchors;
}

/* Its children may have become anchors, or ceased to be. */
static void update_around(struct process *process)
{
	group_update_anchor(process);
	LIST_EACH(link, &process->children)
	group_update_anchor(LIST_OF(link, struct process, sibling));
}

/* A group without members, in a session that counts it; NULL: no memory. */
static struct group *group_new(uint32_t id, struct session *session)
{
	struct group *group = state_alloc(sizeof *group);
	if (!group || !table_put(&pm->groups, id, group)) {
		state_free(group);
		return NULL;
	}
	group->id = id;
	group->session = session;
	session->groups++;
	list_begin(&group->members);
	return group;
}

void group_unhold(struct group *group)
{
	if (!list_empty(&group->members) || group->jobs)
		return;
	if (!--group->session->groups)
		state_free(group->session);
	table_remove(&pm->groups, group->id);
	state_free(group);
}

void group_join(struct process *process, struct group *group)
{
	process->group = group;
	process->in_group.process = process;
	list_append(&group->members, &process->in_group.link);
	if (process->state == PROCESS_STATE_STOPPED)
		group->stopped++;
	update_around(process);
}

void group_leave(struct process *process)
{
	struct group *group = process->group;
	if (!group)
		return;
	if (process->is_anchor)
		group->anchors--;
	process->is_anchor = false;
	if (process->state == PROCESS_STATE_STOPPED)
		group->stopped--;
	list_remove(&process->in_group.link);
	process->group = NULL;
	group_unhold(group);
}

status_t group_lead_session(struct process *process)
{
	struct session *session = state_alloc(sizeof *session);
	struct group *group = session ? group_new(process->pid, session) : NULL;
	if (!group) {
		state_free(session);
		return ERR_NO_MEMORY;
	}
	session->id = process->pid;
	session->leader = process;
	session->domain = process->domain;
	group_leave(process);
	group_join(process, group);
	return ERR_OK;
}

/* Moves it into a group of its session that exists or, if it bears its own number, is made. */
static status_t move_to(struct process *process, uint32_t id)
{
	struct session *session = process->group->session;
	struct group *group = group_find(id);
	if (group && group->session != session)
		return ERR_NO_RIGHT;
	if (!group && id != process->pid)
		return ERR_NO_RIGHT;
	if (!group)
		group = group_new(id, session);
	if (!group)
		return ERR_NO_MEMORY;
	if (group == process->group)
		return ERR_OK;
	group_leave(process);
	group_join(process, group);
	return ERR_OK;
}

status_t group_set(struct process *caller, struct process *process, uint32_t id)
{
	if (process != caller && process->parent != caller)
		return ERR_NOT_FOUND;
	if (process->group->session != caller->group->session || process->group->session->leader == process)
		return ERR_NO_RIGHT;
	if (process != caller && process->has_called_exec)
		return ERR_BAD_STATE;
	return move_to(process, id ? id : process->pid);
}

status_t group_set_session(struct process *process)
{
	return group_find(process->pid) ? ERR_NO_RIGHT : group_lead_session(process);
}

void group_end_session(struct session *session)
{
	session->leader = NULL;
	session->terminal = 0;
}

status_t group_set_terminal(struct process *process, uint64_t number)
{
	struct session *session = process->group->session;
	if (number > UINT32_MAX)
		return ERR_BAD_ARGUMENT;
	if (session->leader != process)
		return ERR_NO_RIGHT;
	session->terminal = (uint32_t)number;
	return ERR_OK;
}
