/* The kernel for tests of programs: processes, their handle tables, and waiting. */
#include "fake/calls_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t fake_changed = PTHREAD_COND_INITIALIZER;
struct fake_process *fake_processes;
static uint32_t last_number = 100;
size_t fake_pages_left = SIZE_MAX;
size_t fake_queued; /* messages that no server has received yet */
_Thread_local struct fake_process *fake_current;

/* Objects live until the end, so leaks are looked for by tests that need no kernel. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

void *fake_must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* Processes. */

struct fake_process *fake_process_create(const char *name, int (*start)(void))
{
	struct fake_process *process = fake_must(calloc(1, sizeof *process));
	process->name = name;
	process->start = start;
	process->handle_limit = HANDLES - 1;
	process->block = fake_must(calloc(1, sizeof *process->block + 4096));
	process->block->magic = START_MAGIC;
	process->block->version = START_VERSION;
	process->block->arguments = sizeof *process->block;
	pthread_mutex_lock(&fake_lock);
	process->number = ++last_number;
	process->control.process_number = process->number;
	process->state = PROCESS_RUNNING;
	process->next = fake_processes;
	fake_processes = process;
	pthread_mutex_unlock(&fake_lock);
	return process;
}

struct fake_process *fake_self(void)
{
	if (!fake_current)
		fake_current = fake_process_create("test", NULL);
	return fake_current;
}

void fake_become(struct fake_process *process)
{
	fake_current = process;
}

void *fake_run(void *process)
{
	fake_current = process;
	if (sigsetjmp(fake_current->begin, 0)) { /* it has ended in the middle, and begins again on a thread of its own */
		if (pthread_create(&fake_current->thread, NULL, fake_run, fake_current))
			abort();
		pthread_mutex_unlock(&fake_lock);
		return NULL;
	}
	if (fake_current->memory && munmap(fake_current->memory, fake_current->memory_size))
		abort();
	fake_current->result = fake_current->start();
	pthread_mutex_lock(&fake_lock);
	fake_current->running = false;
	pthread_cond_broadcast(&fake_changed);
	pthread_mutex_unlock(&fake_lock);
	return NULL;
}

void fake_start(struct fake_process *process)
{
	process->running = true;
	if (pthread_create(&process->thread, NULL, fake_run, process))
		abort();
}

uint32_t fake_number(const struct fake_process *process)
{
	return process->number;
}

size_t fake_handle_count(const struct fake_process *process)
{
	pthread_mutex_lock(&fake_lock);
	size_t count = process->handle_count;
	pthread_mutex_unlock(&fake_lock);
	return count;
}

void fake_limit_handles(struct fake_process *process, size_t most)
{
	pthread_mutex_lock(&fake_lock);
	process->handle_limit = most;
	pthread_mutex_unlock(&fake_lock);
}

void fake_limit_pages(size_t most)
{
	fake_pages_left = most;
}

/* Handle tables. */

/* Processes differ in the index, so that a number from another table is not good by chance. */
handle_t fake_name(const struct fake_process *process, uint32_t slot)
{
	return process->generation[slot] << HANDLE_INDEX_BITS | (slot + (process->number & 0x3f) * HANDLES);
}

uint32_t fake_free_slot(struct fake_process *process)
{
	if (process->handle_count >= process->handle_limit)
		return 0;
	for (uint32_t i = 1; i < HANDLES; i++)
		if (!process->handles[i] && i != process->place) {
			process->generation[i] = process->generation[i] % 4000 + 1;
			return i;
		}
	return 0;
}

handle_t fake_install(struct fake_process *process, struct capability *capability)
{
	uint32_t i = fake_free_slot(process);
	if (!i)
		return HANDLE_NONE;
	process->handles[i] = capability;
	process->handle_count++;
	return fake_name(process, i);
}

