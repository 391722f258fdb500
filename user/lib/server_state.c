/*
 * State in the event loop: what a message has changed is committed together with its answers, and a server that comes into another's place
 * ends what that had begun. The rules, with `message` one that was received:
 *
 *   The predecessor ended               then
 *   before the commit of a message      what it had changed is rolled back (state_open), and a call is served again
 *   after it                            the answers in the outbox are given; a second answer finds nobody
 *   while it took a call out of the     the call is not the one whose answer is in the outbox, as its serial number shows: it
 *   channel, or before it began         is served
 *
 * Calls are told from each other by where their replies are: those that the state names wait for what they wait for; the others in the
 * handle table were being served. One that was being served at two ends is answered SERVER_FAULT.
 *
 * Closings are lost with the server that received them: objects whose stamp no longer lives are closed. So are handles that neither
 * the state nor a call names. A state whose server has ended LIVES times before it could serve one message is given up.
 */
#include <stdlib.h>

#include "user/lib/found.h"
#include "user/lib/log.h"
#include "user/lib/server_internal.h"
#include "user/lib/state.h"

#define LIVES 6u
#define STAMPS_AT_ONCE 32u

static _Thread_local struct {
	bool lived;          /* state_lived() was said */
	bool again;          /* a call of its predecessor's is being served */
	bool knows_stamps;   /* and here they are: */
	struct table stamps; /* those that live */
} past;

bool server_has_handle(handle_t handle, uint32_t type)
{
	return !state_is_open() || found_has(handle, type);
}

bool server_serves_again(void)
{
	return past.again;
}

bool server_has_any_handle(handle_t handle)
{
	for (uint32_t type = OBJECT_NONE + 1; type < OBJECT_TYPES; type++)
		if (server_has_handle(handle, type))
			return true;
	return false;
}

bool server_stamp_lives(uint64_t stamp)
{
	return !past.knows_stamps || table_find(&past.stamps, stamp);
}

bool server_check_table(const struct table *table, size_t value_size)
{
	size_t count = 0;
	if (!table->durable)
		return false;
	if (!table->capacity)
		return !table->count;
	if (table->capacity & (table->capacity - 1) || table->count > table->capacity / 4 * 3 ||
	        table->capacity > SIZE_MAX / sizeof *table->slots ||
	        !state_holds(table->slots, table->capacity * sizeof *table->slots))
		return false;
	for (size_t i = 0; i < table->capacity; i++)
		count += table->slots[i].value != NULL;
	if (count != table->count)
		return false;
	for (size_t i = 0; i < table->capacity; i++) {
		const struct table_slot *slot = &table->slots[i];
		if (slot->value &&
		        (table_find(table, slot->key) != slot->value || (value_size && !state_holds(slot->value, value_size))))
			return false;
	}
	return true;
}

bool server_check_objects(struct server *server, bool (*check)(struct server *server, uint64_t stamp, void *object))
{
	const struct table *open = &server->tables->open;
	for (size_t i = 0; i < open->capacity; i++) {
		const struct server_object *object = open->slots[i].value;
		if (!object)
			continue;
		if (object->kind == SERVER_OBJECT_PLAIN ? !check(server, open->slots[i].key, object->state)
		                                        : !lease_check(object->state))
			return false;
	}
	return true;
}

static bool check_all(struct server *server)
{
	struct state_tables *tables = state_tables();
	if (!server_check_table(&tables->open, sizeof(struct server_object)) || !server_check_table(&tables->clients, 0))
		return false;
	server->tables = tables;
	server->root = state_root(server->state->size);
	return server->root && !state_is_changed() && server->state->check(server);
}

static status_t begin_empty(struct server *server)
{
	server->root = state_root(server->state->size);
	if (!server->root)
		return ERR_NO_MEMORY;
	if (!state_is_open())
		return ERR_OK;
	server->tables = state_tables();
	state_keep(server->tables, sizeof *server->tables);
	*server->tables = (struct state_tables){.open = {.durable = true}, .clients = {.durable = true}};
	state_commit();
	return ERR_OK;
}

status_t server_state_begin(struct server *server)
{
	enum state_found found;
	status_t status = state_open(server->name, server->state->version, &found);
	if (status || found == STATE_NONE)
		return status ? status : begin_empty(server);
	status = found_begin();
	if (status)
		return status;
	past.lived = false;
	const char *why = state_lives() >= LIVES ? "has not let it serve anything for several lives" : NULL;
	state_begin_life(); /* counted before anything that can end it */
	if (found == STATE_NEW)
		return begin_empty(server);
	if (!why && !check_all(server))
		why = "is damaged";
	if (!why) {
		log_info("%s goes on with its state", server->name);
		if (server->state->processes == SERVER_PROCESSES_END)
			found_end_processes();
		return ERR_OK;
	}
	log_error("the state of %s %s; it starts empty", server->name, why);
	state_start_empty();
	state_begin_life();
	found_forget_names();
	if (server->state->processes != SERVER_PROCESSES_STAY)
		found_end_processes();
	return begin_empty(server);
}

