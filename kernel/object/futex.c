#include "object/futex.h"

#include "object/frame.h"
#include "object/links.h"
#include "object/process.h"
#include "object/thread.h"
#include "object/vmem_tree.h"
#include "sched/sched.h"

static inline struct thread *thread_of_node(struct digital_node *node)
{
	return (struct thread *)((char *)node - offsetof(struct thread, futex));
}

/* The tree that a word's waiters hang in; its owner's lock is held until futex_release. */
static struct digital_tree *futex_acquire(struct vmem *vmem, struct frame *frame)
{
	if (frame)
		frame_acquire(frame);
	else
		lock_acquire(&vmem->lock);
	return frame ? &frame->futexes : &vmem->futexes;
}

static void futex_release(struct vmem *vmem, struct frame *frame)
{
	if (frame)
		frame_release(frame);
	else
		lock_release(&vmem->lock);
}

bool futex_find_shared(struct vmem *vmem, uint64_t address, struct futex_word *out)
{
	lock_acquire(&vmem->lock);
	struct vmem_mapping *mapping = vmem->last;
	if (!mapping || address < mapping->start || address >= mapping->end)
		vmem->last = mapping = vmem_tree_find(vmem->root, address);
	if (mapping)
		*out = (struct futex_word){vmem, mapping->frame, mapping->offset + (address - mapping->start)};
	lock_release(&vmem->lock);
	return mapping;
}

void futex_wait(struct thread *thread, const struct futex_word *word)
{
	struct digital_tree *tree = futex_acquire(word->vmem, word->frame);
	if (word->frame)
		object_reference(&word->frame->object);
	thread->futex_frame = word->frame;
	thread->futex.key = word->key;
	struct digital_node *node = digital_tree_insert(tree, &thread->futex);
	struct thread *first = node ? thread_of_node(node) : 0;
	thread->futex_first = !first;
	links_append(&first, thread);
	thread->wait = WAIT_FUTEX;
	sched_block(&thread->task);
	futex_release(word->vmem, word->frame);
}

static void leave_locked(struct digital_tree *tree, struct thread *thread)
{
	struct thread *first = thread, *next = thread->next;
	links_remove(&first, thread);
	thread->wait = WAIT_NONE;
	if (!thread->futex_first)
		return;
	thread->futex_first = false;
	if (next == thread) {
		digital_tree_remove(tree, &thread->futex);
	} else {
		next->futex_first = true;
		digital_tree_replace(tree, &thread->futex, &next->futex);
	}
}

/* The reference that a thread had while it waited; no lock is held. */
static void drop_frame(struct thread *thread)
{
	struct frame *frame = thread->futex_frame;
	thread->futex_frame = 0;
	if (frame)
		object_release(&frame->object);
}

void futex_leave(struct thread *thread)
{
	struct vmem *vmem = thread->process->vmem;
	leave_locked(futex_acquire(vmem, thread->futex_frame), thread);
	futex_release(vmem, thread->futex_frame);
	drop_frame(thread);
}

bool futex_wake_one(const struct futex_word *word)
{
	struct thread *woken = 0;
	struct digital_tree *tree = futex_acquire(word->vmem, word->frame);
	struct digital_node *node = digital_tree_find(tree, word->key);
	struct thread *thread = node ? thread_of_node(node) : 0;
	if (thread && task_take(&thread->task)) {
		leave_locked(tree, thread);
		context_answer(&thread->task.context, ERR_OK);
		woken = thread;
	}
	futex_release(word->vmem, word->frame);
	if (!woken)
		return false;
	drop_frame(woken);
	sched_ready(&woken->task);
	return true;
}
