/* Operations on open files but for reading, writing and locking. */
#include "user/servers/tmpfs/locks.h"
#include "user/servers/tmpfs/tmpfs.h"

#define MAP_RIGHTS (RIGHT_READ | RIGHT_INSPECT | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT)

/* It is of no file any more. */
static void let_go(struct open_file *file)
{
	struct node *node = file->node;
	if (file->has_locks)
		locks_release(node, &(struct lock_owner){file, 0});
	file->has_locks = false;
	file->node = NULL;
	node_drop(node);
}

void files_close(struct open_file *file)
{
	if (file->node)
		let_go(file);
	state_free(file);
}

status_t files_rest(struct request *request)
{
	struct open_file *file = file_of(request);
	if (!file || !file->lease)
		return ERR_NOT_SUPPORTED;
	let_go(file);
	return ERR_OK;
}

static uint64_t size_of(const struct node *node)
{
	switch (node->kind) {
	case FS_KIND_FILE: return node->content.size;
	case FS_KIND_DIRECTORY: return node->directory.count * 32ull;
	case FS_KIND_SYMLINK: return node->target.length;
	}
	return 0;
}

STATE_QUIET void tmpfs_fill_stat(struct node *node, struct fs_stat *out)
{
	uint64_t pages = node->kind == FS_KIND_FILE ? content_pages(&node->content, &node->volume->space) : 0;
	*out = (struct fs_stat){
	        .file_system = node->volume->number,
	        .file = node->number,
	        .kind = node->kind,
	        .mode = node->mode,
	        .links = node->links,
	        .block_size = CONTENT_PAGE,
	        .size = size_of(node),
	        .blocks = pages * (CONTENT_PAGE / 512),
	        .uid = node->uid,
	        .gid = node->gid,
	        .access_seconds = node->access.seconds,
	        .modify_seconds = node->modify.seconds,
	        .change_seconds = node->change.seconds,
	        .access_ns = node->access.ns,
	        .modify_ns = node->modify.ns,
	        .change_ns = node->change.ns,
	        .device = node_is_device(node) ? node->device : 0,
	};
}

void tmpfs_fill_info(const struct volume *volume, struct fs_info *out)
{
	uint64_t free_pages = volume->space.max - volume->space.used, pool = content_pool_free();
	*out = (struct fs_info){
	        .file_system = volume->number,
	        .block_size = CONTENT_PAGE,
	        .blocks = volume->space.max,
	        .blocks_free = free_pages < pool ? free_pages : pool,
	        .files = volume->nodes_max,
	        .files_free = volume->nodes_max - volume->nodes,
	        .name_max = FS_NAME_MAX,
	        .type = "tmpfs",
	};
}

static void set_time(struct node_time *time, int64_t seconds, uint32_t ns)
{
	*time = (struct node_time){seconds, ns};
}

status_t tmpfs_set_attributes(struct node *node, uint32_t mask, const struct fs_attributes *attributes)
{
	if ((mask & ~FS_SET_ALL) || attributes->access_ns > 999999999 || attributes->modify_ns > 999999999)
		return ERR_BAD_ARGUMENT;
	if (mask & FS_SET_SIZE) {
		if (node->kind == FS_KIND_DIRECTORY)
			return ERR_IS_DIRECTORY;
		if (node->kind != FS_KIND_FILE)
			return ERR_BAD_ARGUMENT;
		status_t status = content_truncate(&node->content, &node->volume->space, attributes->size);
		if (status)
			return status;
		node_touch_modified(node);
	}
	node_touch_changed(node);
	if (mask & FS_SET_MODE)
		node->mode = attributes->mode & 07777;
	if (mask & FS_SET_USER)
		node->uid = attributes->uid;
	if (mask & FS_SET_GROUP)
		node->gid = attributes->gid;
	if (mask & FS_SET_ACCESS_NOW)
		node->access = node->change;
	else if (mask & FS_SET_ACCESS_TIME)
		set_time(&node->access, attributes->access_seconds, attributes->access_ns);
	if (mask & FS_SET_MODIFY_NOW)
		node->modify = node->change;
	else if (mask & FS_SET_MODIFY_TIME)
		set_time(&node->modify, attributes->modify_seconds, attributes->modify_ns);
	return ERR_OK;
}

status_t files_set_attributes(struct request *request)
{
	struct open_file *file = file_of(request);
	struct fs_attributes attributes;
	if (!file)
		return ERR_NOT_SUPPORTED;
	if (request->word[0] & ~(uint64_t)FS_SET_ALL)
		return ERR_BAD_ARGUMENT;
	if ((request->word[0] & FS_SET_SIZE) && !(file->flags & OPEN_WRITE))
		return ERR_DENIED;
	status_t status = request_read(request, 0, &attributes, sizeof attributes);
	return status ? status : tmpfs_set_attributes(file->node, (uint32_t)request->word[0], &attributes);
}

