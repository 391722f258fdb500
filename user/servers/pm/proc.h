/*
 * The file system at /proc: what pm knows, as files with Linux's names and forms, for programs that look there (ps, top, free).
 *
 *   /meminfo uptime stat loadavg version cpuinfo of the machine
 *   /objects                                     how many objects of each kind the kernel has: Hearth's own
 *   /self                                        a link to the caller's number
 *   /PID/                                        stat status statm cmdline comm, exe (a link), task/PID/ (the same again)
 *   /PID/maps environ mounts mountinfo cwd root fd/   for that process alone; /mounts leads to the caller's
 *
 * All of it can be read by everybody, and nothing be changed. A text is made when a file is read from its beginning, and stays
 * until it is read from there again, so that a program that reads in parts does not see two states. What only the
 * process itself knows (its descriptors, its mappings, where it is) has its names here, and its image knows what is behind them
 * (user/linux/proc.h): links lead where pm does not know, and a text that a process opens of itself it tells by writing it,
 * right after the opening. Nobody sees that of another.
 */
#pragma once

#include "user/servers/pm/proc_tree.h"

#define PROC_FILES 4096u /* open ones */

/* An open one. */
struct proc_file {
	enum object_kind kind; /* OBJECT_OF_FILE */
	struct proc_node node;
	uint32_t flags;    /* OPEN_* */
	uint64_t position; /* of a directory: the place of the next name */
	char *text;        /* of a file that was read, or is told; NULL: none yet */
	uint64_t length, room;
};

/* The operations of protocol fs, by a service's sender and by an open file. */
MUST_CHECK status_t proc_open(struct request *request);
MUST_CHECK status_t proc_stat(struct request *request);
MUST_CHECK status_t proc_readlink(struct request *request);
MUST_CHECK status_t proc_statfs(struct request *request);
MUST_CHECK status_t proc_refuse_change(struct request *request);
MUST_CHECK status_t proc_read(struct request *request);
MUST_CHECK status_t proc_pread(struct request *request);
MUST_CHECK status_t proc_tell(struct request *request);
MUST_CHECK status_t proc_seek(struct request *request);
MUST_CHECK status_t proc_fstat(struct request *request);
MUST_CHECK status_t proc_readdir(struct request *request);
MUST_CHECK status_t proc_sync(struct request *request);
MUST_CHECK status_t proc_watch(struct request *request);

void proc_close(void *file);
