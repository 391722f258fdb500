/*
 * initfsd serves the files of the initial file system: those of an archive that the loader has brought into memory.
 *
 * It decompresses the archive once, reads its members into a tree, and answers from there; nothing is ever written. A file is
 * a part of the archive's frame, and `map` hands out that frame, so that programs run from the very pages. Whoever may open
 * one file can therefore read all of the archive: initfs holds no secrets. The rights in the handle keep it from being written,
 * and from being executed by who has not opened for that.
 *
 * The archive is foreign input to this process alone, which has no authority but its log and its clients' calls. What is wrong
 * with it ends initfsd with a sentence on the log.
 */
#include "user/servers/initfsd/initfsd.h"

#include <stdlib.h>
#include <string.h>

#include "abi/proto/fs.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/server_fs.h"
#include "user/servers/initfsd/archive.h"
#include "user/servers/initfsd/children.h"
#include "user/servers/initfsd/tree.h"

#define OPEN_FILES_MAX 16384
#define OPEN_FILES_CLIENT_MAX 1024

/* RIGHT_INHERIT and RIGHT_TRANSFER: programs are started from the frame. */
#define MAP_RIGHTS (RIGHT_READ | RIGHT_INSPECT | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT)
#define OPEN_KNOWN \
	(OPEN_READ | OPEN_WRITE | OPEN_CREATE | OPEN_EXCLUSIVE | OPEN_TRUNCATE | OPEN_APPEND | OPEN_DIRECTORY | \
	        OPEN_NO_FOLLOW | OPEN_EXECUTE | OPEN_NONBLOCK)

struct open_file {
	const struct tree_node *node;
	uint32_t number;   /* of the node */
	uint32_t flags;    /* OPEN_* */
	uint64_t position; /* in bytes */
	struct listing listing;
};

static struct archive archive;
static struct tree tree;

static struct open_file *file_of(const struct request *request)
{
	return request->object;
}

/* Reads the path of a request, which begins at an open directory or the root, and finds its node. */
static status_t find(struct request *request, bool follow, uint32_t *out_node)
{
	char path[FS_PATH_MAX];
	uint32_t base = request->object ? file_of(request)->number : TREE_ROOT;
	status_t status = request_read_path(request, request->word[0], request->word[1], path);
	if (!status)
		status = tree_find(&tree, base, path, follow, out_node, &request->answer.word[0]);
	request->answer.word[1] = 0;
	return status;
}

