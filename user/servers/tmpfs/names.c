/*
 * Operations on names: a path is walked, then tree.h does the rest. What is written here is no state, but for a piece that was just made:
 * the compiler names nothing (module.mk).
 */
#include "common/path.h"
#include "user/servers/tmpfs/tmpfs.h"
#include "user/servers/tmpfs/tree.h"

#define OPEN_KNOWN \
	(OPEN_READ | OPEN_WRITE | OPEN_CREATE | OPEN_EXCLUSIVE | OPEN_TRUNCATE | OPEN_APPEND | OPEN_DIRECTORY | \
	        OPEN_NO_FOLLOW | OPEN_EXECUTE | OPEN_NONBLOCK)

static char paths[2][FS_PATH_MAX];
static struct place places[2];

/* Where a request's paths begin: at the open directory that it was made on, or at the volume's root. */
static status_t base_of(struct request *request, struct node **out)
{
	if (request->object) {
		struct open_file *file = file_of(request);
		if (!file)
			return ERR_NOT_SUPPORTED;
		*out = file->node;
		return ERR_OK;
	}
	struct volume *volume;
	status_t status = tmpfs_volume(request->stamp, &volume);
	if (!status)
		*out = volume->root;
	return status;
}

/* Says where the client is to go on, should that be the answer. */
static status_t tell(struct request *request, unsigned which, status_t status)
{
	if (status == ERR_REDIRECT) {
		request->answer.word[0] = places[which].left;
		request->answer.word[1] = which;
	}
	return status;
}

/* Path number `which` of the request, and where it leads. */
static status_t find(struct request *request, unsigned which, bool follow, struct place **out)
{
	struct node *base;
	const uint64_t *word = &request->word[2 * which];
	status_t status = base_of(request, &base);
	if (!status)
		status = request_read_path(request, word[0], word[1], paths[which]);
	if (!status)
		status = walk(base, paths[which], follow, &places[which]);
	*out = &places[which];
	return tell(request, which, status);
}

/* The same for something that must be there. */
static status_t find_node(struct request *request, unsigned which, bool follow, struct place **out)
{
	struct node *base;
	const uint64_t *word = &request->word[2 * which];
	status_t status = base_of(request, &base);
	if (!status)
		status = request_read_path(request, word[0], word[1], paths[which]);
	if (!status)
		status = walk_to_node(base, paths[which], follow, &places[which]);
	*out = &places[which];
	return tell(request, which, status);
}