/* To a call that waits, or, in the next life, to the one that was held. */
static void give(handle_t reply, const struct state_answer *from)
{
	struct answer answer = {.handle_count = from->handle_count};
	memcpy(answer.word, from->word, sizeof answer.word);
	memcpy(answer.handles, from->handles, sizeof answer.handles);
	memcpy(answer.rights, from->rights, sizeof answer.rights);
	answer_give(reply, from->label, &answer);
}

static void add(handle_t reply, uint64_t serial, status_t status, const struct answer *answer)
{
	struct state_answer *to = state_add_answer();
	to->reply = reply;
	to->serial = serial;
	to->label = status;
	to->handle_count = 0;
	if (answer && answer_keeps_words(status))
		memcpy(to->word, answer->word, sizeof to->word);
	else
		memset(to->word, 0, sizeof to->word);
	if (status || !answer)
		return;
	for (; to->handle_count < answer->handle_count; to->handle_count++) {
		to->handles[to->handle_count] = answer->handles[to->handle_count];
		to->rights[to->handle_count] = answer->rights[to->handle_count];
	}
}

void answer_send(handle_t reply, status_t status, struct answer *answer)
{
	if (!state_is_open()) {
		answer_give(reply, status, answer);
		return;
	}
	reply_forget_interrupt(reply);
	add(reply, 0, status, answer);
	if (answer && status)
		answer_drop(answer);
}

/* What is owed leaves with the next wait. What was given is not given again, should the outbox be committed once more with what follows. */
static void give_others(void)
{
	struct state_answer *answers;
	uint32_t count = state_answers(&answers);
	for (uint32_t i = 0; i < count; i++) {
		handle_t reply = answers[i].reply;
		if (reply == HANDLE_SELF_REPLY || !reply)
			continue;
		give(reply, &answers[i]);
		answers[i].reply = HANDLE_NONE;
	}
}

void server_state_commit(struct request *request, status_t status)
{
	bool owed = request && request->reply == HANDLE_SELF_REPLY;
	if (!state_has_changed())
		return;
	if (!past.lived && request) {
		state_lived();
		past.lived = true;
	}
	if (owed && !request->certain)
		add(HANDLE_SELF_REPLY, request->serial, status, &request->answer);
	if (owed)
		request->certain = true;
	state_commit();
	if (state_area.answers > owed)
		give_others();
	if (!owed)
		state_answered();
	if (state_area.close_count)
		state_close_all();
}

void request_commit(struct request *request)
{
	if (state_is_open())
		server_state_commit(request, ERR_OK);
}

void server_commit(void)
{
	if (state_is_open())
		server_state_commit(NULL, ERR_OK);
}

static void learn_stamps(struct server *server)
{
	uint64_t cursor = 0, stamps[STAMPS_AT_ONCE], count;
	do {
		if (sys_channel_stamps(server->receiver, &cursor, stamps, STAMPS_AT_ONCE, &count))
			return;
		for (uint64_t i = 0; i < count; i++)
			if (!table_put(&past.stamps, stamps[i], &past))
				return;
	} while (cursor);
	past.knows_stamps = true;
}

/* Objects that nobody has any more. Closing one may move another into its place; with a lease goes one elsewhere, too. */
static void close_dead(struct server *server)
{
	const struct table *open = &server->tables->open;
	for (size_t i = 0; i < open->capacity; i++) {
		if (!open->slots[i].value || server_stamp_lives(open->slots[i].key))
			continue;
		size_t before = open->count;
		server_close_stamp(server, open->slots[i].key);
		server_state_commit(NULL, ERR_OK);
		i = before - open->count == 1 ? i - 1 : SIZE_MAX;
	}
}

/* The serial number of a call behind a saved reply; false: its caller is gone, and so is the reply. */
static bool serial_of(handle_t reply, uint64_t *out)
{
	struct message message;
	if (sys_reply_message(reply, HANDLE_NONE, &message)) {
		sys_handle_close(reply);
		return false;
	}
	*out = control_block()->received.serial;
	return true;
}

