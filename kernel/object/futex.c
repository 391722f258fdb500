#include "object/futex.h"

#include "object/links.h"
#include "object/process.h"
#include "object/thread.h"
#include "sched/sched.h"

static inline struct thread *thread_of_node(struct digital_node *node)
{
	return (struct thread *)((char *)node - offsetof(struct thread, futex));
}

void futex_wait(struct thread *thread, uint64_t address)
{
	struct vmem *vmem = thread->process->vmem;
	lock_acquire(&vmem->lock);
	thread->futex.key = address;
	struct digital_node *node = digital_tree_insert(&vmem->futexes, &thread->futex);
	struct thread *first = node ? thread_of_node(node) : 0;
	thread->futex_first = !first;
	links_append(&first, thread);
	thread->wait = WAIT_FUTEX;
	sched_block(&thread->task);
	lock_release(&vmem->lock);
}

static void leave_locked(struct vmem *vmem, struct thread *thread)
{
	struct thread *first = thread, *next = thread->next;
	links_remove(&first, thread);
	thread->wait = WAIT_NONE;
	if (!thread->futex_first)
		return;
	thread->futex_first = false;
	if (next == thread) {
		digital_tree_remove(&vmem->futexes, &thread->futex);
	} else {
		next->futex_first = true;
		digital_tree_replace(&vmem->futexes, &thread->futex, &next->futex);
	}
}

void futex_leave(struct thread *thread)
{
	struct vmem *vmem = thread->process->vmem;
	lock_acquire(&vmem->lock);
	leave_locked(vmem, thread);
	lock_release(&vmem->lock);
}

bool futex_wake_one(struct vmem *vmem, uint64_t address)
{
	bool woken = false;
	lock_acquire(&vmem->lock);
	struct digital_node *node = digital_tree_find(&vmem->futexes, address);
	struct thread *thread = node ? thread_of_node(node) : 0;
	if (thread && task_take(&thread->task)) {
		leave_locked(vmem, thread);
		context_answer(&thread->task.context, ERR_OK);
		sched_ready(&thread->task);
		woken = true;
	}
	lock_release(&vmem->lock);
	return woken;
}
