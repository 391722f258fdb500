/*
 * A call that was received and not answered is told once more: to the program that was put into the place of the one that received
 * it. All of it is still there: the caller waits, with its registers and its control block. If it was asked to end the call, that is
 * told once more too.
 */
#include "abi/exception.h"
#include "lib/string.h"
#include "object/ipc.h"
#include "object/process.h"

static void tell_handles(struct thread *thread, const struct reply_record *record, struct message_extras *received)
{
	const struct handles *table = &thread->process->handles;
	for (uint32_t i = 0; i < record->handle_count; i++) {
		const struct handle_entry *entry = handles_find(table, record->handles[i]);
		bool same = entry && entry->object->number == record->objects[i]; /* else the name has become another's */
		received->handles[i] = same ? record->handles[i] : HANDLE_NONE;
		received->rights[i] = same ? entry->rights : 0;
	}
}

static void tell_extras(struct thread *thread, const struct reply_record *record)
{
	const struct thread *caller = thread_of_reply((struct reply_record *)record);
	struct message_extras *received = &thread->block->received;
	received->handle_count = record->handle_count;
	received->word_count = record->word_count;
	received->move_mask = 0;
	received->readable = (struct message_buffer){0, record->readable_length};
	received->writable = (struct message_buffer){0, record->writable_length};
	tell_handles(thread, record, received);
	memcpy(thread->block->received_words, caller->block->send_words, record->word_count * sizeof(uint64_t));
}

uint32_t ipc_tell(struct thread *thread, struct reply_record *record)
{
	if (record == &reply_dead)
		return ERR_DEAD;
	const struct thread *caller = thread_of_reply(record);
	uint32_t info = caller->faulted ? RECEIVED_EXCEPTION : RECEIVED_CALL;
	if (record->extras) {
		tell_extras(thread, record);
		info |= RECEIVED_EXTRAS;
	}
	const uint64_t *words = caller->faulted ? caller->exception_words : caller->task.context.word;
	uint32_t label = caller->faulted ? EXCEPTION_FAULT : context_call_label(&caller->task.context);
	struct context *context = &thread->task.context;
	for (unsigned i = 0; i < MESSAGE_WORDS; i++)
		context->word[i] = words[i];
	context->rax = (uint64_t)info << 32 | label << 16;
	struct message_extras *received = &thread->block->received;
	received->stamp = record->stamp;
	received->serial = record->serial;
	received->caller = caller->process->number;
	received->deadline = caller->task.deadline;
	reply_ask_anew(record);
	return ERR_OK;
}
