/* The descriptor table and the calls on it alone: close, dup, fcntl. One lock; nothing waits for a server under it. */
#include "user/linux/descriptors.h"

#include <string.h>

#include "user/linux/content.h"
#include "user/linux/epoll.h"
#include "user/linux/errors.h"
#include "user/linux/leases.h"
#include "user/linux/log.h"
#include "user/linux/native.h"
#include "user/linux/record_lock.h"
#include "user/linux/stream.h"

#define FLAGS_SETTABLE (LINUX_O_NONBLOCK)

/* The open file of a descriptor, NULL if there is none. */
static struct open_file *look_up_locked(struct process *process, int fd)
{
	if (fd < 0 || (uint32_t)fd >= DESCRIPTORS_MAX || !descriptor_at(process, fd)->file)
		return NULL;
	return &process->files[descriptor_at(process, fd)->file - 1];
}

struct open_file *descriptors_hold(int fd)
{
	struct process *process = process_self();
	lock_take(&process->descriptors_lock);
	struct open_file *file = look_up_locked(process, fd);
	if (file)
		file->references++;
	lock_drop(&process->descriptors_lock);
	thread_self()->held_file = file;
	return file;
}

struct open_file *descriptors_hold_file(uint32_t index, uint32_t serial)
{
	struct process *process = process_self();
	struct open_file *file = &process->files[index];
	lock_take(&process->descriptors_lock);
	bool there = file->references && file->serial == serial;
	if (there)
		file->references++;
	lock_drop(&process->descriptors_lock);
	return there ? file : NULL;
}

static uint32_t next_serial_locked(struct process *process)
{
	process->last_serial += process->last_serial == UINT32_MAX ? 2 : 1;
	return process->last_serial;
}

/* An open file that nobody uses any more, or HANDLE_NONE. */
struct last {
	handle_t handle;
	uint16_t lease;
};

static inline void close_last(struct last last)
{
	if (!last.handle)
		return;
	if (last.lease)
		leases_close(last.handle, last.lease);
	else
		sys_handle_close(last.handle);
}

/* One user less. What is returned is to be closed once the lock is free. */
static struct last let_go_locked(struct open_file *file)
{
	if (--file->references)
		return (struct last){HANDLE_NONE, 0};
	struct last last = {file->handle, file->lease};
	if (file->locks && file->locks_owner == control_block()->process_number)
		sys_handle_close(file->locks);
	if (file->epoll)
		epoll_free(file->epoll);
	content_close_locked(file);
	memset(file, 0, sizeof *file);
	return last;
}

void descriptors_drop(struct open_file *file)
{
	struct process *process = process_self();
	thread_self()->held_file = NULL;
	lock_take(&process->descriptors_lock);
	struct last last = let_go_locked(file);
	lock_drop(&process->descriptors_lock);
	close_last(last);
}

/* What RLIMIT_NOFILE leaves: new descriptors are below it. */
static uint32_t limit_of(const struct process *process)
{
	uint32_t refused = __atomic_load_n(&process->descriptors_refused, __ATOMIC_RELAXED);
	return refused < DESCRIPTORS_MAX ? DESCRIPTORS_MAX - refused : 0;
}

/* The lowest free descriptor from `from` on; DESCRIPTORS_MAX if there is none. */
static uint32_t find_free_locked(const struct process *process, uint32_t from)
{
	uint32_t limit = limit_of(process);
	while (from < limit && descriptor_at(process, from)->file)
		from++;
	return from < limit ? from : DESCRIPTORS_MAX;
}

static struct open_file *find_free_file_locked(struct process *process)
{
	for (uint32_t i = 0; i < DESCRIPTORS_MAX; i++) {
		if (process->files[i].references)
			continue;
		if (i >= process->files_high)
			process->files_high = i + 1;
		return &process->files[i];
	}
	return NULL;
}

