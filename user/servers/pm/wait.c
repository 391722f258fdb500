/* Waiting for children: see wait.h. */
#include "user/servers/pm/wait.h"

#include "user/servers/pm/family.h"
#include "user/servers/pm/later.h"

#define OPTIONS (PROCESS_WAIT_NO_HANG | PROCESS_WAIT_STOPPED | PROCESS_WAIT_EXITED | PROCESS_WAIT_CONTINUED | PROCESS_WAIT_KEEP)

/* What a wait asks for. */
struct question {
	struct process *parent;
	uint32_t select, id, options;
};

/* Whether the child has something to tell to one with these options. */
static bool has_news(const struct process *child, uint32_t options)
{
	if (child->state == PROCESS_STATE_ZOMBIE)
		return options & PROCESS_WAIT_EXITED;
	return (child->event == PROCESS_HOW_STOPPED && options & PROCESS_WAIT_STOPPED) ||
	        (child->event == PROCESS_HOW_CONTINUED && options & PROCESS_WAIT_CONTINUED);
}

/* Whether it can ever have: a zombie only for one that waits for ends. */
static bool can_have_news(const struct process *child, uint32_t options)
{
	return child->state != PROCESS_STATE_ZOMBIE || options & PROCESS_WAIT_EXITED;
}

static struct process *find_any(const struct question *q, bool *out_hope)
{
	struct process *parent = q->parent;
	*out_hope = parent->child_count > (q->options & PROCESS_WAIT_EXITED ? 0 : parent->ended_count);
	if (q->options & PROCESS_WAIT_EXITED && !list_empty(&parent->ended))
		return LIST_OF(list_first(&parent->ended), struct process, in_ended);
	LIST_EACH(link, &parent->changed)
	{
		struct process *child = LIST_OF(link, struct process, in_changed);
		if (has_news(child, q->options))
			return child;
	}
	return NULL;
}

static struct process *find_one(const struct question *q, bool *out_hope)
{
	struct process *child = table_process(q->id);
	*out_hope = child && child->parent == q->parent && can_have_news(child, q->options);
	return *out_hope && has_news(child, q->options) ? child : NULL;
}

static struct process *find_in_group(const struct question *q, bool *out_hope)
{
	*out_hope = false;
	LIST_EACH(link, &q->parent->children)
	{
		struct process *child = LIST_OF(link, struct process, sibling);
		if (child->group->id != q->id || !can_have_news(child, q->options))
			continue;
		*out_hope = true;
		if (has_news(child, q->options))
			return child;
	}
	return NULL;
}

/* The child that answers; else NULL, and whether there ever can be one. */
static struct process *find(const struct question *q, bool *out_hope)
{
	switch (q->select) {
	case PROCESS_SELECT_ANY: return find_any(q, out_hope);
	case PROCESS_SELECT_ONE: return find_one(q, out_hope);
	default: return find_in_group(q, out_hope);
	}
}

/* Takes what the child has to tell, unless it is to be kept. */
static void tell(struct process *child, uint32_t options, uint64_t word[static MESSAGE_WORDS])
{
	bool zombie = child->state == PROCESS_STATE_ZOMBIE;
	word[0] = child->pid;
	word[1] = zombie ? child->how : child->event;
	word[2] = zombie ? child->code : child->event_code;
	word[3] = zombie ? child->cpu_ns : 0;
	word[4] = zombie ? child->children_cpu_ns : 0;
	if (options & PROCESS_WAIT_KEEP)
		return;
	if (zombie) {
		family_reap(child);
		return;
	}
	child->event = 0;
	list_remove(&child->in_changed);
}

static void remove_waiter(struct waiter *waiter)
{
	list_remove(&waiter->link);
	waiter->process->waiter_count--;
	state_free(waiter);
}

static void interrupted(void *context)
{
	struct waiter *waiter = context;
	handle_t reply = waiter->reply;
	remove_waiter(waiter);
	answer_send(reply, ERR_INTERRUPTED, NULL);
}

void wait_resume(struct process *process)
{
	LIST_EACH(link, &process->waiters)
	{
		struct waiter *waiter = LIST_OF(link, struct waiter, link);
		reply_on_interrupt(waiter->reply, interrupted, waiter);
	}
}

status_t wait_handle(struct request *request, struct process *process)
{
	struct question q = {process, (uint32_t)request->word[0], (uint32_t)request->word[1], (uint32_t)request->word[2]};
	bool hope;
	if (request->word[0] > PROCESS_SELECT_OWN_GROUP || request->word[2] & ~(uint64_t)OPTIONS ||
	        !(q.options & (PROCESS_WAIT_EXITED | PROCESS_WAIT_STOPPED | PROCESS_WAIT_CONTINUED)))
		return ERR_BAD_ARGUMENT;
	if (request->word[1] > UINT32_MAX)
		return ERR_NOT_FOUND;
	if (q.select == PROCESS_SELECT_OWN_GROUP)
		q.id = process->group->id;
	struct process *child = find(&q, &hope);
	if (child) {
		tell(child, q.options, request->answer.word);
		return ERR_OK;
	}
	if (!hope)
		return ERR_NOT_FOUND;
	if (q.options & PROCESS_WAIT_NO_HANG)
		return ERR_OK;
	if (process->waiter_count == PM_WAITERS)
		return ERR_FULL;
	struct waiter *waiter = state_alloc(sizeof *waiter);
	if (!waiter)
		return ERR_NO_MEMORY;
	*waiter = (struct waiter){.process = process, .select = q.select, .id = q.id, .options = q.options};
	status_t status = later_save(request, &waiter->reply, interrupted, waiter);
	if (status) {
		state_free(waiter);
		return status;
	}
	list_append(&process->waiters, &waiter->link);
	process->waiter_count++;
	return ERR_OK;
}

void wait_look_again(struct process *parent)
{
	struct list_link *next;
	for (struct list_link *link = list_first(&parent->waiters); link; link = next) {
		struct waiter *waiter = LIST_OF(link, struct waiter, link);
		struct question q = {parent, waiter->select, waiter->id, waiter->options};
		struct answer answer = {0};
		bool hope;
		next = list_after(&parent->waiters, link);
		struct process *child = find(&q, &hope);
		if (!child && hope)
			continue;
		if (child)
			tell(child, q.options, answer.word);
		handle_t reply = waiter->reply;
		remove_waiter(waiter);
		answer_send(reply, child ? ERR_OK : ERR_NOT_FOUND, &answer);
	}
}

void wait_drop_all(struct process *process)
{
	struct list_link *link;
	while ((link = list_first(&process->waiters))) {
		struct waiter *waiter = LIST_OF(link, struct waiter, link);
		later_drop(waiter->reply);
		remove_waiter(waiter);
	}
}
