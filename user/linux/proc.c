/*
 * The process's own names in /proc: see proc.h.
 *
 * A link to an open file says the path that it was opened by, which may have got another since. What has none is told by its
 * kind, as Linux does: pipe:[N], socket:[N], anon_inode:[…].
 */
#include "user/linux/proc.h"

#include <string.h>

#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/log.h"
#include "user/linux/mapped.h"
#include "user/linux/mounts.h"
#include "user/linux/stack.h"

#define MAJOR_TTY 5u /* /dev/tty 0, /dev/console 1 */
#define MAJOR_PTS 136u

/* What follows a prefix, NULL if the text does not begin with it. */
static const char *behind(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);
	return strncmp(text, prefix, length) ? NULL : text + length;
}

/* A number of digits alone up to the end or a slash, NULL if it is none. */
static const char *behind_number(const char *digits, uint64_t *out)
{
	uint64_t value = 0;
	const char *at = digits;
	for (; *at >= '0' && *at <= '9' && value <= UINT32_MAX; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	*out = value;
	return at == digits || (*at && *at != '/') ? NULL : at;
}

/* What follows the name of the process's own folder. */
static const char *behind_own(const char *path)
{
	const char *name = behind(path, "/proc/"), *rest;
	uint64_t number;
	if (!name)
		return NULL;
	rest = behind(name, "self/");
	if (rest)
		return rest;
	rest = behind_number(name, &number);
	return rest && *rest && number == process_self()->number ? rest + 1 : NULL;
}

/* The same folder is there again below task, once for each thread. */
static const char *skip_task(const char *rest)
{
	const char *task = behind(rest, "task/");
	uint64_t number;
	const char *end = task ? behind_number(task, &number) : NULL;
	return end && *end ? end + 1 : rest;
}

static enum proc_kind find_descriptor(const char *rest, int *out_fd)
{
	uint64_t number;
	if (!*rest)
		return PROC_DESCRIPTORS;
	const char *end = *rest == '/' ? behind_number(rest + 1, &number) : NULL;
	if (!end || *end || number >= DESCRIPTORS_MAX)
		return PROC_NOT_OURS;
	*out_fd = (int)number;
	return PROC_DESCRIPTOR;
}

static enum proc_kind find_device(const char *name, int *out_fd)
{
	static const char names[3][8] = {"stdin", "stdout", "stderr"};
	for (int fd = 0; fd < 3; fd++) {
		if (strcmp(name, names[fd]))
			continue;
		*out_fd = fd;
		return PROC_DESCRIPTOR;
	}
	const char *rest = behind(name, "fd");
	return rest ? find_descriptor(rest, out_fd) : PROC_NOT_OURS;
}

enum proc_kind proc_find_there(const char *path, int *out_fd)
{
	static const struct {
		char name[12];
		uint32_t kind;
	} names[] = {{"exe", PROC_EXE}, {"cwd", PROC_CWD}, {"root", PROC_ROOT}, {"maps", PROC_MAPS}, {"environ", PROC_ENVIRON},
	        {"status", PROC_STATUS}, {"mounts", PROC_MOUNTS}, {"mountinfo", PROC_MOUNTINFO}};
	const char *device = behind(path, "/dev/");
	if (device)
		return find_device(device, out_fd);
	const char *rest = behind_own(path);
	if (!rest)
		return strcmp(path, "/proc/mounts") ? PROC_NOT_OURS : PROC_MOUNTS;
	rest = skip_task(rest);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!strcmp(rest, names[i].name))
			return (enum proc_kind)names[i].kind;
	}
	rest = behind(rest, "fd");
	return rest ? find_descriptor(rest, out_fd) : PROC_NOT_OURS;
}

int proc_descriptor(const char *path)
{
	int fd;
	return proc_find(path, &fd) == PROC_DESCRIPTOR ? fd : -1;
}

/* Of what was not opened by a path that is known. */
static void name_by_kind(struct log_text *to, const struct open_file *file, const struct fs_stat *stat)
{
	uint32_t major = (uint32_t)(stat->device >> 8 & 0xfff), minor = (uint32_t)(stat->device & 0xff);
	if (stat->kind == FS_KIND_TERMINAL && major == MAJOR_PTS) {
		log_add(to, "/dev/pts/");
		log_add_number(to, minor);
		return;
	}
	if (stat->kind == FS_KIND_TERMINAL && major == MAJOR_TTY) {
		log_add(to, minor ? "/dev/console" : "/dev/tty");
		return;
	}
	if (file->epoll || !file->handle || stat->kind == FS_KIND_ANONYMOUS) {
		log_add(to, file->epoll ? "anon_inode:[eventpoll]" : file->handle ? "anon_inode:[event]" : "anon_inode:[log]");
		return;
	}
	log_add(to, stat->kind == FS_KIND_SOCKET ? "socket:[" : stat->kind == FS_KIND_STREAM ? "pipe:[" : "file:[");
	log_add_number(to, stat->file);
	log_add(to, "]");
}