/* A descriptor, which was free or is replaced, becomes a name of the open file with this number. */
static void set_locked(struct process *process, uint32_t fd, uint16_t file, bool close_on_exec)
{
	*descriptor_at(process, fd) = (struct descriptor){file, close_on_exec};
	if (fd >= process->descriptors_high)
		process->descriptors_high = fd + 1;
}

static bool remember_path_locked(struct process *process, struct open_file *file, const char *path, size_t length)
{
	file->path_length = 0;
	if (length < PATH_SHORT) {
		memmove(file->short_path, path, length + 1);
		file->path_length = (uint16_t)length;
		return true;
	}
	if (process->paths_borrowed)
		return true; /* the parent's table, not to be written: names in this directory are not found until execve */
	if (!process->long_paths) {
		uint64_t address;
		if (sys_vmem_map(HANDLE_SELF_VMEM, 0, (uint64_t)DESCRIPTORS_MAX * FS_PATH_MAX, MAP_READ | MAP_WRITE,
		            HANDLE_NONE, 0, &address))
			return false;
		process->long_paths = (char(*)[FS_PATH_MAX])address;
	}
	memmove(process->long_paths[file - process->files], path, length + 1);
	file->path_length = (uint16_t)length;
	return true;
}

const char *descriptors_path_of(const struct process *process, const struct open_file *file)
{
	if (file->path_length < PATH_SHORT)
		return file->path_length ? file->short_path : NULL;
	return process->long_paths[file - process->files];
}

void descriptors_change_root(struct process *process, const struct path *root)
{
	lock_take(&process->descriptors_lock);
	for (uint32_t i = 0; i < process->files_high; i++) {
		struct open_file *file = &process->files[i];
		const char *path = file->references ? descriptors_path_of(process, file) : NULL;
		const char *left = path ? path_below(path, root) : NULL;
		if (!left || !remember_path_locked(process, file, left, strlen(left)))
			file->path_length = 0;
	}
	lock_drop(&process->descriptors_lock);
}

static int64_t add_locked(struct process *process, const struct open_file *what, bool close_on_exec, const struct path *path)
{
	uint32_t fd = find_free_locked(process, 0);
	if (fd == DESCRIPTORS_MAX)
		return -EMFILE;
	struct open_file *file = find_free_file_locked(process);
	if (!file)
		return -ENFILE;
	*file = *what;
	file->serial = next_serial_locked(process);
	if (path && !remember_path_locked(process, file, path->text, path->length) && file->kind == FS_KIND_DIRECTORY)
		return -ENOMEM;
	file->references = 1;
	set_locked(process, fd, (uint16_t)(file - process->files + 1), close_on_exec);
	return fd;
}

int64_t descriptors_add(const struct open_file *what, bool close_on_exec, const struct path *path)
{
	struct process *process = process_self();
	lock_take(&process->descriptors_lock);
	int64_t result = add_locked(process, what, close_on_exec, path);
	lock_drop(&process->descriptors_lock);
	if (result < 0 && what->handle)
		sys_handle_close(what->handle);
	return result;
}

/* An open file of the start block, which no other of its descriptors shares. */
static struct open_file *add_first_file(struct process *process, const struct start_block *start, const struct start_file *from)
{
	struct open_file *file = find_free_file_locked(process);
	*file = (struct open_file){.handle = from->handle, .kind = from->kind, .serial = next_serial_locked(process)};
	file->flags = from->flags & ~(START_FILE_CLOSE_ON_EXEC | START_FILE_LOG_ERRORS | START_FILE_NEVER_WAITS);
	if (!from->flags && !from->kind)
		file->flags = LINUX_O_RDWR;
	file->server_never_waits = (from->flags & START_FILE_NEVER_WAITS) != 0;
	bool errors = from->descriptor == 2 || (from->flags & START_FILE_LOG_ERRORS);
	file->log_stream = errors ? LOG_STREAM_ERRORS : LOG_STREAM_OUTPUT;
	if (!from->path)
		return file;
	const char *path = (const char *)start + from->path;
	bool remembered = remember_path_locked(process, file, path, strlen(path));
	(void)remembered; /* without memory for it the directory has no path, and names in it are not found */
	return file;
}

