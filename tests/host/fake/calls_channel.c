/* The kernel for tests of programs: channels, replies and notifies. */
#include "fake/calls_internal.h"

#include <stdlib.h>

void fake_answer_call(struct call *call, status_t error)
{
	call->error = error;
	call->answered = true;
	pthread_cond_broadcast(&fake_changed);
}

/* Its close message is on its way: from now on another sender may have it. */
static void free_stamp(struct channel *channel, uint64_t value)
{
	struct stamp **link = &channel->stamps;
	while (*link && (*link)->value != value)
		link = &(*link)->next;
	if (!*link)
		return;
	struct stamp *stamp = *link;
	*link = stamp->next;
	free(stamp);
}

static void end_event(struct call *event)
{
	if (event->message.info == RECEIVED_CLOSE)
		free_stamp(event->channel, event->stamp);
	free(event);
}

/* Nobody will receive it: a caller hears so, other messages are for nobody. */
static void refuse(struct call *call)
{
	if (call->is_event)
		end_event(call);
	else
		fake_answer_call(call, ERR_PEER_CLOSED);
}

void fake_append(struct channel *channel, struct call *call)
{
	struct call **link = &channel->first;
	call->next = NULL;
	call->channel = channel;
	if (!channel->receivers) {
		refuse(call);
		return;
	}
	while (*link)
		link = &(*link)->next;
	*link = call;
	fake_queued++;
	pthread_cond_broadcast(&fake_changed);
}

void fake_end_channel(struct channel *channel)
{
	while (channel->first) {
		struct call *call = channel->first;
		channel->first = call->next;
		fake_queued--;
		refuse(call);
	}
}

/* Channels. */

/* Takes the handles that the sender names out of its table or copies them. All or nothing. */
static status_t collect_handles(const struct message_extras *send, struct capability **out)
{
	if (send->handle_count > MESSAGE_HANDLES)
		return ERR_TOO_LARGE;
	for (unsigned i = 0; i < send->handle_count; i++)
		if (!fake_slot(fake_current, send->handles[i]))
			return ERR_BAD_HANDLE;
	for (unsigned i = 0; i < send->handle_count; i++) {
		out[i] = fake_copy(fake_current->handles[fake_slot(fake_current, send->handles[i])], send->rights[i]);
		if (send->move_mask & 1u << i)
			fake_close(fake_current, send->handles[i]);
	}
	return ERR_OK;
}

struct call *fake_begin_call(struct capability *sender, const struct message *message, const struct message_extras *extras)
{
	struct call *call = fake_must(calloc(1, sizeof *call));
	call->message = *message;
	call->message.info = RECEIVED_CALL;
	call->extras.deadline = DEADLINE_NEVER;
	if (extras) {
		call->extras = *extras;
		memcpy(call->words, fake_current->control.send_words, sizeof call->words);
		call->message.info |= RECEIVED_EXTRAS;
	}
	call->stamp = sender->stamp->value;
	call->caller = fake_current->number;
	return call;
}

/* Of one that was answered. */
status_t fake_take_answer(struct call *call, struct message *message)
{
	if (call->error)
		return call->error;
	*message = call->answer;
	message->info = 0;
	if (call->answer_handle_count || call->answer_word_count) {
		message->info = RECEIVED_EXTRAS;
		fake_current->control.received = (struct message_extras){
		        .handle_count = (uint8_t)call->answer_handle_count, .word_count = (uint8_t)call->answer_word_count};
		memcpy(fake_current->control.received_words, call->answer_words, call->answer_word_count * sizeof(uint64_t));
		for (unsigned i = 0; i < call->answer_handle_count; i++) {
			fake_current->control.received.handles[i] = fake_install(fake_current, call->answer_handles[i]);
			fake_current->control.received.rights[i] = call->answer_handles[i]->rights;
		}
	}
	return ERR_OK;
}

status_t fake_channel_call(handle_t handle, struct message *message, bool extras)
{
	struct capability *sender;
	status_t status = fake_look_up(handle, OBJECT_SENDER, RIGHT_SEND, &sender);
	if (status)
		return status;
	if (extras && fake_current->control.send.word_count > MESSAGE_LONG_WORDS)
		return ERR_TOO_LARGE;
	struct call *call = fake_begin_call(sender, message, extras ? &fake_current->control.send : NULL);
	if (extras) {
		status = collect_handles(&fake_current->control.send, call->handles);
		if (status)
			return status;
	}
	fake_append(sender->stamp->channel, call);
	while (!call->answered)
		pthread_cond_wait(&fake_changed, &fake_lock);
	return fake_take_answer(call, message);
}

