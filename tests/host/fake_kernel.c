/* A kernel for unit tests: see fake_kernel.h. */
#include "fake_kernel.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* The build machine's name for something that is not used here. */
#undef MAP_FIXED

#include "abi/control_block.h"
#include "abi/start.h"
#include "user/lib/call.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"

#define HANDLES 8192
#define PAGE 4096ull

struct channel;

/* Senders with one stamp: the close message goes out when the count falls to zero. */
struct stamp {
	struct channel *channel;
	uint64_t value;
	unsigned senders;
	struct stamp *next;
};

struct call {
	struct message message;
	struct message_extras extras; /* addresses are the caller's */
	uint64_t words[MESSAGE_LONG_WORDS];
	struct capability *handles[MESSAGE_HANDLES];
	uint64_t stamp;
	uint32_t caller;
	bool answered;
	bool is_close;
	status_t error;
	struct message answer;
	unsigned answer_handle_count;
	struct capability *answer_handles[MESSAGE_HANDLES];
	struct call *next;
};

struct channel {
	struct call *first;
	struct stamp *stamps;
	struct notify *bound;
	bool ended;
};

struct notify {
	uint64_t bits;
};

struct frame {
	int file;
	uint64_t length;
	bool *filled;
};

/* An entry of a handle table. Objects are never freed while the test runs; what leaks in them is the test's own. */
struct capability {
	enum object_type type;
	uint32_t rights;
	union {
		struct channel *channel;
		struct stamp *stamp;
		struct call *call;
		struct notify *notify;
		struct frame *frame;
	};
};