bool descriptors_add_first(const struct start_block *start)
{
	struct process *process = process_self();
	const struct start_file *from = (const struct start_file *)((const char *)start + start->files);
	for (uint32_t i = 0; i < start->file_count; i++) {
		if (from[i].descriptor >= DESCRIPTORS_MAX || descriptor_at(process, from[i].descriptor)->file)
			return false;
		const struct start_file *first = &from[i];
		while (first->same_as != START_FILE_ITS_OWN)
			first = &from[first->same_as];
		uint16_t file = descriptor_at(process, first->descriptor)->file;
		if (first == &from[i])
			file = (uint16_t)(add_first_file(process, start, first) - process->files + 1);
		process->files[file - 1].references++;
		set_locked(process, from[i].descriptor, file, (from[i].flags & START_FILE_CLOSE_ON_EXEC) != 0);
	}
	return true;
}

int64_t descriptors_path(int fd, char out[FS_PATH_MAX])
{
	struct process *process = process_self();
	lock_take(&process->descriptors_lock);
	const struct open_file *file = look_up_locked(process, fd);
	const char *path = file && file->kind == FS_KIND_DIRECTORY ? descriptors_path_of(process, file) : NULL;
	int64_t result = !file ? -EBADF : !path ? -ENOTDIR : 0;
	if (!result)
		memcpy(out, path, file->path_length + 1u);
	lock_drop(&process->descriptors_lock);
	return result;
}

int descriptors_next(int from)
{
	struct process *process = process_self();
	lock_take(&process->descriptors_lock);
	uint32_t fd = from < 0 ? 0 : (uint32_t)from;
	while (fd < process->descriptors_high && !descriptor_at(process, fd)->file)
		fd++;
	bool there = fd < process->descriptors_high;
	lock_drop(&process->descriptors_lock);
	return there ? (int)fd : -1;
}

/* Closing any descriptor of a file takes away what the process has locked in it. */
static void forget_locks(int fd)
{
	struct open_file *file = process_self()->has_locked ? descriptors_hold(fd) : NULL;
	if (!file)
		return;
	record_lock_forget(file);
	descriptors_drop(file);
}

int64_t descriptors_close(int fd)
{
	struct process *process = process_self();
	forget_locks(fd);
	lock_take(&process->descriptors_lock);
	struct open_file *file = look_up_locked(process, fd);
	struct last last = {HANDLE_NONE, 0};
	if (file) {
		*descriptor_at(process, fd) = (struct descriptor){0, 0};
		last = let_go_locked(file);
	}
	lock_drop(&process->descriptors_lock);
	close_last(last);
	return file ? 0 : -EBADF;
}

/* close_range: CLOSE_RANGE_UNSHARE (2) changes nothing here, where no two processes share a table. */
int64_t descriptors_close_range(uint32_t first, uint32_t last, uint32_t flags)
{
	enum { UNSHARE = 2, CLOEXEC = 4 };
	if (first > last || (flags & ~(uint32_t)(UNSHARE | CLOEXEC)))
		return -EINVAL;
	struct process *process = process_self();
	for (uint32_t fd = first; fd < process->descriptors_high && fd <= last; fd++) {
		if (!(flags & CLOEXEC)) {
			descriptors_close((int)fd);
			continue;
		}
		lock_take(&process->descriptors_lock);
		descriptor_at(process, fd)->close_on_exec = descriptor_at(process, fd)->file != 0;
		lock_drop(&process->descriptors_lock);
	}
	return 0;
}

