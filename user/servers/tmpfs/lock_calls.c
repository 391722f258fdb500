/* The call `lock`: whose lock it is, and the senders that stand for what a process has locked. */
#include "abi/proto/fs.h"
#include "user/servers/tmpfs/locks.h"
#include "user/servers/tmpfs/tmpfs.h"

static struct process_locks *find(const struct node *node, uint32_t process)
{
	struct process_locks *locks = tmpfs->process_locks;
	while (locks && (locks->node != node || locks->process != process))
		locks = locks->next;
	return locks;
}

/* Sees that the caller has a sender whose closing takes its locks away; a new one goes into the answer. It is not inherited. */
static status_t give_sender(struct request *request, struct node *node)
{
	if (find(node, request->caller))
		return ERR_OK;
	struct process_locks *locks = state_alloc(sizeof *locks);
	if (!locks)
		return ERR_NO_MEMORY;
	status_t status = server_open(request, locks);
	if (status) {
		state_free(locks);
		return status;
	}
	request->answer.rights[request->answer.handle_count - 1] &= ~(RIGHT_INHERIT | RIGHT_DUPLICATE | RIGHT_TRANSFER);
	*locks = (struct process_locks){OBJECT_LOCKS, request->caller, node, tmpfs->process_locks};
	tmpfs->process_locks = locks;
	node_hold(node);
	return ERR_OK;
}

void lock_calls_close(struct process_locks *locks)
{
	struct process_locks **link = &tmpfs->process_locks;
	while (*link != locks)
		link = &(*link)->next;
	*link = locks->next;
	locks_release(locks->node, &(struct lock_owner){NULL, locks->process});
	node_drop(locks->node);
	state_free(locks);
}

static void tell_conflict(struct request *request, const struct file_lock *lock)
{
	request->answer.word[0] = lock ? lock->kind : FS_LOCK_NONE;
	request->answer.word[1] = lock ? lock->start : 0;
	request->answer.word[2] = lock && lock->end != UINT64_MAX ? lock->end - lock->start : 0;
	request->answer.word[3] = lock ? lock->owner.process : 0;
}

/* Who may lock what: as Linux asks, a range needs the access that it keeps others from. */
static status_t check(const struct open_file *file, uint64_t kind, uint64_t flags)
{
	if (kind > FS_LOCK_EXCLUSIVE || (flags & ~(uint64_t)(FS_LOCK_WAIT | FS_LOCK_TEST | FS_LOCK_WHOLE)))
		return ERR_BAD_ARGUMENT;
	if (flags & (FS_LOCK_WHOLE | FS_LOCK_TEST))
		return ERR_OK;
	if (kind == FS_LOCK_SHARED && !(file->flags & OPEN_READ))
		return ERR_DENIED;
	return kind == FS_LOCK_EXCLUSIVE && !(file->flags & OPEN_WRITE) ? ERR_DENIED : ERR_OK;
}

status_t lock_calls_lock(struct request *request)
{
	struct open_file *file = file_of(request);
	uint64_t start = request->word[1], length = request->word[2], flags = request->word[3];
	status_t status = file ? check(file, request->word[0], flags) : ERR_NOT_SUPPORTED;
	if (!status && length > UINT64_MAX - start)
		status = ERR_BAD_ARGUMENT;
	if (status)
		return status;
	struct file_lock wanted = {
	        NULL, {NULL, request->caller}, (uint32_t)request->word[0], start, length ? start + length : UINT64_MAX};
	if (flags & FS_LOCK_WHOLE) {
		wanted = (struct file_lock){NULL, {file, 0}, wanted.kind, 0, UINT64_MAX};
		file->has_locks = true;
	}
	if (flags & FS_LOCK_TEST) {
		tell_conflict(request, locks_conflict(file->node, &wanted));
		return ERR_OK;
	}
	if (!(flags & FS_LOCK_WHOLE) && wanted.kind != FS_LOCK_NONE)
		status = give_sender(request, file->node);
	if (!status)
		status = locks_set(file->node, &wanted);
	return status == ERR_WOULD_BLOCK && (flags & FS_LOCK_WAIT) ? locks_wait(request, file->node, &wanted) : status;
}