struct fake_process {
	const char *name;
	int (*start)(void);
	pthread_t thread;
	bool running, stopping, waiting;
	int result;
	uint32_t number;
	struct capability *handles[HANDLES];
	uint32_t generation[HANDLES];
	size_t handle_count, handle_limit;
	struct start_block *block;
	char log[65536];
	struct call *received; /* HANDLE_SELF_REPLY */
	struct control_block control;
	struct fake_process *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct fake_process *processes;
static uint32_t last_number = 100;
static size_t pages_left = SIZE_MAX;
static size_t queued; /* messages that no server has received yet */
static _Thread_local struct fake_process *self;

/* Objects live until the end, so leaks are looked for by tests that need no kernel. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* Processes. */

struct fake_process *fake_process_create(const char *name, int (*start)(void))
{
	struct fake_process *process = must(calloc(1, sizeof *process));
	process->name = name;
	process->start = start;
	process->handle_limit = HANDLES - 1;
	process->block = must(calloc(1, sizeof *process->block + 4096));
	process->block->magic = START_MAGIC;
	process->block->version = START_VERSION;
	process->block->arguments = sizeof *process->block;
	pthread_mutex_lock(&lock);
	process->number = ++last_number;
	process->control.process_number = process->number;
	process->next = processes;
	processes = process;
	pthread_mutex_unlock(&lock);
	return process;
}

struct fake_process *fake_self(void)
{
	if (!self)
		self = fake_process_create("test", NULL);
	return self;
}

void fake_become(struct fake_process *process)
{
	self = process;
}

static void *run(void *argument)
{
	self = argument;
	self->result = self->start();
	pthread_mutex_lock(&lock);
	self->running = false;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

void fake_start(struct fake_process *process)
{
	process->running = true;
	if (pthread_create(&process->thread, NULL, run, process))
		abort();
}

uint32_t fake_number(const struct fake_process *process)
{
	return process->number;
}

size_t fake_handle_count(const struct fake_process *process)
{
	pthread_mutex_lock(&lock);
	size_t count = process->handle_count;
	pthread_mutex_unlock(&lock);
	return count;
}

void fake_limit_handles(struct fake_process *process, size_t most)
{
	pthread_mutex_lock(&lock);
	process->handle_limit = most;
	pthread_mutex_unlock(&lock);
}

void fake_limit_pages(size_t most)
{
	pages_left = most;
}

/* Handle tables. */

static handle_t install(struct fake_process *process, struct capability *capability)
{
	if (process->handle_count >= process->handle_limit)
		return HANDLE_NONE;
	for (uint32_t i = 1; i < HANDLES; i++)
		if (!process->handles[i]) {
			process->handles[i] = capability;
			process->handle_count++;
			process->generation[i] = process->generation[i] % 4000 + 1;
			/* Processes differ in the index, so that a number from another table is not good by chance. */
			return process->generation[i] << HANDLE_INDEX_BITS | (i + (process->number & 0x3f) * HANDLES);
		}
	return HANDLE_NONE;
}

static uint32_t slot_of(const struct fake_process *process, handle_t handle)
{
	uint32_t index = (handle & ((1u << HANDLE_INDEX_BITS) - 1)) - (process->number & 0x3f) * HANDLES;
	if (index == 0 || index >= HANDLES || !process->handles[index] ||
	        process->generation[index] != handle >> HANDLE_INDEX_BITS)
		return 0;
	return index;
}

static struct capability *new_capability(enum object_type type, uint32_t rights)
{
	struct capability *capability = must(calloc(1, sizeof *capability));
	capability->type = type;
	capability->rights = rights;
	return capability;
}

static struct capability *copy_capability(const struct capability *from, uint32_t rights)
{
	struct capability *copy = new_capability(from->type, from->rights & rights);
	copy->frame = from->frame;
	if (from->type == OBJECT_SENDER)
		from->stamp->senders++;
	return copy;
}

static void answer_call(struct call *call, status_t error)
{
	call->error = error;
	call->answered = true;
	pthread_cond_broadcast(&changed);
}

static void append(struct channel *channel, struct call *call)
{
	struct call **link = &channel->first;
	call->next = NULL;
	while (*link)
		link = &(*link)->next;
	*link = call;
	queued++;
	pthread_cond_broadcast(&changed);
}

static void drop_capability(struct capability *capability)
{
	if (capability->type == OBJECT_SENDER && !--capability->stamp->senders) {
		struct stamp **link = &capability->stamp->channel->stamps;
		struct call *call = must(calloc(1, sizeof *call));
		while (*link != capability->stamp)
			link = &(*link)->next;
		*link = capability->stamp->next;
		call->is_close = true;
		call->stamp = capability->stamp->value;
		append(capability->stamp->channel, call);
		free(capability->stamp);
	}
	if (capability->type == OBJECT_REPLY && !capability->call->answered)
		answer_call(capability->call, ERR_DROPPED);
	free(capability);
}

static status_t close_handle(struct fake_process *process, handle_t handle)
{
	uint32_t slot = slot_of(process, handle);
	if (!slot)
		return ERR_BAD_HANDLE;
	struct capability *capability = process->handles[slot];
	process->handles[slot] = NULL;
	process->handle_count--;
	drop_capability(capability);
	return ERR_OK;
}

void fake_close_handles(struct fake_process *process)
{
	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < HANDLES; i++)
		if (process->handles[i]) {
			drop_capability(process->handles[i]);
			process->handles[i] = NULL;
			process->handle_count--;
		}
	pthread_mutex_unlock(&lock);
}

int fake_stop(struct fake_process *process)
{
	pthread_mutex_lock(&lock);
	process->stopping = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	pthread_join(process->thread, NULL);
	fake_close_handles(process);
	return process->result;
}

static status_t look_up(handle_t handle, enum object_type type, uint32_t rights, struct capability **out)
{
	uint32_t slot = slot_of(self, handle);
	if (!slot)
		return ERR_BAD_HANDLE;
	if (self->handles[slot]->type != type)
		return ERR_WRONG_TYPE;
	if ((self->handles[slot]->rights & rights) != rights)
		return ERR_NO_RIGHT;
	*out = self->handles[slot];
	return ERR_OK;
}

void fake_grant(struct fake_process *to, const char *name, handle_t handle)
{
	pthread_mutex_lock(&lock);
	uint32_t slot = slot_of(fake_self(), handle);
	struct start_grant *grant = &to->block->grants[to->block->grant_count++];
	if (!slot)
		abort();
	snprintf(grant->name, sizeof grant->name, "%s", name);
	grant->handle = install(to, copy_capability(self->handles[slot], RIGHTS_ALL));
	pthread_mutex_unlock(&lock);
}

void fake_set_argument(struct fake_process *process, const char *argument)
{
	char *text = (char *)process->block + process->block->arguments;
	process->block->argument_count = 2;
	snprintf(text, 4096, "%s%c%s", process->name, 0, argument);
}

const struct start_block *grants_block(void)
{
	return fake_self()->block;
}

handle_t grant_find(const char *name)
{
	for (uint32_t i = 0; i < self->block->grant_count; i++)
		if (!strcmp(self->block->grants[i].name, name))
			return self->block->grants[i].handle;
	return HANDLE_NONE;
}

/* The log. */

static void log_at(const char *format, va_list arguments)
{
	pthread_mutex_lock(&lock);
	size_t used = strlen(fake_self()->log);
	vsnprintf(self->log + used, sizeof self->log - used - 1, format, arguments);
	strcat(self->log, "\n");
	pthread_mutex_unlock(&lock);
}

#define LOG_FUNCTION(name) \
	void name(const char *format, ...) \
	{ \
		va_list arguments; \
		va_start(arguments, format); \
		log_at(format, arguments); \
		va_end(arguments); \
	}

LOG_FUNCTION(log_error)
LOG_FUNCTION(log_warning)
LOG_FUNCTION(log_info)
LOG_FUNCTION(log_debug)

const char *error_text(uint32_t status)
{
	static _Thread_local char text[32];
	snprintf(text, sizeof text, "error %u", status);
	return text;
}

const char *fake_log(const struct fake_process *process)
{
	return process->log;
}

/* Waiting. */

void fake_settle(void)
{
	pthread_mutex_lock(&lock);
	for (;;) {
		bool busy = queued != 0;
		for (struct fake_process *process = processes; process; process = process->next)
			busy |= process->running && !process->waiting;
		if (!busy)
			break;
		pthread_cond_wait(&changed, &lock);
	}
	pthread_mutex_unlock(&lock);
}

/* False when the deadline has passed. */
static bool wait_until(uint64_t deadline)
{
	if (deadline == DEADLINE_NEVER) {
		pthread_cond_wait(&changed, &lock);
		return true;
	}
	/* Condition variables wait by the wall clock, deadlines are monotonic: poll. */
	struct timespec now, soon;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec >= deadline)
		return false;
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 1000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_nsec -= 1000000000;
		soon.tv_sec++;
	}
	pthread_cond_timedwait(&changed, &lock, &soon);
	return true;
}

