/*
 * What a predecessor left, looked at as if a stranger had sent it, and made usable. Nothing here trusts a pointer that state_holds() has not
 * been asked about. A list is walked from its owner, and each member says that it belongs there; that no link is in a list which nobody
 * owns is seen by counting: each kind of link is in as many lists as there are members that say so.
 */
#include "user/servers/pm/state.h"

#include "user/servers/pm/budget.h"
#include "user/servers/pm/group.h"
#include "user/servers/pm/job.h"
#include "user/servers/pm/order.h"
#include "user/servers/pm/proc.h"
#include "user/servers/pm/signals.h"
#include "user/servers/pm/wait.h"
#include "user/servers/pm/watch.h"

/* How many links of each kind were met in lists; and how many members say that theirs is in one. */
struct links {
	uint32_t sibling, ended, changed, late, in_domain, in_group, jobs;
};
static struct links met, linked;

/* Whom the list that is walked belongs to. */
static const void *owner;

#define HOLDS(pointer) state_holds(pointer, sizeof *(pointer))

/* A ring whose links are all members for `check`, which looks before it is followed. */
static bool check_list(const struct list *list, uint32_t most, bool (*check)(struct list_link *link), uint32_t *count)
{
	const struct list_link *previous = &list->ring;
	uint32_t found = 0;
	for (struct list_link *link = list->ring.next; link != &list->ring; previous = link, link = link->next)
		if (found++ == most || !check(link) || link->previous != previous)
			return false;
	*count += found;
	return list->ring.previous == previous;
}

static bool is_process(const struct process *process)
{
	return HOLDS(process) && table_process(process->pid) == process;
}

static bool is_child(struct list_link *link)
{
	const struct process *process = LIST_OF(link, struct process, sibling);
	return is_process(process) && process->parent == owner;
}

static bool is_ended(struct list_link *link)
{
	const struct process *process = LIST_OF(link, struct process, in_ended);
	return is_process(process) && process->parent == owner && process->state == PROCESS_STATE_ZOMBIE;
}

static bool is_changed(struct list_link *link)
{
	const struct process *process = LIST_OF(link, struct process, in_changed);
	return is_process(process) && process->parent == owner;
}

static bool is_late(struct list_link *link)
{
	return is_process(LIST_OF(link, struct process, late));
}

static bool is_waiter(struct list_link *link)
{
	const struct waiter *waiter = LIST_OF(link, struct waiter, link);
	return HOLDS(waiter) && waiter->process == owner && server_has_handle(waiter->reply, OBJECT_REPLY);
}

/* The place of a job among the members of what it is for. */
static bool is_marker(struct list_link *link)
{
	const struct job *job = LIST_OF(link, struct job, marker.link);
	if (!HOLDS(job) || job->marker.process || (job->group ? (void *)job->group : (void *)job->domain) != owner)
		return false;
	met.jobs++;
	return true;
}

static bool is_member_of_group(struct list_link *link)
{
	const struct process *process = LIST_OF(link, struct process, in_group.link);
	if (!HOLDS(process))
		return is_marker(link);
	met.in_group++;
	return is_process(process) && process->group == owner && process->in_group.process == process;
}

static bool is_member_of_domain(struct list_link *link)
{
	const struct process *process = LIST_OF(link, struct process, in_domain.link);
	if (!HOLDS(process))
		return is_marker(link);
	met.in_domain++;
	return is_process(process) && process->domain == owner && process->in_domain.process == process;
}

/* Of a process or of a domain's starter: what is in lists below it. */
static bool check_family(const struct process *process)
{
	uint32_t children = 0, ended = 0, waiters = 0, held = 0;
	owner = process;
	bool sound = check_list(&process->children, PM_PROCESSES, is_child, &children) && children == process->child_count &&
	        check_list(&process->ended, PM_PROCESSES, is_ended, &ended) && ended == process->ended_count &&
	        check_list(&process->changed, PM_PROCESSES, is_changed, &met.changed) &&
	        check_list(&process->waiters, PM_WAITERS, is_waiter, &waiters) && waiters == process->waiter_count &&
	        check_list(&process->held, PM_WAITERS, is_waiter, &held) && held == process->held_count;
	met.sibling += children;
	met.ended += ended;
	return sound;
}

static bool check_image(const struct image *image)
{
	return HOLDS(image) && image->references && image->arguments_length <= PROCESS_ARGUMENTS_MAX &&
	        image->path_length < PROCESS_PATH_MAX &&
	        state_holds(image, sizeof *image + image->arguments_length + image->path_length + 1);
}

/* A chain is not longer than groups are deep, whatever it says. */
#define BUDGETS_DEEP 16u

static bool check_budgets(const struct process *process)
{
	unsigned deep = 0;
	for (struct budget *budget = process->budget; budget; budget = budget->above, deep++) {
		if (deep == BUDGETS_DEEP || !HOLDS(budget) || !server_has_handle(budget->group, OBJECT_GROUP))
			return false;
		budget->met_holders = budget->met_processes = 0;
	}
	return true;
}

static void count_in_budgets(const struct process *process)
{
	if (process->budget)
		process->budget->met_holders++;
	for (struct budget *budget = process->budget; budget; budget = budget->above)
		if (!budget->met_processes++ && budget->above)
			budget->above->met_holders++;
}

static bool budgets_agree(const struct process *process)
{
	for (const struct budget *budget = process->budget; budget; budget = budget->above)
		if (budget->met_holders != budget->holders || budget->met_processes != budget->processes)
			return false;
	return true;
}

