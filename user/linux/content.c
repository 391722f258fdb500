/* Reading by the frame of a file: see content.h. */
#include "user/linux/content.h"

#include "user/linux/errors.h"
#include "user/linux/native.h"
#include "user/linux/remote.h"

#define CONTENT_LATER 60u /* more preads than at first, before a file that had none is asked again */

static struct file_content *content_of(const struct open_file *file)
{
	struct process *process = process_self();
	return &process->contents[file - process->files];
}

int64_t content_read(const struct open_file *file, uint64_t buffer, uint64_t length, uint64_t position)
{
	const struct file_content *content = content_of(file);
	uint64_t copied = 0;
	if (position >= content->length)
		return 0;
	if (length > content->length - position)
		length = content->length - position;
	status_t status = sys_frame_read(content->frame, content->offset + position, user_pointer(buffer), length, &copied);
	return status ? errors_to_linux(status) : (int64_t)copied;
}

void content_learn(struct open_file *file)
{
	struct process *process = process_self();
	struct file_content content;
	file->preads = 0;
	status_t status = remote_content(file->handle, &content.frame, &content.offset, &content.length);
	if (status) {
		if (status == ERR_BAD_CALL)
			file->by_frame = CONTENT_NEVER;
		else
			file->preads = (uint8_t)-CONTENT_LATER; /* it may grow into one */
		return;
	}
	lock_take(&process->descriptors_lock);
	bool first = file->by_frame == CONTENT_ASKED;
	if (first) {
		*content_of(file) = content;
		process->contents_known = true;
		__atomic_store_n(&file->by_frame, CONTENT_FRAME, __ATOMIC_RELEASE);
	}
	lock_drop(&process->descriptors_lock);
	if (!first) /* another thread was */
		sys_handle_close(content.frame);
}

void content_close_locked(const struct open_file *file)
{
	if (file->by_frame == CONTENT_FRAME)
		sys_handle_close(content_of(file)->frame);
}

void content_reset(struct process *process)
{
	for (uint32_t i = 0; i < process->files_high; i++)
		process->files[i].by_frame = process->files[i].preads = 0;
	process->contents_known = false;
}
