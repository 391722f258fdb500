/*
 * Names are made absolute here, by text, and handed whole to vfs; no server knows a process's working directory.
 *
 * FS_readdir's entries are never shorter than Linux's, so what fits into as large a buffer fits into the program's.
 */
#include "user/linux/directory.h"

#include <string.h>

#include "common/path.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/leases.h"
#include "user/linux/log.h"
#include "user/linux/remote.h"
#include "user/linux/state.h"

/* Whether the /scheme/NAME that a path begins with exists. */
static bool scheme_mounted(const struct process *process, struct path *path, size_t name_length)
{
	struct fs_stat ignored;
	uint32_t whole = path->length;
	path->length = (uint32_t)(sizeof "/scheme/" - 1 + name_length);
	status_t status = remote_stat(process->vfs, path, true, &ignored);
	path->length = whole;
	return status == ERR_OK;
}

static int64_t copy_base(struct process *process, int dirfd, char out[FS_PATH_MAX])
{
	if (dirfd != LINUX_AT_FDCWD)
		return descriptors_path(dirfd, out);
	lock_take(&process->directory_lock);
	memcpy(out, process->working_directory, strlen(process->working_directory) + 1);
	lock_drop(&process->directory_lock);
	return 0;
}

static int64_t normalise(const char *base, const char *said, struct path *out)
{
	size_t length;
	status_t status = path_resolve(base, said, out->text, sizeof out->text, &length, &out->directory);
	if (status)
		return errors_to_linux(status);
	out->length = (uint32_t)length;
	return 0;
}

/* A relative name that looks like a URI and is none, because nothing of that name is mounted. */
static int64_t resolve_plainly(struct process *process, int dirfd, const char *said, struct path *out)
{
	char base[FS_PATH_MAX], plain[FS_PATH_MAX] = "./";
	size_t length = strlen(said);
	if (length + 2 >= sizeof plain)
		return -ENAMETOOLONG;
	memcpy(plain + 2, said, length + 1);
	int64_t error = copy_base(process, dirfd, base);
	return error ? error : normalise(base, plain, out);
}

int64_t directory_resolve(int dirfd, uint64_t name, struct path *out)
{
	return user_range(name, 1) ? directory_resolve_text(dirfd, user_pointer(name), out) : -EFAULT;
}

int64_t directory_resolve_text(int dirfd, const char *said, struct path *out)
{
	struct process *process = process_self();
	if (said[0] == '/')
		return normalise("/", said, out);
	size_t name_length, rest;
	if (path_is_uri(said, &name_length, &rest)) {
		int64_t error = normalise("/", said, out);
		if (error || scheme_mounted(process, out, name_length))
			return error;
		return resolve_plainly(process, dirfd, said, out);
	}
	char base[FS_PATH_MAX];
	int64_t error = copy_base(process, dirfd, base);
	return error ? error : normalise(base, said, out);
}

int64_t directory_getcwd(uint64_t buffer, uint64_t size)
{
	struct process *process = process_self();
	if (!user_range(buffer, size))
		return -EFAULT;
	char text[FS_PATH_MAX];
	copy_base(process, LINUX_AT_FDCWD, text);
	uint64_t length = strlen(text) + 1;
	if (length > size)
		return -ERANGE;
	memcpy(user_pointer(buffer), text, length);
	return (int64_t)length;
}

static void set_working(struct process *process, const char *text, uint64_t length)
{
	process->working_directory = length < SHORT_DIRECTORY ? process->short_directory : process->long_directory;
	memcpy(process->working_directory, text, length);
	process->working_directory[length] = 0;
}

void directory_copy_working(struct process *to, const struct process *from)
{
	set_working(to, from->working_directory, strlen(from->working_directory));
}

static void change(struct process *process, const char *text, uint32_t length)
{
	lock_take(&process->directory_lock);
	set_working(process, text, length);
	lock_drop(&process->directory_lock);
}

/* The way to a directory, links of file systems followed. */
static int64_t find_directory(uint64_t name, struct path *out)
{
	struct fs_stat stat;
	int64_t error = directory_resolve(LINUX_AT_FDCWD, name, out);
	if (!error)
		error = errors_to_linux(remote_stat(process_self()->vfs, out, true, &stat));
	if (!error && stat.kind != FS_KIND_DIRECTORY)
		error = -ENOTDIR;
	return error;
}