/* Channels. */

/* Takes the handles that the sender names out of its table or copies them. All or nothing. */
static status_t collect_handles(const struct message_extras *send, struct capability **out)
{
	if (send->handle_count > MESSAGE_HANDLES)
		return ERR_TOO_LARGE;
	for (unsigned i = 0; i < send->handle_count; i++)
		if (!slot_of(self, send->handles[i]))
			return ERR_BAD_HANDLE;
	for (unsigned i = 0; i < send->handle_count; i++) {
		out[i] = copy_capability(self->handles[slot_of(self, send->handles[i])], send->rights[i]);
		if (send->move_mask & 1u << i)
			close_handle(self, send->handles[i]);
	}
	return ERR_OK;
}

static status_t channel_call(handle_t handle, struct message *message, bool extras)
{
	struct capability *sender;
	struct call *call = must(calloc(1, sizeof *call));
	status_t status = look_up(handle, OBJECT_SENDER, RIGHT_SEND, &sender);
	if (status)
		return status;
	call->message = *message;
	call->message.info = RECEIVED_CALL;
	call->extras.deadline = DEADLINE_NEVER;
	if (extras) {
		call->extras = self->control.send;
		memcpy(call->words, self->control.send_words, sizeof call->words);
		status = collect_handles(&self->control.send, call->handles);
		if (status)
			return status;
		call->message.info |= RECEIVED_EXTRAS;
	}
	call->stamp = sender->stamp->value;
	call->caller = self->number;
	if (sender->stamp->channel->ended)
		return ERR_PEER_CLOSED;
	append(sender->stamp->channel, call);
	while (!call->answered)
		pthread_cond_wait(&changed, &lock);
	if (call->error)
		return call->error;
	*message = call->answer;
	message->info = 0;
	if (call->answer_handle_count) {
		message->info = RECEIVED_EXTRAS;
		self->control.received = (struct message_extras){.handle_count = (uint8_t)call->answer_handle_count};
		for (unsigned i = 0; i < call->answer_handle_count; i++) {
			self->control.received.handles[i] = install(self, call->answer_handles[i]);
			self->control.received.rights[i] = call->answer_handles[i]->rights;
		}
	}
	return ERR_OK;
}

/* The process whose thread waits in the call; for its handle limit. */
static struct fake_process *process_of(uint32_t number)
{
	struct fake_process *process = processes;
	while (process && process->number != number)
		process = process->next;
	return process;
}

