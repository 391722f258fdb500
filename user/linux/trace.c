/* When lines are told, and where to: see trace.h. */
#include "user/linux/trace.h"

#include <string.h>

#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/log.h"
#include "user/linux/native.h"
#include "user/linux/remote_call.h"

#define STRINGS_MAX 512u
#define OUTPUT_RIGHTS (RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT)

/* As calls.def numbers them. */
enum { CALL_RT_SIGRETURN = 15, CALL_EXIT = 60, CALL_EXIT_GROUP = 231 };

int64_t trace_set(uint64_t argument)
{
	struct process *process = process_self();
	uint64_t strings = argument >> TRACE_STRINGS_SHIFT;
	int fd = (int)(argument & 0xffff);
	handle_t old = process->trace ? process->trace_output : HANDLE_NONE, output = HANDLE_NONE;
	if (argument == UINT64_MAX) {
		process->trace = 0;
	} else {
		if (strings > STRINGS_MAX || (argument & 0xfffe0000))
			return -EINVAL;
		struct open_file *file = descriptors_hold(fd);
		if (!file)
			return -EBADF;
		status_t status = file->handle ? sys_handle_duplicate(file->handle, OUTPUT_RIGHTS, &output) : ERR_OK;
		descriptors_drop(file);
		if (status)
			return errors_to_linux(status);
		process->trace_output = output;
		process->trace = START_TRACE | (argument & TRACE_CHILDREN ? START_TRACE_CHILDREN : 0) |
		        (uint32_t)strings << START_TRACE_STRINGS_SHIFT;
	}
	if (old)
		sys_handle_close(old);
	return 0;
}

void trace_in_child(struct process *process)
{
	if (process->trace & START_TRACE_CHILDREN)
		return;
	process->trace = 0;
	if (process->trace_output)
		sys_handle_close(process->trace_output);
	process->trace_output = HANDLE_NONE;
}

/* Waits as long as the file takes; a terminal that would stop the program for writing in the background is not asked to. */
static void put(struct trace_line *line)
{
	const struct process *process = process_self();
	if (line->length >= sizeof line->text)
		line->length = sizeof line->text - 1;
	if (!process->trace_output) {
		struct log_text text = {.length = line->length < LOG_LINE_MAX ? line->length : LOG_LINE_MAX};
		memcpy(text.text, line->text, text.length);
		log_put(process->log, LOG_INFO, &text);
		return;
	}
	line->text[line->length++] = '\n';
	uint64_t position = 0;
	for (uint32_t at = 0; at < line->length;) {
		struct message message = {FS_write, 0, {line->length - at, position}};
		extras_begin()->readable = (struct message_buffer){(uintptr_t)line->text + at, line->length - at};
		status_t status = remote_call(process->trace_output, &message);
		if (status == ERR_BACKGROUND && !position) {
			position = FS_TRANSFER_FORCED;
			continue;
		}
		if (status || !message.word[0] || message.word[0] > line->length - at)
			return;
		at += (uint32_t)message.word[0];
	}
}

static void begin(struct trace_line *line)
{
	line->length = 0;
	if (!(process_self()->trace & START_TRACE_CHILDREN))
		return;
	trace_add(line, "[pid ");
	trace_add_number(line, thread_self()->id);
	trace_add(line, "] ");
}

__attribute__((noinline)) void trace_before(const struct frame *frame)
{
	struct trace_line line;
	uint32_t number = (uint32_t)frame->rax;
	if (number != CALL_EXIT && number != CALL_EXIT_GROUP)
		return;
	begin(&line);
	trace_add_call(&line, frame, number, 0);
	trace_add(&line, " = ?");
	put(&line);
}

__attribute__((noinline)) void trace_after(const struct frame *frame, uint32_t number, int64_t result)
{
	struct trace_line line;
	begin(&line);
	if (number == CALL_RT_SIGRETURN) /* the registers are those of before the signal already */
		trace_add(&line, "rt_sigreturn()");
	else
		trace_add_call(&line, frame, number, result);
	trace_add_result(&line, number, result);
	put(&line);
}

void trace_started(void)
{
	const struct start_block *start = process_self()->start;
	struct trace_line line;
	begin(&line);
	trace_add(&line, "execve(");
	trace_add_strings(&line, (const char *)start + start->program_name, 1);
	trace_add(&line, ", [");
	trace_add_strings(&line, (const char *)start + start->arguments, start->argument_count);
	trace_add(&line, "], /* ");
	trace_add_number(&line, start->environment_count);
	trace_add(&line, " vars */) = 0");
	put(&line);
}

void trace_signal(int signal)
{
	struct trace_line line;
	begin(&line);
	trace_add(&line, "--- ");
	trace_add_signal(&line, (uint64_t)signal);
	trace_add(&line, " ---");
	put(&line);
}

void trace_ended(uint32_t status)
{
	struct trace_line line;
	begin(&line);
	bool by_signal = status >= PROCESS_STATUS_SIGNAL;
	trace_add(&line, by_signal ? "+++ killed by " : "+++ exited with ");
	if (by_signal)
		trace_add_signal(&line, status - PROCESS_STATUS_SIGNAL);
	else
		trace_add_number(&line, status);
	trace_add(&line, " +++");
	put(&line);
}
