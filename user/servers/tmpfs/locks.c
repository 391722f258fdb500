/* Locks that programs agree on: see locks.h. */
#include "user/servers/tmpfs/locks.h"

#include "abi/proto/fs.h"
#include "user/servers/tmpfs/tmpfs.h"

static bool same_owner(const struct lock_owner *a, const struct lock_owner *b)
{
	return a->open_file == b->open_file && (a->open_file || a->process == b->process);
}

/* Whether two locks are of the same kind of lock at all. */
static bool same_sort(const struct lock_owner *a, const struct lock_owner *b)
{
	return !a->open_file == !b->open_file;
}

static bool overlaps(const struct file_lock *a, const struct file_lock *b)
{
	return a->start < b->end && b->start < a->end;
}

const struct file_lock *locks_conflict(const struct node *node, const struct file_lock *wanted)
{
	for (const struct file_lock *lock = node->locks; lock; lock = lock->next)
		if (same_sort(&lock->owner, &wanted->owner) && !same_owner(&lock->owner, &wanted->owner) &&
		        overlaps(lock, wanted) && (lock->kind == FS_LOCK_EXCLUSIVE || wanted->kind == FS_LOCK_EXCLUSIVE))
			return lock;
	return NULL;
}

static uint32_t count_locks(const struct node *node)
{
	uint32_t count = 0;
	for (const struct file_lock *lock = node->locks; lock; lock = lock->next)
		count++;
	return count;
}

/* Takes [start, end) out of the owner's locks. `spare` becomes the second half of one that is cut in two; else it is freed. */
static void cut_out(struct node *node, const struct file_lock *range, struct file_lock *spare)
{
	for (struct file_lock **link = &node->locks; *link;) {
		struct file_lock *lock = *link;
		if (!same_owner(&lock->owner, &range->owner) || !overlaps(lock, range)) {
			link = &lock->next;
		} else if (lock->start < range->start && lock->end > range->end) {
			*spare = *lock;
			spare->start = range->end;
			lock->end = range->start;
			lock->next = spare;
			return; /* the owner's locks do not overlap: there is nothing else */
		} else if (lock->start < range->start) {
			lock->end = range->start;
			link = &lock->next;
		} else if (lock->end > range->end) {
			lock->start = range->end;
			link = &lock->next;
		} else {
			*link = lock->next;
			state_free(lock);
		}
	}
	state_free(spare);
}

/* Neighbours of one kind become one, so that a file locked byte by byte has one lock in the end. */
static void join(struct node *node, struct file_lock *lock)
{
	for (struct file_lock **link = &node->locks; *link;) {
		struct file_lock *other = *link;
		if (other == lock || other->kind != lock->kind || !same_owner(&other->owner, &lock->owner) ||
		        (other->end != lock->start && lock->end != other->start)) {
			link = &other->next;
			continue;
		}
		lock->start = other->start < lock->start ? other->start : lock->start;
		lock->end = other->end > lock->end ? other->end : lock->end;
		*link = other->next;
		state_free(other);
	}
}

/* As locks_set, without asking those who wait. */
static status_t set(struct node *node, const struct file_lock *wanted)
{
	if (wanted->kind != FS_LOCK_NONE && locks_conflict(node, wanted))
		return ERR_WOULD_BLOCK;
	if (count_locks(node) >= LOCKS_PER_FILE)
		return ERR_FULL;
	struct file_lock *spare = state_alloc(sizeof *spare), *lock = state_alloc(sizeof *lock);
	if (!spare || !lock) {
		state_free(spare);
		state_free(lock);
		return ERR_NO_MEMORY;
	}
	cut_out(node, wanted, spare);
	if (wanted->kind == FS_LOCK_NONE) {
		state_free(lock);
		return ERR_OK;
	}
	*lock = *wanted;
	lock->next = node->locks;
	node->locks = lock;
	join(node, lock);
	return ERR_OK;
}

