/* A text that grows while it is written; what has no memory any more is cut and says so. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proc_text {
	char *bytes; /* of malloc; NULL: nothing was written */
	size_t length, capacity;
	bool no_memory;
	uint32_t thread; /* of a process's, that it is about; 0: of all of them */
};

void proc_print(struct proc_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void proc_append(struct proc_text *text, const void *bytes, size_t length);