static int64_t target_of_file(const struct open_file *file, char out[FS_PATH_MAX])
{
	static const char deleted[] = " (deleted)";
	struct fs_stat stat = {.links = 1};
	struct log_text text = {0};
	bool known = file->handle && !remote_fstat(file->handle, &stat);
	const char *path = descriptors_path_of(process_self(), file);
	if (!path) {
		name_by_kind(&text, file, &stat);
		memcpy(out, text.text, text.length);
		out[text.length] = 0;
		return text.length;
	}
	uint64_t length = file->path_length;
	memcpy(out, path, length + 1);
	if (known && !stat.links && stat.kind == FS_KIND_FILE && length + sizeof deleted <= FS_PATH_MAX) {
		memcpy(out + length, deleted, sizeof deleted);
		length += sizeof deleted - 1;
	}
	return (int64_t)length;
}

static int64_t target_of_descriptor(int fd, char out[FS_PATH_MAX])
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -ENOENT;
	int64_t length = target_of_file(file, out);
	descriptors_drop(file);
	return length;
}

/* The name that the program was started by, where that is absolute; 0 if it is not. */
static int64_t own_name(const struct process *process, char out[FS_PATH_MAX])
{
	const struct start_block *start = process->start;
	const char *name = (const char *)start + (start->executable ? start->executable : start->program_name);
	uint64_t length = strlen(name);
	if (name[0] != '/' || length >= FS_PATH_MAX)
		return 0;
	memcpy(out, name, length + 1);
	return (int64_t)length;
}

void proc_spell(struct path *path)
{
	static const char name[] = "/proc/self/fd";
	if (behind(path->text, "/dev/")) {
		memcpy(path->text, name, sizeof name);
		path->length = sizeof name - 1;
	}
}

int64_t proc_target(const char *path, char out[FS_PATH_MAX])
{
	struct process *process = process_self();
	int fd;
	switch (proc_find(path, &fd)) {
	case PROC_DESCRIPTOR: return target_of_descriptor(fd, out);
	case PROC_EXE: return own_name(process, out);
	case PROC_ROOT: memcpy(out, "/", 2); return 1;
	case PROC_CWD:
		lock_take(&process->directory_lock);
		memcpy(out, process->working_directory, strlen(process->working_directory) + 1);
		lock_drop(&process->directory_lock);
		return (int64_t)strlen(out);
	default: return 0;
	}
}

bool proc_stat_descriptor(int fd, struct fs_stat *stat)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return false;
	uint32_t access = file->flags & LINUX_O_ACCMODE;
	stat->mode = access == LINUX_O_RDONLY ? 0500 : access == LINUX_O_WRONLY ? 0300 : 0700;
	descriptors_drop(file);
	return true;
}

struct proc_writer {
	handle_t file;
	status_t status;
	uint32_t used;
	char buffer[2048];
};

static void flush(struct proc_writer *writer)
{
	uint64_t at = 0, bytes;
	while (!writer->status && at < writer->used) {
		writer->status =
		        remote_store(writer->file, FS_write, (uintptr_t)writer->buffer + at, writer->used - at, 0, &bytes);
		if (!writer->status && !bytes)
			writer->status = ERR_FULL;
		at += writer->status ? 0 : bytes;
	}
	writer->used = 0;
}

void proc_put(struct proc_writer *writer, const char *text, uint64_t length)
{
	while (length) {
		uint64_t part = sizeof writer->buffer - writer->used;
		if (part > length)
			part = length;
		memcpy(writer->buffer + writer->used, text, part);
		writer->used += (uint32_t)part;
		text += part;
		length -= part;
		if (writer->used == sizeof writer->buffer)
			flush(writer);
	}
}

/* At least `digits` digits. */
static void put_hex(struct proc_writer *writer, uint64_t value, unsigned digits)
{
	char text[16];
	unsigned at = sizeof text;
	do
		text[--at] = "0123456789abcdef"[value & 15];
	while (value >>= 4, at && (value || sizeof text - at < digits));
	proc_put(writer, text + at, sizeof text - at);
}

