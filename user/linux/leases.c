/*
 * Leases: see leases.h. There is no lock: a lease is used, and its handle stays open, as long as it has users. The table has few
 * places, and the newest lease takes the place of any other if none is free.
 *
 * Asking in vain becomes rarer and rarer, so that a process which uses only names of file systems without leases pays next to nothing.
 */
#include "user/linux/leases.h"

#include <string.h>

#include "abi/proto/name.h"
#include "user/linux/remote_call.h"

#define PATIENCE_LEAST 16u /* names asked of vfs before a lease is asked for */
#define PATIENCE_MOST 4096u

/* One user less. The last one closes; the place may be another's at once. */
static void drop(struct lease *lease)
{
	handle_t handle = lease->handle, resting = HANDLE_NONE;
	if (!__atomic_load_n(&lease->live, __ATOMIC_ACQUIRE))
		resting = leases_take_resting(lease);
	if (!__atomic_sub_fetch(&lease->users, 1, __ATOMIC_ACQ_REL))
		sys_handle_close(handle);
	if (resting)
		sys_handle_close(resting);
}

static void forget(struct lease *lease)
{
	if (__atomic_exchange_n(&lease->live, false, __ATOMIC_ACQ_REL))
		drop(lease);
}

static inline bool matches(const struct lease *lease, const struct path *path)
{
	uint64_t head;
	memcpy(&head, path->text, sizeof head); /* there is room behind any path */
	if ((head ^ lease->head) & lease->mask)
		return false;
	return lease->length < sizeof head || !memcmp(path->text, lease->path, lease->length + 1);
}

