#include "object/extras.h"

#include "arch/user_copy.h"
#include "lib/string.h"

#define READ_ONCE(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

uint32_t extras_read(const struct thread *thread, struct extras *out)
{
	const struct message_extras *send = &thread->block->send;
	struct extras extras = {READ_ONCE(send->handle_count), READ_ONCE(send->word_count), READ_ONCE(send->move_mask)};
	if (extras.handle_count > MESSAGE_HANDLES || extras.word_count > MESSAGE_LONG_WORDS)
		return ERR_TOO_LARGE;
	*out = extras;
	return ERR_OK;
}

uint32_t extras_read_call(struct thread *thread)
{
	const struct message_extras *send = &thread->block->send;
	struct extras extras;
	uint32_t error = extras_read(thread, &extras);
	if (error)
		return error;
	uint64_t readable = READ_ONCE(send->readable.address), readable_length = READ_ONCE(send->readable.length);
	uint64_t writable = READ_ONCE(send->writable.address), writable_length = READ_ONCE(send->writable.length);
	if (!user_range_ok(uaddr(readable), readable_length) || !user_range_ok(uaddr(writable), writable_length))
		return ERR_BAD_ADDRESS;
	struct reply_record *record = &thread->reply;
	record->handle_count = extras.handle_count;
	record->word_count = extras.word_count;
	record->move_mask = extras.move_mask;
	record->readable = readable;
	record->readable_length = readable_length;
	record->writable = writable;
	record->writable_length = writable_length;
	record->extras = extras.handle_count || extras.word_count || readable_length || writable_length;
	thread->task.deadline = READ_ONCE(send->deadline);
	return ERR_OK;
}

/* The sender's handles, as its `send` part names them now. */
static uint32_t pack(struct thread *from, const struct extras *extras)
{
	handle_t handles[MESSAGE_HANDLES];
	uint32_t rights[MESSAGE_HANDLES];
	for (uint32_t i = 0; i < extras->handle_count; i++) {
		handles[i] = READ_ONCE(from->block->send.handles[i]);
		rights[i] = READ_ONCE(from->block->send.rights[i]);
	}
	return parcel_pack(&from->parcel, from->process, extras->handle_count, handles, rights, extras->move_mask);
}

static uint32_t pass_handles(struct thread *from, struct thread *to, const struct extras *extras, bool carried)
{
	handle_t places[MESSAGE_HANDLES];
	uint32_t error = parcel_reserve(to->process, extras->handle_count, places);
	if (error)
		return error;
	if (!carried) {
		error = pack(from, extras);
		if (error) {
			parcel_unreserve(to->process, extras->handle_count, places);
			return error;
		}
	}
	struct message_extras *received = &to->block->received;
	for (uint32_t i = 0; i < extras->handle_count; i++) {
		received->handles[i] = from->reply.handles[i] = places[i]; /* of an answer nobody asks */
		received->rights[i] = from->parcel.rights[i];
		from->reply.objects[i] = from->parcel.object[i]->number;
	}
	parcel_unpack(&from->parcel, to->process, places);
	return ERR_OK;
}

uint32_t extras_pass(struct thread *from, struct thread *to, const struct extras *extras, bool carried)
{
	if (extras->handle_count) {
		uint32_t error = pass_handles(from, to, extras, carried);
		if (error)
			return error;
	}
	struct message_extras *received = &to->block->received;
	received->handle_count = extras->handle_count;
	received->word_count = extras->word_count;
	received->move_mask = 0;
	received->readable = (struct message_buffer){0, 0};
	received->writable = (struct message_buffer){0, 0};
	memcpy(to->block->received_words, from->block->send_words, extras->word_count * sizeof(uint64_t));
	return ERR_OK;
}

void extras_discard(struct thread *from, const struct extras *extras)
{
	if (!pack(from, extras))
		parcel_drop(&from->parcel);
}