static status_t give_answer(struct call *call, const struct message *message, bool extras)
{
	struct message_extras *send = &self->control.send;
	if (extras && send->handle_count) {
		struct fake_process *caller = process_of(call->caller);
		if (caller->handle_count + send->handle_count > caller->handle_limit)
			return ERR_NO_HANDLES;
		status_t status = collect_handles(send, call->answer_handles);
		if (status)
			return status;
		call->answer_handle_count = send->handle_count;
	}
	call->answer = *message;
	answer_call(call, ERR_OK);
	return ERR_OK;
}

static void deliver(struct call *call, struct message *message)
{
	struct message_extras *received = &self->control.received;
	received->stamp = call->stamp;
	received->caller = call->caller;
	if (call->is_close) {
		*message = (struct message){.info = RECEIVED_CLOSE};
		free(call);
		return;
	}
	*message = call->message;
	self->received = call;
	if (!(call->message.info & RECEIVED_EXTRAS))
		return;
	uint64_t stamp = call->stamp;
	*received = call->extras;
	received->stamp = stamp;
	received->caller = call->caller;
	memcpy(self->control.received_words, call->words, sizeof call->words);
	for (unsigned i = 0; i < call->extras.handle_count; i++)
		if (call->handles[i]) {
			received->handles[i] = install(self, call->handles[i]);
			received->rights[i] = call->handles[i]->rights;
			call->handles[i] = NULL;
		}
}

static status_t receive(struct channel *channel, uint64_t deadline, struct message *message)
{
	if (self->received)
		return ERR_BAD_STATE;
	for (;;) {
		if (self->stopping)
			return ERR_DEAD;
		if (channel->first) {
			struct call *call = channel->first;
			channel->first = call->next;
			queued--;
			deliver(call, message);
			return ERR_OK;
		}
		if (channel->bound && channel->bound->bits) {
			*message = (struct message){.info = RECEIVED_NOTIFY, .word = {channel->bound->bits}};
			channel->bound->bits = 0;
			return ERR_OK;
		}
		self->waiting = true;
		pthread_cond_broadcast(&changed);
		bool in_time = wait_until(deadline);
		self->waiting = false;
		if (!in_time)
			return ERR_TIMED_OUT;
	}
}

static status_t reply_recv(struct channel *channel, struct message *message, bool extras)
{
	if (!self->received)
		return ERR_BAD_STATE;
	status_t status = give_answer(self->received, message, extras);
	if (status)
		return status;
	self->received = NULL;
	return receive(channel, extras ? self->control.send.deadline : DEADLINE_NEVER, message);
}

static status_t find_reply(handle_t handle, struct call **out)
{
	struct capability *reply;
	if (handle == HANDLE_SELF_REPLY) {
		*out = self->received;
		return self->received ? ERR_OK : ERR_BAD_STATE;
	}
	status_t status = look_up(handle, OBJECT_REPLY, RIGHT_SEND, &reply);
	if (!status)
		*out = reply->call;
	return status;
}

static status_t reply_send(handle_t handle, struct message *message, bool extras)
{
	struct call *call;
	status_t status = find_reply(handle, &call);
	if (!status)
		status = give_answer(call, message, extras);
	if (status)
		return status;
	if (handle == HANDLE_SELF_REPLY)
		self->received = NULL;
	else
		close_handle(self, handle);
	return ERR_OK;
}

