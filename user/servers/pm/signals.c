/* Signals, stopping and going on: see signals.h. */
#include "user/servers/pm/signals.h"

#include "user/servers/pm/family.h"
#include "user/servers/pm/group.h"
#include "user/servers/pm/job.h"
#include "user/servers/pm/later.h"
#include "user/lib/call.h"

static bool is_stop(uint32_t signal)
{
	return signal >= SIGNAL_STOP && signal <= SIGNAL_TTOU;
}

/* Answers all calls of `stopped`: 1 if they had stopped it. */
static void answer_held(struct process *process, status_t status)
{
	struct list_link *link;
	while ((link = list_first(&process->held))) {
		struct waiter *waiter = LIST_OF(link, struct waiter, link);
		struct answer answer = {.word = {1}};
		list_remove(link);
		answer_send(waiter->reply, status, &answer);
		state_free(waiter);
	}
	process->held_count = 0;
}

static void set_event(struct process *process, uint32_t how, uint32_t code)
{
	process->event = how;
	process->event_code = code;
	list_remove(&process->in_changed);
	if (process->parent != &process->domain->starter)
		list_append(&process->parent->changed, &process->in_changed);
	family_tell_parent(process, how, code);
}

static void go_on(struct process *process)
{
	process->stop_sent = false;
	if (process->state != PROCESS_STATE_STOPPED)
		return;
	process->state = PROCESS_STATE_RUNNING;
	process->group->stopped--;
	answer_held(process, ERR_OK);
	set_event(process, PROCESS_HOW_CONTINUED, SIGNAL_CONT);
}

static void remember(struct process *process, const struct sent_signal *sent)
{
	process->sent[process->sent_next++ % PM_SENT] = *sent;
}

void signals_send(struct process *process, const struct sent_signal *sent)
{
	status_t status;
	if (process->state == PROCESS_STATE_ZOMBIE || !sent->signal)
		return;
	if (sent->signal == SIGNAL_KILL) {
		status = sys_process_kill(process->handle, PROCESS_STATUS_SIGNAL + SIGNAL_KILL);
		(void)status; /* it ends, or has */
		return;
	}
	if (sent->signal == SIGNAL_CONT)
		go_on(process);
	else if (is_stop(sent->signal))
		process->stop_sent = true;
	remember(process, sent);
	status = sys_process_signal(process->handle, 1ull << (sent->signal - 1));
	(void)status; /* as above: the right was looked at when the handle came */
}

void signals_send_child(struct process *parent, uint32_t pid, uint32_t how, uint32_t code)
{
	struct sent_signal sent = {SIGNAL_CHLD, pid, PROCESS_SIGNAL_CHILD, (uint64_t)how << 32 | code};
	if (parent->handle)
		signals_send(parent, &sent);
}

void signals_hang_up(struct group *group)
{
	static const struct sent_signal hang_up[] = {{.signal = SIGNAL_HUP}, {.signal = SIGNAL_CONT}};
	job_for_group(group, hang_up, 2);
}

/* The group of this number that the caller can reach. */
static struct group *reach_group(struct domain *domain, uint32_t id)
{
	struct group *group = group_find(id);
	return group && (!domain || group->session->domain == domain) ? group : NULL;
}

static status_t send_to_group(struct request *request, struct group *group, const struct sent_signal *sent)
{
	if (!group || list_empty(&group->members))
		return ERR_NOT_FOUND;
	return sent->signal ? job_start(request, &group->members, group, NULL, sent, 0) : ERR_OK;
}

static status_t send_to_one(struct domain *domain, uint64_t pid, const struct sent_signal *sent)
{
	struct process *process = pid <= UINT32_MAX ? table_process((uint32_t)pid) : NULL;
	if (!process || (domain && process->domain != domain))
		return ERR_NOT_FOUND;
	signals_send(process, sent);
	return ERR_OK;
}

/* All of the domain but the caller; a service has no domain, so for it there is nobody. */
static status_t send_to_all(
        struct request *request, struct process *caller, struct domain *domain, const struct sent_signal *sent)
{
	if (!domain || domain->processes == (caller ? 1 : 0))
		return ERR_NOT_FOUND;
	return sent->signal ? job_start(request, &domain->members, NULL, domain, sent, caller ? caller->pid : 0) : ERR_OK;
}

