/* Client stubs of protocol fs for the image: remote.h says what each does. */
#include "user/linux/remote.h"

#include <string.h>

#include "user/linux/access.h"
#include "user/linux/remote_call.h"
#include "user/linux/signal.h"

/*
 * Sends what `message` and the prepared `send` part say; the answer's label is the server's error. Where no server was
 * granted there is nothing of any name.
 */
status_t remote_call(handle_t server, struct message *message)
{
	if (!server)
		return ERR_NOT_FOUND;
	status_t status = sys_channel_call_x(server, message);
	return status ? status : message->label;
}

/* The same without buffers and handles, which takes the kernel's shortest way. */
static status_t call_words_only(handle_t server, struct message *message)
{
	if (!server)
		return ERR_NOT_FOUND;
	status_t status = sys_channel_call(server, message);
	return status ? status : message->label;
}

status_t remote_call_waiting(handle_t server, struct message *message)
{
	const struct message asked = *message;
	status_t status;
	if (!server)
		return ERR_NOT_FOUND;
	for (;;) {
		signal_ask();
		status = sys_channel_call_x(server, message);
		signal_hold();
		if (!status)
			status = message->label;
		if (!signal_repeat(status))
			return status;
		*message = asked;
	}
}

bool remote_set_words(struct message_extras *send, const void *bytes, uint64_t length)
{
	if (length > MESSAGE_SHORT_MAX)
		return false;
	extras_set_words(send, bytes, length);
	return true;
}

/* Of an answer that came with something. */
static inline status_t take_words(uint64_t address, uint64_t length)
{
	const struct control_block *block = control_block();
	if (block->received.word_count > MESSAGE_LONG_WORDS)
		return ERR_OK;
	uint64_t carried = block->received.word_count * sizeof(uint64_t);
	if (length > carried)
		length = carried;
	return access_copy(user_pointer(address), block->received_words, length) ? ERR_BAD_ADDRESS : ERR_OK;
}

status_t remote_take_words(const struct message *message, uint64_t address, uint64_t length)
{
	return message->info & RECEIVED_EXTRAS ? take_words(address, length) : ERR_OK;
}

static status_t call_readable(handle_t server, struct message *message, uint64_t address, uint64_t length)
{
	extras_begin()->readable = (struct message_buffer){address, length};
	return remote_call(server, message);
}

static status_t call_writable(handle_t server, struct message *message, uint64_t address, uint64_t length)
{
	extras_begin()->writable = (struct message_buffer){address, length};
	message->label |= LABEL_SHORT;
	status_t status = remote_call(server, message);
	return status ? status : remote_take_words(message, address, length);
}

/* The first handles that came with an answer, at most `wanted`; more, which no operation sends, are closed. How many it were. */
static uint32_t take_handles(const struct message *message, handle_t *out, uint32_t wanted)
{
	if (!(message->info & RECEIVED_EXTRAS))
		return 0;
	const struct message_extras *received = &control_block()->received;
	uint32_t count = received->handle_count < MESSAGE_HANDLES ? received->handle_count : MESSAGE_HANDLES;
	for (uint32_t i = 0; i < count; i++) {
		if (i < wanted)
			out[i] = received->handles[i];
		else
			sys_handle_close(received->handles[i]);
	}
	return count < wanted ? count : wanted;
}

handle_t remote_take_handle(const struct message *message)
{
	handle_t handle;
	return take_handles(message, &handle, 1) ? handle : HANDLE_NONE;
}

/*
 * A transfer, whose two words go out and of whose answer one counts. A server that claims more than it was asked for is not
 * believed.
 */
static inline status_t call_for_bytes(
        handle_t file, uint32_t label, uint64_t length, uint64_t position, uint64_t *out_bytes, uint32_t *out_info)
{
	const uint64_t word[MESSAGE_WORDS] = {length, position};
	uint64_t rax, result[MESSAGE_WORDS];
	status_t status;
	do {
		signal_ask();
		rax = native_call_into(CALL_REGISTER(SYS_channel_call_x, label, file), word, result);
		signal_hold();
		status = CALL_ERROR(rax) ? CALL_ERROR(rax) : CALL_LABEL(rax);
	} while (signal_repeat(status));
	*out_info = CALL_INFO(rax);
	*out_bytes = result[0];
	return !status && result[0] > length ? ERR_BAD_FORMAT : status;
}

/*
 * What a stream gives is gone from there, so the answer carries it only to memory that can be written; else the server finds that
 * it cannot give it.
 */
