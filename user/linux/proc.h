/*
 * What of /proc only the process itself can tell: its descriptors, mappings, environment and working directory.
 *
 * pm serves /proc and has the names of these in every process's folder, but knows nothing of what is behind them: it says that a
 * link leads elsewhere, lists no descriptors, and lets a process open those texts of its own and write into them once what they
 * say. So a text that was opened is an open file like any other, which goes through fork and execve and can be sent. Those of
 * other processes are refused by pm.
 */
#pragma once

#include "user/linux/remote.h"
#include "user/linux/state.h"

enum proc_kind {
	PROC_NOT_OURS,
	PROC_DESCRIPTORS, /* /proc/self/fd and /dev/fd */
	PROC_DESCRIPTOR,  /* a name in it, and /dev/stdin, stdout, stderr */
	PROC_EXE,
	PROC_CWD,
	PROC_ROOT,
	PROC_MAPS,
	PROC_ENVIRON,
	PROC_MOUNTS,
	PROC_MOUNTINFO,
	PROC_STATUS, /* which is pm's, but for the signals */
};

/* What a path in normal form below /dev or /proc names; *out_fd is written for PROC_DESCRIPTOR alone. */
enum proc_kind proc_find_there(const char *path, int *out_fd);
/* The same of any path in normal form. */
static inline enum proc_kind proc_find(const char *path, int *out_fd)
{
	return path[1] == 'd' || path[1] == 'p' ? proc_find_there(path, out_fd) : PROC_NOT_OURS;
}
/* The descriptor that a path stands for, -1: none. */
int proc_descriptor(const char *path);

/* Of PROC_DESCRIPTORS: makes it the name that pm knows. */
void proc_spell(struct path *path);

/* What a link of the process's own points to, NUL-ended: its length, or -ENOENT; 0 if it is none of those known here. */
int64_t proc_target(const char *path, char out[FS_PATH_MAX]);

/* What lies at an address, as /proc/self/maps names it; NULL: it has no name. */
const char *proc_name_of(const struct process *process, uint64_t address);

/* A text on its way to pm, by parts. */
struct proc_writer;
void proc_put(struct proc_writer *writer, const char *text, uint64_t length);

/* Has a text of the process's own say what it must. */
MUST_CHECK status_t proc_fill(handle_t file, enum proc_kind kind);

/* FS_KIND_* and mode of the link that a descriptor is in /proc/self/fd; false: it is not open. */
bool proc_stat_descriptor(int fd, struct fs_stat *stat);
