#include "object/reply.h"

#include "object/channel.h"
#include "object/process.h"
#include "object/thread.h"
#include "sched/sched.h"

struct reply_record reply_dead = {.object = {.type = OBJECT_REPLY}};

void reply_leave_table(struct reply_record *record)
{
	struct process *process = record->table;
	channel_untie_reply(record);
	lock_acquire(&process->handles.lock);
	struct handle_entry *entry = handles_find(&process->handles, record->handle);
	if (entry)
		handles_take(&process->handles, entry);
	lock_release(&process->handles.lock);
	record->table = 0;
}

static void tell_place(struct thread *thread, handle_t place)
{
	thread->reply_place = place;
	if (thread->task.state != TASK_ENDED)
		thread->block->reply_place = place;
}

uint32_t reply_reserve(struct thread *thread, handle_t *out)
{
	handle_t place = thread->reply_place;
	uint32_t error = place ? ERR_OK : parcel_reserve(thread->process, 1, &place);
	if (error)
		return error;
	tell_place(thread, place);
	*out = place;
	return ERR_OK;
}

void reply_unreserve(struct thread *thread)
{
	if (!thread->reply_place)
		return;
	parcel_unreserve(thread->process, 1, &thread->reply_place);
	thread->reply_place = 0;
}

uint32_t reply_save(struct thread *holder, struct channel *channel, handle_t *out)
{
	struct reply_record *record = holder->reply_to;
	struct process *process = holder->process;
	handle_t place = holder->reply_place;
	uint32_t error = place ? ERR_OK : parcel_reserve(process, 1, &place);
	if (error)
		return error;
	if (holder->reply_place)
		tell_place(holder, 0);
	lock_acquire(&process->handles.lock);
	handles_fill(&process->handles, place, &record->object, RIGHT_SEND | RIGHT_INSPECT);
	lock_release(&process->handles.lock);
	holder->reply_to = 0;
	record->holder = 0;
	if (record != &reply_dead) {
		struct task *caller = &thread_of_reply(record)->task;
		record->table = process;
		record->handle = place;
		if (channel)
			channel_tie_reply(channel, record);
		if (caller->due)
			sched_look(caller);
	}
	sched_lend(&holder->task, 0);
	*out = place;
	return ERR_OK;
}

void reply_hold(struct thread *holder, struct reply_record *record)
{
	reply_leave_table(record);
	record->holder = holder;
	holder->reply_to = record;
	sched_lend(&holder->task, thread_of_reply(record)->task.effective);
}

void reply_ask(struct reply_record *record)
{
	if (record->channel)
		channel_ask(record->channel, record);
}

void reply_ask_anew(struct reply_record *record)
{
	struct task *caller = &thread_of_reply(record)->task;
	if (record->channel && !record->link_asked)
		record->asked = false;
	if (caller->due)
		sched_look(caller);
}

void reply_abandon(struct reply_record *record)
{
	if (record->holder) {
		record->holder->reply_to = &reply_dead;
		record->holder = 0;
	}
	if (record->table) {
		struct process *process = record->table;
		channel_untie_reply(record);
		lock_acquire(&process->handles.lock);
		struct handle_entry *entry = handles_find(&process->handles, record->handle);
		if (entry)
			entry->object = &reply_dead.object;
		lock_release(&process->handles.lock);
		record->table = 0;
	}
}

void reply_drop(struct reply_record *record)
{
	if (record == &reply_dead)
		return;
	struct thread *caller = thread_of_reply(record);
	channel_untie_reply(record);
	if (record->holder)
		record->holder->reply_to = 0;
	record->holder = 0;
	record->table = 0;
	if (task_take(&caller->task))
		thread_wake_error(caller, ERR_DROPPED);
}
