/*
 * The reaper: a task of the kernel's own on each CPU that destroys what nobody refers to any more, as a list of work in steps of
 * at most some 2,000 instructions, so that destruction never recurses and never holds anybody up.
 *
 * It runs between other tasks, as a task, so that everything that was looked up without a reference before has been left: that is
 * the grace period. (With several CPUs an object ripens in a list of its own until each CPU has taken an interrupt, idled or run
 * user code since; reaper_step is where that is asked.) It runs at the highest priority of those who gave it work since its list
 * was last empty, but not below PRIORITY_DEFAULT: nobody makes garbage faster than it goes.
 *
 * Dead objects come before other work (the ends of processes), so that a process is announced as ended only when all it held is
 * gone.
 */
#pragma once

#include <stdbool.h>

struct object;

struct reaper_work {
	struct reaper_work *next;
	bool (*step)(struct reaper_work *work); /* true: done */
};

void reaper_init(void);

/* An object whose last reference is gone. */
void reaper_bury(struct object *object);

/* The work must not be on the list. */
void reaper_add(struct reaper_work *work);