int64_t directory_chdir(uint64_t name)
{
	struct path path;
	int64_t error = find_directory(name, &path);
	if (!error)
		change(process_self(), path.text, path.length);
	return error;
}

/*
 * The process and what it starts have the names of this sender from now on (exec_grant()). Another thread may be in a call by the former
 * one, which stays open till execve.
 */
static void change_names_locked(struct process *process, handle_t vfs)
{
	__atomic_store_n(&process->vfs, vfs, __ATOMIC_RELEASE);
	leases_forget(process);
}

/*
 * A namespace of the process's own takes the place of the one that it has, and is inherited in its place. Names that it has kept
 * begin there from then on: a working directory that is not below the new root is the root, and an open directory that is not has none,
 * so that nothing is found by it.
 */
int64_t directory_chroot(uint64_t name)
{
	struct process *process = process_self();
	struct path path;
	handle_t vfs;
	int64_t error = find_directory(name, &path);
	if (error || path.length == 1) /* the root that it has */
		return error;
	status_t status = remote_subtree(process->vfs, &path, &vfs);
	if (status == ERR_FULL)
		return -ENOMEM;
	if (status)
		return errors_to_linux(status);
	lock_take(&process->directory_lock);
	change_names_locked(process, vfs);
	descriptors_change_root(process, &path);
	const char *working = path_below(process->working_directory, &path);
	if (!working)
		working = "/";
	memmove(path.text, working, strlen(working) + 1);
	set_working(process, path.text, strlen(path.text));
	lock_drop(&process->directory_lock);
	return 0;
}

void directory_change_names(handle_t vfs)
{
	struct process *process = process_self();
	lock_take(&process->directory_lock);
	change_names_locked(process, vfs);
	lock_drop(&process->directory_lock);
}

int64_t directory_fchdir(int fd)
{
	char text[FS_PATH_MAX];
	int64_t error = descriptors_path(fd, text);
	if (!error)
		change(process_self(), text, (uint32_t)strlen(text));
	return error;
}

static uint8_t entry_type(uint32_t kind)
{
	switch (kind) {
	case FS_KIND_FILE: return LINUX_DT_REG;
	case FS_KIND_DIRECTORY: return LINUX_DT_DIR;
	case FS_KIND_SYMLINK: return LINUX_DT_LNK;
	case FS_KIND_TERMINAL:
	case FS_KIND_DEVICE: return LINUX_DT_CHR;
	case FS_KIND_STREAM:
	case FS_KIND_FIFO: return LINUX_DT_FIFO;
	case FS_KIND_SOCKET: return LINUX_DT_SOCK;
	case FS_KIND_BLOCK_DEVICE: return LINUX_DT_BLK;
	}
	return LINUX_DT_UNKNOWN;
}

/* Where to go on after "." and after "..", which no server lists: places that are none of a server's. 0 is before both. */
#define AFTER_DOT (INT64_MAX - 1)
#define AFTER_DOTS (INT64_MAX - 2)

#define FIRST_DESCRIPTOR 1000u /* of the numbers that entries of /proc/self/fd have */

#define LINUX_ENTRY_SIZE(name_length) (((uint64_t)(name_length) + LINUX_DIRENT_NAME + 1 + 7) & ~7ull)

/* Appends an entry at `to`; its size. */
static uint64_t put_entry(char *to, const char *name, uint64_t length, uint64_t inode, int64_t next, uint32_t kind)
{
	uint64_t size = LINUX_ENTRY_SIZE(length);
	struct linux_dirent *entry = (struct linux_dirent *)to;
	entry->ino = inode;
	entry->offset = next;
	entry->size = (uint16_t)size;
	entry->type = entry_type(kind);
	memcpy(to + LINUX_DIRENT_NAME, name, length);
	memset(to + LINUX_DIRENT_NAME + length, 0, size - LINUX_DIRENT_NAME - length);
	return size;
}

static bool is_dots(const struct fs_entry *entry)
{
	return entry->name[0] == '.' && (entry->name_length == 1 || (entry->name_length == 2 && entry->name[1] == '.'));
}

