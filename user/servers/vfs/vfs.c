/*
 * vfs joins file systems to one tree of names.
 *
 * It answers little itself: a call that names a path is looked at, and handed on to the file system that the path lies
 * in, with its caller and the caller's buffer; only offset and length of the path in that buffer are changed, to what is left
 * behind the mount point. The file system answers the caller, and what it opens is used without vfs.
 *
 * What is mounted at a path takes the place of what was mounted there before, so that a starter which has lost its memory can
 * mount its file systems anew. A mount point need not exist in the file system that it covers. The few directories above mount
 * points are vfs's own to open and list (listing.c). Mount tables, and who may change them, are in tables.c.
 *
 * All of this outlives the process (user/lib/state.h): mount tables, directories that are open here, and the calls that were received. One
 * that was handed on is the file system's.
 *
 * Between the look here and its use there the caller may have changed the path; so the file system checks it, all of what it is
 * given, and can be led nowhere but to another of its own files.
 */
#include <stdlib.h>

#include "abi/manifest.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/server_fs.h"
#include "user/servers/vfs/vfs.h"

HEARTH_MANIFEST("name vfs\n"
                "import log\n"
                "export vfs\n"
                "restart never\n");

#define OBJECTS 16384u
#define CLIENT_OBJECTS 1024u

struct mounts *vfs_mounts;

static void close_object(struct server *server, void *object)
{
	(void)server;
	struct table_object *table = object;
	if (table->kind == OBJECT_LISTING) {
		listing_close(object);
		return;
	}
	tables_close(table);
}

#define HAS(name, handle) FS_ROW(SERVER_ANYBODY, name, handle)
#define BARE(name, handle) FS_ROW_BARE(SERVER_ANYBODY, name, handle)

static const struct server_operation operations[] = {
        HAS(open, names_open),
        HAS(stat, names_stat),
        HAS(readlink, names_readlink),
        HAS(unlink, names_unlink),
        HAS(mkdir, names_make),
        HAS(mknod, names_make),
        HAS(symlink, names_make),
        HAS(link, names_two),
        HAS(rename, names_two),
        BARE(set_attributes, names_plain),
        HAS(statfs, names_plain),
        HAS(program, names_program),
#define NAME_OP(label, operation, audience, needs, readable, writable) \
	{label, #operation, tables_##operation, SERVER_##audience, needs, readable, writable},
#include "abi/proto/name.def"
#undef NAME_OP
        HAS(readdir, listing_readdir),
        HAS(seek, listing_seek),
        HAS(fstat, listing_fstat),
        BARE(read, listing_other),
        BARE(pread, listing_other),
        BARE(write, listing_other),
        BARE(pwrite, listing_other),
        BARE(map, listing_other),
        BARE(truncate, listing_other),
        BARE(sync, listing_other),
        BARE(watch, listing_other),
        BARE(fset_attributes, listing_other),
        BARE(fstatfs, listing_other),
        BARE(allocate, listing_other),
        BARE(lock, listing_other),
        BARE(available, listing_other),
};

static bool check_object(struct server *server, uint64_t stamp, void *object)
{
	const struct table_object *table = object;
	(void)server;
	if (stamp < SERVER_STAMP_FIRST || !state_holds(object, sizeof table->kind))
		return false;
	if (table->kind == OBJECT_LISTING)
		return listing_check(object);
	tables_note();
	return table->kind == OBJECT_TABLE && state_holds(table, sizeof *table) && mounts_check(&table->mounts, true);
}

static bool check_state(struct server *server)
{
	tables_forget();
	return mounts_check(server->root, true) && server_check_objects(server, check_object);
}

static const struct server_state state = {.version = 2, .size = sizeof(struct mounts), .check = check_state};

static struct server server = {
        .name = "vfs",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
        .objects = OBJECTS,
        .client_objects = CLIENT_OBJECTS,
        .close_object = close_object,
        .state = &state,
};

/* Names are there as soon as vfs is, and again should its state be lost: the first file system is granted to it. */
static void mount_first(void)
{
	static const char *const paths[] = {"/", "/scheme/initfs"};
	handle_t granted = grant_find("initfs"), file_system, replaced;
	if (vfs_mounts->count || !granted)
		return;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		status_t status = sys_handle_duplicate(granted, RIGHTS_ALL, &file_system);
		if (!status)
			status = mounts_set(vfs_mounts, paths[i], file_system, &replaced);
		if (status)
			log_error("cannot mount %s: %s", paths[i], error_text(status));
		else
			log_info("mounted %s", paths[i]);
	}
}

int main(void)
{
	handle_t receiver = grant_find("export.vfs");
	status_t status = receiver ? server_begin(&server, receiver) : ERR_BAD_HANDLE;
	if (!status) {
		vfs_mounts = server.root;
		listing_begin();
		mount_first();
		status = server_run(&server);
	}
	log_error("vfs: cannot serve its receiver \"export.vfs\": %s", error_text(status));
	return EXIT_FAILURE;
}