/* Whether what was found may be opened so: everything that would change the file system is refused. */
static status_t check_open(const struct tree_node *node, uint32_t flags)
{
	if ((flags & OPEN_CREATE) && (flags & OPEN_EXCLUSIVE))
		return ERR_EXISTS;
	if (node->kind == FS_KIND_SYMLINK)
		return ERR_LINK_LOOP;
	if ((flags & OPEN_DIRECTORY) && node->kind != FS_KIND_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	if ((flags & (OPEN_WRITE | OPEN_TRUNCATE | OPEN_CREATE)) && node->kind == FS_KIND_DIRECTORY)
		return ERR_IS_DIRECTORY;
	return flags & (OPEN_WRITE | OPEN_TRUNCATE) ? ERR_READ_ONLY : ERR_OK;
}

/* A name that is not there can not be made in a folder that is, and is not found in one that is not. */
static status_t refuse_new(struct request *request)
{
	char path[FS_PATH_MAX];
	uint32_t base = request->object ? file_of(request)->number : TREE_ROOT, folder;
	uint64_t rest;
	status_t status = request_read_path(request, request->word[0], request->word[1], path);
	if (status)
		return status;
	char *last = strrchr(path, '/');
	if (!last)
		return ERR_READ_ONLY;
	*last = 0;
	return tree_find(&tree, base, path, true, &folder, &rest) ? ERR_NOT_FOUND : ERR_READ_ONLY;
}

static status_t handle_open(struct request *request)
{
	uint32_t flags = (uint32_t)request->word[2], number;
	if (request->word[2] & ~(uint64_t)OPEN_KNOWN)
		return ERR_BAD_ARGUMENT;
	/* With both, POSIX does not follow a last link: its name is taken. */
	bool follow = !(flags & OPEN_NO_FOLLOW) && !((flags & OPEN_CREATE) && (flags & OPEN_EXCLUSIVE));
	status_t status = find(request, follow, &number);
	if (status == ERR_NOT_FOUND && (flags & OPEN_CREATE))
		return refuse_new(request);
	if (!status)
		status = check_open(&tree.nodes[number], flags);
	if (status)
		return status;
	struct open_file *file = malloc(sizeof *file);
	if (!file)
		return ERR_NO_MEMORY;
	*file = (struct open_file){.node = &tree.nodes[number], .number = number, .flags = flags};
	children_seek(&tree, file->node, 0, &file->listing);
	status = server_open(request, file);
	if (status) {
		free(file);
		return status;
	}
	request->answer.word[0] = file->node->kind;
	request->answer.word[1] = file->node->size;
	return ERR_OK;
}

static void close_file(struct server *server, void *object)
{
	(void)server;
	free(object);
}

static status_t answer_stat(struct request *request, uint32_t number)
{
	const struct tree_node *node = &tree.nodes[number];
	struct fs_stat stat = {
	        /* No two servers that live have the same number of a process. */
	        .file_system = control_block()->process_number,
	        .file = number + 1,
	        .kind = node->kind,
	        .mode = node->kind == FS_KIND_SYMLINK ? 0777 : node->mode,
	        .links = node->kind == FS_KIND_DIRECTORY ? 2 + node->directories : 1,
	        .block_size = TREE_PAGE,
	        .size = node->size,
	        .blocks = (node->size + 511) / 512,
	        .access_seconds = (int64_t)node->modified,
	        .modify_seconds = (int64_t)node->modified,
	        .change_seconds = (int64_t)node->modified,
	};
	return request_write(request, 0, &stat, sizeof stat);
}

static status_t handle_stat(struct request *request)
{
	uint32_t number;
	status_t status = find(request, request->word[2] != 0, &number);
	return status ? status : answer_stat(request, number);
}

static status_t handle_fstat(struct request *request)
{
	return answer_stat(request, file_of(request)->number);
}

static status_t handle_readlink(struct request *request)
{
	uint32_t number;
	status_t status = find(request, false, &number);
	if (status)
		return status;
	const struct tree_node *node = &tree.nodes[number];
	if (node->kind != FS_KIND_SYMLINK)
		return ERR_NO_LINK;
	if (node->size > request->writable)
		return ERR_TOO_LARGE;
	request->answer.word[0] = node->size;
	return request_write(request, 0, node->link, node->size);
}

/* Answers with at most `length` bytes from `position`. */
static status_t read_at(struct request *request, uint64_t length, uint64_t position)
{
	const struct open_file *file = file_of(request);
	if (!(file->flags & OPEN_READ))
		return ERR_DENIED;
	if (file->node->kind == FS_KIND_DIRECTORY)
		return ERR_IS_DIRECTORY;
	if (length > request->writable)
		return ERR_BAD_ARGUMENT;
	if (position >= file->node->size)
		return ERR_OK;
	if (length > file->node->size - position)
		length = file->node->size - position;
	request->answer.word[0] = length;
	return request_write(request, 0, archive.bytes + file->node->offset + position, length);
}

static status_t handle_read(struct request *request)
{
	struct open_file *file = file_of(request);
	status_t status = read_at(request, request->word[0], file->position);
	if (!status)
		file->position += request->answer.word[0];
	return status;
}

static status_t handle_pread(struct request *request)
{
	return read_at(request, request->word[0], request->word[1]);
}

static status_t handle_seek(struct request *request)
{
	struct open_file *file = file_of(request);
	bool directory = file->node->kind == FS_KIND_DIRECTORY;
	int64_t position, base;
	switch (request->word[1]) {
	case FS_SEEK_SET: base = 0; break;
	case FS_SEEK_CURRENT: base = (int64_t)(directory ? file->listing.place : file->position); break;
	case FS_SEEK_END: base = (int64_t)file->node->size; break;
	default: return ERR_BAD_ARGUMENT;
	}
	if (__builtin_add_overflow(base, (int64_t)request->word[0], &position) || position < 0)
		return ERR_BAD_ARGUMENT;
	if (directory)
		children_seek(&tree, file->node, (uint64_t)position, &file->listing);
	else
		file->position = (uint64_t)position;
	request->answer.word[0] = directory ? file->listing.place : file->position;
	return ERR_OK;
}

static status_t handle_readdir(struct request *request)
{
	struct open_file *file = file_of(request);

	return file->node->kind == FS_KIND_DIRECTORY ? children_answer(&tree, &file->listing, request) : ERR_NOT_DIRECTORY;
}

/*
 * The frame that a file is in, and where. Archives of initfs_pack have every file at a page; of one that another program has
 * packed, files are copied into frames of their own when they are mapped for the first time.
 */
static status_t find_frame(uint32_t number, handle_t *out_frame, uint64_t *out_offset)
{
	struct tree_node *node = &tree.nodes[number];
	if (node->mappable) {
		*out_frame = archive.frame;
		*out_offset = node->size ? node->offset : 0;
		return ERR_OK;
	}
	if (!node->copy) {
		status_t status = archive_copy(&archive, node->offset, node->size, &node->copy);
		if (status)
			return status;
	}
	*out_frame = node->copy;
	*out_offset = 0;
	return ERR_OK;
}

/* The copy needs a right more than the client gets, to be sent. */
static status_t answer_frame(struct request *request, uint32_t number, uint32_t rights)
{
	handle_t frame, copy;
	uint64_t offset;
	if (tree.nodes[number].kind == FS_KIND_DIRECTORY)
		return ERR_IS_DIRECTORY;
	status_t status = find_frame(number, &frame, &offset);
	if (!status)
		status = sys_handle_duplicate(frame, rights | RIGHT_TRANSFER, &copy);
	if (status)
		return status;
	answer_add_handle(&request->answer, copy, rights);
	request->answer.word[0] = offset;
	request->answer.word[1] = tree.nodes[number].size;
	return ERR_OK;
}

static status_t handle_map(struct request *request)
{
	const struct open_file *file = file_of(request);
	if (!(file->flags & (OPEN_READ | OPEN_EXECUTE)))
		return ERR_DENIED;
	return answer_frame(request, file->number, MAP_RIGHTS | (file->flags & OPEN_EXECUTE ? RIGHT_EXECUTE : 0));
}

/* What a file contains never changes. */
static status_t handle_content(struct request *request)
{
	const struct open_file *file = file_of(request);
	return file->flags & OPEN_READ ? answer_frame(request, file->number, RIGHT_READ) : ERR_DENIED;
}

static status_t handle_program(struct request *request)
{
	uint32_t number;
	status_t status = find(request, request->word[2] != 0, &number);
	if (!status)
		status = check_open(&tree.nodes[number], OPEN_READ | OPEN_EXECUTE);
	if (!status)
		status = answer_frame(request, number, MAP_RIGHTS | RIGHT_EXECUTE);
	if (!status)
		request->answer.word[2] = tree.nodes[number].mode;
	return status;
}

static status_t handle_change(struct request *request)
{
	return file_of(request)->flags & OPEN_WRITE ? ERR_READ_ONLY : ERR_DENIED;
}

/* Operations on names that would change something. */
static status_t handle_change_name(struct request *request)
{
	(void)request;
	return ERR_READ_ONLY;
}

static status_t answer_info(struct request *request)
{
	struct fs_info info = {
	        .file_system = control_block()->process_number,
	        .block_size = TREE_PAGE,
	        .blocks = (archive.size + TREE_PAGE - 1) / TREE_PAGE,
	        .files = tree.count,
	        .name_max = FS_NAME_MAX,
	        .flags = FS_INFO_READ_ONLY,
	        .type = "initfs",
	};
	return request_write(request, 0, &info, sizeof info);
}

static status_t handle_statfs(struct request *request)
{
	uint32_t number;
	status_t status = find(request, true, &number);
	return status ? status : answer_info(request);
}

static status_t handle_sync(struct request *request)
{
	(void)request;
	return ERR_OK;
}

/* A file is always ready, so there is never anything to signal. */
static status_t handle_watch(struct request *request)
{
	request->answer.word[0] = request->word[0] & (FS_READY_READ | FS_READY_WRITE);
	return ERR_OK;
}

#define HAS(name, handle) FS_ROW(SERVER_NAMES, name, handle)
#define BARE(name, handle) FS_ROW_BARE(SERVER_NAMES, name, handle)

static const struct server_operation operations[] = {
        HAS(open, handle_open),
        HAS(stat, handle_stat),
        HAS(readlink, handle_readlink),
        HAS(statfs, handle_statfs),
        HAS(program, handle_program),
        BARE(unlink, handle_change_name),
        BARE(mkdir, handle_change_name),
        BARE(symlink, handle_change_name),
        BARE(link, handle_change_name),
        BARE(rename, handle_change_name),
        BARE(set_attributes, handle_change_name),
        BARE(mknod, handle_change_name),
        HAS(lease, server_lease),
        HAS(read, handle_read),
        HAS(pread, handle_pread),
        BARE(write, handle_change),
        BARE(pwrite, handle_change),
        HAS(seek, handle_seek),
        HAS(fstat, handle_fstat),
        HAS(readdir, handle_readdir),
        HAS(map, handle_map),
        HAS(content, handle_content),
        BARE(truncate, handle_change),
        BARE(fset_attributes, handle_change_name),
        HAS(fstatfs, answer_info),
        HAS(sync, handle_sync),
        HAS(watch, handle_watch),
};

static struct server server = {
        .name = "initfs",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
        .objects = OPEN_FILES_MAX,
        .client_objects = OPEN_FILES_CLIENT_MAX,
        .close_object = close_file,
};

/* Argument 1 of the start block: the length of the compressed archive; 0 if there is none. */
static uint64_t announced_length(const struct start_block *block)
{
	if (!block || block->argument_count < 2)
		return 0;
	const char *first = (const char *)block + block->arguments;
	return strtoull(first + strlen(first) + 1, NULL, 10);
}

/* Unpacks and indexes; on an error a sentence is on the log. */
static status_t prepare(void)
{
	static struct archive_fault archive_fault;
	static struct tree_fault tree_fault;
	handle_t compressed = grant_find("initfs");
	uint64_t length = announced_length(grants_block());

	if (!compressed || !length) {
		log_error("initfsd: cannot begin: the starter has not granted \"initfs\" or has not said its length");
		return ERR_BAD_ARGUMENT;
	}
	status_t status = archive_unpack(compressed, length, &archive, &archive_fault);
	if (status) {
		log_error("initfsd: cannot unpack initfs.tar.zst: %s. Build it again and copy it to the boot volume",
		        archive_fault.text);
		return status;
	}
	sys_handle_close(compressed);
	status = tree_build(&tree, archive.bytes, archive.size, &tree_fault);
	if (status) {
		log_error("initfsd: cannot read the archive in initfs.tar.zst: %s. Build it again with initfs_pack",
		        tree_fault.text);
		return status;
	}
	status = archive_seal(&archive);
	if (status)
		log_error("initfsd: cannot make its archive read-only: %s", error_text(status));
	return status;
}

int initfsd_main(void)
{
	handle_t receiver = grant_find("export.initfs");
	status_t status = prepare();
	if (status)
		return EXIT_FAILURE;
	status = receiver ? server_begin(&server, receiver) : ERR_BAD_HANDLE;
	if (!status) {
		log_info("serves %u names in %llu KiB", tree.count - 1, (unsigned long long)archive.size >> 10);
		status = server_run(&server);
	}
	log_error("initfsd: cannot serve its receiver \"export.initfs\": %s", error_text(status));
	return EXIT_FAILURE;
}
