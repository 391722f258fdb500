/* The names under /proc: one table of them for the root and one for a process. */
#pragma once

#include "user/servers/pm/proc_text.h"
#include "user/servers/pm/table.h"

struct proc_entry {
	const char *name;
	uint32_t kind;                                                        /* FS_KIND_* */
	void (*write)(struct proc_text *text, const struct process *process); /* of a file */
};

enum proc_place {
	PROC_ROOT,
	PROC_ROOT_ENTRY,
	PROC_PROCESS,
	PROC_PROCESS_ENTRY,
	PROC_TASKS,
	PROC_TASK,
	PROC_TASK_ENTRY,
	PROC_DESCRIPTORS,
	PROC_DESCRIPTOR,
};

/* A name; stays good when the process is gone. */
struct proc_node {
	enum proc_place place;
	uint32_t entry;  /* of its table, where it is one; the descriptor */
	uint32_t pid;    /* where there is one */
	uint32_t thread; /* of a task; 0: the first, which has the process's number */
};

/*
 * Finds a path in normal form, seen by process `caller`. A link to a number is followed, if it is the last name only if
 * `follow`. REDIRECT: a link leads elsewhere; *out_left bytes of the path are left behind its name.
 */
MUST_CHECK status_t proc_find(const char *path, uint32_t caller, bool follow, struct proc_node *out, uint64_t *out_left);

/* Whether it is one that proc_find() can have told: for what a predecessor left. */
bool proc_is_node(struct proc_node node);

uint32_t proc_kind(struct proc_node node);
uint64_t proc_number(struct proc_node node); /* that stat tells */

/* Whether pm does not know it and the process itself does. */
bool proc_is_own(struct proc_node node);
/* Whether what it says is told by the process that it is about, into the open file. */
bool proc_is_told_text(struct proc_node node);
/* NO_RIGHT: it can tell only its own process anything. */
MUST_CHECK status_t proc_check_access(struct proc_node node, uint32_t caller);

/* What a file says now. NOT_FOUND: the process is gone. */
MUST_CHECK status_t proc_write(struct proc_node node, struct proc_text *text);

/* Where a link leads; NOT_FOUND if that is not known. */
MUST_CHECK status_t proc_target(struct proc_node node, uint32_t caller, char to[static PROCESS_PATH_MAX]);

/* A name of a directory. */
struct proc_name {
	char name[24];
	uint32_t kind;
	uint64_t number;
};

/* The name at a place of a directory, 0 at first; *place is moved on to the next. False behind the last. */
bool proc_list(struct proc_node node, uint64_t *place, struct proc_name *out);