static status_t reply_copy(handle_t handle, bool to_caller, uint64_t *word)
{
	struct call *call;
	status_t status = find_reply(handle, &call);
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

static status_t forward(handle_t handle, const struct message *message)
{
	struct capability *sender;
	status_t status = look_up(handle, OBJECT_SENDER, RIGHT_SEND, &sender);
	if (status)
		return status;
	if (!self->received)
		return ERR_BAD_STATE;
	struct call *call = self->received;
	uint32_t info = call->message.info;
	call->message = *message;
	call->message.info = info;
	call->stamp = sender->stamp->value;
	append(sender->stamp->channel, call);
	self->received = NULL;
	return ERR_OK;
}

static status_t mint(handle_t handle, uint64_t *word)
{
	struct capability *receiver;
	status_t status = look_up(handle, OBJECT_RECEIVER, RIGHT_MINT, &receiver);
	if (status)
		return status;
	for (struct stamp *stamp = receiver->channel->stamps; stamp; stamp = stamp->next)
		if (stamp->value == word[0])
			return ERR_EXISTS;
	if (self->handle_count >= self->handle_limit)
		return ERR_NO_HANDLES;
	struct stamp *stamp = must(calloc(1, sizeof *stamp));
	*stamp = (struct stamp){receiver->channel, word[0], 1, receiver->channel->stamps};
	receiver->channel->stamps = stamp;
	struct capability *sender = new_capability(OBJECT_SENDER, (uint32_t)word[1]);
	sender->stamp = stamp;
	word[0] = install(self, sender);
	return ERR_OK;
}

/* Frames: files in memory, so that two mappings of one are the same bytes. */

static status_t frame_create(uint64_t *word)
{
	struct frame *frame = must(calloc(1, sizeof *frame));
	struct capability *capability = new_capability(OBJECT_FRAME, RIGHTS_ALL);
	frame->length = (word[0] + PAGE - 1) / PAGE * PAGE;
	frame->file = memfd_create("frame", 0);
	frame->filled = must(calloc(frame->length / PAGE, 1));
	if (frame->file < 0 || ftruncate(frame->file, (off_t)frame->length))
		abort();
	capability->frame = frame;
	word[0] = install(self, capability);
	return ERR_OK;
}

static status_t frame_copy(const struct capability *capability, bool write, uint64_t *word)
{
	struct frame *frame = capability->frame;
	if (word[0] > frame->length || word[2] > frame->length - word[0])
		return ERR_BAD_ARGUMENT;
	for (uint64_t page = word[0] / PAGE; write && page * PAGE < word[0] + word[2]; page++) {
		if (!frame->filled[page] && !pages_left)
			return ERR_NO_MEMORY;
		pages_left -= !frame->filled[page];
		frame->filled[page] = true;
	}
	void *ours = (void *)(uintptr_t)word[1];
	ssize_t done =
	        write ? pwrite(frame->file, ours, word[2], (off_t)word[0]) : pread(frame->file, ours, word[2], (off_t)word[0]);
	word[0] = (uint64_t)done;
	return done < 0 ? ERR_BAD_ADDRESS : ERR_OK;
}

static int protection(uint64_t flags)
{
	return (flags & MAP_READ ? PROT_READ : 0) | (flags & MAP_WRITE ? PROT_WRITE : 0);
}

static status_t map(uint64_t *word)
{
	struct capability *capability;
	uint32_t rights = (word[2] & MAP_READ ? RIGHT_READ : 0) | (word[2] & MAP_WRITE ? RIGHT_WRITE : 0);
	status_t status = look_up((handle_t)word[3], OBJECT_FRAME, rights, &capability);
	if (status)
		return status;
	void *address = mmap(NULL, word[1], protection(word[2]), MAP_SHARED, capability->frame->file, (off_t)word[4]);
	if (address == MAP_FAILED)
		return ERR_NO_SPACE;
	word[0] = (uintptr_t)address;
	return ERR_OK;
}

static status_t frame_call(uint32_t number, handle_t handle, uint64_t *word)
{
	struct capability *frame;
	uint32_t right = number == SYS_frame_info ? RIGHT_INSPECT : number == SYS_frame_read ? RIGHT_READ : RIGHT_WRITE;
	status_t status = look_up(handle, OBJECT_FRAME, right, &frame);
	if (status)
		return status;
	if (number != SYS_frame_info)
		return frame_copy(frame, number == SYS_frame_write, word);
	word[0] = frame->frame->length;
	return ERR_OK;
}

/* Handles and notifies. */

static status_t handle_duplicate(uint64_t *word)
{
	uint32_t slot = slot_of(self, (handle_t)word[0]);
	if (!slot)
		return ERR_BAD_HANDLE;
	if (!(self->handles[slot]->rights & RIGHT_DUPLICATE))
		return ERR_NO_RIGHT;
	if (self->handle_count >= self->handle_limit)
		return ERR_NO_HANDLES;
	word[0] = install(self, copy_capability(self->handles[slot], (uint32_t)word[1]));
	return ERR_OK;
}

static status_t handle_info(uint64_t *word)
{
	uint32_t slot = slot_of(self, (handle_t)word[0]);
	if (!slot)
		return ERR_BAD_HANDLE;
	word[0] = self->handles[slot]->type;
	word[1] = self->handles[slot]->rights;
	return ERR_OK;
}

static status_t notify_create(uint64_t *word)
{
	struct capability *capability = new_capability(OBJECT_NOTIFY, RIGHTS_ALL);
	capability->notify = must(calloc(1, sizeof *capability->notify));
	word[0] = install(self, capability);
	return ERR_OK;
}

static status_t notify_call(uint32_t number, handle_t handle, uint64_t *word)
{
	struct capability *notify;
	status_t status = look_up(handle, OBJECT_NOTIFY, number == SYS_notify_signal ? RIGHT_SIGNAL : RIGHT_WAIT, &notify);
	if (status)
		return status;
	if (number == SYS_notify_signal) {
		notify->notify->bits |= word[0];
		pthread_cond_broadcast(&changed);
		return ERR_OK;
	}
	while (!(notify->notify->bits & word[0]))
		if (!wait_until(word[1]))
			return ERR_TIMED_OUT;
	uint64_t taken = notify->notify->bits & word[0];
	notify->notify->bits &= ~taken;
	word[0] = taken;
	return ERR_OK;
}

static status_t channel_create(uint64_t *word)
{
	struct capability *receiver = new_capability(OBJECT_RECEIVER, RIGHTS_ALL);
	receiver->channel = must(calloc(1, sizeof *receiver->channel));
	word[0] = install(self, receiver);
	return ERR_OK;
}

static status_t channel_bind(handle_t handle, const uint64_t *word)
{
	struct capability *receiver, *notify;
	status_t status = look_up(handle, OBJECT_RECEIVER, RIGHT_RECEIVE, &receiver);
	if (!status)
		status = look_up((handle_t)word[0], OBJECT_NOTIFY, RIGHT_WAIT, &notify);
	if (!status)
		receiver->channel->bound = notify->notify;
	return status;
}

static status_t reply_save(uint64_t *word)
{
	struct capability *reply = new_capability(OBJECT_REPLY, RIGHT_SEND);
	if (!self->received)
		return ERR_BAD_STATE;
	reply->call = self->received;
	self->received = NULL;
	word[0] = install(self, reply);
	return ERR_OK;
}

static status_t receiver_call(uint32_t number, handle_t handle, struct message *message)
{
	struct capability *receiver;
	status_t status = look_up(handle, OBJECT_RECEIVER, RIGHT_RECEIVE, &receiver);
	if (status)
		return status;
	if (number == SYS_channel_recv)
		return receive(receiver->channel, message->word[0], message);
	return reply_recv(receiver->channel, message, number == SYS_channel_reply_recv_x);
}

static status_t dispatch(uint32_t number, handle_t handle, struct message *message)
{
	uint64_t *word = message->word;
	switch (number) {
	case SYS_channel_call: return channel_call(handle, message, false);
	case SYS_channel_call_x: return channel_call(handle, message, true);
	case SYS_channel_recv:
	case SYS_channel_reply_recv:
	case SYS_channel_reply_recv_x: return receiver_call(number, handle, message);
	case SYS_channel_forward: return forward(handle, message);
	case SYS_channel_create: return channel_create(word);
	case SYS_channel_mint: return mint(handle, word);
	case SYS_channel_bind: return channel_bind(handle, word);
	case SYS_reply_send: return reply_send(handle, message, false);
	case SYS_reply_send_x: return reply_send(handle, message, true);
	case SYS_reply_save: return reply_save(word);
	case SYS_reply_read: return reply_copy(handle, false, word);
	case SYS_reply_write: return reply_copy(handle, true, word);
	case SYS_vmem_map: return map(word);
	case SYS_vmem_unmap: return munmap((void *)(uintptr_t)word[0], word[1]) ? ERR_BAD_ARGUMENT : ERR_OK;
	case SYS_vmem_protect:
		return mprotect((void *)(uintptr_t)word[0], word[1], protection(word[2])) ? ERR_BAD_ARGUMENT : ERR_OK;
	case SYS_frame_create: return frame_create(word);
	case SYS_frame_read:
	case SYS_frame_write:
	case SYS_frame_info: return frame_call(number, handle, word);
	case SYS_notify_create: return notify_create(word);
	case SYS_notify_signal:
	case SYS_notify_wait: return notify_call(number, handle, word);
	case SYS_handle_close: return close_handle(self, (handle_t)word[0]);
	case SYS_handle_duplicate: return handle_duplicate(word);
	case SYS_handle_info: return handle_info(word);
	default: return ERR_BAD_CALL;
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
	pthread_mutex_lock(&lock);
	status_t status = dispatch((uint32_t)(rax & 0xffff), (handle_t)(rax >> 32), &message);
	pthread_mutex_unlock(&lock);
	memcpy(word, message.word, sizeof message.word);
	return (uint64_t)status | (uint64_t)message.label << 16 | (uint64_t)message.info << 32;
}
