/* The kernel for tests of programs: the system calls. See calls.h. */
#include "fake/calls_internal.h"

#include <sys/mman.h>

/* Handles and notifies. */

static status_t handle_duplicate(uint64_t *word)
{
	uint32_t slot = fake_slot(fake_current, (handle_t)word[0]);
	if (!slot)
		return ERR_BAD_HANDLE;
	if (!(fake_current->handles[slot]->rights & RIGHT_DUPLICATE))
		return ERR_NO_RIGHT;
	if (fake_current->handle_count >= fake_current->handle_limit)
		return ERR_NO_HANDLES;
	word[0] = fake_install(fake_current, fake_copy(fake_current->handles[slot], (uint32_t)word[1]));
	return ERR_OK;
}

static status_t handle_info(uint64_t *word)
{
	uint32_t slot = fake_slot(fake_current, (handle_t)word[0]);
	if (!slot)
		return ERR_BAD_HANDLE;
	word[0] = fake_current->handles[slot]->type;
	word[1] = fake_current->handles[slot]->rights;
	word[2] = (uintptr_t)fake_current->handles[slot]->stamp; /* whatever object it is, its address */
	return ERR_OK;
}

status_t (*fake_more_calls)(uint32_t number, handle_t handle, uint64_t *word);
status_t (*fake_life_calls)(uint32_t number, handle_t handle, struct message *message);

static status_t dispatch(uint32_t number, handle_t handle, struct message *message)
{
	uint64_t *word = message->word;
	switch (number) {
	case SYS_channel_call: return fake_channel_call(handle, message, false);
	case SYS_channel_call_x: return fake_channel_call(handle, message, true);
	case SYS_channel_recv:
	case SYS_channel_save_recv:
	case SYS_channel_reply_recv:
	case SYS_channel_reply_recv_x: return fake_receiver_call(number, handle, message);
	case SYS_channel_forward: return fake_forward(handle, message);
	case SYS_channel_forward_recv: return fake_forward_recv(handle, message);
	case SYS_channel_create: return fake_channel_create(word);
	case SYS_channel_mint: return fake_mint(handle, word);
	case SYS_channel_bind: return fake_channel_bind(handle, word);
	case SYS_reply_send: return fake_reply_send(handle, message, false);
	case SYS_reply_send_x: return fake_reply_send(handle, message, true);
	case SYS_reply_save: return fake_reply_save(word);
	case SYS_reply_reserve: return fake_reply_reserve(word);
	case SYS_reply_read: return fake_reply_copy(handle, false, word);
	case SYS_reply_write: return fake_reply_copy(handle, true, word);
	case SYS_reply_copy: return fake_reply_copy_across(handle, word);
	case SYS_vmem_map: return fake_map(word);
	case SYS_vmem_unmap: return munmap((void *)(uintptr_t)word[0], word[1]) ? ERR_BAD_ARGUMENT : ERR_OK;
	case SYS_vmem_protect:
		return mprotect((void *)(uintptr_t)word[0], word[1], fake_protection(word[2])) ? ERR_BAD_ARGUMENT : ERR_OK;
	case SYS_frame_create: return fake_frame_create(word);
	case SYS_frame_read:
	case SYS_frame_write:
	case SYS_frame_resize:
	case SYS_frame_set_end:
	case SYS_frame_info: return fake_frame_call(number, handle, word);
	case SYS_notify_create: return fake_notify_create(word);
	case SYS_notify_signal:
	case SYS_notify_wait: return fake_notify_call(number, handle, word);
	case SYS_handle_close: return fake_close(fake_current, (handle_t)word[0]);
	case SYS_handle_duplicate: return handle_duplicate(word);
	case SYS_handle_info: return handle_info(word);
	case SYS_handle_walk:
	case SYS_channel_stamps:
	case SYS_reply_message: return fake_life_calls ? fake_life_calls(number, handle, message) : ERR_BAD_CALL;
	default: return fake_more_calls ? fake_more_calls(number, handle, word) : ERR_BAD_CALL;
	}
}

struct control_block *control_block(void)
{
	return &fake_self()->control;
}

uint64_t native_call(uint64_t rax, uint64_t word[static MESSAGE_WORDS])
{
	struct message message = {.label = CALL_LABEL(rax)};
	memcpy(message.word, word, sizeof message.word);
	fake_self();
	pthread_mutex_lock(&fake_lock);
	status_t status = dispatch((uint32_t)(rax & 0xffff), (handle_t)(rax >> 32), &message);
	pthread_mutex_unlock(&fake_lock);
	memcpy(word, message.word, sizeof message.word);
	return (uint64_t)status | (uint64_t)message.label << 16 | (uint64_t)message.info << 32;
}