/* The process whose thread waits in the call; for its handle limit. */
static struct fake_process *process_of(uint32_t number)
{
	struct fake_process *process = fake_processes;
	while (process && process->number != number)
		process = process->next;
	return process;
}

static status_t give_answer(struct call *call, const struct message *message, bool extras)
{
	struct message_extras *send = &fake_current->control.send;
	if (extras && send->handle_count) {
		struct fake_process *caller = process_of(call->caller);
		if (caller->handle_count + send->handle_count > caller->handle_limit)
			return ERR_NO_HANDLES;
		status_t status = collect_handles(send, call->answer_handles);
		if (status)
			return status;
		call->answer_handle_count = send->handle_count;
	}
	if (extras && send->word_count > MESSAGE_LONG_WORDS)
		return ERR_TOO_LARGE;
	call->answer_word_count = extras ? send->word_count : 0;
	memcpy(call->answer_words, fake_current->control.send_words, call->answer_word_count * sizeof(uint64_t));
	call->answer = *message;
	fake_answer_call(call, ERR_OK);
	return ERR_OK;
}

/* What the receiver learns of a call. */
void fake_tell_call(struct call *call, struct message *message)
{
	struct message_extras *received = &fake_current->control.received;
	*message = call->message;
	if (call->message.info & RECEIVED_EXTRAS) {
		*received = call->extras;
		memcpy(fake_current->control.received_words, call->words, call->extras.word_count * sizeof(uint64_t));
		memcpy(received->handles, call->received_handles, sizeof received->handles);
	}
	received->stamp = call->stamp;
	received->caller = call->caller;
	received->serial = call->serial;
	received->deadline = call->extras.deadline;
	for (unsigned i = 0; i < call->extras.handle_count; i++) {
		uint32_t slot = fake_slot(fake_current, call->received_handles[i]);
		received->handles[i] = slot ? call->received_handles[i] : HANDLE_NONE;
		received->rights[i] = slot ? fake_current->handles[slot]->rights : 0;
	}
}

static void deliver(struct call *call, struct message *message)
{
	static uint64_t last_serial;
	if (call->is_event) {
		fake_current->control.received.stamp = call->stamp;
		fake_current->control.received.caller = call->caller;
		*message = call->message;
		end_event(call);
		return;
	}
	call->serial = ++last_serial;
	fake_current->received = call;
	for (unsigned i = 0; i < call->extras.handle_count; i++) {
		if (call->handles[i])
			call->received_handles[i] = fake_install(fake_current, call->handles[i]);
		call->handles[i] = NULL;
	}
	fake_tell_call(call, message);
}

bool fake_interrupt(uint32_t caller)
{
	bool found = false;
	pthread_mutex_lock(&fake_lock);
	for (struct fake_process *process = fake_processes; process; process = process->next) {
		for (uint32_t i = 0; i < HANDLES; i++) {
			struct capability *reply = process->handles[i];
			if (!reply || reply->type != OBJECT_REPLY || reply->call->caller != caller || reply->call->answered)
				continue;
			struct call *event = fake_must(calloc(1, sizeof *event));
			event->is_event = true;
			event->message.info = RECEIVED_INTERRUPT;
			event->message.word[0] = fake_name(process, i);
			fake_append(reply->call->channel, event);
			found = true;
		}
	}
	pthread_mutex_unlock(&fake_lock);
	return found;
}

static status_t receive(struct channel *channel, uint64_t deadline, struct message *message)
{
	if (fake_current->received)
		return ERR_BAD_STATE;
	for (;;) {
		if (fake_current->stopping)
			return ERR_DEAD;
		if (channel->first) {
			struct call *call = channel->first;
			channel->first = call->next;
			fake_queued--;
			deliver(call, message);
			return ERR_OK;
		}
		if (channel->bound && channel->bound->bits) {
			*message = (struct message){.info = RECEIVED_NOTIFY, .word = {channel->bound->bits}};
			channel->bound->bits = 0;
			return ERR_OK;
		}
		fake_current->waiting = true;
		pthread_cond_broadcast(&fake_changed);
		bool in_time = fake_wait_until(deadline);
		fake_current->waiting = false;
		if (!in_time)
			return ERR_TIMED_OUT;
	}
}

