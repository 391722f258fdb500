/* The operations of the file system at /proc: see proc.h. */
#include "user/servers/pm/proc.h"

#include <time.h>

#include "abi/proto/fs.h"

#define OPEN_KNOWN \
	(OPEN_READ | OPEN_WRITE | OPEN_CREATE | OPEN_EXCLUSIVE | OPEN_TRUNCATE | OPEN_APPEND | OPEN_DIRECTORY | \
	        OPEN_NO_FOLLOW | OPEN_EXECUTE | OPEN_NONBLOCK)

#define TOLD_FIRST 4096u
#define TOLD_MAX (256u * 1024)           /* of one text that a process tells of itself */
#define TOLD_MAX_EACH (1024u * 1024)     /* of those that one process has told and that are open */
#define TOLD_MAX_ALL (32u * 1024 * 1024) /* of all that are open */

/* The open file that was used, or NULL if it is none. */
static struct proc_file *file_of(const struct request *request)
{
	struct proc_file *file = request->object;
	return file->kind == OBJECT_OF_FILE ? file : NULL;
}

static status_t find(struct request *request, bool follow, struct proc_node *out)
{
	char path[FS_PATH_MAX];
	status_t status = request_read_path(request, request->word[0], request->word[1], path);
	uint64_t left = 0;
	if (status)
		return status;
	status = proc_find(path, request->caller, follow, out, &left);
	if (status == ERR_REDIRECT)
		request->answer.word[0] = left;
	return status;
}

static status_t check_open(struct proc_node node, uint32_t flags)
{
	bool directory = proc_kind(node) == FS_KIND_DIRECTORY;
	if (flags & OPEN_CREATE && flags & OPEN_EXCLUSIVE)
		return ERR_EXISTS;
	if (proc_kind(node) == FS_KIND_SYMLINK)
		return ERR_LINK_LOOP;
	if (flags & OPEN_DIRECTORY && !directory)
		return ERR_NOT_DIRECTORY;
	if (directory && flags & (OPEN_WRITE | OPEN_TRUNCATE | OPEN_CREATE))
		return ERR_IS_DIRECTORY;
	return flags & (OPEN_WRITE | OPEN_TRUNCATE) ? ERR_READ_ONLY : ERR_OK;
}

status_t proc_open(struct request *request)
{
	uint32_t flags = (uint32_t)request->word[2];
	struct proc_node node;
	if (request->word[2] & ~(uint64_t)OPEN_KNOWN)
		return ERR_BAD_ARGUMENT;
	bool follow = !(flags & OPEN_NO_FOLLOW) && !(flags & OPEN_CREATE && flags & OPEN_EXCLUSIVE);
	status_t status = find(request, follow, &node);
	if (status == ERR_NOT_FOUND && flags & OPEN_CREATE)
		return ERR_READ_ONLY;
	if (!status)
		status = check_open(node, flags);
	if (!status)
		status = proc_check_access(node, request->caller);
	if (!status && pm->open_files == PROC_FILES)
		status = ERR_FULL;
	if (status)
		return status;
	struct proc_file *file = state_alloc(sizeof *file);
	if (!file)
		return ERR_NO_MEMORY;
	*file = (struct proc_file){.kind = OBJECT_OF_FILE, .node = node, .flags = flags};
	status = server_open(request, file);
	if (status) {
		state_free(file);
		return status;
	}
	pm->open_files++;
	request->answer.word[0] = proc_kind(node);
	return ERR_OK;
}

/* To the account of the process that tells, while there is one, and to that of all. */
static void book_told(const struct proc_file *file, int64_t bytes)
{
	struct process *process = table_process(file->node.pid);
	pm->told_bytes += (uint64_t)bytes;
	if (process)
		process->told_bytes += (uint64_t)bytes;
}

void proc_close(void *object)
{
	struct proc_file *file = object;
	if (proc_is_told_text(file->node))
		book_told(file, -(int64_t)file->room);
	state_free(file->text);
	state_free(file);
	pm->open_files--;
}