/* Ends a wait. */
static void answer(struct lock_waiter **link, status_t status)
{
	struct lock_waiter *waiter = *link;
	*link = waiter->next;
	tmpfs->waiting--;
	answer_send(waiter->reply, status, &waiter->answer);
	node_drop(waiter->node);
	state_free(waiter);
}

static void ask_again(struct node *node)
{
	node_hold(node);
	for (struct lock_waiter **link = &tmpfs->waiters; *link;) {
		status_t status = (*link)->node == node ? set(node, &(*link)->wanted) : ERR_WOULD_BLOCK;
		if (status == ERR_WOULD_BLOCK)
			link = &(*link)->next;
		else
			answer(link, status);
	}
	node_drop(node);
}

status_t locks_set(struct node *node, const struct file_lock *wanted)
{
	status_t status = set(node, wanted);
	if (!status)
		ask_again(node);
	return status;
}

/* What a process waits for, if it waits. */
static const struct lock_waiter *waiter_of(uint32_t process)
{
	const struct lock_waiter *waiter = tmpfs->waiters;
	while (waiter && (waiter->wanted.owner.open_file || waiter->wanted.owner.process != process))
		waiter = waiter->next;
	return waiter;
}

/* Whether who holds the lock waits, over any number of others, for `process`. The chain is followed as far as there are waiters. */
static bool leads_back(const struct file_lock *held, uint32_t process)
{
	for (uint32_t steps = 0; held && steps <= tmpfs->waiting; steps++) {
		if (held->owner.process == process)
			return true;
		const struct lock_waiter *waiter = waiter_of(held->owner.process);
		held = waiter ? locks_conflict(waiter->node, &waiter->wanted) : NULL;
	}
	return false;
}

/* The caller is asked to end its call. */
static void interrupted(void *context)
{
	struct lock_waiter **link = &tmpfs->waiters;
	while (*link != context)
		link = &(*link)->next;
	answer(link, ERR_INTERRUPTED);
}

status_t locks_wait(struct request *request, struct node *node, const struct file_lock *wanted)
{
	if (!wanted->owner.open_file && leads_back(locks_conflict(node, wanted), wanted->owner.process))
		return ERR_DEADLOCK;
	if (tmpfs->waiting == LOCK_WAITERS)
		return ERR_FULL;
	struct lock_waiter *waiter = state_alloc(sizeof *waiter);
	if (!waiter)
		return ERR_NO_MEMORY;
	*waiter = (struct lock_waiter){NULL, node, *wanted, HANDLE_NONE, request->answer};
	status_t status = request_save(request, &waiter->reply);
	if (status) {
		state_free(waiter);
		return status;
	}
	reply_on_interrupt(waiter->reply, interrupted, waiter);
	request->answer.handle_count = 0;
	node_hold(node);
	struct lock_waiter **link = &tmpfs->waiters;
	while (*link)
		link = &(*link)->next;
	*link = waiter;
	tmpfs->waiting++;
	return ERR_OK;
}

void locks_release(struct node *node, const struct lock_owner *owner)
{
	node_hold(node);
	for (struct lock_waiter **link = &tmpfs->waiters; *link;) {
		if ((*link)->node == node && same_owner(&(*link)->wanted.owner, owner))
			answer(link, ERR_INTERRUPTED);
		else
			link = &(*link)->next;
	}
	for (struct file_lock **link = &node->locks; *link;) {
		struct file_lock *lock = *link;
		if (!same_owner(&lock->owner, owner)) {
			link = &lock->next;
			continue;
		}
		*link = lock->next;
		state_free(lock);
	}
	ask_again(node);
	node_drop(node);
}

void locks_free(struct node *node)
{
	while (node->locks) {
		struct file_lock *lock = node->locks;
		node->locks = lock->next;
		state_free(lock);
	}
}

void locks_resume(void)
{
	for (struct lock_waiter *waiter = tmpfs->waiters; waiter; waiter = waiter->next)
		reply_on_interrupt(waiter->reply, interrupted, waiter);
}