uint32_t fake_slot(const struct fake_process *process, handle_t handle)
{
	uint32_t index = (handle & ((1u << HANDLE_INDEX_BITS) - 1)) - (process->number & 0x3f) * HANDLES;
	if (index == 0 || index >= HANDLES || !process->handles[index] ||
	        process->generation[index] != handle >> HANDLE_INDEX_BITS)
		return 0;
	return index;
}

struct capability *fake_capability(enum object_type type, uint32_t rights)
{
	struct capability *capability = fake_must(calloc(1, sizeof *capability));
	capability->type = type;
	capability->rights = rights;
	return capability;
}

struct capability *fake_copy(const struct capability *from, uint32_t rights)
{
	struct capability *copy = fake_capability(from->type, from->rights & rights);
	copy->frame = from->frame;
	if (from->type == OBJECT_SENDER)
		from->stamp->senders++;
	if (from->type == OBJECT_RECEIVER)
		from->channel->receivers++;
	return copy;
}

void fake_drop_capability(struct capability *capability)
{
	if (capability->type == OBJECT_SENDER && !--capability->stamp->senders) {
		struct call *call = fake_must(calloc(1, sizeof *call));
		call->is_event = true;
		call->message.info = RECEIVED_CLOSE;
		call->stamp = capability->stamp->value;
		fake_append(capability->stamp->channel, call);
	}
	if (capability->type == OBJECT_RECEIVER && !--capability->channel->receivers)
		fake_end_channel(capability->channel);
	if (capability->type == OBJECT_REPLY && !capability->call->answered)
		fake_answer_call(capability->call, ERR_DROPPED);
	free(capability);
}

status_t fake_close(struct fake_process *process, handle_t handle)
{
	uint32_t slot = fake_slot(process, handle);
	if (process == fake_current && fake_names_received(handle)) {
		fake_answer_call(process->received, ERR_DROPPED);
		process->received = NULL;
		return ERR_OK;
	}
	if (!slot)
		return ERR_BAD_HANDLE;
	struct capability *capability = process->handles[slot];
	process->handles[slot] = NULL;
	process->handle_count--;
	fake_drop_capability(capability);
	return ERR_OK;
}

void fake_close_handles(struct fake_process *process)
{
	pthread_mutex_lock(&fake_lock);
	for (uint32_t i = 0; i < HANDLES; i++)
		if (process->handles[i]) {
			fake_drop_capability(process->handles[i]);
			process->handles[i] = NULL;
			process->handle_count--;
		}
	pthread_mutex_unlock(&fake_lock);
}

int fake_stop(struct fake_process *process)
{
	pthread_mutex_lock(&fake_lock);
	process->stopping = true;
	pthread_cond_broadcast(&fake_changed);
	pthread_mutex_unlock(&fake_lock);
	pthread_join(process->thread, NULL);
	fake_close_handles(process);
	return process->result;
}

status_t fake_look_up(handle_t handle, enum object_type type, uint32_t rights, struct capability **out)
{
	uint32_t slot = fake_slot(fake_current, handle);
	if (!slot)
		return ERR_BAD_HANDLE;
	if (fake_current->handles[slot]->type != type)
		return ERR_WRONG_TYPE;
	if ((fake_current->handles[slot]->rights & rights) != rights)
		return ERR_NO_RIGHT;
	*out = fake_current->handles[slot];
	return ERR_OK;
}

/* Waiting. */

void fake_settle(void)
{
	pthread_mutex_lock(&fake_lock);
	for (;;) {
		bool busy = fake_queued != 0;
		for (struct fake_process *process = fake_processes; process; process = process->next)
			busy |= process->running && !process->waiting;
		if (!busy)
			break;
		pthread_cond_wait(&fake_changed, &fake_lock);
	}
	pthread_mutex_unlock(&fake_lock);
}

/* False when the deadline has passed. */
bool fake_wait_until(uint64_t deadline)
{
	if (deadline == DEADLINE_NEVER) {
		pthread_cond_wait(&fake_changed, &fake_lock);
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
	pthread_cond_timedwait(&fake_changed, &fake_lock, &soon);
	return true;
}