static bool may_be_carried(uint32_t operation, uint64_t address, uint64_t length)
{
	if (operation != FS_read)
		return true;
	uint64_t most = length < MESSAGE_SHORT_MAX ? length : MESSAGE_SHORT_MAX;
	return most && !access_probe(user_pointer(address), most);
}

status_t remote_fetch(
        handle_t file, uint32_t operation, uint64_t address, uint64_t length, uint64_t position, uint64_t *out_bytes)
{
	uint32_t info;
	if (may_be_carried(operation, address, length))
		operation |= LABEL_SHORT;
	extras_begin()->writable = (struct message_buffer){address, length};
	status_t status = call_for_bytes(file, operation, length, position, out_bytes, &info);
	return status || !(info & RECEIVED_EXTRAS) ? status : take_words(address, *out_bytes);
}

/* The call carries the program's bytes; the server may have to wait and read them later, so the buffer is named too. */
static void carry(struct message_extras *send, uint64_t address, uint64_t length)
{
	uint64_t *words = control_block()->send_words, count = (length + 7) / 8;
	if (!count)
		return;
	words[count - 1] = 0;
	if (!access_copy(words, user_pointer(address), length))
		send->word_count = (uint8_t)count;
}

status_t remote_store(
        handle_t file, uint32_t operation, uint64_t address, uint64_t length, uint64_t position, uint64_t *out_bytes)
{
	uint32_t info;
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){address, length};
	if (length <= MESSAGE_SHORT_MAX)
		carry(send, address, length);
	return call_for_bytes(file, operation, length, position, out_bytes, &info);
}

status_t remote_seek(handle_t file, int64_t offset, uint32_t origin, uint64_t *out_position)
{
	struct message message = {FS_seek, 0, {(uint64_t)offset, origin}};
	status_t status = call_words_only(file, &message);
	if (!status)
		*out_position = message.word[0];
	return status;
}

status_t remote_fstat(handle_t file, struct fs_stat *out)
{
	struct message message = {FS_fstat, 0, {0}};
	return call_writable(file, &message, (uintptr_t)out, sizeof *out);
}

static status_t ask_for_frame(
        handle_t file, uint32_t operation, handle_t *out_frame, uint64_t *out_offset, uint64_t *out_length)
{
	struct message message = {operation, 0, {0}};
	status_t status = call_words_only(file, &message);
	if (status)
		return status;
	handle_t frame = remote_take_handle(&message);
	if (!frame)
		return ERR_BAD_FORMAT;
	*out_frame = frame;
	*out_offset = message.word[0];
	*out_length = message.word[1];
	return ERR_OK;
}

status_t remote_map(handle_t file, handle_t *out_frame, uint64_t *out_offset, uint64_t *out_length)
{
	return ask_for_frame(file, FS_map, out_frame, out_offset, out_length);
}

status_t remote_content(handle_t file, handle_t *out_frame, uint64_t *out_offset, uint64_t *out_length)
{
	return ask_for_frame(file, FS_content, out_frame, out_offset, out_length);
}

status_t remote_plain(handle_t file, uint32_t operation, uint64_t word)
{
	struct message message = {operation, 0, {word}};
	return call_words_only(file, &message);
}

status_t remote_watch(handle_t file, uint32_t events, handle_t notify, uint64_t bits, uint32_t *out_ready)
{
	struct message message = {FS_watch, 0, {events, bits}};
	status_t status;
	if (notify) {
		extras_add_handle(extras_begin(), notify, RIGHT_SIGNAL, 0);
		status = remote_call(file, &message);
	} else
		status = call_words_only(file, &message);
	if (!status)
		*out_ready = (uint32_t)message.word[0];
	return status;
}

status_t remote_ask(handle_t file, uint32_t operation, uint64_t word, uint64_t *out_word)
{
	struct message message = {operation, 0, {word}};
	status_t status = call_words_only(file, &message);
	if (!status)
		*out_word = message.word[0];
	return status;
}

status_t remote_ask_words(
        handle_t file, uint32_t operation, uint64_t first, uint64_t second, uint64_t *out_words, uint32_t count)
{
	struct message message = {operation, 0, {first, second}};
	status_t status = call_words_only(file, &message);
	if (!status)
		memcpy(out_words, message.word, count * sizeof *out_words);
	return status;
}

/* Takes exactly `count` handles out of an answer, or none. */
static status_t take_all(const struct message *message, handle_t *out_handles, uint32_t count)
{
	uint32_t taken = take_handles(message, out_handles, count);
	if (taken == count)
		return ERR_OK;
	while (taken--)
		sys_handle_close(out_handles[taken]);
	return ERR_BAD_FORMAT;
}

