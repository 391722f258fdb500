/*
 * The shell: busybox as a login shell on /dev/console. When it ends it is started again. It has a namespace and its three open
 * files and nothing else.
 */
#pragma once

#include <stdint.h>

#define SHELL_TERMINAL "/dev/console"

/* Starts it; if that fails the log says why, and it is tried again later. */
void shell_start(void);

/* After INIT_SHELL_ENDED, or any time: plans the restart if it has ended. */
void shell_notice_end(void);

/* Ends it, if it runs; shell_notice_end() then plans its restart. */
void shell_end(void);

/* When it is to be started again, ns since boot; DEADLINE_NEVER: it runs, or was never started. */
uint64_t shell_restart_at(void);