/* False: the place is free. */
static bool add_user(struct lease *lease)
{
	uint32_t users = __atomic_load_n(&lease->users, __ATOMIC_RELAXED);
	do {
		if (!users)
			return false;
	} while (!__atomic_compare_exchange_n(&lease->users, &users, users + 1, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return true;
}

/* What matched is another's if it was replaced meanwhile, so it is looked at once more as a user of it. */
static bool hold(struct lease *lease, const struct process *process, const struct path *path)
{
	if (!add_user(lease))
		return false;
	if (lease->live && lease->vfs == process->vfs && (process->thread_count == 1 || matches(lease, path)))
		return true;
	drop(lease);
	return false;
}

static struct lease *find(struct process *process, const struct path *path)
{
	for (struct lease *lease = process->leases; lease < process->leases + LEASES_MAX; lease++)
		if (lease->mask && matches(lease, path) && hold(lease, process, path))
			return lease;
	return NULL;
}

static status_t ask(handle_t vfs, const struct path *path, handle_t *out_handle, uint64_t *out_length)
{
	struct message message = {NAME_lease, 0, {0, path->length}};
	struct message_extras *send = extras_begin();
	if (!remote_set_words(send, path->text, path->length))
		send->readable = (struct message_buffer){(uintptr_t)path->text, path->length};
	status_t status = remote_call(vfs, &message);
	if (status)
		return status;
	*out_handle = remote_take_handle(&message);
	*out_length = message.word[0];
	return *out_handle ? ERR_OK : ERR_BAD_FORMAT;
}

/* A free place, with one user: this thread. */
static struct lease *claim(struct process *process)
{
	for (unsigned i = 0; i < LEASES_MAX; i++) {
		uint32_t none = 0;
		if (__atomic_compare_exchange_n(&process->leases[i].users, &none, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return &process->leases[i];
	}
	return NULL;
}

static void remember(struct process *process, handle_t vfs, const struct path *path, handle_t handle, uint64_t length)
{
	struct lease *lease = claim(process);
	if (!lease) {
		forget(&process->leases[handle % LEASES_MAX]);
		lease = claim(process);
	}
	if (!lease) {
		sys_handle_close(handle);
		return;
	}
	lease->handle = handle;
	lease->vfs = vfs;
	lease->no_rest = false;
	lease->serial = (uint16_t)(__atomic_add_fetch(&process->lease_serial, 2, __ATOMIC_RELAXED) | 1);
	lease->length = (uint32_t)length;
	memcpy(lease->path, path->text, length + 1);
	memcpy(&lease->head, path->text, sizeof lease->head);
	lease->mask = length >= sizeof lease->mask - 1 ? UINT64_MAX : (1ull << (length + 1) * 8) - 1;
	__atomic_store_n(&lease->live, true, __ATOMIC_RELEASE);
	process->leases_known = true;
}

/* Asks for a lease. What vfs says is held to the path: it must be below what the lease is of. */
static __attribute__((noinline)) void learn(struct process *process, const struct path *path)
{
	handle_t handle = HANDLE_NONE, vfs = process->vfs;
	uint64_t length;
	uint32_t patience = process->lease_patience ? process->lease_patience : PATIENCE_LEAST;
	process->paths_asked = 0;
	status_t status = ask(vfs, path, &handle, &length);
	if (!status && (length >= path->length || length + 1 > LEASE_PATH || path->text[length] != '/')) {
		sys_handle_close(handle);
		status = ERR_NOT_SUPPORTED;
	}
	if (!status)
		remember(process, vfs, path, handle, length);
	process->lease_patience = (uint16_t)(!status ? PATIENCE_LEAST : patience < PATIENCE_MOST ? patience * 2 : patience);
}

struct lease *leases_take(const struct path *path)
{
	struct process *process = process_self();
	struct lease *lease = process->leases_known ? find(process, path) : NULL;
	if (lease)
		return lease;
	if (++process->paths_asked < PATIENCE_LEAST || process->paths_asked < process->lease_patience)
		return NULL;
	learn(process, path);
	return process->leases_known ? find(process, path) : NULL;
}

bool leases_put(struct lease *lease, status_t status)
{
	bool gone = status == ERR_DEAD || status == ERR_PEER_CLOSED;
	if (gone)
		forget(lease);
	drop(lease);
	return gone;
}

handle_t leases_take_resting(struct lease *lease)
{
	return lease->resting ? __atomic_exchange_n(&lease->resting, HANDLE_NONE, __ATOMIC_ACQ_REL) : HANDLE_NONE;
}

void leases_put_resting(struct lease *lease, handle_t file)
{
	handle_t other = __atomic_exchange_n(&lease->resting, file, __ATOMIC_ACQ_REL);
	if (other)
		sys_handle_close(other);
}

/* The lease, if it is still this one; it is the caller's to drop then. */
static struct lease *find_serial(struct process *process, uint16_t serial)
{
	for (unsigned i = 0; i < LEASES_MAX; i++) {
		struct lease *lease = &process->leases[i];
		if (lease->serial != serial || !add_user(lease))
			continue;
		if (lease->live && lease->serial == serial)
			return lease;
		drop(lease);
	}
	return NULL;
}

void leases_close(handle_t file, uint16_t serial)
{
	struct lease *lease = find_serial(process_self(), serial);
	status_t status = ERR_NOT_SUPPORTED;
	if (lease && !lease->no_rest && !lease->resting)
		status = remote_plain(file, FS_rest, 0);
	if (status)
		sys_handle_close(file);
	else
		leases_put_resting(lease, file);
	if (lease && status == ERR_BAD_CALL)
		lease->no_rest = true;
	if (lease)
		drop(lease);
}

void leases_share_locked(struct process *process)
{
	for (uint32_t i = 0; process->leases_known && i < process->files_high; i++)
		process->files[i].lease = 0;
}

void leases_forget(struct process *process)
{
	for (unsigned i = 0; i < LEASES_MAX; i++)
		forget(&process->leases[i]);
}

void leases_reset(struct process *process)
{
	if (process->leases_known)
		memset(process->leases, 0, sizeof process->leases);
	process->leases_known = false;
	process->paths_asked = process->lease_patience = 0;
}