status_t signals_handle(struct request *request, struct process *caller, struct domain *domain)
{
	uint64_t select = request->word[0], id = request->word[1];
	if (request->word[2] > PROCESS_SIGNALS || request->word[4] & ~(uint64_t)PROCESS_SIGNAL_QUEUED)
		return ERR_BAD_ARGUMENT;
	struct sent_signal sent = {(uint32_t)request->word[2], request->caller, (uint32_t)request->word[4], request->word[3]};
	switch (select) {
	case PROCESS_SELECT_ANY: return send_to_all(request, caller, domain, &sent);
	case PROCESS_SELECT_ONE: return send_to_one(domain, id ? id : request->caller, &sent);
	case PROCESS_SELECT_GROUP:
		return id > UINT32_MAX ? ERR_NOT_FOUND : send_to_group(request, reach_group(domain, (uint32_t)id), &sent);
	case PROCESS_SELECT_OWN_GROUP: return send_to_group(request, caller ? caller->group : NULL, &sent);
	}
	return ERR_BAD_ARGUMENT;
}

status_t signals_handle_info(struct request *request, struct process *process)
{
	for (uint32_t i = 0; i < PM_SENT; i++) {
		struct sent_signal *sent = &process->sent[(process->sent_next + i) % PM_SENT];
		if (!sent->signal || sent->signal != request->word[0])
			continue;
		request->answer.word[0] = sent->sender;
		request->answer.word[1] = sent->flags;
		request->answer.word[2] = sent->value;
		sent->signal = 0;
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

static void interrupted(void *context)
{
	struct waiter *waiter = context;
	struct process *process = waiter->process;
	handle_t reply = waiter->reply;
	list_remove(&waiter->link);
	process->held_count--;
	state_free(waiter);
	answer_send(reply, ERR_INTERRUPTED, NULL);
	if (list_empty(&process->held))
		go_on(process);
}

void signals_resume(struct process *process)
{
	LIST_EACH(link, &process->held)
	{
		struct waiter *waiter = LIST_OF(link, struct waiter, link);
		reply_on_interrupt(waiter->reply, interrupted, waiter);
	}
}

/* Keeps the call until the process goes on. */
static status_t hold(struct request *request, struct process *process)
{
	if (process->held_count == PM_WAITERS)
		return ERR_FULL;
	struct waiter *waiter = state_alloc(sizeof *waiter);
	if (!waiter)
		return ERR_NO_MEMORY;
	waiter->process = process;
	status_t status = later_save(request, &waiter->reply, interrupted, waiter);
	if (status) {
		state_free(waiter);
		return status;
	}
	list_append(&process->held, &waiter->link);
	process->held_count++;
	return ERR_OK;
}

status_t signals_handle_stopped(struct request *request, struct process *process)
{
	uint64_t signal = request->word[0];
	if (signal > PROCESS_SIGNALS || !is_stop((uint32_t)signal) || request->word[1] & ~(uint64_t)PROCESS_STOP_OWN)
		return ERR_BAD_ARGUMENT;
	bool was_stopped = process->state == PROCESS_STATE_STOPPED; /* by another of its threads */
	if (!was_stopped && !(request->word[1] & PROCESS_STOP_OWN) && !process->stop_sent)
		return ERR_OK;
	if (!was_stopped && signal != SIGNAL_STOP && group_is_orphaned(process->group))
		return ERR_OK;
	status_t status = hold(request, process);
	if (status || was_stopped)
		return status;
	process->stop_sent = false;
	process->state = PROCESS_STATE_STOPPED;
	process->group->stopped++;
	set_event(process, PROCESS_HOW_STOPPED, (uint32_t)signal);
	return ERR_OK;
}

void signals_drop_held(struct process *process)
{
	struct list_link *link;
	while ((link = list_first(&process->held))) {
		struct waiter *waiter = LIST_OF(link, struct waiter, link);
		later_drop(waiter->reply);
		list_remove(link);
		state_free(waiter);
	}
	process->held_count = 0;
	if (process->state == PROCESS_STATE_STOPPED) {
		process->state = PROCESS_STATE_RUNNING;
		process->group->stopped--;
	}
}
