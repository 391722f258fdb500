/*
 * Waiting for children: what a call finds at once, and the calls that are kept until a child ends, stops or goes on.
 *
 * What a parent can wait for is in lists of its own, in the order in which it happened, so a wait for any child looks at the
 * first. One for the members of a group looks at the parent's children. Whenever something happens to a child, the parent's
 * waiting calls are looked at in the order of their coming; those that nothing is left to wait for are answered NOT_FOUND.
 */
#pragma once

#include "user/servers/pm/table.h"

MUST_CHECK status_t wait_handle(struct request *request, struct process *process);

/* A predecessor has kept its calls. */
void wait_resume(struct process *process);

/* Something happened to a child of it. */
void wait_look_again(struct process *parent);

/* It has ended: its calls are nobody's. */
void wait_drop_all(struct process *process);
