/*
 * The calls on groups. Making one below another only narrows, and putting a process below the group that it is in takes nothing from
 * anybody else: so the right to manage a process is enough to confine it, and who does that gets the group.
 */
#include "object/group.h"

#include "abi/syscalls.h"
#include "syscall/call.h"

static struct group_limits limits_of(const struct thread *thread)
{
	return (struct group_limits){call_word(thread, 0), call_word(thread, 1), call_word(thread, 2)};
}

void syscall_group_create(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct group_limits limits = limits_of(thread);
	uint64_t ceiling = call_word(thread, 3);
	struct group *group;
	uint32_t error = ceiling < PRIORITIES ? group_create((struct group *)object, &limits, (unsigned)ceiling, &group)
	                                      : ERR_BAD_ARGUMENT;
	if (error)
		call_answer(thread, error);
	else
		call_answer_handle(thread, &group->object, object_classes[OBJECT_GROUP].rights);
}

void syscall_group_limit(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct group_limits limits = limits_of(thread);
	group_limit((struct group *)object, &limits);
	call_answer(thread, ERR_OK);
}

void syscall_group_info(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct group_limits used, limits;
	group_usage((struct group *)object, &used, &limits);
	call_answer_words(thread, used.pages, used.objects, used.processes);
	uint64_t *word = thread->task.context.word;
	word[3] = limits.pages;
	word[4] = limits.objects;
	word[5] = limits.processes;
}

/* The handle comes first: nothing can fail once the process is in its new group. */
void syscall_process_confine(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct process *process = (struct process *)object;
	struct group_limits limits = limits_of(thread);
	struct group *group;
	handle_t handle;
	uint32_t error = group_create(process->group, &limits, process->group->ceiling, &group);
	if (error) {
		call_answer(thread, error);
		return;
	}
	error = parcel_reserve(thread->process, 1, &handle);
	if (!error) {
		error = group_confine(process, group);
		if (error)
			parcel_unreserve(thread->process, 1, &handle);
	}
	if (error) {
		object_release(&group->object);
		call_answer(thread, error);
		return;
	}
	struct handles *table = &thread->process->handles;
	lock_acquire(&table->lock);
	handles_fill(table, handle, &group->object, object_classes[OBJECT_GROUP].rights & ~RIGHT_CREATE);
	lock_release(&table->lock);
	call_answer_words(thread, handle, 0, 0);
}
