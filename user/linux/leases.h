/*
 * File systems that this process asks directly, instead of through vfs: leases (NAME_lease of abi/proto/name.def).
 *
 * A process learns one when it has asked vfs for some names, for the mount point that the last of them was below, and then asks for what
 * lies strictly below that mount point there. The lease answers DEAD once the mount table has changed so that this would be wrong, or the
 * file system was started anew; then it is forgotten, and vfs asked. Copies and borrowers of the process, and the next program in it, begin
 * without any: most of them end or are replaced before it would pay.
 */
#pragma once

#include "user/linux/remote.h"
#include "user/linux/state.h"

/* The lease to ask by for this path, NULL: vfs. Each needs a leases_put. */
struct lease *leases_take(const struct path *path);

/* After a call by it, which was answered so; true: it is no more, and vfs is to be asked. */
bool leases_put(struct lease *lease, status_t status);

/* An open file that rests, for FS_reopen; HANDLE_NONE: there is none. And one for it, which is taken over. The lease is being used. */
handle_t leases_take_resting(struct lease *lease);
void leases_put_resting(struct lease *lease, handle_t file);

/* Closes an open file that nobody else can have. With the lease that it was opened by, its sender serves for the next one. */
void leases_close(handle_t file, uint16_t serial);

/* Open files of the process are to be another process's too: so their senders are not used again. descriptors_lock is held. */
void leases_share_locked(struct process *process);

/* The process has other names from now on. */
void leases_forget(struct process *process);

/* In the state of a new process: what its parent knows, or its predecessor there, it does not. */
void leases_reset(struct process *process);
