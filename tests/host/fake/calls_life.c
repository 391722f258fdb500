/* The kernel for tests of programs: processes that end in the middle of their work and begin again with all their handles. */
#include "fake/calls_internal.h"

#include <stdlib.h>
#include "user/lib/state_area.h"
#include "user/lib/call.h"

static status_t handle_walk(uint64_t *word)
{
	for (uint64_t i = word[0] + 1; i < HANDLES; i++) {
		const struct capability *capability = fake_current->handles[i];
		if (!capability)
			continue;
		word[0] = fake_name(fake_current, (uint32_t)i);
		word[1] = capability->type;
		word[2] = capability->rights;
		word[3] = i;
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

/* The cursor is how many were told. */
static status_t channel_stamps(handle_t handle, uint64_t *word)
{
	struct capability *receiver;
	uint64_t cursor = word[0], *to = (uint64_t *)(uintptr_t)word[1], place = 0, written = 0;
	status_t status = fake_look_up(handle, OBJECT_RECEIVER, RIGHT_RECEIVE, &receiver);
	if (status)
		return status;
	const struct stamp *stamp = receiver->channel->stamps;
	for (; stamp && written < word[2]; stamp = stamp->next)
		if (place++ >= cursor)
			to[written++] = stamp->value;
	word[0] = written;
	word[1] = stamp ? cursor + written : 0;
	return ERR_OK;
}

static bool has_ended(uint32_t number)
{
	const struct fake_process *process = fake_processes;
	while (process && process->number != number)
		process = process->next;
	return !process || process->state == PROCESS_ENDED;
}

static status_t reply_message(handle_t handle, struct message *message)
{
	struct call *call;
	handle_t receiver = (handle_t)message->word[0];
	status_t status = receiver && fake_current->received ? ERR_BAD_STATE : fake_find_reply(handle, &call);
	if (!status && has_ended(call->caller))
		status = ERR_DEAD;
	if (status)
		return status;
	fake_tell_call(call, message);
	if (!receiver)
		return ERR_OK;
	uint32_t slot = fake_slot(fake_current, handle);
	free(fake_current->handles[slot]);
	fake_current->handles[slot] = NULL;
	fake_current->handle_count--;
	fake_current->received = call;
	fake_current->received_by = receiver;
	return ERR_OK;
}

static status_t call(uint32_t number, handle_t handle, struct message *message)
{
	switch (number) {
	case SYS_handle_walk: return handle_walk(message->word);
	case SYS_channel_stamps: return channel_stamps(handle, message->word);
	default: return reply_message(handle, message);
	}
}

void fake_make_mortal(void)
{
	fake_life_calls = call;
}

struct fake_process *fake_process_with_state(
        const char *name, int (*start)(void), const char *export, uint64_t bytes, handle_t *out_session)
{
	handle_t receiver, frame;
	struct fake_process *process = fake_process_create(name, start);
	fake_make_mortal();
	if (sys_channel_create(&receiver) || sys_channel_mint(receiver, 7, RIGHTS_ALL, out_session) ||
	        sys_frame_create(bytes, 0, &frame))
		abort();
	fake_grant(process, export, receiver);
	fake_grant(process, "state", frame);
	sys_handle_close(receiver);
	sys_handle_close(frame);
	return process;
}

unsigned fake_ends(const struct fake_process *process)
{
	pthread_mutex_lock(&fake_lock);
	unsigned ends = process->ends;
	pthread_mutex_unlock(&fake_lock);
	return ends;
}

/* The call that it held becomes a saved one, which the next life finds. */
static void save_received(void)
{
	if (fake_current->received && !fake_save_received())
		abort();
	fake_current->place = 0;
	fake_current->control.reply_place = HANDLE_NONE;
}

void fake_end_here(void)
{
	pthread_mutex_lock(&fake_lock);
	save_received();
	fake_current->ends++;
	fake_current->memory = (void *)state_area.base; /* nothing else may come to lie there, not the next thread's stack */
	fake_current->memory_size = state_area.size;
	pthread_detach(pthread_self());
	siglongjmp(fake_current->begin, 1); /* with the lock */
}