status_t remote_make(
        handle_t session, uint32_t operation, uint64_t first, uint64_t second, handle_t *out_handles, uint32_t count)
{
	struct message message = {operation, 0, {first, second}};
	status_t status = call_words_only(session, &message);
	return status ? status : take_all(&message, out_handles, count);
}

status_t remote_make_waiting(
        handle_t session, uint32_t operation, uint64_t first, uint64_t second, handle_t *out_handles, uint32_t count)
{
	struct message message = {operation, 0, {first, second}};
	extras_begin();
	status_t status = remote_call_waiting(session, &message);
	return status ? status : take_all(&message, out_handles, count);
}

status_t remote_fifo(handle_t session, uint32_t sides, uint32_t flags, const struct fs_stat *stat, handle_t token,
        handle_t *out_end, uint64_t out_words[2])
{
	struct message message = {STREAM_fifo, 0, {sides, flags, stat->file_system, stat->file, stat->mode}};
	extras_add_handle(extras_begin(), token, RIGHT_INSPECT | RIGHT_TRANSFER, 0);
	status_t status = sys_channel_call_x(session, &message);
	if (!status)
		status = message.label;
	if (status)
		return status;
	out_words[0] = message.word[0];
	out_words[1] = message.word[1];
	return take_all(&message, out_end, 1);
}

status_t remote_fifo_await(handle_t end, uint64_t came)
{
	struct message message = {STREAM_fifo_await, 0, {came}};
	extras_begin();
	return remote_call_waiting(end, &message);
}

status_t remote_name(handle_t socket, uint32_t operation, uint64_t flags, const struct stream_name *name, handle_t token)
{
	struct message message = {operation, 0, {flags}};
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uintptr_t)name, sizeof *name};
	if (token)
		extras_add_handle(send, token, RIGHT_INSPECT | RIGHT_TRANSFER, 0);
	return remote_call_waiting(socket, &message);
}

status_t remote_get_name(handle_t socket, bool peer, struct stream_name *out)
{
	struct message message = {STREAM_name, 0, {peer}};
	return call_writable(socket, &message, (uintptr_t)out, sizeof *out);
}

status_t remote_token(handle_t file, handle_t *out_token)
{
	return remote_make(file, FS_token, 0, 0, out_token, 1);
}

status_t remote_tty_get(handle_t file, uint64_t address)
{
	struct message message = {TTY_get_attributes, 0, {0}};
	return call_writable(file, &message, address, sizeof(struct tty_attributes));
}

status_t remote_tty_set(handle_t file, uint32_t when, uint32_t flags, uint64_t address)
{
	struct message message = {TTY_set_attributes, 0, {when, flags}};
	return call_readable(file, &message, address, sizeof(struct tty_attributes));
}

status_t remote_tty_get_size(handle_t file, uint32_t *out_rows, uint32_t *out_columns)
{
	struct message message = {TTY_get_size, 0, {0}};
	status_t status = call_words_only(file, &message);
	if (status)
		return status;
	*out_rows = (uint32_t)message.word[0];
	*out_columns = (uint32_t)message.word[1];
	return ERR_OK;
}

status_t remote_tty_set_size(handle_t file, uint32_t rows, uint32_t columns)
{
	struct message message = {TTY_set_size, 0, {rows, columns}};
	return call_words_only(file, &message);
}

status_t remote_fstatfs(handle_t file, struct fs_info *out)
{
	struct message message = {FS_fstatfs, 0, {0}};
	return call_writable(file, &message, (uintptr_t)out, sizeof *out);
}

status_t remote_fset_attributes(handle_t file, uint32_t mask, const struct fs_attributes *attributes)
{
	struct message message = {FS_fset_attributes, 0, {mask}};
	return call_readable(file, &message, (uintptr_t)attributes, sizeof *attributes);
}

status_t remote_allocate(handle_t file, uint64_t start, uint64_t length, uint32_t mode)
{
	struct message message = {FS_allocate, 0, {start, length, mode}};
	return call_words_only(file, &message);
}

status_t remote_lock(handle_t file, struct remote_lock *lock, uint32_t flags, handle_t *out_locks)
{
	struct message message = {FS_lock, 0, {lock->kind, lock->start, lock->length, flags}};
	extras_begin();
	status_t status = remote_call_waiting(file, &message);
	if (status)
		return status;
	if (flags & FS_LOCK_TEST)
		*lock = (struct remote_lock){message.word[0], message.word[1], message.word[2], (uint32_t)message.word[3]};
	*out_locks = remote_take_handle(&message);
	return ERR_OK;
}