status_t files_fstat(struct request *request)
{
	struct open_file *file = file_of(request);
	struct fs_stat stat;
	if (!file)
		return ERR_NOT_SUPPORTED;
	tmpfs_fill_stat(file->node, &stat);
	return request_write(request, 0, &stat, sizeof stat);
}

status_t files_statfs(struct request *request)
{
	struct open_file *file = file_of(request);
	struct fs_info info;
	if (!file)
		return ERR_NOT_SUPPORTED;
	tmpfs_fill_info(file->node->volume, &info);
	return request_write(request, 0, &info, sizeof info);
}

status_t files_seek(struct request *request)
{
	struct open_file *file = file_of(request);
	int64_t position, base;
	if (!file)
		return ERR_NOT_SUPPORTED;
	switch (request->word[1]) {
	case FS_SEEK_SET: base = 0; break;
	case FS_SEEK_CURRENT: base = (int64_t)file->position; break;
	case FS_SEEK_END:
		base = file->node->kind == FS_KIND_DIRECTORY ? (int64_t)file->node->directory.next_position
		                                             : (int64_t)size_of(file->node);
		break;
	default: return ERR_BAD_ARGUMENT;
	}
	if (__builtin_add_overflow(base, (int64_t)request->word[0], &position) || position < 0)
		return ERR_BAD_ARGUMENT;
	file->position = (uint64_t)position;
	request->answer.word[0] = file->position;
	return ERR_OK;
}

/* Appends an entry to `to`, which has room for `room` bytes; 0 if it does not fit. */
static uint32_t put_entry(char *to, uint64_t room, const struct entry *from)
{
	size_t size = (sizeof(struct fs_entry) + from->length + 1u + 7) / 8 * 8;
	if (size > room)
		return 0;
	struct fs_entry *entry = (struct fs_entry *)(void *)to;
	memset(to + size - 8, 0, 8);
	*entry = (struct fs_entry){from->node->number, from->node->kind, (uint16_t)size, from->length, from->position + 1};
	memcpy(entry->name, from->name, from->length);
	entry->name[from->length] = 0;
	return (uint32_t)size;
}

