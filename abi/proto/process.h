/* Labels, flags and numbers of protocol process (process.def). Signals and limits have Linux's numbers. */
#pragma once

#include <stdint.h>

enum {
#define PROCESS_OP(label, name, ...) PROCESS_##name = (label),
#include "abi/proto/process.def"
#undef PROCESS_OP
};

/* adopt */
#define PROCESS_ADOPT_LEADER \
	0x1u /* as leader of a session and a group of its own; else in those of the caller, if it has any */

/* fork */
#define PROCESS_FORK_SHARED 0x1u /* the child runs in the caller's address space and begins at `entry` */

/* wait, signal: whom it is about. `id` is a pid for ONE, a group for GROUP, else 0. */
enum { PROCESS_SELECT_ANY, PROCESS_SELECT_ONE, PROCESS_SELECT_GROUP, PROCESS_SELECT_OWN_GROUP };

#define PROCESS_WAIT_NO_HANG 0x1u
#define PROCESS_WAIT_STOPPED 0x2u
#define PROCESS_WAIT_EXITED 0x4u
#define PROCESS_WAIT_CONTINUED 0x8u
#define PROCESS_WAIT_KEEP 0x10u /* it can be waited for again (WNOWAIT) */

enum { PROCESS_HOW_EXITED = 1, PROCESS_HOW_SIGNALED = 2, PROCESS_HOW_STOPPED = 5, PROCESS_HOW_CONTINUED = 6 }; /* as CLD_* */

/* signal, signal_info */
#define PROCESS_SIGNALS 64u
#define PROCESS_SIGNAL_QUEUED 0x1u /* with a value, as by sigqueue */
#define PROCESS_SIGNAL_CHILD 0x2u  /* told by signal_info alone: SIGCHLD of pm, value: PROCESS_HOW_* << 32 | code */

/* stopped */
#define PROCESS_STOP_OWN 0x1u /* the process has sent itself the signal without pm */

/* get */
enum { PROCESS_STATE_RUNNING, PROCESS_STATE_STOPPED, PROCESS_STATE_ZOMBIE };

/* set_children, exec: inherited by children; exec sets them anew. */
#define PROCESS_CHILDREN_FORGET 0x1u   /* SIGCHLD is ignored, or SA_NOCLDWAIT: ended children leave nothing to wait for */
#define PROCESS_CHILDREN_NO_STOPS 0x2u /* SA_NOCLDSTOP: the signal comes for ends alone */
#define PROCESS_CHILDREN_SILENT 0x4u   /* the signal would do nothing: it is not sent */

#define PROCESS_LIMITS 16u
#define PROCESS_LIMIT_DATA 2u
#define PROCESS_LIMIT_RSS 5u
#define PROCESS_LIMIT_NPROC 6u
#define PROCESS_LIMIT_AS 9u
#define PROCESS_LIMIT_NONE UINT64_MAX

#define PROCESS_REPORT_MAX 8192u
#define PROCESS_ARGUMENTS_MAX 4096u
#define PROCESS_PATH_MAX 4096u
#define PROCESS_NAME_SIZE 16u /* with its NUL */
