/*
 * Locks that programs agree on: of ranges (fcntl), owned by a process, and of whole files (flock), owned by an open file. They
 * keep nobody from reading or writing, and the two kinds know nothing of each other.
 *
 * A process's locks in a file go when it closes the sender that it was given with the first of them, which its end does too;
 * those of an open file when that is closed. Whoever waits is asked again whenever something in the file is unlocked, in the
 * order of coming. A wait that would close a circle of waiting processes is refused (ranges only).
 */
#pragma once

#include "user/lib/request.h"
#include "user/servers/tmpfs/volume.h"

#define LOCKS_PER_FILE 4096u
#define LOCK_WAITERS 1024u /* of the whole server */

/* Who owns a lock: a process, or an open file. */
struct lock_owner {
	const void *open_file; /* NULL: the process */
	uint32_t process;
};

struct file_lock {
	struct file_lock *next;
	struct lock_owner owner;
	uint32_t kind;       /* FS_LOCK_SHARED, FS_LOCK_EXCLUSIVE */
	uint64_t start, end; /* UINT64_MAX: to the end of all */
};

/* A call that waits. It keeps the node. */
struct lock_waiter {
	struct lock_waiter *next;
	struct node *node;
	struct file_lock wanted;
	handle_t reply;
	struct answer answer;
};

/* A lock of `owner` that keeps `wanted` from being set; NULL if there is none. */
const struct file_lock *locks_conflict(const struct node *node, const struct file_lock *wanted);

/*
 * Sets a lock, or with FS_LOCK_NONE takes the range out of what the owner has. ERR_WOULD_BLOCK, ERR_FULL, ERR_NO_MEMORY. Those
 * who wait are asked again.
 */
status_t locks_set(struct node *node, const struct file_lock *wanted) __attribute__((warn_unused_result));

/*
 * Saves the call until the lock can be set, and then answers it; the request's answer is taken over. ERR_DEADLOCK, ERR_FULL, or
 * why the call can not be saved.
 */
status_t locks_wait(struct request *request, struct node *node, const struct file_lock *wanted)
        __attribute__((warn_unused_result));

/* Everything of an owner in a file goes; calls of it that wait there answer ERR_INTERRUPTED. */
void locks_release(struct node *node, const struct lock_owner *owner);

/* Frees the locks of a node that nobody uses any more. */
void locks_free(struct node *node);

/* In a further life: those who wait can be interrupted again. */
void locks_resume(void);