/* As many entries as fit into the caller's buffer and ours. */
status_t files_readdir(struct request *request)
{
	static _Alignas(8) char entries[16384];
	struct open_file *file = file_of(request);
	if (!file)
		return ERR_NOT_SUPPORTED;
	if (file->node->kind != FS_KIND_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	if (!(file->flags & OPEN_READ))
		return ERR_DENIED;
	uint64_t room = request->writable < sizeof entries ? request->writable : sizeof entries;
	uint64_t bytes = 0, position = file->position;
	uint32_t size;
	const struct entry *entry;
	while ((entry = directory_at(&file->node->directory, position)) &&
	        (size = put_entry(entries + bytes, room - bytes, entry))) {
		bytes += size;
		position = entry->position + 1;
	}
	if (entry && !bytes)
		return ERR_TOO_LARGE;
	status_t status = request_write(request, 0, entries, bytes);
	if (status)
		return status;
	file->position = position;
	node_touch_accessed(file->node);
	request->answer.word[0] = bytes;
	return ERR_OK;
}

status_t files_answer_frame(struct request *request, struct node *node, uint32_t flags)
{
	handle_t frame, copy;
	if (node->kind != FS_KIND_FILE)
		return node->kind == FS_KIND_DIRECTORY ? ERR_IS_DIRECTORY : ERR_NOT_SUPPORTED;
	bool writable = flags & OPEN_WRITE;
	uint32_t rights = MAP_RIGHTS | (writable ? RIGHT_WRITE : 0) | (flags & OPEN_EXECUTE ? RIGHT_EXECUTE : 0);
	status_t status = content_map(&node->content, &node->volume->space, writable, &frame);
	if (!status)
		status = sys_handle_duplicate(frame, rights, &copy);
	if (status)
		return status;
	if (writable)
		node_touch_modified(node); /* nobody tells when a mapping is written to */
	answer_add_handle(&request->answer, copy, rights);
	request->answer.word[0] = 0;
	request->answer.word[1] = node->content.size;
	return ERR_OK;
}

status_t files_map(struct request *request)
{
	struct open_file *file = file_of(request);
	if (!file)
		return ERR_NOT_SUPPORTED;
	return file->flags & (OPEN_READ | OPEN_EXECUTE) ? files_answer_frame(request, file->node, file->flags) : ERR_DENIED;
}

status_t files_content(struct request *request)
{
	struct open_file *file = file_of(request);
	handle_t frame, copy;
	if (!file || file->node->kind != FS_KIND_FILE)
		return ERR_NOT_SUPPORTED;
	if (!(file->flags & OPEN_READ))
		return ERR_DENIED;
	status_t status = content_lend(&file->node->content, &frame);
	if (!status)
		status = sys_handle_duplicate(frame, RIGHT_READ | RIGHT_TRANSFER, &copy);
	if (status)
		return status;
	node_touch_accessed(file->node); /* once for all that will be read */
	answer_add_handle(&request->answer, copy, RIGHT_READ);
	request->answer.word[0] = 0;
	request->answer.word[1] = UINT64_MAX;
	return ERR_OK;
}

/* A notify, for no better reason than that it is small: nobody gets the right to signal it or to wait for it. */
status_t files_token(struct request *request)
{
	const uint32_t rights = RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INSPECT;
	struct open_file *file = file_of(request);
	handle_t copy;
	if (!file || (file->node->kind != FS_KIND_FIFO && file->node->kind != FS_KIND_SOCKET))
		return ERR_NOT_SUPPORTED;
	status_t status = ERR_OK;
	if (!file->node->token) {
		status = sys_notify_create(&copy);
		if (!status)
			file->node->token = copy;
	}
	if (!status)
		status = sys_handle_duplicate(file->node->token, rights, &copy);
	if (!status)
		answer_add_handle(&request->answer, copy, rights);
	return status;
}

/* The open file of a call that changes its size. */
static status_t check_writable_file(const struct open_file *file)
{
	if (!file)
		return ERR_NOT_SUPPORTED;
	if (!(file->flags & OPEN_WRITE))
		return ERR_DENIED;
	return file->node->kind == FS_KIND_FILE ? ERR_OK : ERR_BAD_ARGUMENT;
}

status_t files_truncate(struct request *request)
{
	struct open_file *file = file_of(request);
	status_t status = check_writable_file(file);
	if (!status)
		status = content_truncate(&file->node->content, &file->node->volume->space, request->word[0]);
	if (!status)
		node_touch_modified(file->node);
	return status;
}

status_t files_allocate(struct request *request)
{
	struct open_file *file = file_of(request);
	uint64_t start = request->word[0], length = request->word[1], mode = request->word[2];
	status_t status = check_writable_file(file);
	if (status)
		return status;
	struct content *content = &file->node->content;
	struct content_space *space = &file->node->volume->space;
	if (!length || (mode & ~(uint64_t)(FS_ALLOCATE_KEEP_SIZE | FS_ALLOCATE_PUNCH | FS_ALLOCATE_ZERO)))
		return ERR_BAD_ARGUMENT;
	if (start > CONTENT_MAX || length > CONTENT_MAX - start)
		return ERR_FILE_TOO_LARGE;
	if ((mode & FS_ALLOCATE_PUNCH) && (!(mode & FS_ALLOCATE_KEEP_SIZE) || (mode & FS_ALLOCATE_ZERO)))
		return ERR_BAD_ARGUMENT;
	if (!(mode & FS_ALLOCATE_PUNCH))
		status = content_reserve(content, space, start, length);
	if (!status && (mode & (FS_ALLOCATE_PUNCH | FS_ALLOCATE_ZERO)))
		status = content_zero(content, space, start, length);
	if (!status && !(mode & FS_ALLOCATE_KEEP_SIZE) && start + length > content->size)
		status = content_truncate(content, space, start + length);
	if (!status)
		node_touch_modified(file->node);
	return status;
}

/* There is nothing that would have to go anywhere. */
status_t files_sync(struct request *request)
{
	return file_of(request) ? ERR_OK : ERR_NOT_SUPPORTED;
}

/* A file is always ready, so there is never anything to signal. */
status_t files_watch(struct request *request)
{
	request->answer.word[0] = request->word[0] & (FS_READY_READ | FS_READY_WRITE);
	return file_of(request) ? ERR_OK : ERR_NOT_SUPPORTED;
}

status_t files_available(struct request *request)
{
	struct open_file *file = file_of(request);
	if (!file || file->node->kind != FS_KIND_FILE)
		return ERR_NOT_SUPPORTED;
	uint64_t size = file->node->content.size;
	request->answer.word[0] = size > file->position ? size - file->position : 0;
	return ERR_OK;
}
