/*
 * Linux calls, told one by one: what `strace` shows. The image of the traced process does it itself, because it alone knows the calls:
 * each becomes a line with its arguments and its answer, written to an open file that goes through execve and, if asked for, fork. It
 * is the program's own doing and hides nothing from anybody: whoever wants to be sure of what a program does asks its servers.
 *
 * prctl(PR_HEARTH_TRACE, fd | flags) begins it in the calling process; -1 ends it. user/bin/strace.c is who does that. While it is
 * off a call costs one comparison more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/linux_trace.h"
#include "user/linux/state.h"

/* A line that is being built; what does not fit is left out. */
struct trace_line {
	uint32_t length;
	char text[1024];
};

/* prctl. 0 or a negative errno. */
int64_t trace_set(uint64_t argument);

/* In a copy of the process, or one that borrows its memory: goes on only if children are to be traced. */
void trace_in_child(struct process *process);

/* Around each call. Calls that do not come back are told before. */
void trace_before(const struct frame *frame);
void trace_after(const struct frame *frame, uint32_t number, int64_t result);

/* This program was begun: by execve, whose answer nobody else can tell. */
void trace_started(void);
void trace_signal(int signal);
/* By a status of abi/syscalls.h. */
void trace_ended(uint32_t status);

static inline bool trace_is_on(const struct process *process)
{
	return __builtin_expect(process->trace != 0, 0);
}

/* trace_format.c: the name and the arguments of a call, without its answer; the answer. */
void trace_add_call(struct trace_line *line, const struct frame *frame, uint32_t number, int64_t result);
void trace_add_result(struct trace_line *line, uint32_t number, int64_t result);
void trace_add_strings(struct trace_line *line, const char *first, uint32_t count);
void trace_add(struct trace_line *line, const char *text);
void trace_add_number(struct trace_line *line, int64_t number);
void trace_add_signal(struct trace_line *line, uint64_t signal);

/* calls.c: what calls.def says of a call; NULL: there is no such number. */
struct trace_call {
	uint16_t number;
	char name[28];
	char kinds[10];
};
const struct trace_call *calls_find(uint32_t number);
