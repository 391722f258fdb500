/* The server kit's event loop, dispatch and bits: see server.h. Objects are in server_objects.c, timers in server_timer.c. */
#include "user/lib/server.h"

#include "abi/exception.h"
#include "abi/proto/protocols.h"
#include "user/lib/server_internal.h"

/* Labels are found by hashing: an operation's place plus one stands at its label's hash or behind it. */
static uint8_t label_hash(uint32_t label)
{
	return (uint8_t)(label ^ label >> 8);
}

static const struct server_operation *find_operation(const struct server *server, uint32_t label)
{
	for (uint8_t place = label_hash(label); server->index[place]; place++) {
		const struct server_operation *operation = &server->operations[server->index[place] - 1];
		if (operation->label == label)
			return operation;
	}
	return NULL;
}

status_t server_begin(struct server *server, handle_t receiver)
{
	if (server->operation_count > SERVER_OPERATIONS_MAX)
		return ERR_BAD_ARGUMENT;
	memset(server->index, 0, sizeof server->index);
	for (size_t i = 0; i < server->operation_count; i++) {
		uint32_t label = server->operations[i].label;
		if (find_operation(server, label) || (label & LABEL_SHORT))
			return ERR_BAD_ARGUMENT;
		uint8_t place = label_hash(label);
		while (server->index[place])
			place++;
		server->index[place] = (uint8_t)(i + 1);
	}
	server->receiver = receiver;
	server->notify = HANDLE_NONE;
	/* A server that comes back on the same receiver never gives a stamp again that its predecessor gave. */
	server->next_stamp = SERVER_STAMP_FIRST + server_timer_now();
	server->bits_used = 0;
	server->signalled = NULL;
	server->timers = NULL;
	server->own_tables = (struct state_tables){0};
	server->tables = &server->own_tables;
	return server->state ? server_state_begin(server) : ERR_OK;
}

/* What came beside the words, with the counts held to their limits. */
static void fill_extras(struct request *request, const struct control_block *block)
{
	const struct message_extras *received = &block->received;

	request->deadline = received->deadline;
	request->readable = received->readable.length;
	request->writable = received->writable.length;
	if (received->word_count && received->word_count <= MESSAGE_LONG_WORDS) {
		uint64_t carried = received->word_count * sizeof(uint64_t);
		request->long_word_count = received->word_count;
		for (uint32_t i = 0; i < received->word_count; i++)
			request->long_word[i] = block->received_words[i];
		if (request->readable < carried)
			request->readable = carried;
	}
	if (received->handle_count <= MESSAGE_HANDLES)
		request->handle_count = received->handle_count;
	for (uint32_t i = 0; i < request->handle_count; i++) {
		request->handles[i] = received->handles[i];
		request->rights[i] = received->rights[i];
	}
}

/* Takes over what the kernel has left in the control block; label, info and words are there already. */
static void fill_request(struct server *server, struct request *request)
{
	const struct control_block *block = control_block();

	request->server = server;
	request->stamp = block->received.stamp;
	request->serial = block->received.serial;
	request->caller = block->received.caller;
	request->object = NULL;
	request->lease = 0;
	request->takes_words = (request->label & LABEL_SHORT) != 0;
	request->label &= ~LABEL_SHORT;
	request->result_length = 0;
	request->deadline = DEADLINE_NEVER;
	request->long_word_count = 0;
	request->handle_count = 0;
	request->readable = 0;
	request->writable = 0;
	request->answer.handle_count = 0;
	memset(request->answer.word, 0, sizeof request->answer.word);
	request->reply = HANDLE_SELF_REPLY;
	request->certain = false;
	if (request->info & RECEIVED_EXTRAS)
		fill_extras(request, block);
}

/* 0: there is no protocol of this number. */
static uint32_t version_of(uint64_t number)
{
	switch (number) {
#define PROTOCOL(number, name, version) \
	case number: \
		return version;
#include "abi/proto/protocols.def"
#undef PROTOCOL
	}
	return 0;
}

/* PROTOCOL_version: a server speaks the protocols that its table has operations of. */
static status_t answer_version(struct request *request)
{
	const struct server *server = request->server;
	for (size_t i = 0; i < server->operation_count; i++) {
		if (PROTOCOL_OF(server->operations[i].label) != request->word[0])
			continue;
		request->answer.word[0] = version_of(request->word[0]);
		return request->answer.word[0] ? ERR_OK : ERR_NOT_SUPPORTED;
	}
	return ERR_NOT_SUPPORTED;
}

