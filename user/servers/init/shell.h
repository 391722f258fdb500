/*
 * The shell: busybox as a login shell on /dev/console. When it ends it is started again. It has a namespace, its three
 * open files, a domain of the process manager, a session for pipes and what programs are started from, and nothing else.
 */
#pragma once

#include <stdint.h>

#include "abi/handle.h"

#define SHELL_TERMINAL "/dev/console"

/*
 * The process manager by which what the shell starts has children; HANDLE_NONE: there is none. Called again when that has been
 * started anew: it has forgotten everybody, so the shell is to be ended too.
 */
void shell_set_pm(handle_t sender);

/* A session of protocol stream, for good; HANDLE_NONE: there is none. */
void shell_set_stream(handle_t session);

/* Starts it; if that fails the log says why, and it is tried again later. */
void shell_start(void);

/* After INIT_SHELL_ENDED, or any time: plans the restart if it has ended. */
void shell_notice_end(void);

/* Ends it, if it runs; shell_notice_end() then plans its restart. */
void shell_end(void);

/* When it is to be started again, ns since boot; DEADLINE_NEVER: it runs, or was never started. */
uint64_t shell_restart_at(void);
