/*
 * The log as an object: what is written there bears the writer's name, which it cannot choose, and one process at a time may own
 * the UART and the screen, on which the kernel prints otherwise.
 */
#pragma once

#include <stdint.h>

#include "object/object.h"
#include "object/watch.h"

struct process;

extern struct object log_object;
extern struct watch_list log_watchers;

void log_object_init(void);

/* EXISTS when another process has it; WOULD_BLOCK after a step towards the end of the line that the kernel is printing. */
uint32_t log_claim(struct process *process, uint64_t *out_cursor) __attribute__((warn_unused_result));

/* At the end of a process: if it had the console, the kernel has it again. */
void log_release_claim(struct process *process);
