/*
 * Parents and children: who is told of an end, and what is left then.
 *
 * The end of a process: its children go to the starter of its domain, and those of them that are zombies go altogether; groups
 * that are orphaned by it and have stopped members get HUP and CONT; its parent's waiting calls are answered and the parent gets
 * SIGCHLD. It stays as a zombie until it was waited for, unless the parent is the starter or does not care
 * (PROCESS_CHILDREN_FORGET).
 *
 * Each process is given to a starter once in its life, so the work for orphans is bounded by the number of forks.
 */
#pragma once

#include "user/servers/pm/table.h"

/* Makes it a child of the parent, which may be a starter. */
void family_add(struct process *parent, struct process *process);

/* What a fork's child has from its parent besides handles: limits, name, image, what to do about children. */
void family_inherit(struct process *process, const struct process *parent);

/* Undoes the two for one that was never started, and frees it. */
void family_forget(struct process *process);

/* The kernel has said that it ended, with a status of abi/syscalls.h. */
void family_ended(struct process *process, uint32_t status, uint64_t cpu_ns);

/* A zombie was waited for: its times are added to its parent's, and it is gone. */
void family_reap(struct process *zombie);

/* Something happened that the parent may wait for. `how` is PROCESS_HOW_*. */
void family_tell_parent(struct process *process, uint32_t how, uint32_t code);

/* The signal that Linux ends a program with for a fault of this vector (abi/exception.h). */
uint32_t family_fault_signal(uint32_t vector);
