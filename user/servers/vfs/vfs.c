/*
 * vfs joins file systems to one tree of names.
 *
 * It answers little itself: a call that names a path is read, checked, and handed on to the file system that the path lies
 * in, with its caller and the caller's buffer; only offset and length of the path in that buffer are changed, to what is left
 * behind the mount point. The file system answers the caller, and what it opens is used without vfs.
 *
 * Only the sender stamped VFS_ADMIN may mount. What is mounted at a path takes the place of what was mounted there before, so
 * that a starter which has lost its memory can mount its file systems anew. A mount point need not exist in the file system
 * that it covers, and nothing is asked of that one: a listing shows what the file system has there.
 *
 * Between the check here and its use there the caller may have changed its buffer; so the file system checks again, and can be
 * led nowhere but to another of its own files.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/manifest.h"
#include "abi/proto/fs.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/server.h"
#include "user/servers/vfs/mounts.h"

HEARTH_MANIFEST("name vfs\n"
                "import log\n"
                "export vfs\n"
                "restart never\n");

static struct mounts mounts;

/* open, stat, readlink: words 0 and 1 are the path's offset and length, the others are the file system's business. */
static status_t handle_path(struct request *request)
{
	char path[FS_PATH_MAX];
	handle_t file_system;
	size_t skip;
	uint64_t word[MESSAGE_WORDS];
	status_t status = request_read_path(request, request->word[0], request->word[1], path);
	if (status)
		return status;
	if (!*path)
		return ERR_NOT_FOUND;
	status = mounts_find(&mounts, path, &file_system, &skip);
	if (status)
		return status;
	memcpy(word, request->word, sizeof word);
	word[0] += skip;
	word[1] -= skip;
	return request_forward(request, file_system, word);
}

/* Something that calls can be made to, and not any handle whatever. */
static status_t check_file_system(handle_t handle)
{
	uint32_t type, rights;
	uint64_t object;
	status_t status = sys_handle_info(handle, &type, &rights, &object);
	if (status)
		return status;
	if (type != OBJECT_SENDER)
		return ERR_WRONG_TYPE;
	return rights & RIGHT_SEND ? ERR_OK : ERR_NO_RIGHT;
}

static status_t handle_mount(struct request *request)
{
	char path[FS_PATH_MAX];
	handle_t replaced;
	if (request->stamp != VFS_ADMIN)
		return ERR_NO_RIGHT;
	status_t status = request_read_path(request, request->word[0], request->word[1], path);
	if (!status && !*path)
		status = ERR_BAD_ARGUMENT;
	if (!status)
		status = check_file_system(request->handles[0]);
	if (!status)
		status = mounts_set(&mounts, path, request->handles[0], &replaced);
	if (status)
		return status;
	request_take_handle(request, 0);
	if (replaced)
		sys_handle_close(replaced);
	log_info("mounted %s", path);
	return ERR_OK;
}

static const struct server_operation operations[] = {
        {.label = FS_open, .name = "open", .handle = handle_path},
        {.label = FS_stat, .name = "stat", .handle = handle_path, .writable = sizeof(struct fs_stat)},
        {.label = FS_readlink, .name = "readlink", .handle = handle_path, .writable = 1},
        {.label = FS_mount, .name = "mount", .handle = handle_mount, .handles = 1},
};

static struct server server = {
        .name = "vfs",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
};

int main(void)
{
	handle_t receiver = grant_find("export.vfs");
	status_t status = receiver ? server_begin(&server, receiver) : ERR_BAD_HANDLE;
	if (!status)
		status = server_run(&server);
	log_error("vfs: cannot serve its receiver \"export.vfs\": %s", error_text(status));
	return EXIT_FAILURE;
}
