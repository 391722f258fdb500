#include "sample_server.h"

#include <stdlib.h>

#include "abi/proto/fs.h"
#include "fake/calls.h"
#include "user/lib/grants.h"

int sample_objects;
handle_t sample_saved = HANDLE_NONE;
uint64_t sample_closed_session;
unsigned sample_bits;
handle_t sample_taken;

static status_t handle_add(struct request *request)
{
	request->answer.word[0] = request->word[0] + request->word[1];
	request->answer.word[5] = request->stamp;
	request->answer.word[4] = request->caller;
	return request->word[0] == 99 ? ERR_CHANGED : ERR_OK;
}

/* What a lease lets through, and what it was served as. */
static status_t handle_who(struct request *request)
{
	request->answer.word[0] = request->stamp;
	request->answer.word[1] = request->object ? *(uint64_t *)request->object : 0;
	return ERR_OK;
}

static status_t handle_open(struct request *request)
{
	uint64_t *object = malloc(sizeof *object);
	*object = request->word[0];
	status_t status = server_open(request, object);
	if (status) {
		free(object);
		return status;
	}
	sample_objects++;
	return request->label == OP_FAIL_OPEN ? ERR_IO : ERR_OK;
}

static void close_object(struct server *unused, void *object)
{
	(void)unused;
	sample_objects--;
	free(object);
}

static void close_session(struct server *unused, uint64_t stamp)
{
	(void)unused;
	sample_closed_session = stamp;
}

static status_t handle_value(struct request *request)
{
	request->answer.word[0] = *(uint64_t *)request->object;
	return ERR_OK;
}

/* Copies the readable buffer to the writable one. */
static status_t handle_echo(struct request *request)
{
	char buffer[64];
	status_t status = request_read(request, request->word[0], buffer, request->word[1]);
	return status ? status : request_write(request, request->word[2], buffer, request->word[1]);
}

unsigned sample_interrupts;

static void saved_interrupted(void *context)
{
	struct answer answer = {.word = {++*(unsigned *)context}};
	handle_t reply = sample_saved;
	sample_saved = HANDLE_NONE;
	answer_send(reply, ERR_OK, &answer);
}

static status_t handle_save(struct request *request)
{
	status_t status = request_save(request, &sample_saved);
	if (!status && request->word[0])
		server_on_interrupt(request->server, sample_saved, saved_interrupted, &sample_interrupts);
	return status;
}

static status_t handle_release(struct request *request)
{
	struct answer answer = {.word = {request->word[0]}};
	if (!sample_saved)
		return ERR_BAD_STATE;
	status_t status = reply_write_bytes(sample_saved, 0, "saved", 6);
	answer_send(sample_saved, status ? status : (status_t)request->word[1], &answer);
	sample_saved = HANDLE_NONE;
	return ERR_OK;
}

static status_t handle_forward(struct request *request)
{
	uint64_t word[MESSAGE_WORDS] = {request->word[0], request->word[1] + 1, request->word[2]};
	request->label = OP_ECHO;
	return request_forward(request, grant_find("next"), word);
}

static status_t handle_take(struct request *request)
{
	sample_taken = request_take_handle(request, 1);
	return sample_taken && !request_take_handle(request, 1) && !request_take_handle(request, 7) ? ERR_OK : ERR_IO;
}

static void count_bit(void *context)
{
	(void)context;
	sample_bits++;
}

static status_t handle_wake(struct request *request)
{
	static uint64_t bits;
	handle_t notify, copy;
	if (!bits && server_add_bit(request->server, count_bit, NULL, &notify, &bits))
		return ERR_FULL;
	status_t status = sys_handle_duplicate(request->server->notify, RIGHTS_ALL, &copy);
	answer_add_handle(&request->answer, copy, RIGHT_SIGNAL);
	request->answer.word[0] = bits;
	return status;
}

static void release_later(struct server_timer *timer)
{
	struct answer answer = {.word = {server_timer_now()}};
	(void)timer;
	answer_send(sample_saved, ERR_OK, &answer);
	sample_saved = HANDLE_NONE;
}

static status_t handle_later(struct request *request)
{
	static struct server_timer timer = {.expired = release_later}, never = {.expired = release_later};
	status_t status = request_save(request, &sample_saved);
	server_timer_set(request->server, &timer, DEADLINE_NEVER - 1);
	server_timer_set(request->server, &never, 0);
	server_timer_set(request->server, &timer, request->word[0]);
	server_timer_cancel(request->server, &never);
	server_timer_cancel(request->server, &never);
	return status;
}

static status_t handle_bad_answer(struct request *request)
{
	answer_add_handle(&request->answer, 12345, RIGHTS_ALL);
	return ERR_OK;
}

static status_t handle_collides(struct request *request)
{
	request->answer.word[0] = 202;
	return ERR_OK;
}

static const struct server_operation operations[] = {
        {.label = OP_ADD, .name = "add", .handle = handle_add},
        {.label = OP_OPEN, .name = "open", .handle = handle_open, .audience = SERVER_SESSION},
        {.label = OP_FAIL_OPEN, .name = "fail_open", .handle = handle_open},
        {.label = OP_VALUE, .name = "value", .handle = handle_value, .audience = SERVER_OBJECT},
        {.label = OP_ECHO, .name = "echo", .handle = handle_echo, .readable = 4, .writable = 2},
        {.label = OP_SAVE, .name = "save", .handle = handle_save},
        {.label = OP_RELEASE, .name = "release", .handle = handle_release},
        {.label = OP_FORWARD, .name = "forward", .handle = handle_forward},
        {.label = OP_TAKE, .name = "take", .handle = handle_take, .handles = 2},
        {.label = OP_WAKE, .name = "wake", .handle = handle_wake},
        {.label = OP_LATER, .name = "later", .handle = handle_later},
        {.label = OP_BAD_ANSWER, .name = "bad_answer", .handle = handle_bad_answer},
        {.label = OP_WHO, .name = "who", .handle = handle_who, .audience = SERVER_NAMES},
        {.label = FS_lease, .name = "lease", .handle = server_lease},
        /* Has the hash of OP_ADD, as 0x303 has, which is no operation. */
        {.label = 0x202, .name = "collides", .handle = handle_collides},
};

struct server sample_server = {
        .name = "sample",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
        .objects = 12,
        .client_objects = 8,
        .close_object = close_object,
        .close_session = close_session,
};

static struct server next = {
        .name = "next", .operations = operations, .operation_count = sizeof operations / sizeof *operations};

int sample_main(void)
{
	return server_begin(&sample_server, grant_find("export")) ? 1 : (int)server_run(&sample_server);
}

int sample_next_main(void)
{
	return server_begin(&next, grant_find("export")) ? 1 : (int)server_run(&next);
}
