/*
 * Job control from the program's side (POSIX.1-2017, 11.1.3 and 11.1.4): what becomes of a process that uses the terminal of its
 * session from the background, and the ioctls about sessions and groups. Who is in the foreground the terminal's server knows,
 * and says ERR_BACKGROUND; which signals are blocked or ignored this image knows.
 */
#pragma once

#include "user/linux/native.h"
#include "user/linux/state.h"

#define JOB_FORCE 1 /* the call is to be repeated with TTY_FORCED (FS_TRANSFER_FORCED) */

/* After ERR_BACKGROUND, with SIGTTIN for a read and SIGTTOU for all else: JOB_FORCE, or the errno that the call ends with. */
int64_t job_background(int signal);

/*
 * The ioctl of a terminal, where it is one about sessions: TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID. *out_known is false
 * for any other.
 */
int64_t job_ioctl(handle_t file, uint32_t command, uint64_t argument, bool *out_known);

/* A terminal was opened without O_NOCTTY: a leader of a session that has none makes it the session's. */
void job_opened_terminal(handle_t file);
