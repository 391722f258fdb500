/*
 * Reading at a position without asking the file's server: by the frame that the file is in (FS_content of abi/proto/fs.def), with one native call.
 *
 * A descriptor that is read so for the fourth time asks its server for the frame. The kernel knows where the file ends, whoever changes that, so
 * what is read is what the server would have given. The server hears nothing of it: the time of the last access is that of the asking.
 * The frame's handle is the process's alone, and goes with the open file; copies of the process ask anew.
 */
#pragma once

#include "user/linux/state.h"

#define CONTENT_PREADS 4u

enum content_way { CONTENT_ASKED, CONTENT_FRAME, CONTENT_NEVER }; /* by the server, by the frame; the server has no frame */

/* Of an open file with CONTENT_FRAME: the bytes read, or a negative errno. */
int64_t content_read(const struct open_file *file, uint64_t buffer, uint64_t length, uint64_t position);

/* Asks for the frame. */
void content_learn(struct open_file *file);

/* The file was read by its server. */
static inline void content_count(struct open_file *file)
{
	if (file->by_frame == CONTENT_ASKED && ++file->preads == CONTENT_PREADS)
		content_learn(file);
}

/* An open file is no more; descriptors_lock is held. */
void content_close_locked(const struct open_file *file);

/* In the state of a new process: the handles are its parent's. */
void content_reset(struct process *process);