/* Finds who handles the call, checks what the table asks for, and lets it be handled. */
static status_t serve_call(struct request *request)
{
	struct server *server = request->server;
	enum server_object_kind kind = SERVER_OBJECT_PLAIN;

	if (request->stamp >= SERVER_STAMP_FIRST) {
		struct server_object *entry = table_find(&server->tables->open, request->stamp);
		if (!entry)
			return ERR_DEAD;
		request->object = entry->state;
		kind = entry->kind;
		status_t status = kind == SERVER_OBJECT_PLAIN ? ERR_OK : lease_enter(request, entry);
		if (status)
			return status;
	}
	if (kind == SERVER_OBJECT_KEEPER)
		return lease_serve_keeper(request);
	const struct server_operation *operation = find_operation(server, request->label);
	if (!operation)
		return request->label == PROTOCOL_version ? answer_version(request) : ERR_BAD_CALL;
	if (operation->audience == (request->object ? SERVER_SESSION : SERVER_OBJECT) ||
	        (kind != SERVER_OBJECT_PLAIN && operation->audience != SERVER_NAMES))
		return ERR_NOT_SUPPORTED;
	if (request->handle_count < operation->handles || request->readable < operation->readable ||
	        request->writable < operation->writable)
		return ERR_BAD_ARGUMENT;
	return operation->handle(request);
}

/* An exception's answer is no error: nobody to ask means that the process ends. */
static status_t serve_exception(struct request *request)
{
	return request->server->exception ? request->server->exception(request) : EXCEPTION_END;
}

/* What was not taken of a call is closed, and what was meant for an answer that will not be given here. */
static void finish_request(struct request *request, status_t status)
{
	for (uint32_t i = 0; i < request->handle_count; i++)
		if (request->handles[i])
			state_close(request->handles[i]);
	request->handle_count = 0;
	if (request->answer.handle_count && (status || request->reply != HANDLE_SELF_REPLY))
		answer_drop(&request->answer);
}

static void serve_bits(struct server *server, uint64_t bits)
{
	if (server->signalled) {
		server->signalled(bits);
		return;
	}
	while (bits &= server->bits_used) {
		unsigned i = (unsigned)__builtin_ctzll(bits);
		bits &= bits - 1;
		server->bit[i].signalled(server->bit[i].context);
	}
}

static void serve_interrupt(struct server *server, handle_t reply)
{
	if (server->interrupted)
		server->interrupted(server, reply);
	else if (!reply_interrupted(reply) && server->interrupt_drops)
		answer_send(reply, ERR_INTERRUPTED, NULL);
}

static status_t serve_received_call(struct server *server, struct request *request)
{
	fill_request(server, request);
	status_t status = serve_call(request);
	/* An answer that has to outlive this server carries nothing. */
	if (!status && request->result_length && server->state && state_is_changed())
		status = request_stop_keeping(request);
	if (request->handle_count | request->answer.handle_count)
		finish_request(request, status);
	return status;
}

/* What is no call: nobody waits for an answer, but for that to an exception. */
static status_t serve_other(struct server *server, struct request *request)
{
	status_t status = ERR_OK;
	request->reply = HANDLE_NONE;
	switch (RECEIVED_KIND(request->info)) {
	case RECEIVED_EXCEPTION:
		fill_request(server, request);
		status = serve_exception(request);
		finish_request(request, ERR_OK);
		break;
	case RECEIVED_CLOSE: server_close_stamp(server, control_block()->received.stamp); break;
	case RECEIVED_NOTIFY: serve_bits(server, request->word[0]); break;
	case RECEIVED_INTERRUPT: serve_interrupt(server, (handle_t)request->word[0]); break;
	}
	return status;
}

status_t server_serve(struct server *server, struct request *request)
{
	request->forward_to = HANDLE_NONE;
	if (RECEIVED_KIND(request->info) == RECEIVED_CALL)
		return serve_received_call(server, request);
	return serve_other(server, request);
}

/* A call that was handed on leaves with the next wait, but not over what may come before that. */
static void forward_if_needed(const struct server *server, struct request *request, status_t *status)
{
	if (!request->forward_to || (!server->timers && !(server->state && state_has_changed())))
		return;
	status_t failed = request_forward_now(request);
	if (failed)
		*status = failed;
}

/* The words of the next message go where a handler reads them. */
static status_t received(struct request *request, uint64_t rax)
{
	request->label = CALL_LABEL(rax);
	request->info = CALL_INFO(rax);
	return CALL_ERROR(rax);
}

static status_t receive(const struct server *server, struct request *request, uint64_t deadline)
{
	const uint64_t word[MESSAGE_WORDS] = {deadline};
	return received(
	        request, native_call_into(CALL_REGISTER(SYS_channel_save_recv, 0, server->receiver), word, request->word));
}

