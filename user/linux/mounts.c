/*
 * Mounts: see mounts.h. vfs keeps a table for all, which no program may change (EPERM), and one for each process that has asked for its
 * own (protocol name): unshare(CLONE_NEWNS) asks for one, and what is mounted then is seen by this process and by those that it starts.
 *
 * A mount point has no flags of its own, and nothing goes from one table to another: MS_PRIVATE and its like change nothing, MS_SHARED
 * cannot be had. What is mounted where something was takes its place.
 */
#include "user/linux/mounts.h"

#include <string.h>

#include "abi/proto/name.h"
#include "user/linux/access.h"
#include "user/linux/directory.h"
#include "user/linux/errors.h"
#include "user/linux/log.h"
#include "user/linux/proc.h"
#include "user/linux/remote.h"

/* include/uapi/linux/mount.h */
#define LINUX_MS_RDONLY 0x1u
#define LINUX_MS_REMOUNT 0x20u
#define LINUX_MS_BIND 0x1000u
#define LINUX_MS_MOVE 0x2000u
#define LINUX_MS_UNBINDABLE (1u << 17)
#define LINUX_MS_PRIVATE (1u << 18)
#define LINUX_MS_SLAVE (1u << 19)
#define LINUX_MS_SHARED (1u << 20)
#define LINUX_MNT_FORCE 1u
#define LINUX_MNT_DETACH 2u
#define LINUX_UMOUNT_NOFOLLOW 8u
#define LINUX_CLONE_FS 0x200u
#define LINUX_CLONE_NEWNS 0x20000u

/* Who may not change a table is not the superuser of it. */
static int64_t to_linux(status_t status)
{
	return status == ERR_NO_RIGHT ? -EPERM : errors_to_linux(status);
}

/* The path that a name has, links into other file systems followed; and what is there. */
static int64_t find(uint64_t name, struct path *out, bool *out_directory)
{
	struct fs_stat stat;
	int64_t error = directory_resolve(LINUX_AT_FDCWD, name, out);
	if (error)
		return error;
	status_t status = remote_stat(process_self()->vfs, out, true, &stat);
	*out_directory = !status && stat.kind == FS_KIND_DIRECTORY;
	return errors_to_linux(status);
}

static __attribute__((noinline)) int64_t bind(struct path *target, bool directory, uint64_t source)
{
	struct path from;
	bool from_directory;
	int64_t error = find(source, &from, &from_directory);
	if (error)
		return error;
	if (directory != from_directory)
		return -ENOTDIR;
	return to_linux(remote_change_two(process_self()->vfs, NAME_bind, &from, target, 0));
}

/* What pm tells of processes is mounted by another name where it is there by its own. */
static __attribute__((noinline)) int64_t mount_proc(struct path *target)
{
	static const char name[] = "/proc";
	struct path from = {.length = sizeof name - 1};
	memcpy(from.text, name, sizeof name);
	return to_linux(remote_change_two(process_self()->vfs, NAME_bind, &from, target, 0));
}

int64_t mounts_mount(uint64_t source, uint64_t target, uint64_t type, uint64_t flags, uint64_t data)
{
	struct path path;
	bool directory;
	char type_name[sizeof "proc"];
	(void)data;
	int64_t error = find(target, &path, &directory);
	if (error)
		return error;
	if (flags & (LINUX_MS_REMOUNT | LINUX_MS_MOVE | LINUX_MS_SHARED))
		return -EINVAL;
	if (flags & (LINUX_MS_PRIVATE | LINUX_MS_SLAVE | LINUX_MS_UNBINDABLE))
		return 0;
	if (flags & LINUX_MS_BIND)
		return bind(&path, directory, source);
	if (!access_read(type_name, type, sizeof type_name))
		return -EFAULT;
	if (memcmp(type_name, "proc", sizeof type_name))
		return -ENODEV; /* servers of other file systems are started by init alone */
	return directory ? mount_proc(&path) : -ENOTDIR;
}

int64_t mounts_umount2(uint64_t target, uint32_t flags)
{
	struct path path;
	bool directory;
	if (flags & ~(LINUX_MNT_FORCE | LINUX_MNT_DETACH | LINUX_UMOUNT_NOFOLLOW))
		return -EINVAL;
	int64_t error = find(target, &path, &directory);
	if (error)
		return error;
	status_t status = remote_change(process_self()->vfs, NAME_unmount, &path, 0, 0, 0);
	return status == ERR_NOT_FOUND ? -EINVAL : to_linux(status);
}

/* Of what Linux can make a process's own, the namespace; a working directory and the like its threads have together. */
int64_t mounts_unshare(uint64_t flags)
{
	handle_t vfs;
	if (flags & ~(uint64_t)(LINUX_CLONE_NEWNS | LINUX_CLONE_FS) || !(flags & LINUX_CLONE_NEWNS))
		return flags ? -EINVAL : 0;
	status_t status = remote_new_table(process_self()->vfs, &vfs);
	if (!status)
		directory_change_names(vfs);
	return to_linux(status);
}

static void put_text(struct proc_writer *writer, const char *text)
{
	proc_put(writer, text, strlen(text));
}

static void put_number(struct proc_writer *writer, uint64_t number)
{
	struct log_text text = {0};
	log_add_number(&text, number);
	proc_put(writer, text.text, text.length);
}

/* What would end a word is told in octal, as in proc_pid_mounts(5). */
static void put_name(struct proc_writer *writer, const char *name)
{
	for (; *name; name++) {
		uint8_t c = (uint8_t)*name;
		const char octal[] = {'\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)), (char)('0' + (c & 7))};
		if (c == ' ' || c == '\t' || c == '\n' || c == '\\')
			proc_put(writer, octal, sizeof octal);
		else
			proc_put(writer, name, 1);
	}
}

static __attribute__((noinline)) void put_mount(
        struct proc_writer *writer, const char *name, uint64_t number, bool with_numbers)
{
	struct path path = {.length = (uint32_t)strlen(name)};
	struct fs_info info = {.type = "device"};
	memcpy(path.text, name, path.length + 1);
	if (remote_statfs(process_self()->vfs, &path, &info))
		info = (struct fs_info){.type = "device"};
	info.type[sizeof info.type - 1] = 0;
	const char *access = info.flags & FS_INFO_READ_ONLY ? "ro" : "rw";
	if (with_numbers) {
		put_number(writer, number);
		put_text(writer, path.length > 1 ? " 1 0:" : " 0 0:");
		put_number(writer, info.file_system & 0xff);
		put_text(writer, " / ");
	} else {
		put_text(writer, info.type);
		put_text(writer, " ");
	}
	put_name(writer, name);
	put_text(writer, with_numbers ? " " : "");
	if (with_numbers) {
		put_text(writer, access);
		put_text(writer, " - ");
		put_text(writer, info.type);
	}
	put_text(writer, " ");
	put_text(writer, info.type);
	put_text(writer, " ");
	put_text(writer, access);
	put_text(writer, with_numbers ? "\n" : " 0 0\n");
}

void mounts_write(struct proc_writer *writer, bool with_numbers)
{
	char names[FS_PATH_MAX + 1];
	uint64_t cursor = 0, length, number = 1;
	do {
		if (remote_list_mounts(process_self()->vfs, &cursor, names, FS_PATH_MAX, &length))
			return;
		names[length] = 0;
		for (uint64_t at = 0; at < length; at += strlen(names + at) + 1)
			put_mount(writer, names + at, number++, with_numbers);
	} while (cursor);
}
