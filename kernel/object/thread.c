#include "object/thread.h"

#include "abi/exception.h"
#include "arch/fpu.h"
#include "arch/timer.h"
#include "mm/pages.h"
#include "mm/slab.h"
#include "object/channel.h"
#include "object/futex.h"
#include "object/group.h"
#include "object/notify.h"
#include "object/process.h"
#include "object/process_clone.h"
#include "object/process_replace.h"
#include "object/upcall.h"
#include "sched/sched.h"
#include "sched/timers.h"

static struct slab thread_slab = SLAB_INIT("threads", struct thread);
static uint32_t last_number;

static void deadline_expired(struct timer_node *node)
{
	struct thread *thread = (struct thread *)((char *)node - offsetof(struct thread, task.timer));
	if (task_take(&thread->task))
		thread_wake_error(thread, ERR_TIMED_OUT);
}

/*
 * The area for vector state must be there when the thread is preempted. Without AVX-512 it is small: four share a page, as four threads
 * do, and the half page that an object is charged pays for both. Slabs begin their pieces at multiples of 64 bytes if that is what they are made of, as XSAVE wants it.
 */
#define FPU_PIECE_MAX (SLAB_SIZE_MAX / 2)
_Static_assert(sizeof(struct thread) <= FPU_PIECE_MAX, "a thread takes no more than it is charged");
static struct slab fpu_slab = {.name = "vector states", .lock = LOCK_INIT(RANK_SLAB, "vector states")};

static bool fpu_is_piece(void)
{
	return fpu_area_size() <= FPU_PIECE_MAX;
}

static unsigned fpu_order(void)
{
	unsigned order = 0;
	while (PAGE_SIZE << order < fpu_area_size())
		order++;
	return order;
}

static uint32_t allot_fpu_pages(struct thread *thread)
{
	struct paddr area;
	unsigned order = fpu_order();
	uint32_t error = group_charge_pages(thread->object.group, 1ull << order);
	if (error)
		return error;
	if (!pages_alloc(order, 0, &area)) {
		group_return_pages(thread->object.group, 1ull << order);
		return ERR_NO_MEMORY;
	}
	thread->task.context.fpu = direct_map(area);
	fpu_prepare(thread->task.context.fpu);
	return ERR_OK;
}

static uint32_t allot_fpu(struct thread *thread)
{
	if (!fpu_is_piece())
		return allot_fpu_pages(thread);
	fpu_slab.size = (uint32_t)fpu_area_size();
	thread->task.context.fpu = slab_alloc(&fpu_slab);
	return thread->task.context.fpu ? ERR_OK : ERR_NO_MEMORY;
}

static void return_fpu(struct thread *thread)
{
	if (!thread->task.context.fpu)
		return;
	if (fpu_is_piece()) {
		slab_free(&fpu_slab, thread->task.context.fpu);
		return;
	}
	pages_free(direct_map_physical(thread->task.context.fpu), fpu_order());
	group_return_pages(thread->object.group, 1ull << fpu_order());
}

/* Whether its process takes new threads. */
static uint32_t ask_locked(const struct process *process)
{
	if (process->replacing)
		return ERR_BAD_STATE;
	return process->ending ? ERR_DEAD : ERR_OK;
}

/* Joins its process, with a control block there unless it shall get one later. */
static uint32_t join(struct thread *thread, struct process *process, bool apart)
{
	lock_acquire(&process->lock);
	uint32_t error = apart ? ERR_OK : ask_locked(process);
	if (!error && !apart)
		error = control_block_allot(process->vmem, &thread->place, &thread->block);
	if (!error) {
		thread->next_of_process = process->threads;
		thread->link_of_process = &process->threads;
		if (thread->next_of_process)
			thread->next_of_process->link_of_process = &thread->next_of_process;
		process->threads = thread;
		process->thread_count++;
		thread->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED); /* the list is in their order */
	}
	lock_release(&process->lock);
	return error;
}

/* It has a control block now, and what its process wants of every thread. */
static void enter(struct thread *thread)
{
	struct process *process = thread->process;
	thread->task.context.control_block = thread->block;
	thread->task.context.foreign_entry = process->foreign_entry;
	thread->block->thread_number = thread->number;
	thread->block->process_number = process->number;
}

static uint32_t create(struct process *process, bool apart, struct thread **out)
{
	struct group *group = process->group;
	struct thread *thread = slab_alloc(&thread_slab);
	if (!thread)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&thread->object, OBJECT_THREAD, group);
	if (error) {
		slab_free(&thread_slab, thread);
		return error;
	}
	unsigned priority = group->ceiling < PRIORITY_DEFAULT ? group->ceiling : PRIORITY_DEFAULT;
	task_init(&thread->task, process->vmem ? &process->vmem->table : 0, priority, &process->cpu_time);
	thread->task.timer.expired = deadline_expired;
	thread->reply.object.type = OBJECT_REPLY;
	error = allot_fpu(thread);
	if (!error)
		error = join(thread, process, apart);
	if (error) {
		return_fpu(thread);
		object_end(&thread->object);
		slab_free(&thread_slab, thread);
		return error;
	}
	object_reference(&process->object);
	thread->process = process;
	if (!apart)
		enter(thread);
	*out = thread;
	return ERR_OK;
}

uint32_t thread_create(struct process *process, struct thread **out)
{
	return create(process, false, out);
}

uint32_t thread_create_apart(struct process *process, struct thread **out)
{
	return create(process, true, out);
}

/* False: an address is not in the user half. */
static bool set_registers(
        struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument, uint64_t fs_base, uint64_t gs_base)
{
	struct context *context = &thread->task.context;
	if (!entry) {
		context_resume(context, argument);
		return true;
	}
	if (!context_init(context, uaddr(entry), uaddr(stack), argument, fs_base, gs_base))
		return false;
	context->word[1] = control_block_address(&thread->place);
	return true;
}