static status_t forward_and_receive(struct request *request)
{
	struct message message = request_forwarded(request);
	status_t status = sys_channel_forward_recv(request->forward_to, &message);
	request->label = message.label;
	request->info = message.info;
	memcpy(request->word, message.word, sizeof request->word);
	return status;
}

/*
 * Gives the answer that is owed, if any, hands the call on or saves it, and waits for the next message, both in one call. The plain call
 * does where neither handles nor a deadline are wanted. ERR_TIMED_OUT: the answer was given, a timer is due.
 */
static status_t answer_and_receive(const struct server *server, struct request *request, status_t status, uint64_t deadline)
{
	struct answer *answer = &request->answer;
	uint32_t number = SYS_channel_reply_recv;

	if (request->reply != HANDLE_SELF_REPLY)
		return request->forward_to ? forward_and_receive(request) : receive(server, request, deadline);
	if (!answer_keeps_words(status))
		memset(answer->word, 0, sizeof answer->word);
	uint32_t result_words = status ? 0 : (request->result_length + 7) / 8;
	if (answer->handle_count | result_words || deadline != DEADLINE_NEVER) {
		struct message_extras *send = extras_begin();
		send->deadline = deadline;
		if (result_words)
			extras_set_words(send, request->result, result_words * sizeof(uint64_t));
		for (uint32_t i = 0; i < answer->handle_count; i++)
			extras_add_handle(send, answer->handles[i], answer->rights[i], 1);
		number = SYS_channel_reply_recv_x;
	}
	return received(
	        request, native_call_into(CALL_REGISTER(number, status, server->receiver), answer->word, request->word));
}

/* What a timer has changed is certain together with an answer that waits to leave, and was to carry something: it does not now. */
static void commit_timer(struct request *request, status_t *status)
{
	bool keeps = request->reply == HANDLE_SELF_REPLY && !request->certain && !*status && request->result_length;
	if (keeps)
		*status = request_stop_keeping(request);
	server_state_commit(request, *status);
}

/* The next timer's deadline, when those that are due have run, and what they have changed is certain. */
static uint64_t run_timers(struct server *server, struct request *request, status_t *status)
{
	uint64_t deadline = server_timer_run(server);
	if (server->state && state_has_changed())
		commit_timer(request, status);
	return deadline;
}

status_t server_run(struct server *server)
{
	struct request request;
	status_t status = ERR_OK;

	if (server->state)
		server_state_recover(server);
	request.reply = request.forward_to = HANDLE_NONE;
	for (;;) {
		uint64_t deadline = server->timers ? run_timers(server, &request, &status) : DEADLINE_NEVER;
		status_t failed = answer_and_receive(server, &request, status, deadline);
		if (state_area.answers)
			state_answered();
		if (!failed) {
			status = server_serve(server, &request);
			if (request.forward_to)
				forward_if_needed(server, &request, &status);
			if (server->state && state_has_changed())
				server_state_commit(&request, status);
			continue;
		}
		/* The answer was given; a timer is due, or a signal of its own has interrupted the server. */
		bool waited = failed == ERR_TIMED_OUT || failed == ERR_INTERRUPTED;
		if (!waited && request.reply != HANDLE_SELF_REPLY && !request.forward_to)
			return failed;
		/* It may be what should have left, an answer or a call; then the caller hears that, and the next round shows the rest. */
		if (!waited)
			answer_give(HANDLE_SELF_REPLY, failed, &request.answer);
		request.reply = request.forward_to = HANDLE_NONE;
	}
}

status_t server_add_bit(
        struct server *server, void (*signalled)(void *context), void *context, handle_t *out_notify, uint64_t *out_bits)
{
	if (server->bits_used == UINT64_MAX)
		return ERR_FULL;
	if (!server->notify) {
		handle_t notify;
		status_t status = sys_notify_create(&notify);
		if (status)
			return status;
		status = sys_channel_bind(server->receiver, notify);
		if (status) {
			sys_handle_close(notify);
			return status;
		}
		server->notify = notify;
	}
	unsigned i = (unsigned)__builtin_ctzll(~server->bits_used);
	server->bits_used |= 1ull << i;
	server->bit[i] = (struct server_bit){signalled, context};
	*out_notify = server->notify;
	*out_bits = 1ull << i;
	return ERR_OK;
}

status_t server_listen(struct server *server, handle_t notify, void (*signalled)(uint64_t bits))
{
	status_t status = sys_channel_bind(server->receiver, notify);
	if (status)
		return status;
	server->notify = notify;
	server->bits_used = UINT64_MAX; /* they are not the kit's to give */
	server->signalled = signalled;
	return ERR_OK;
}

void server_remove_bit(struct server *server, uint64_t bits)
{
	server->bits_used &= ~bits;
}