/* A piece of the address space that a line tells. */
struct piece {
	uint64_t start, end, offset;
	uint32_t flags;
	const char *name;
};

const char *proc_name_of(const struct process *process, uint64_t address)
{
	const struct start_block *start = process->start;
	const struct {
		uint64_t start, end;
		const char *name;
	} known[] = {
	        {process->program_start, process->program_end,
	                (const char *)start + (start->executable ? start->executable : start->program_name)},
	        {process->heap->start, process->heap->mapped, "[heap]"},
	        {process->program_stack, process->program_stack_end, "[stack]"},
	        {start->linux_image, start->linux_image + start->linux_image_size, "[linux]"},
	        {start->time_page, start->time_page + PAGE_SIZE, "[vvar]"},
	        {(uint64_t)start, (uint64_t)start + page_up(start->size), "[start]"},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (address >= known[i].start && address < known[i].end)
			return known[i].name;
	}
	return mapped_name(process->heap, address, NULL);
}

/* proc_pid_maps(5). There are no devices to name. */
static void put_piece(struct proc_writer *writer, const struct piece *piece)
{
	char access[] = {piece->flags & MAP_READ ? 'r' : '-', piece->flags & MAP_WRITE ? 'w' : '-',
	        piece->flags & MAP_EXECUTE ? 'x' : '-', piece->flags & MAP_SHARE ? 's' : 'p'};
	put_hex(writer, piece->start, 8);
	proc_put(writer, "-", 1);
	put_hex(writer, piece->end, 8);
	proc_put(writer, " ", 1);
	proc_put(writer, access, sizeof access);
	proc_put(writer, " ", 1);
	put_hex(writer, piece->offset, 8);
	proc_put(writer, " 00:00 0", 8);
	if (piece->name) {
		proc_put(writer, "                          ", 18);
		proc_put(writer, piece->name, strlen(piece->name));
	}
	proc_put(writer, "\n", 1);
}

static bool joins(const struct piece *last, const struct piece *next)
{
	return last->end == next->start && last->flags == next->flags && last->name == next->name &&
	        (!next->offset || next->offset == last->offset + (last->end - last->start));
}

/* Where in its file a piece begins, of which the kernel has told where in its frame; 0 where no file is known. */
static uint64_t offset_in_file(const struct process *process, const struct piece *piece)
{
	uint64_t offset;
	if (mapped_name(process->heap, piece->start, &offset))
		return offset;
	bool program = piece->name && piece->start >= process->program_start && piece->start < process->program_end;
	bool shared = program && !(piece->flags & MAP_WRITE) && piece->offset >= process->start->program_offset;
	return shared ? piece->offset - process->start->program_offset : 0;
}

/* The first that ends above an address. The program's stack and the image's may be one mapping, and are two pieces. */
static bool next_piece(const struct process *process, uint64_t from, struct piece *out)
{
	uint64_t boundary = process->program_stack_end;
	if (sys_vmem_walk(HANDLE_SELF_VMEM, from, &out->start, &out->end, &out->flags, &out->offset))
		return false;
	if (from == boundary && out->start < boundary) {
		out->offset += boundary - out->start;
		out->start = boundary;
	}
	if (out->start < boundary && boundary < out->end)
		out->end = boundary;
	return true;
}

static void put_maps(struct proc_writer *writer)
{
	const struct process *process = process_self();
	struct piece last = {0}, next = {0};
	while (!writer->status && next_piece(process, last.end > next.end ? last.end : next.end, &next)) {
		next.name = proc_name_of(process, next.start);
		next.offset = offset_in_file(process, &next);
		if (joins(&last, &next)) {
			last.end = next.end;
			continue;
		}
		if (last.end)
			put_piece(writer, &last);
		last = next;
	}
	if (last.end)
		put_piece(writer, &last);
}

/* As it was at the start: what the program has made of it since nobody but its libc knows. */
static void put_environment(struct proc_writer *writer)
{
	const struct start_block *start = process_self()->start;
	const char *first = (const char *)start + start->environment, *at = first;
	for (uint32_t i = 0; i < start->environment_count; i++)
		at += strlen(at) + 1;
	proc_put(writer, first, (uint64_t)(at - first));
}

status_t proc_fill(handle_t file, enum proc_kind kind)
{
	struct proc_writer writer = {.file = file};
	switch (kind) {
	case PROC_MAPS: put_maps(&writer); break;
	case PROC_MOUNTS:
	case PROC_MOUNTINFO: mounts_write(&writer, kind == PROC_MOUNTINFO); break;
	default: put_environment(&writer);
	}
	flush(&writer);
	return writer.status;
}