uint32_t thread_start(
        struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument, uint64_t fs_base, uint64_t gs_base)
{
	struct process *process = thread->process;
	lock_acquire(&process->lock);
	bool ok = thread->task.state == TASK_NEW && !process->ending;
	bool addresses_ok = ok && set_registers(thread, entry, stack, argument, fs_base, gs_base);
	if (addresses_ok) {
		thread->task.state = TASK_BLOCKED; /* nobody else starts it */
		process->started_count++;
		process->state = PROCESS_RUNNING;
	}
	lock_release(&process->lock);
	if (!ok)
		return process->ending ? ERR_DEAD : ERR_BAD_STATE;
	if (!addresses_ok)
		return ERR_BAD_ADDRESS;
	object_reference(&thread->object); /* its own, until it ends */
	sched_ready(&thread->task);
	return ERR_OK;
}

void thread_move(struct thread *thread, struct control_block_place place, struct control_block *block)
{
	struct page_table *table = &thread->process->vmem->table;
	thread->place = place;
	thread->block = block;
	thread->task.space = table;
	enter(thread);
	if (cpu_current()->current == &thread->task)
		page_table_activate(table);
}

void thread_begin_anew(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument)
{
	struct process *process = thread->process;
	struct context *context = &thread->task.context;
	bool runs = thread->task.state != TASK_NEW;
	(void)!context_init(context, uaddr(entry), uaddr(stack), argument, 0, 0);
	context->word[1] = control_block_address(&thread->place);
	process->state = PROCESS_RUNNING;
	if (runs) {
		fpu_restore(context); /* to defaults */
		return;
	}
	process->started_count++;
	object_reference(&thread->object);
	sched_ready(&thread->task);
}

/* A thread whose wait was taken leaves the place that it waited in. */
static void leave_place(struct thread *thread)
{
	switch (thread->wait) {
	case WAIT_RECEIVE: channel_leave_receivers(thread->at.channel, thread); break;
	case WAIT_QUEUED: channel_leave_calls(thread->at.channel, thread); break;
	case WAIT_ANSWER: reply_abandon(&thread->reply); break;
	case WAIT_NOTIFY: notify_leave(thread->at.notify, thread); break;
	case WAIT_FUTEX: futex_leave(thread); break;
	}
	thread->wait = WAIT_NONE;
	if (thread->reply.carried) {
		parcel_drop(&thread->parcel);
		thread->reply.carried = false;
	}
}

bool thread_deadline_passed(struct thread *thread)
{
	if (thread->task.deadline > timer_now())
		return false;
	thread->task.deadline = DEADLINE_NEVER;
	return true;
}

void thread_end_by_fault(struct thread *thread)
{
	thread->faulted = false;
	process_end(thread->process, PROCESS_STATUS_FAULT + (uint32_t)thread->exception_words[0]);
	__atomic_store_n(&thread->task.wake, 1, __ATOMIC_RELEASE);
}

void thread_wake_error(struct thread *thread, uint32_t error)
{
	leave_place(thread);
	if (thread->faulted) { /* whoever should have handled its fault is gone */
		thread_end_by_fault(thread);
		return;
	}
	context_answer(&thread->task.context, error);
	sched_ready(&thread->task);
}

void thread_drop_held(struct thread *thread)
{
	for (unsigned i = 0; i < sizeof thread->held / sizeof *thread->held; i++) {
		if (thread->held[i])
			object_release(thread->held[i]);
		thread->held[i] = 0;
	}
}

static bool work_goes_on(const struct process *process)
{
	if (process->replacing)
		return process->replacement->how.keep_count == PROCESS_KEEP_ALL;
	return process->ending && process->restartable;
}

struct channel *thread_received_by(const struct thread *thread)
{
	const struct handle_entry *entry = handles_find(&thread->process->handles, thread->received_by);
	return entry && entry->object->type == OBJECT_RECEIVER ? channel_of_object(entry->object) : 0;
}

void thread_give_up_call(struct thread *thread)
{
	struct reply_record *record = thread->reply_to;
	handle_t saved;
	if (!record)
		return;
	if (record != &reply_dead && work_goes_on(thread->process) &&
	        reply_save(thread, thread_received_by(thread), &saved) == ERR_OK)
		return;
	thread->reply_to = 0;
	reply_drop(record);
}

/* Ends one whose wait was taken, and which is in no queue any more. */
static void end_taken(struct thread *thread)
{
	struct process *process = thread->process;
	bool started = thread->task.state != TASK_NEW;
	upcall_unbind(thread);
	sched_end(&thread->task);
	thread_drop_held(thread);
	process_clone_end(thread);
	if (thread->replacement)
		replacement_abandon(thread->replacement);
	thread_give_up_call(thread);
	reply_unreserve(thread);
	process_thread_ended(process, thread, started);
	if (started)
		object_release(&thread->object);
}

bool thread_end(struct thread *thread)
{
	if (thread->task.state == TASK_ENDED)
		return true;
	if (thread->task.state == TASK_BLOCKED) {
		if (!task_take(&thread->task))
			return false;
		leave_place(thread);
	}
	end_taken(thread);
	return true;
}

/* Nobody has a handle, and it does not run: either it has ended, or it was never started. */
bool thread_destroy_step(struct object *object)
{
	struct thread *thread = thread_of_object(object);
	struct process *process = thread->process;
	thread_end(thread);
	context_forget(&thread->task.context);
	return_fpu(thread);
	object_end(object);
	slab_free(&thread_slab, thread);
	object_release(&process->object);
	return true;
}
