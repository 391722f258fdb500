/* Writing, reading, watching and claiming the log (object/log.h). Text is copied in whole before a line is made of it. */
#include "object/log.h"

#include "abi/syscalls.h"
#include "core/log.h"
#include "object/notify.h"
#include "syscall/call.h"

#define READ_STEP 2048u /* bytes of lines that one call copies at most */

void syscall_log_write(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	uint64_t address = call_word(thread, 0), length = call_word(thread, 1), level = call_word(thread, 2);
	char text[LOG_LINE_MAX];
	uint32_t error = ERR_OK;
	if (length > sizeof text)
		error = ERR_TOO_LARGE;
	else if (level > LOG_DEBUG)
		error = ERR_BAD_ARGUMENT;
	else if (vmem_copy_in(thread->process->vmem, text, address, length) != length)
		error = ERR_BAD_ADDRESS;
	else
		log_text((uint32_t)level, thread->process->name, text, length);
	call_answer(thread, error);
}

void syscall_log_read(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	uint64_t cursor = call_word(thread, 0), address = call_word(thread, 1), length = call_word(thread, 2);
	char text[READ_STEP];
	uint64_t next, lost;
	size_t size = log_copy(cursor, text, length < sizeof text ? length : sizeof text, &next, &lost);
	if (vmem_copy_out(thread->process->vmem, address, text, size) != size)
		call_answer(thread, ERR_BAD_ADDRESS);
	else
		call_answer_words(thread, size, next, lost);
}

void syscall_log_watch(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	struct object *notify;
	uint32_t error = call_find(thread, (handle_t)call_word(thread, 0), OBJECT_NOTIFY, RIGHT_SIGNAL, &notify, 0);
	if (!error)
		error = watch_add(&log_watchers, notify_of_object(notify), call_word(thread, 1));
	call_answer(thread, error);
}

void syscall_log_claim(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	uint64_t cursor;
	uint32_t error = log_claim(thread->process, &cursor);
	if (error == ERR_WOULD_BLOCK)
		call_again(thread);
	else if (error)
		call_answer(thread, error);
	else
		call_answer_words(thread, cursor, 0, 0);
}