/* Room in the text for so much more. */
static bool make_room(struct proc_file *file, uint64_t length)
{
	uint64_t room = file->room ? file->room : TOLD_FIRST;
	while (room < file->length + length)
		room *= 2;
	if (room == file->room)
		return true;
	char *larger = state_alloc(room);
	if (!larger)
		return false;
	if (file->length)
		memcpy(larger, file->text, file->length);
	state_free(file->text);
	book_told(file, (int64_t)(room - file->room));
	file->text = larger;
	file->room = room;
	return true;
}

/* A part more of a text that its process tells; nobody else can. */
status_t proc_tell(struct request *request)
{
	static char part[4096];
	struct proc_file *file = file_of(request);
	uint64_t length = request->word[0] < sizeof part ? request->word[0] : sizeof part;
	if (!file)
		return ERR_NOT_SUPPORTED;
	if (!proc_is_told_text(file->node) || request->caller != file->node.pid)
		return ERR_NO_RIGHT;
	const struct process *process = table_process(request->caller);
	if (!process || file->length + length > TOLD_MAX || process->told_bytes + length > TOLD_MAX_EACH ||
	        pm->told_bytes + length > TOLD_MAX_ALL)
		return ERR_FULL;
	status_t status = request_read(request, 0, part, length);
	if (status)
		return status;
	if (!make_room(file, length))
		return ERR_NO_MEMORY;
	memcpy(file->text + file->length, part, length);
	file->length += length;
	request->answer.word[0] = length;
	return ERR_OK;
}

static status_t answer_stat(struct request *request, struct proc_node node)
{
	uint32_t kind = proc_kind(node);
	int64_t now = time(NULL);
	if (node.pid && !table_process(node.pid))
		return ERR_NOT_FOUND;
	struct fs_stat stat = {
	        .file_system = control_block()->process_number,
	        .file = proc_number(node),
	        .kind = kind,
	        .mode = kind == FS_KIND_SYMLINK     ? 0777
	                : proc_is_own(node)         ? (kind == FS_KIND_FILE ? 0400 : 0500)
	                : kind == FS_KIND_DIRECTORY ? 0555
	                                            : 0444,
	        .links = kind == FS_KIND_DIRECTORY ? 2 : 1,
	        .block_size = 4096,
	        .access_seconds = now,
	        .modify_seconds = now,
	        .change_seconds = now,
	};
	return request_write(request, 0, &stat, sizeof stat);
}

status_t proc_stat(struct request *request)
{
	struct proc_node node;
	status_t status = find(request, request->word[2] != 0, &node);
	return status ? status : answer_stat(request, node);
}

status_t proc_fstat(struct request *request)
{
	const struct proc_file *file = file_of(request);
	return file ? answer_stat(request, file->node) : ERR_NOT_SUPPORTED;
}

status_t proc_readlink(struct request *request)
{
	char target[PROCESS_PATH_MAX];
	struct proc_node node;
	status_t status = find(request, false, &node);
	if (!status)
		status = proc_target(node, request->caller, target);
	if (status)
		return status;
	uint64_t length = strlen(target);
	if (length > request->writable)
		return ERR_TOO_LARGE;
	request->answer.word[0] = length;
	return request_write(request, 0, target, length);
}

status_t proc_statfs(struct request *request)
{
	struct fs_info info = {.file_system = control_block()->process_number,
	        .block_size = 4096,
	        .files = table_count(),
	        .name_max = FS_NAME_MAX,
	        .flags = FS_INFO_READ_ONLY,
	        .type = "proc"};
	return request_write(request, 0, &info, sizeof info);
}

status_t proc_refuse_change(struct request *request)
{
	(void)request;
	return ERR_READ_ONLY;
}

/* What it says now, in a piece of just that size: it is written elsewhere first, so that the log need not know of each byte. */
static status_t make_text(struct proc_file *file)
{
	static struct proc_text text;
	status_t status = proc_write(file->node, &text);
	char *made = status ? NULL : state_alloc(text.length + 1);
	if (!made)
		return status ? status : ERR_NO_MEMORY;
	if (text.length)
		memcpy(made, text.bytes, text.length);
	state_free(file->text);
	file->text = made;
	file->length = text.length;
	file->room = text.length + 1;
	return ERR_OK;
}