static status_t reply_recv(struct channel *channel, struct message *message, bool extras)
{
	if (!fake_current->received)
		return ERR_BAD_STATE;
	status_t status = give_answer(fake_current->received, message, extras);
	if (status)
		return status;
	fake_current->received = NULL;
	return receive(channel, extras ? fake_current->control.send.deadline : DEADLINE_NEVER, message);
}

status_t fake_find_reply(handle_t handle, struct call **out)
{
	struct capability *reply;
	if (handle == HANDLE_SELF_REPLY || fake_names_received(handle)) {
		*out = fake_current->received;
		return fake_current->received ? ERR_OK : ERR_BAD_STATE;
	}
	status_t status = fake_look_up(handle, OBJECT_REPLY, RIGHT_SEND, &reply);
	if (!status)
		*out = reply->call;
	return status;
}

status_t fake_reply_send(handle_t handle, struct message *message, bool extras)
{
	struct call *call;
	status_t status = fake_find_reply(handle, &call);
	if (!status)
		status = give_answer(call, message, extras);
	if (status)
		return status;
	if (call == fake_current->received)
		fake_current->received = NULL;
	else
		fake_close(fake_current, handle);
	return ERR_OK;
}

status_t fake_reply_copy(handle_t handle, bool to_caller, uint64_t *word)
{
	struct call *call;
	status_t status = fake_find_reply(handle, &call);
	if (status)
		return status;
	struct message_buffer buffer = to_caller ? call->extras.writable : call->extras.readable;
	/* Another error than the kit's, which is expected to have looked before. */
	if (word[0] > buffer.length || word[2] > buffer.length - word[0])
		return ERR_BAD_ADDRESS;
	void *theirs = (void *)(uintptr_t)(buffer.address + word[0]), *ours = (void *)(uintptr_t)word[1];
	if (word[2])
		memcpy(to_caller ? theirs : ours, to_caller ? ours : theirs, word[2]);
	word[0] = word[2];
	return ERR_OK;
}

status_t fake_reply_copy_across(handle_t handle, uint64_t *word)
{
	struct call *from, *to;
	status_t status = fake_find_reply(handle, &from);
	if (!status)
		status = fake_find_reply((handle_t)word[0], &to);
	if (status)
		return status;
	struct message_buffer source = from->extras.readable, target = to->extras.writable;
	uint64_t source_rest = word[1] < source.length ? source.length - word[1] : 0;
	uint64_t target_rest = word[2] < target.length ? target.length - word[2] : 0;
	uint64_t length = word[3] < source_rest ? word[3] : source_rest;
	length = length < target_rest ? length : target_rest;
	if (length)
		memmove((void *)(uintptr_t)(target.address + word[2]), (void *)(uintptr_t)(source.address + word[1]), length);
	word[0] = length;
	return ERR_OK;
}

status_t fake_forward(handle_t handle, const struct message *message)
{
	struct capability *sender;
	status_t status = fake_look_up(handle, OBJECT_SENDER, RIGHT_SEND, &sender);
	if (status)
		return status;
	if (!fake_current->received)
		return ERR_BAD_STATE;
	struct call *call = fake_current->received;
	uint32_t info = call->message.info;
	call->message = *message;
	call->message.info = info;
	call->stamp = sender->stamp->value;
	fake_append(sender->stamp->channel, call);
	fake_current->received = NULL;
	return ERR_OK;
}

status_t fake_forward_recv(handle_t handle, struct message *message)
{
	struct capability *receiver;
	status_t status = fake_look_up(fake_current->received_by, OBJECT_RECEIVER, RIGHT_RECEIVE, &receiver);
	if (!status)
		status = fake_forward(handle, message);
	return status ? status : receive(receiver->channel, DEADLINE_NEVER, message);
}

status_t fake_mint(handle_t handle, uint64_t *word)
{
	struct capability *receiver;
	status_t status = fake_look_up(handle, OBJECT_RECEIVER, RIGHT_MINT, &receiver);
	if (status)
		return status;
	for (struct stamp *stamp = receiver->channel->stamps; stamp; stamp = stamp->next)
		if (stamp->value == word[0])
			return ERR_EXISTS;
	if (fake_current->handle_count >= fake_current->handle_limit)
		return ERR_NO_HANDLES;
	struct stamp *stamp = fake_must(calloc(1, sizeof *stamp));
	*stamp = (struct stamp){receiver->channel, word[0], 1, receiver->channel->stamps};
	receiver->channel->stamps = stamp;
	struct capability *sender = fake_capability(OBJECT_SENDER, (uint32_t)word[1]);
	sender->stamp = stamp;
	word[0] = fake_install(fake_current, sender);
	return ERR_OK;
}

