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

/* The process has other names from now on. */
void leases_forget(struct process *process);

/* In the state of a new process: what its parent knows, or its predecessor there, it does not. */
void leases_reset(struct process *process);