/* What budgets count, once the chains of all processes were found sound. */
static bool check_budget_counts(void)
{
	const struct table *table = &pm->processes;
	for (size_t i = 0; i < table->capacity; i++)
		if (table->slots[i].value)
			count_in_budgets(table->slots[i].value);
	for (size_t i = 0; i < table->capacity; i++)
		if (table->slots[i].value && !budgets_agree(table->slots[i].value))
			return false;
	return true;
}

static bool is_domain(const struct domain *domain)
{
	return HOLDS(domain) && domain->kind == OBJECT_OF_DOMAIN;
}

static bool is_group(const struct group *group)
{
	return HOLDS(group) && group_find(group->id) == group;
}

static bool check_process(uint64_t pid, const struct process *process)
{
	bool ended = process->state == PROCESS_STATE_ZOMBIE;
	if (process->pid != pid || process->pid > WATCH_PIDS || !is_domain(process->domain) || !is_group(process->group) ||
	        process->group->session->domain != process->domain || process->name[PROCESS_NAME_SIZE - 1])
		return false;
	if (process->parent != &process->domain->starter &&
	        (!is_process(process->parent) || process->parent->domain != process->domain))
		return false;
	if (ended ? process->handle != HANDLE_NONE : !server_has_handle(process->handle, OBJECT_PROCESS))
		return false;
	if (process->place >= pm->order_used || pm->order[process->place].process != process)
		return false;
	linked.sibling++;
	linked.in_domain++;
	linked.in_group++;
	linked.ended += list_linked(&process->in_ended);
	linked.changed += list_linked(&process->in_changed);
	linked.late += list_linked(&process->late);
	return (!process->image || check_image(process->image)) && check_budgets(process) && check_family(process);
}

static bool check_group(uint64_t id, const struct group *group)
{
	uint32_t members = 0;
	const struct session *session = group->session;
	if (group->id != id || !HOLDS(session) || !session->groups || !is_domain(session->domain) ||
	        (session->leader && !is_process(session->leader)))
		return false;
	owner = group;
	linked.jobs += group->jobs;
	return check_list(&group->members, PM_PROCESSES * 2, is_member_of_group, &members) && members;
}

static bool check_domain(struct list_link *link)
{
	const struct domain *domain = LIST_OF(link, struct domain, link);
	uint32_t members = 0;
	if (!is_domain(domain) || domain->starter.domain != domain || domain->starter.handle)
		return false;
	linked.jobs += domain->jobs;
	owner = domain;
	return check_list(&domain->members, PM_PROCESSES * 2, is_member_of_domain, &members) &&
	        check_family(&domain->starter) && members == domain->processes + domain->jobs;
}

static bool check_job(struct list_link *link)
{
	const struct job *job = LIST_OF(link, struct job, link);
	if (!HOLDS(job) || job->count > JOB_SIGNALS || (job->reply && !server_has_handle(job->reply, OBJECT_REPLY)))
		return false;
	if (job->group ? !is_group(job->group) : !is_domain(job->domain))
		return false;
	return list_linked(&job->marker.link) && job->members == (job->group ? &job->group->members : &job->domain->members);
}

static bool check_order(void)
{
	if (pm->order_used > pm->order_capacity || pm->order_holes > pm->order_used ||
	        (pm->order_capacity && !state_holds(pm->order, pm->order_capacity * sizeof *pm->order)))
		return false;
	for (uint32_t i = 0; i < pm->order_used; i++)
		if (pm->order[i].process && !is_process(pm->order[i].process))
			return false;
	return true;
}

static bool check_object(struct server *server, uint64_t stamp, void *object)
{
	const struct proc_file *file = object;
	(void)server, (void)stamp;
	if (!state_holds(object, sizeof(enum object_kind)))
		return false;
	if (file->kind == OBJECT_OF_DOMAIN)
		return is_domain(object) && ((struct domain *)object)->open;
	return file->kind == OBJECT_OF_FILE && HOLDS(file) && proc_is_node(file->node) && file->length <= file->room &&
	        (!file->room || state_holds(file->text, file->room));
}

bool check_state(struct server *server)
{
	uint32_t domains = 0, jobs = 0;
	pm = server->root;
	met = linked = (struct links){0};
	if (!pm->domains.ring.next) /* it ended before it had begun */
		return true;
	if (!server_check_table(&pm->processes, sizeof(struct process)) ||
	        !server_check_table(&pm->groups, sizeof(struct group)) || !check_order())
		return false;
	for (size_t i = 0; i < pm->groups.capacity; i++)
		if (pm->groups.slots[i].value && !check_group(pm->groups.slots[i].key, pm->groups.slots[i].value))
			return false;
	for (size_t i = 0; i < pm->processes.capacity; i++)
		if (pm->processes.slots[i].value && !check_process(pm->processes.slots[i].key, pm->processes.slots[i].value))
			return false;
	if (!check_budget_counts() || !check_list(&pm->domains, PM_DOMAINS, check_domain, &domains) ||
	        domains != pm->domain_count || !check_list(&pm->late, PM_PROCESSES, is_late, &met.late) ||
	        !check_list(&pm->jobs, UINT32_MAX, check_job, &jobs))
		return false;
	bool all_met = met.sibling == linked.sibling && met.ended == linked.ended && met.changed == linked.changed &&
	        met.late == linked.late && met.in_domain == linked.in_domain && met.in_group == linked.in_group;
	return all_met && met.jobs == jobs && linked.jobs == jobs && server_check_objects(server, check_object);
}

void resume_state(struct server *server)
{
	(void)server;
	for (size_t i = 0; i < pm->processes.capacity; i++) {
		struct process *process = pm->processes.slots[i].value;
		if (!process)
			continue;
		wait_resume(process);
		signals_resume(process);
	}
	job_resume();
	watch_resume();
}