/* The lowest free descriptor from `lowest` on becomes another name for fd's open file. */
static int64_t duplicate(int fd, uint64_t lowest, bool close_on_exec)
{
	struct process *process = process_self();
	lock_take(&process->descriptors_lock);
	int64_t result = -EBADF;
	struct open_file *file = look_up_locked(process, fd);
	if (file && lowest >= limit_of(process))
		result = -EINVAL;
	else if (file) {
		uint32_t to = find_free_locked(process, (uint32_t)lowest);
		result = -EMFILE;
		if (to < DESCRIPTORS_MAX) {
			set_locked(process, to, descriptor_at(process, fd)->file, close_on_exec);
			file->references++;
			result = to;
		}
	}
	lock_drop(&process->descriptors_lock);
	return result;
}

int64_t descriptors_dup(int fd)
{
	return duplicate(fd, 0, false);
}

static int64_t replace(int from, int to, bool close_on_exec)
{
	struct process *process = process_self();
	if (to < 0 || (uint32_t)to >= limit_of(process))
		return -EBADF;
	lock_take(&process->descriptors_lock);
	struct last last = {HANDLE_NONE, 0};
	struct open_file *file = look_up_locked(process, from), *old = look_up_locked(process, to);
	if (file) {
		file->references++;
		if (old)
			last = let_go_locked(old);
		set_locked(process, (uint32_t)to, descriptor_at(process, from)->file, close_on_exec);
	}
	lock_drop(&process->descriptors_lock);
	close_last(last);
	return file ? to : -EBADF;
}

int64_t descriptors_dup2(int from, int to)
{
	if (from != to && to >= 0)
		forget_locks(to);
	if (from != to)
		return replace(from, to, false);
	struct open_file *file = descriptors_hold(from);
	if (!file)
		return -EBADF;
	descriptors_drop(file);
	return to;
}

int64_t descriptors_dup3(int from, int to, uint32_t flags)
{
	if (from == to || (flags & ~LINUX_O_CLOEXEC))
		return -EINVAL;
	return replace(from, to, (flags & LINUX_O_CLOEXEC) != 0);
}

static int64_t get_or_set(int fd, int command, uint64_t argument)
{
	struct process *process = process_self();
	lock_take(&process->descriptors_lock);
	struct open_file *file = look_up_locked(process, fd);
	int64_t result = file ? 0 : -EBADF;
	if (file && command == LINUX_F_GETFD)
		result = descriptor_at(process, fd)->close_on_exec ? LINUX_FD_CLOEXEC : 0;
	else if (file && command == LINUX_F_SETFD)
		descriptor_at(process, fd)->close_on_exec = (argument & LINUX_FD_CLOEXEC) != 0;
	else if (file && command == LINUX_F_GETFL)
		result = file->flags;
	else if (file) /* F_SETFL; other flags than O_NONBLOCK live in the server from the opening on */
		file->flags = (file->flags & ~FLAGS_SETTABLE) | ((uint32_t)argument & FLAGS_SETTABLE);
	lock_drop(&process->descriptors_lock);
	return result;
}

static int64_t pipe_capacity(int fd, int command, uint64_t argument)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t result =
	        command == LINUX_F_GETPIPE_SZ ? stream_get_capacity(file) : stream_set_capacity(file, (uint32_t)argument);
	descriptors_drop(file);
	return result;
}

int64_t descriptors_fcntl(int fd, int command, uint64_t argument)
{
	switch (command) {
	case LINUX_F_DUPFD: return duplicate(fd, argument, false);
	case LINUX_F_DUPFD_CLOEXEC: return duplicate(fd, argument, true);
	case LINUX_F_GETFD:
	case LINUX_F_SETFD:
	case LINUX_F_GETFL:
	case LINUX_F_SETFL: return get_or_set(fd, command, argument);
	case LINUX_F_GETLK:
	case LINUX_F_SETLK:
	case LINUX_F_SETLKW: return record_lock_fcntl(fd, command, argument);
	case LINUX_F_GETPIPE_SZ:
	case LINUX_F_SETPIPE_SZ: return pipe_capacity(fd, command, argument);
	}
	return -EINVAL;
}