/* Linux's form of `bytes` bytes of entries; what it comes to, or -EIO if the server's are not well formed. */
static int64_t convert(struct open_file *file, const char *entries, uint64_t bytes, char *out)
{
	char *to = out;
	for (uint64_t at = 0; at < bytes;) {
		const struct fs_entry *entry = (const struct fs_entry *)(entries + at);
		uint64_t left = bytes - at;
		if (left < sizeof *entry || entry->size > left || entry->size % 8 ||
		        entry->size < sizeof *entry + entry->name_length + 1 || entry->name_length > FS_NAME_MAX)
			return -EIO;
		file->entries_read++;
		int64_t next = (int64_t)(entry->next ? entry->next : file->entries_read);
		if (!is_dots(entry))
			to += put_entry(to, entry->name, entry->name_length, entry->file, next, entry->kind);
		at += entry->size;
	}
	return to - out;
}

/* The number of the folder above, or of the folder itself where its name is not known. */
static uint64_t inode_above(int fd, uint64_t own)
{
	char text[FS_PATH_MAX];
	struct path above;
	struct fs_stat stat;
	if (descriptors_path(fd, text) || normalise(text, "..", &above) ||
	        remote_stat(process_self()->vfs, &above, true, &stat))
		return own;
	return stat.file;
}

/* Puts "." and "..", as far as they were not given yet, at the beginning of a listing. What it comes to, or an error. */
static int64_t put_dots(struct open_file *file, int fd, char *out, uint64_t size)
{
	struct fs_stat stat;
	uint64_t used = 0;
	status_t status = remote_fstat(file->handle, &stat);
	if (status)
		return errors_to_linux(status);
	if (stat.kind != FS_KIND_DIRECTORY)
		return -ENOTDIR;
	if (file->dots_given == 0 && size >= LINUX_ENTRY_SIZE(1)) {
		used = put_entry(out, ".", 1, stat.file, AFTER_DOT, FS_KIND_DIRECTORY);
		file->dots_given = 1;
	}
	if (file->dots_given == 1 && size - used >= LINUX_ENTRY_SIZE(2)) {
		used += put_entry(out + used, "..", 2, inode_above(fd, stat.file), AFTER_DOTS, FS_KIND_DIRECTORY);
		file->dots_given = 2;
	}
	return used ? (int64_t)used : -EINVAL;
}

int64_t directory_seek(struct open_file *file, int64_t place)
{
	file->dots_given = place == 0 ? 0 : place == AFTER_DOT ? 1 : 2;
	return place == AFTER_DOT || place == AFTER_DOTS ? 0 : place;
}

static int64_t list(struct open_file *file, char *out, uint64_t size)
{
	char entries[4096] __attribute__((aligned(8)));
	uint64_t ask = size < sizeof entries ? size : sizeof entries, bytes = 0;
	status_t status = remote_fetch(file->handle, FS_readdir, (uintptr_t)entries, ask, 0, &bytes);
	if (status == ERR_NOT_SUPPORTED || status == ERR_BAD_CALL)
		return -ENOTDIR;
	return status ? errors_to_linux(status) : convert(file, entries, bytes, out);
}

/* Of /proc/self/fd: the next place is that behind the descriptor. */
static int64_t list_descriptors(struct open_file *file, char *out, uint64_t size)
{
	uint64_t used = 0;
	int fd = file->entries_read < DESCRIPTORS_MAX ? (int)file->entries_read : (int)DESCRIPTORS_MAX;
	while ((fd = descriptors_next(fd)) >= 0) {
		struct log_text name = {0};
		log_add_number(&name, (uint64_t)fd);
		if (LINUX_ENTRY_SIZE(name.length) > size - used)
			return used ? (int64_t)used : -EINVAL;
		fd++;
		used += put_entry(out + used, name.text, name.length, FIRST_DESCRIPTOR + (uint64_t)fd, fd, FS_KIND_SYMLINK);
		file->entries_read = (uint64_t)fd;
	}
	return (int64_t)used;
}

int64_t directory_getdents64(int fd, uint64_t buffer, uint64_t size)
{
	if (!user_range(buffer, size))
		return -EFAULT;
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t result = -ENOTDIR;
	if (file->handle && file->dots_given < 2)
		result = put_dots(file, fd, user_pointer(buffer), size);
	else if (file->lists_descriptors)
		result = list_descriptors(file, user_pointer(buffer), size);
	else if (file->handle)
		result = list(file, user_pointer(buffer), size);
	descriptors_drop(file);
	return result;
}