/* Whether what was found may be opened so. */
static status_t check_open(const struct node *node, uint32_t flags)
{
	if ((flags & OPEN_CREATE) && (flags & OPEN_EXCLUSIVE))
		return ERR_EXISTS;
	if ((flags & OPEN_DIRECTORY) && node->kind != FS_KIND_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	if (node->kind == FS_KIND_SYMLINK && (flags & (OPEN_READ | OPEN_WRITE | OPEN_EXECUTE)))
		return ERR_LINK_LOOP;
	if (node->kind == FS_KIND_DIRECTORY && (flags & (OPEN_WRITE | OPEN_TRUNCATE | OPEN_CREATE)))
		return ERR_IS_DIRECTORY;
	return node_is_device(node) && (flags & (OPEN_READ | OPEN_WRITE | OPEN_EXECUTE)) ? ERR_NO_DEVICE : ERR_OK;
}

/* The node that is to be opened, made if that is asked for. */
static status_t find_or_make(struct request *request, uint32_t flags, struct node **out)
{
	/* With both, POSIX does not follow a last link: its name is taken. */
	bool follow = !(flags & OPEN_NO_FOLLOW) && !((flags & OPEN_CREATE) && (flags & OPEN_EXCLUSIVE));
	struct place *place;
	status_t status;
	if (!(flags & OPEN_CREATE)) {
		status = find_node(request, 0, follow, &place);
	} else {
		if (flags & OPEN_DIRECTORY)
			return ERR_BAD_ARGUMENT;
		status = find(request, 0, follow, &place);
		if (!status && !place->node)
			return tree_make(place, FS_KIND_FILE, (uint32_t)request->word[3], out);
	}
	if (!status)
		status = check_open(place->node, flags);
	*out = place->node;
	return status;
}

/* The open file, which is new or rests, begins at this node. */
static status_t begin(struct request *request, struct open_file *file, uint32_t flags, struct node *node)
{
	status_t status = ERR_OK;
	file->flags = flags;
	file->node = node;
	file->position = 0;
	node_hold(node);
	if (node->kind == FS_KIND_FILE && (flags & OPEN_TRUNCATE) && node->content.size) {
		status = content_truncate(&node->content, &node->volume->space, 0);
		node_touch_modified(node);
	}
	request->answer.word[0] = node->kind;
	request->answer.word[1] = node->kind == FS_KIND_FILE ? node->content.size : 0;
	return status;
}

/* Should a truncation fail, the file is open all the same, and is to be put to rest again. */
status_t names_reopen(struct request *request)
{
	struct open_file *file = request->object;
	struct node *node;
	if (file->kind != OBJECT_OPEN_FILE || file->node || !file->lease)
		return ERR_NOT_SUPPORTED;
	if (request->word[2] & ~(uint64_t)OPEN_KNOWN)
		return ERR_BAD_ARGUMENT;
	uint32_t flags = (uint32_t)request->word[2];
	status_t status = server_enter_lease(request, file->lease);
	if (!status)
		status = find_or_make(request, flags, &node);
	if (status)
		return status;
	state_keep(file, offsetof(struct open_file, has_locks));
	return begin(request, file, flags, node);
}

status_t names_open(struct request *request)
{
	struct node *node;
	if (request->word[2] & ~(uint64_t)OPEN_KNOWN)
		return ERR_BAD_ARGUMENT;
	uint32_t flags = (uint32_t)request->word[2];
	struct open_file *file = state_alloc(sizeof *file);
	if (!file)
		return ERR_NO_MEMORY;
	status_t status = find_or_make(request, flags, &node);
	if (!status)
		status = server_open(request, file);
	if (status) {
		state_free(file);
		return status;
	}
	*file = (struct open_file){.kind = OBJECT_OPEN_FILE, .lease = request->lease};
	return begin(request, file, flags, node);
}

status_t names_program(struct request *request)
{
	const uint32_t flags = OPEN_READ | OPEN_EXECUTE;
	struct place *place;
	status_t status = find_node(request, 0, request->word[2] != 0, &place);
	if (!status)
		status = check_open(place->node, flags);
	if (!status)
		status = files_answer_frame(request, place->node, flags);
	if (!status)
		request->answer.word[2] = place->node->mode;
	return status;
}

status_t names_stat(struct request *request)
{
	struct place *place;
	struct fs_stat stat;
	status_t status = find_node(request, 0, request->word[2] != 0, &place);
	if (status)
		return status;
	tmpfs_fill_stat(place->node, &stat);
	return request_write(request, 0, &stat, sizeof stat);
}

status_t names_readlink(struct request *request)
{
	struct place *place;
	status_t status = find_node(request, 0, false, &place);
	if (status)
		return status;
	const struct node *node = place->node;
	if (node->kind != FS_KIND_SYMLINK)
		return ERR_NO_LINK;
	if (node->target.length > request->writable)
		return ERR_TOO_LARGE;
	request->answer.word[0] = node->target.length;
	return request_write(request, 0, node->target.text, node->target.length);
}

status_t names_unlink(struct request *request)
{
	struct place *place;
	if (request->word[2] & ~(uint64_t)FS_UNLINK_DIRECTORY)
		return ERR_BAD_ARGUMENT;
	status_t status = find_node(request, 0, false, &place);
	return status ? status : tree_unlink(place, request->word[2] & FS_UNLINK_DIRECTORY);
}

status_t names_mkdir(struct request *request)
{
	struct place *place;
	struct node *node;
	status_t status = find(request, 0, false, &place);
	return status ? status : tree_make(place, FS_KIND_DIRECTORY, (uint32_t)request->word[2], &node);
}

status_t names_mknod(struct request *request)
{
	struct place *place;
	struct node *node;
	uint64_t kind = request->word[2], device = request->word[4];
	bool is_device = kind == FS_KIND_DEVICE || kind == FS_KIND_BLOCK_DEVICE;
	if ((kind != FS_KIND_FIFO && kind != FS_KIND_SOCKET && !is_device) || device > UINT32_MAX)
		return ERR_BAD_ARGUMENT;
	status_t status = find(request, 0, false, &place);
	if (!status)
		status = tree_make(place, (uint32_t)kind, (uint32_t)request->word[3], &node);
	if (!status && is_device)
		node->device = (uint32_t)device;
	return status;
}

status_t names_symlink(struct request *request)
{
	char target[FS_PATH_MAX];
	uint64_t length = request->word[3];
	struct place *place;
	if (!length)
		return ERR_NOT_FOUND;
	if (length >= sizeof target)
		return ERR_NAME_TOO_LONG;
	status_t status = request_read(request, request->word[2], target, length);
	if (!status && memchr(target, 0, length))
		status = ERR_BAD_ARGUMENT;
	if (!status)
		status = find(request, 0, false, &place);
	return status ? status : tree_make_link(place, target, length);
}

status_t names_link(struct request *request)
{
	struct place *from, *to;
	if (request->word[4] & ~(uint64_t)FS_LINK_FOLLOW)
		return ERR_BAD_ARGUMENT;
	status_t status = find_node(request, 0, request->word[4] & FS_LINK_FOLLOW, &from);
	if (!status)
		status = find(request, 1, false, &to);
	return status ? status : tree_link(from->node, to);
}

status_t names_rename(struct request *request)
{
	struct place *from, *to;
	uint64_t flags = request->word[4], known = FS_RENAME_NO_REPLACE | FS_RENAME_EXCHANGE;
	if ((flags & ~known) || flags == known)
		return ERR_BAD_ARGUMENT;
	/* Linux looks for both directories before it looks for what is to be renamed. */
	status_t status = find(request, 0, false, &from);
	if (!status)
		status = find(request, 1, false, &to);
	if (!status && !from->node)
		status = tell(request, 0, walk_missing(from));
	return status ? status : tree_rename(from, to, (uint32_t)flags);
}

status_t names_set_attributes(struct request *request)
{
	struct fs_attributes attributes;
	struct place *place;
	status_t status = request_read(request, request->word[4], &attributes, sizeof attributes);
	if (!status)
		status = find_node(request, 0, request->word[2] != 0, &place);
	if (!status && (request->word[3] & ~(uint64_t)FS_SET_ALL))
		status = ERR_BAD_ARGUMENT;
	return status ? status : tmpfs_set_attributes(place->node, (uint32_t)request->word[3], &attributes);
}

status_t names_statfs(struct request *request)
{
	struct place *place;
	struct fs_info info;
	status_t status = find_node(request, 0, true, &place);
	if (status)
		return status;
	tmpfs_fill_info(place->node->volume, &info);
	return request_write(request, 0, &info, sizeof info);
}