/* The call behind the reply, which was not answered, is this one. */
static bool is_call(const struct found *found, uint64_t serial)
{
	uint64_t own;
	return found->type == OBJECT_REPLY && !found->named && serial_of(found->handle, &own) && own == serial;
}

static void answer_outbox(void)
{
	struct state_answer *answers;
	uint32_t answer_count = state_answers(&answers);
	size_t count;
	struct found *list = found_list(&count);
	for (uint32_t a = 0; a < answer_count; a++) {
		if (answers[a].reply && answers[a].reply != HANDLE_SELF_REPLY)
			give(answers[a].reply, &answers[a]);
		for (size_t i = 0; answers[a].reply == HANDLE_SELF_REPLY && i < count; i++) {
			if (!is_call(&list[i], answers[a].serial))
				continue;
			give(list[i].handle, &answers[a]);
			list[i].named = true;
			break;
		}
	}
	state_answered();
}

/* A call that is put off would be saved with the next wait, but there may be another to be served first. One that was answered is not there. */
static void save_now(void)
{
	handle_t reply;
	status_t status = sys_reply_save(&reply);
	(void)status;
}

static void serve_again(struct server *server, handle_t reply)
{
	struct request request;
	struct message message;
	if (sys_reply_message(reply, server->receiver, &message)) {
		sys_handle_close(reply); /* the caller is gone */
		return;
	}
	const struct message_extras *received = &control_block()->received;
	for (uint32_t i = 0; message.info & RECEIVED_EXTRAS && i < received->handle_count && i < MESSAGE_HANDLES; i++)
		found_name(received->handles[i]);
	request.label = message.label;
	request.info = message.info;
	memcpy(request.word, message.word, sizeof request.word);
	past.again = true;
	status_t status = server_serve(server, &request);
	past.again = false;
	status_t failed = request.forward_to ? request_forward_now(&request) : ERR_OK;
	if (failed)
		status = failed;
	if (request.reply == HANDLE_SELF_REPLY && !status)
		status = request_stop_keeping(&request);
	server_state_commit(&request, status);
	if (request.reply == HANDLE_SELF_REPLY)
		answer_give(HANDLE_SELF_REPLY, status, &request.answer);
	else if (request.reply)
		save_now();
	state_answered();
}

/* A call that the predecessor had ended in a way of its own: it is given its answer. */
static bool answer_done(struct server *server, handle_t reply, uint64_t serial)
{
	struct answer answer = {0};
	if (!server->state->has_done || !server->state->has_done(server, serial, &answer.word[0]))
		return false;
	answer_give(reply, ERR_OK, &answer);
	return true;
}

/* Which calls these are is written down only when those of the last time were looked at: the next life may begin at any moment. */
static void serve_all_again(struct server *server)
{
	uint64_t serials[STATE_CALLS];
	handle_t replies[STATE_CALLS];
	uint32_t count = 0;
	size_t found_count;
	struct found *list = found_list(&found_count);
	for (size_t i = 0; i < found_count; i++) {
		if (list[i].type != OBJECT_REPLY || list[i].named)
			continue;
		if (count == STATE_CALLS || !serial_of(list[i].handle, &serials[count]))
			continue;
		list[i].named = true;
		if (!answer_done(server, list[i].handle, serials[count]))
			replies[count++] = list[i].handle;
	}
	for (uint32_t i = 0; i < count;) {
		if (!state_was_served(serials[i])) {
			i++;
			continue;
		}
		log_error("a call that %s was serving at two ends is answered so", server->name);
		answer_give(replies[i], ERR_SERVER_FAULT, NULL);
		count--;
		serials[i] = serials[count];
		replies[i] = replies[count];
	}
	state_set_served(serials, count);
	for (uint32_t i = 0; i < count; i++)
		serve_again(server, replies[i]);
}

/* Calls that wait and whose callers were asked to end them: that may have been told to the predecessor, so it is told once more. */
static void ask_again(void)
{
	struct message message;
	size_t count;
	const struct found *list = found_list(&count);
	for (size_t i = 0; i < count; i++) {
		if (list[i].type != OBJECT_REPLY || !list[i].named)
			continue;
		status_t status = sys_reply_message(list[i].handle, HANDLE_NONE, &message);
		(void)status; /* one that is gone takes an answer as any other does */
	}
}

void server_state_recover(struct server *server)
{
	size_t count;
	if (!found_list(&count))
		return;
	answer_outbox();
	ask_again();
	learn_stamps(server);
	if (server->state->resume)
		server->state->resume(server);
	server_state_commit(NULL, ERR_OK);
	close_dead(server);
	serve_all_again(server);
	found_end();
	table_free(&past.stamps);
	past.knows_stamps = false;
}
