/*
 * What pm knows of processes, and how it finds them.
 *
 * A *process* is here from its fork or adoption until somebody has waited for it. While it lives pm has a handle to it; when it
 * has ended the handle is closed and only numbers stay, the zombie. Its parent is another process of its domain or the
 * domain's *starter*, the foot of the tree: not a process of the table, never waiting, and those that end under it leave
 * nothing.
 *
 * A *group* lives as long as a process is in it, a *session* as long as a group, a *domain* as long as a process or a sender.
 * All of it is charged to nobody but pm, so the number of processes is bounded for all and for each domain, and nothing else
 * here exists without one.
 *
 * No event looks at all processes: everything that belongs together is in a list of its own.
 *
 * All of it outlives pm (user/lib/state.h): it is memory of the state, found from one root, and what it has of handles is closed by
 * state_close(). What pm does to processes is done when it ends before the commit, and then done again: a signal's bit is set twice,
 * a process that it has started is found running (births.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/proto/process.h"
#include "user/lib/call.h"
#include "user/lib/list.h"
#include "user/lib/server.h"

#define PM_PROCESSES 8192u        /* zombies included */
#define PM_DOMAIN_PROCESSES 4096u /* and each domain */
#define PM_DOMAINS 64u
#define PM_WAITERS 64u /* calls of one process that wait for its children, and as many that are held by a stop */
#define PM_SENT 8u     /* last signals of a process that it can ask about */

struct process;
struct budget;
struct job;
struct order_entry;

/* The root of what outlives pm. */
struct pm {
	struct table processes; /* by pid */
	struct table groups;    /* by id */
	struct list domains;
	uint32_t domain_count, living, last_pid, entered;
	struct order_entry *order; /* order.h */
	uint32_t order_used, order_capacity, order_holes;
	struct list late; /* watch.h */
	struct list jobs; /* job.h */
	uint32_t jobs_waited_for;
	uint32_t open_files; /* of /proc */
	uint64_t told_bytes; /* likewise */
	double load[3];      /* proc_machine.h: when and of what they were made */
	uint64_t load_now, load_busy;
};
extern struct pm *pm;

/* In a list of processes. A marker of a job that is under way has none. */
struct member {
	struct list_link link;
	struct process *process;
};

/* What a call that is answered later waits for. */
struct waiter {
	struct list_link link;
	struct process *process; /* whose call it is */
	handle_t reply;
	uint32_t select, id, options; /* of wait */
};

/* The sender of a domain is an object of the server, as an open file is: what both begin with. */
enum object_kind { OBJECT_OF_DOMAIN, OBJECT_OF_FILE };

/* What a program was started by: shared with its copies. */
struct image {
	uint32_t references;
	uint32_t arguments_length, path_length;
	char text[]; /* arguments, each ended by a NUL, then the path and a NUL */
};

struct session {
	uint32_t id;
	uint32_t groups;
	uint32_t terminal;      /* its number, 0: none */
	struct domain *domain;  /* of all its processes */
	struct process *leader; /* NULL once it has ended */
};

struct group {
	uint32_t id;
	struct session *session;
	struct list members; /* zombies too */
	uint32_t jobs;       /* that have a marker in the list */
	uint32_t stopped;    /* members that are */
	uint32_t anchors;    /* living members whose parent is in the session but not in the group; none: it is orphaned */
};

struct limit {
	uint64_t soft, hard;
};

struct sent_signal {
	uint32_t signal; /* 0: nothing */
	uint32_t sender, flags;
	uint64_t value;
};

struct process {
	uint32_t pid;
	uint32_t state;  /* PROCESS_STATE_* */
	handle_t handle; /* HANDLE_NONE: a zombie */
	struct domain *domain;
	struct member in_domain;
	uint32_t place; /* in the order of pids (order.h) */
	char name[PROCESS_NAME_SIZE];
	struct image *image; /* NULL: unknown */
	uint64_t started_ns;

	/* The family (family.h). */
	struct process *parent;
	struct list_link sibling;
	struct list children, ended, changed; /* all; zombies; those with an event that was not waited for */
	uint32_t child_count, ended_count;
	struct list_link in_ended, in_changed;
	uint32_t event;          /* PROCESS_HOW_STOPPED or _CONTINUED, 0: none */
	uint32_t event_code;     /* the signal */
	uint32_t children_flags; /* PROCESS_CHILDREN_* */
	bool has_called_exec;
	bool has_reported;  /* what it was doing when it crashed; since its last exec */
	bool is_doubtful;   /* a predecessor may have been watching it, or not quite yet (watch.h) */
	bool is_unwatched;  /* that it is watched no more was told to a predecessor */
	uint32_t how, code; /* of a zombie */
	uint64_t cpu_ns;    /* of a zombie */
	uint64_t children_cpu_ns;
	struct list_link late;
	struct list waiters;
	uint32_t waiter_count;

	/* Groups (group.h). */
	struct group *group;
	struct member in_group;
	bool is_anchor; /* counted in group->anchors */

	/* Signals (signals.h). */
	bool stop_sent;   /* by pm, and no CONT since */
	struct list held; /* calls of `stopped` */
	uint32_t held_count;
	struct sent_signal sent[PM_SENT];
	uint32_t sent_next;

	struct limit limits[PROCESS_LIMITS];
	struct budget *budget;    /* budget.h; NULL: none */
	uint64_t told_signals[4]; /* by itself, for /proc: pending, blocked, ignored, caught */
	bool has_told_signals;
	uint64_t told_bytes; /* room of its texts in /proc that are open (proc.c) */
};

struct domain {
	enum object_kind kind;
	struct list_link link;
	bool open;           /* its sender is alive */
	uint32_t processes;  /* zombies included */
	struct list members; /* jobs have markers here too */
	uint32_t jobs;
	struct process starter; /* pid, children, limits and lists alone */
};

/* Before the first message, with a root that is zero or a predecessor's. */
void table_begin(struct pm *root);

/* The table of processes; NULL if there is no such. */
struct process *table_process(uint32_t pid);
uint32_t table_count(void);
uint32_t table_living(void);
uint32_t table_last_pid(void);
uint32_t table_entered(void); /* ever */

/* A process without handle, family and group; in the domain and the table. FULL, NO_MEMORY, EXISTS. */
MUST_CHECK status_t process_new(struct domain *domain, uint32_t pid, struct process **out);

/* It has become a zombie: only numbers stay. */
void process_died(struct process *process);

/* It is in no list of others any more. */
void process_free(struct process *process);

/* A copy of what it was started by, from `text` of both lengths; NULL: no memory. */
struct image *image_new(const char *text, uint32_t arguments_length, uint32_t path_length);
struct image *image_share(struct image *image);
void image_drop(struct image *image); /* NULL: nothing */
void process_set_name(struct process *process, const char *name, size_t length);

struct domain *domain_new(void);
void domain_closed(struct domain *domain); /* its sender is gone */
void domain_unhold(struct domain *domain); /* frees it if nothing is left of it */
