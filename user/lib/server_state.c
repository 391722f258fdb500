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

#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/server_internal.h"
#include "user/lib/state.h"

#define LIVES 6u
#define STAMPS_AT_ONCE 32u

/* A handle that was there when this life began. */
struct found {
	handle_t handle;
	uint32_t type;
	bool named;
};

static _Thread_local struct {
	struct found *list;
	size_t count;
	bool lived;          /* state_lived() was said */
	bool knows_stamps;   /* and here they are: */
	struct table stamps; /* those that live */
} past;

static struct found *find(handle_t handle)
{
	for (size_t low = 0, high = past.count; low < high;) {
		size_t middle = (low + high) / 2;
		if (past.list[middle].handle == handle)
			return &past.list[middle];
		if (past.list[middle].handle < handle)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void name(handle_t handle)
{
	struct found *found = find(handle);
	if (found)
		found->named = true;
}

bool server_has_handle(handle_t handle, uint32_t type)
{
	struct found *found = find(handle);
	if (!state_is_open())
		return true;
	if (!found || found->type != type)
		return false;
	found->named = true;
	return true;
}

bool server_stamp_lives(uint64_t stamp)
{
	return !past.knows_stamps || table_find(&past.stamps, stamp);
}

static int by_handle(const void *a, const void *b)
{
	const struct found *first = a, *second = b;
	return first->handle < second->handle ? -1 : first->handle > second->handle;
}

/* What was granted is nobody's to close. */
static void name_grants(void)
{
	const struct start_block *block = grants_block();
	for (uint32_t i = 0; block && i < block->grant_count && i < START_GRANTS; i++)
		name(block->grants[i].handle);
}

static status_t walk_handles(void)
{
	uint64_t cursor = 0;
	uint32_t type, rights;
	handle_t handle;
	size_t room = 0;
	while (!sys_handle_walk(&cursor, &handle, &type, &rights)) {
		if (past.count == room) {
			room = room ? room * 2 : 256;
			struct found *larger = realloc(past.list, room * sizeof *larger);
			if (!larger)
				return ERR_NO_MEMORY;
			past.list = larger;
		}
		past.list[past.count++] = (struct found){handle, type, false};
	}
	if (past.count)
		qsort(past.list, past.count, sizeof *past.list, by_handle);
	name_grants();
	return ERR_OK;
}

/* Whether a table is one: every entry in its place, and what it points to, if anything, a piece of this size. */
static bool check_table(const struct table *table, size_t value_size)
{
	size_t count = 0;
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
		if (object && !check(server, open->slots[i].key, object->state))
			return false;
	}
	return true;
}

static bool check_all(struct server *server)
{
	struct state_tables *tables = state_tables();
	if (!tables->open.durable || !tables->clients.durable || !check_table(&tables->open, sizeof(struct server_object)) ||
	        !check_table(&tables->clients, 0))
		return false;
	server->tables = tables;
	server->root = state_root(server->state->size);
	return server->root && !state_is_changed() && server->state->check(server);
}

static void forget_names(void)
{
	for (size_t i = 0; i < past.count; i++)
		past.list[i].named = false;
	name_grants();
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
	status = walk_handles();
	if (status)
		return status;
	past.lived = false;
	if (found == STATE_NEW)
		return begin_empty(server);
	const char *why = state_ends() >= LIVES ? "has not let it serve anything for several lives" : NULL;
	if (!why && !check_all(server))
		why = "is damaged";
	if (!why) {
		log_info("%s goes on with its state", server->name);
		return ERR_OK;
	}
	log_error("the state of %s %s; it starts empty", server->name, why);
	state_start_empty();
	forget_names();
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

/* Objects that nobody has any more. Closing one may move another into its place. */
static void close_dead(struct server *server)
{
	const struct table *open = &server->tables->open;
	for (size_t i = 0; i < open->capacity; i++) {
		if (!open->slots[i].value || server_stamp_lives(open->slots[i].key))
			continue;
		server_close_stamp(server, open->slots[i].key);
		server_state_commit(NULL, ERR_OK);
		i--;
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

static void answer_outbox(void)
{
	struct state_answer *answers;
	uint32_t count = state_answers(&answers);
	for (uint32_t a = 0; a < count; a++) {
		if (answers[a].reply && answers[a].reply != HANDLE_SELF_REPLY)
			give(answers[a].reply, &answers[a]);
		for (size_t i = 0; answers[a].reply == HANDLE_SELF_REPLY && i < past.count; i++) {
			uint64_t serial;
			if (past.list[i].type != OBJECT_REPLY || past.list[i].named ||
			        !serial_of(past.list[i].handle, &serial) || serial != answers[a].serial)
				continue;
			give(past.list[i].handle, &answers[a]);
			past.list[i].named = true;
			break;
		}
	}
	state_answered();
}

static void serve_again(struct server *server, handle_t reply)
{
	struct request request;
	struct message message;
	status_t status = ERR_OK;
	if (sys_reply_message(reply, server->receiver, &message)) {
		sys_handle_close(reply); /* the caller is gone */
		return;
	}
	const struct message_extras *received = &control_block()->received;
	for (uint32_t i = 0; message.info & RECEIVED_EXTRAS && i < received->handle_count && i < MESSAGE_HANDLES; i++)
		name(received->handles[i]);
	server_serve(server, &request, &message, &status);
	if (request.reply == HANDLE_SELF_REPLY && !status)
		status = request_stop_keeping(&request);
	server_state_commit(&request, status);
	if (request.reply == HANDLE_SELF_REPLY)
		answer_give(HANDLE_SELF_REPLY, status, &request.answer);
	state_answered();
}

/* Which calls these are is written down only when those of the last time were looked at: the next life may begin at any moment. */
static void serve_all_again(struct server *server)
{
	uint64_t serials[STATE_CALLS];
	handle_t replies[STATE_CALLS];
	uint32_t count = 0;
	for (size_t i = 0; i < past.count; i++) {
		if (past.list[i].type != OBJECT_REPLY || past.list[i].named)
			continue;
		if (count == STATE_CALLS || !serial_of(past.list[i].handle, &serials[count]))
			continue;
		past.list[i].named = true;
		replies[count++] = past.list[i].handle;
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
	state_begin_life(serials, count);
	for (uint32_t i = 0; i < count; i++)
		serve_again(server, replies[i]);
}

/* Calls that wait and whose callers were asked to end them: that may have been told to the predecessor, so it is told once more. */
static void ask_again(void)
{
	struct message message;
	for (size_t i = 0; i < past.count; i++) {
		if (past.list[i].type != OBJECT_REPLY || !past.list[i].named)
			continue;
		status_t status = sys_reply_message(past.list[i].handle, HANDLE_NONE, &message);
		(void)status; /* one that is gone takes an answer as any other does */
	}
}

static void close_rest(void)
{
	for (size_t i = 0; i < past.count; i++)
		if (!past.list[i].named)
			sys_handle_close(past.list[i].handle);
}

void server_state_recover(struct server *server)
{
	if (!past.count)
		return;
	answer_outbox();
	ask_again();
	learn_stamps(server);
	if (server->state->resume)
		server->state->resume(server);
	server_state_commit(NULL, ERR_OK);
	close_dead(server);
	serve_all_again(server);
	close_rest();
	table_free(&past.stamps);
	past.knows_stamps = false;
	free(past.list);
	past.list = NULL;
	past.count = 0;
}
