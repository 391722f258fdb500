/*
 * The machine test: the kernel's layers up to mm/, without objects, with a kernel_main and upcalls of its own. Runs pieces of
 * code in user mode and checks what arrives in the kernel, then says so on COM1 as other tests do: "ok machine: NAME".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/context.h"
#include "arch/upcalls.h"

#define PROGRAM 0x400000ull     /* where program.S is mapped, read and execute */
#define BLOCK 0x7fffff000000ull /* a page per thread, read and write: control block below, stack from the top */
#define STACK (BLOCK + 4096 - 64)

enum { CALL_DONE = 0x10f0, CALL_ADD, CALL_NOTHING, CALL_SWITCH, CALL_START };

/* What ended a step. */
struct event {
	enum { EVENT_DONE, EVENT_FAULT, EVENT_FOREIGN } kind;
	bool right; /* of EVENT_DONE */
	struct fault fault;
};

/* One test: thread 0 begins at `entry`. */
struct step {
	const char *name;
	const char *entry;
	void (*prepare)(void);                      /* 0: nothing to do */
	const char *(*judge)(const struct event *); /* 0 if it is right, else why not; 0 here: `done` with 1 is right */
};

extern const char program[], program_end[];

/* An answer of `judge`: the step is skipped. */
extern const char step_absent[];

/* exceptions.c: steps for every exception that a program can raise. */
extern const struct step exception_steps[];
extern const unsigned exception_step_count;
