/*
 * Leases: clients that use names of one file system often may ask it directly (NAME_lease), without the way through here.
 *
 * What a client gets is a copy of a lease (user/lib/lease.c) that vfs has taken of the file system, one for all clients of a mount. It
 * conveys no more than a call through vfs would: a file system offers nothing through a lease but operations on names,
 * where the mount begins: of a bound directory nothing above it is reached. Of a mount that others lie below there is none, because
 * names that they cover could be asked for by it. A client can neither pass it on nor leave it to others.
 *
 * Before a mount table changes, the lease of the mount that is replaced, taken away or gets another one below it is ended at its file system, by
 * a call: when the change is answered, no client is served by the old table, and each comes back here with its next call. A file system
 * that does not answer in time serves nobody; its lease ends when the closing of the keeper reaches it.
 *
 * vfs asks only file systems that it was given by those who may change the table that all share: others could let it wait. And none is
 * asked for a name that is a mount point, for which no lease serves.
 *
 * A file system that was started anew without its state knows its leases no more; so each is looked at before it is given once more.
 */
#include "abi/proto/protocols.h"
#include "user/lib/deadline.h"
#include "user/lib/fs.h"
#include "user/lib/fs_call.h"
#include "user/servers/vfs/vfs.h"

#define LEASE_RIGHTS RIGHT_SEND

static void drop(struct mount *mount)
{
	if (!mount->lease)
		return;
	state_close(mount->lease);
	state_close(mount->keeper);
	mount->lease = mount->keeper = HANDLE_NONE;
}

/* Of a mount without one. Who does not know leases, or is late, is not asked again. */
static status_t take(struct mount *mount)
{
	handle_t lease, keeper;
	status_t status = fs_lease(mount->file_system, deadline_in_ms(VFS_PATIENCE_MS), &lease, &keeper);
	if (status == ERR_BAD_CALL || status == ERR_NOT_SUPPORTED || status == ERR_TIMED_OUT)
		mount->no_lease = true;
	if (status)
		return status;
	status = vfs_check_sender(lease);
	if (!status)
		status = vfs_check_sender(keeper);
	if (status) {
		sys_handle_close(lease);
		sys_handle_close(keeper);
		mount->no_lease = true;
		return status;
	}
	mount->lease = lease;
	mount->keeper = keeper;
	return ERR_OK;
}

/* Any call that is answered will do. */
static status_t look(struct mount *mount)
{
	struct message message = {PROTOCOL_version, 0, {PROTOCOL_OF(FS_open)}};
	fs_call_begin(deadline_in_ms(VFS_PATIENCE_MS));
	status_t status = fs_call_run(mount->lease, &message, NULL);
	if (status == ERR_TIMED_OUT)
		mount->no_lease = true;
	return status;
}

static status_t see_to(struct mount *mount)
{
	status_t status = ERR_NOT_SUPPORTED;
	if (mount->no_lease)
		return status;
	if (mount->lease) {
		status = look(mount);
		if (!status)
			return ERR_OK;
		drop(mount);
	}
	return mount->no_lease ? status : take(mount);
}

status_t tables_lease(struct request *request)
{
	struct vfs_path path;
	struct mount_place place;
	handle_t lease;
	status_t status = vfs_find(request, 0, &path, &place);
	if (status)
		return status;
	struct mounts *mounts = vfs_table(request);
	if (mounts != vfs_mounts || place.exact)
		return ERR_NOT_SUPPORTED;
	struct mount *mount = &mounts->mount[place.mount - mounts->mount];
	if (mounts_have_below(mounts, mount))
		return ERR_NOT_SUPPORTED;
	status = see_to(mount);
	if (!status)
		status = sys_handle_duplicate(mount->lease, LEASE_RIGHTS | RIGHT_TRANSFER, &lease);
	if (status)
		return status;
	answer_add_handle(&request->answer, lease, LEASE_RIGHTS);
	request->answer.word[0] = mount->length;
	return ERR_OK;
}

void leases_end(struct mounts *mounts, const char *path)
{
	struct mount *mount = mounts_leased(mounts, path);
	if (!mount)
		return;
	status_t ended = fs_end_lease(mount->keeper, deadline_in_ms(VFS_PATIENCE_MS));
	(void)ended; /* what is closed now ends it too, if it has not ended */
	drop(mount);
}