status_t fake_channel_create(uint64_t *word)
{
	struct capability *receiver = fake_capability(OBJECT_RECEIVER, RIGHTS_ALL);
	receiver->channel = fake_must(calloc(1, sizeof *receiver->channel));
	receiver->channel->receivers = 1;
	word[0] = fake_install(fake_current, receiver);
	return ERR_OK;
}

status_t fake_channel_bind(handle_t handle, const uint64_t *word)
{
	struct capability *receiver, *notify;
	status_t status = fake_look_up(handle, OBJECT_RECEIVER, RIGHT_RECEIVE, &receiver);
	if (!status)
		status = fake_look_up((handle_t)word[0], OBJECT_NOTIFY, RIGHT_WAIT, &notify);
	if (!status)
		receiver->channel->bound = notify->notify;
	return status;
}

/* The name that waits for the call that is held leads to that already. */
bool fake_names_received(handle_t handle)
{
	return fake_current->received && fake_current->place && handle == fake_name(fake_current, fake_current->place);
}

status_t fake_reply_reserve(uint64_t *word)
{
	if (!fake_current->place)
		fake_current->place = fake_free_slot(fake_current);
	if (!fake_current->place)
		return ERR_NO_HANDLES;
	word[0] = fake_current->control.reply_place = fake_name(fake_current, fake_current->place);
	return ERR_OK;
}

/* Under the name that waits for it, if one does. */
handle_t fake_save_received(void)
{
	struct capability *reply = fake_capability(OBJECT_REPLY, RIGHT_SEND);
	uint32_t slot = fake_current->place ? fake_current->place : fake_free_slot(fake_current);
	if (!slot) {
		free(reply);
		return HANDLE_NONE;
	}
	reply->call = fake_current->received;
	fake_current->received = NULL;
	fake_current->handles[slot] = reply;
	fake_current->handle_count++;
	fake_current->place = 0;
	fake_current->control.reply_place = HANDLE_NONE;
	return fake_name(fake_current, slot);
}

status_t fake_reply_save(uint64_t *word)
{
	if (!fake_current->received)
		return ERR_BAD_STATE;
	word[0] = fake_save_received();
	return word[0] ? ERR_OK : ERR_NO_HANDLES;
}

static status_t save_and_receive(struct channel *channel, struct message *message)
{
	if (fake_current->received && !fake_current->place)
		return ERR_BAD_STATE;
	if (fake_current->received)
		fake_save_received();
	(void)fake_reply_reserve(&(uint64_t){0});
	return receive(channel, message->word[0], message);
}

status_t fake_receiver_call(uint32_t number, handle_t handle, struct message *message)
{
	struct capability *receiver;
	status_t status = fake_look_up(handle, OBJECT_RECEIVER, RIGHT_RECEIVE, &receiver);
	if (status)
		return status;
	fake_current->received_by = handle;
	if (number == SYS_channel_save_recv)
		return save_and_receive(receiver->channel, message);
	if (number == SYS_channel_recv)
		return receive(receiver->channel, message->word[0], message);
	return reply_recv(receiver->channel, message, number == SYS_channel_reply_recv_x);
}

status_t fake_notify_create(uint64_t *word)
{
	struct capability *capability = fake_capability(OBJECT_NOTIFY, RIGHTS_ALL);
	capability->notify = fake_must(calloc(1, sizeof *capability->notify));
	word[0] = fake_install(fake_current, capability);
	return ERR_OK;
}

status_t fake_notify_call(uint32_t number, handle_t handle, uint64_t *word)
{
	struct capability *notify;
	status_t status = fake_look_up(handle, OBJECT_NOTIFY, number == SYS_notify_signal ? RIGHT_SIGNAL : RIGHT_WAIT, &notify);
	if (status)
		return status;
	if (number == SYS_notify_signal) {
		notify->notify->bits |= word[0];
		pthread_cond_broadcast(&fake_changed);
		return ERR_OK;
	}
	while (!(notify->notify->bits & word[0]))
		if (!fake_wait_until(word[1]))
			return ERR_TIMED_OUT;
	uint64_t taken = notify->notify->bits & word[0];
	notify->notify->bits &= ~taken;
	word[0] = taken;
	return ERR_OK;
}