/* Answers with what the text has from `position` on; at its beginning it is made anew. */
static status_t read_at(struct request *request, struct proc_file *file, uint64_t length, uint64_t position)
{
	if (!file)
		return ERR_NOT_SUPPORTED;
	if (!(file->flags & OPEN_READ))
		return ERR_DENIED;
	if (proc_kind(file->node) == FS_KIND_DIRECTORY)
		return ERR_IS_DIRECTORY;
	if (length > request->writable)
		return ERR_BAD_ARGUMENT;
	if (!proc_is_told_text(file->node) && (!position || !file->text)) {
		status_t status = make_text(file);
		if (status)
			return status;
	}
	if (position >= file->length)
		return ERR_OK;
	if (length > file->length - position)
		length = file->length - position;
	request->answer.word[0] = length;
	return request_write(request, 0, file->text + position, length);
}

status_t proc_read(struct request *request)
{
	struct proc_file *file = file_of(request);
	status_t status = read_at(request, file, request->word[0], file ? file->position : 0);
	if (!status)
		file->position += request->answer.word[0];
	return status;
}

status_t proc_pread(struct request *request)
{
	return read_at(request, file_of(request), request->word[0], request->word[1]);
}

status_t proc_seek(struct request *request)
{
	struct proc_file *file = file_of(request);
	int64_t position, base;
	if (!file)
		return ERR_NOT_SUPPORTED;
	switch (request->word[1]) {
	case FS_SEEK_SET: base = 0; break;
	case FS_SEEK_CURRENT: base = (int64_t)file->position; break;
	default: return ERR_BAD_ARGUMENT;
	}
	if (__builtin_add_overflow(base, (int64_t)request->word[0], &position) || position < 0)
		return ERR_BAD_ARGUMENT;
	file->position = (uint64_t)position;
	request->answer.word[0] = file->position;
	return ERR_OK;
}

/* Puts a name at `to`; how much that took, 0 if it does not fit. `next` is the place behind it. */
static uint64_t put_entry(char *to, uint64_t room, const struct proc_name *name, uint64_t next)
{
	size_t length = strlen(name->name);
	uint64_t size = (sizeof(struct fs_entry) + length + 1 + 7) / 8 * 8;
	if (size > room)
		return 0;
	struct fs_entry *entry = (struct fs_entry *)(void *)to;
	memset(to, 0, size);
	*entry = (struct fs_entry){name->number, name->kind, (uint16_t)size, (uint16_t)length, next};
	memcpy(entry->name, name->name, length);
	return size;
}

status_t proc_readdir(struct request *request)
{
	_Alignas(8) char entries[4096];
	struct proc_file *file = file_of(request);
	struct proc_name name;
	uint64_t room = request->writable < sizeof entries ? request->writable : sizeof entries, bytes = 0;
	if (!file)
		return ERR_NOT_SUPPORTED;
	if (proc_kind(file->node) != FS_KIND_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	uint64_t place = file->position, next = place;
	while (proc_list(file->node, &next, &name)) {
		uint64_t size = put_entry(entries + bytes, room - bytes, &name, next);
		if (!size && !bytes)
			return ERR_TOO_LARGE;
		if (!size)
			break;
		bytes += size;
		place = next;
	}
	status_t status = request_write(request, 0, entries, bytes);
	if (status)
		return status;
	file->position = place;
	request->answer.word[0] = bytes;
	return ERR_OK;
}

status_t proc_sync(struct request *request)
{
	return file_of(request) ? ERR_OK : ERR_NOT_SUPPORTED;
}

/* Always ready, so there is never anything to signal. */
status_t proc_watch(struct request *request)
{
	if (!file_of(request))
		return ERR_NOT_SUPPORTED;
	request->answer.word[0] = request->word[0] & (FS_READY_READ | FS_READY_WRITE);
	return ERR_OK;
}
