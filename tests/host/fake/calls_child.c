/* The kernel for tests of programs: processes as objects that are started, signalled and ended, and calls that are not waited for. */
#include "fake/calls_internal.h"

#include <stdlib.h>

static handle_t add(enum object_type type, struct fake_process *process)
{
	struct capability *capability = fake_capability(type, RIGHTS_ALL);
	capability->process = process;
	return fake_install(fake_current, capability);
}

static void drop_exception(struct fake_process *process)
{
	if (process->exception)
		fake_drop_capability(process->exception);
	process->exception = NULL;
}

static void end(struct fake_process *process, uint32_t status)
{
	if (process->state == PROCESS_ENDED)
		return;
	for (uint32_t i = 0; i < HANDLES && process->handle_count; i++)
		if (process->handles[i]) {
			fake_drop_capability(process->handles[i]);
			process->handles[i] = NULL;
			process->handle_count--;
		}
	process->state = PROCESS_ENDED;
	process->status = status;
	drop_exception(process);
}

void fake_child_end(struct fake_process *process, uint32_t status)
{
	pthread_mutex_lock(&fake_lock);
	end(process, status);
	pthread_mutex_unlock(&fake_lock);
}

uint32_t fake_child_state(const struct fake_process *process)
{
	pthread_mutex_lock(&fake_lock);
	uint32_t state = process->state;
	pthread_mutex_unlock(&fake_lock);
	return state;
}

uint32_t fake_child_status(const struct fake_process *process)
{
	return process->status;
}

unsigned fake_child_confinements(const struct fake_process *child, uint64_t out_may_have[static 3])
{
	memcpy(out_may_have, child->may_have, sizeof child->may_have);
	return child->confinements;
}

uint64_t fake_child_take_bits(struct fake_process *process)
{
	pthread_mutex_lock(&fake_lock);
	uint64_t bits = process->bits;
	process->bits = 0;
	pthread_mutex_unlock(&fake_lock);
	return bits;
}

void fake_child_use_time(struct fake_process *process, uint64_t ns)
{
	pthread_mutex_lock(&fake_lock);
	process->cpu_ns += ns;
	pthread_mutex_unlock(&fake_lock);
}

void fake_child_drop_exception(struct fake_process *process)
{
	pthread_mutex_lock(&fake_lock);
	drop_exception(process);
	pthread_mutex_unlock(&fake_lock);
}

static status_t set_exception(struct fake_process *process, handle_t handle)
{
	struct capability *sender;
	status_t status = handle ? fake_look_up(handle, OBJECT_SENDER, RIGHT_SEND, &sender) : ERR_OK;
	if (status)
		return status;
	if (!handle) {
		drop_exception(process);
		return ERR_OK;
	}
	if (process->state == PROCESS_ENDED)
		return ERR_DEAD;
	struct capability *copy = fake_copy(sender, RIGHTS_ALL);
	drop_exception(process);
	process->exception = copy;
	return ERR_OK;
}

static status_t start(struct fake_process *process)
{
	if (process->state != PROCESS_NEW)
		return ERR_BAD_STATE;
	process->state = PROCESS_RUNNING;
	return ERR_OK;
}

static void tell(const struct fake_process *process, uint64_t *word)
{
	word[0] = process->state;
	word[1] = process->status;
	word[2] = process->number;
	word[3] = word[4] = 0;
	word[5] = process->cpu_ns;
}

static void tell_more(const struct fake_process *process, uint64_t *word)
{
	struct process_stats stats = {.size = sizeof stats,
	        .state = process->state,
	        .number = process->number,
	        .threads = 1,
	        .resident_pages = 3,
	        .mapped_bytes = 40960,
	        .cpu_ns = process->cpu_ns};
	memcpy((void *)(uintptr_t)word[0], &stats, sizeof stats < word[1] ? sizeof stats : word[1]);
}

/* The handle of the group is one of the process, with another type. */
static status_t confine(struct fake_process *process, uint64_t *word)
{
	memcpy(process->may_have, word, sizeof process->may_have);
	process->confinements++;
	word[0] = add(OBJECT_GROUP, process);
	return ERR_OK;
}

/* Threads of a process have numbers from a thousand times its own on. */
static status_t walk(const struct fake_process *process, uint64_t *word)
{
	uint64_t first = process->number * 1000ull, after = word[0] ? word[0] : UINT64_MAX;
	uint64_t number = after > first + process->more_threads ? first + process->more_threads : after - 1;
	if (after <= first)
		return ERR_NOT_FOUND;
	word[0] = number;
	word[1] = (number - first) * 1000000000;
	word[2] = 16;
	word[3] = THREAD_WAITS;
	return ERR_OK;
}

void fake_child_set_threads(struct fake_process *child, unsigned more)
{
	child->more_threads = more;
}

static enum object_type acts_on(uint32_t number)
{
	switch (number) {
	case SYS_thread_start: return OBJECT_THREAD;
	case SYS_group_limit: return OBJECT_GROUP;
	default: return OBJECT_PROCESS;
	}
}

static status_t call(uint32_t number, handle_t handle, uint64_t *word)
{
	struct capability *target;
	bool asks = number == SYS_process_info || number == SYS_process_stats || number == SYS_thread_walk;
	uint32_t right = asks ? RIGHT_INSPECT : number == SYS_process_signal ? RIGHT_SIGNAL : RIGHT_MANAGE;
	status_t status = fake_look_up(handle, acts_on(number), right, &target);
	if (status)
		return status;
	struct fake_process *process = target->process;
	switch (number) {
	case SYS_process_info: tell(process, word); return ERR_OK;
	case SYS_process_stats: tell_more(process, word); return ERR_OK;
	case SYS_process_kill:
		if (word[1] & PROCESS_KILL_RUNNING && process->state == PROCESS_ENDED)
			return ERR_BAD_STATE;
		end(process, (uint32_t)word[0]);
		return ERR_OK;
	case SYS_process_signal: process->bits |= word[0]; return ERR_OK;
	case SYS_process_set_exception: return set_exception(process, (handle_t)word[0]);
	case SYS_thread_start: return start(process);
	case SYS_thread_walk: return walk(process, word);
	case SYS_process_confine: return confine(process, word);
	case SYS_group_limit: memcpy(process->may_have, word, sizeof process->may_have); return ERR_OK;
	default: return ERR_BAD_CALL;
	}
}

struct fake_process *fake_child_create(handle_t *out_process, handle_t *out_thread)
{
	struct fake_process *child = fake_process_create("child", NULL);
	fake_self();
	fake_more_calls = call;
	pthread_mutex_lock(&fake_lock);
	child->state = PROCESS_NEW;
	*out_process = add(OBJECT_PROCESS, child);
	*out_thread = add(OBJECT_THREAD, child);
	pthread_mutex_unlock(&fake_lock);
	return child;
}

struct call *fake_call_begin(handle_t handle, const struct message *message)
{
	struct capability *sender;
	struct call *begun = NULL;
	fake_self();
	pthread_mutex_lock(&fake_lock);
	if (!fake_look_up(handle, OBJECT_SENDER, RIGHT_SEND, &sender)) {
		begun = fake_begin_call(sender, message, NULL);
		fake_append(sender->stamp->channel, begun);
	}
	pthread_mutex_unlock(&fake_lock);
	return begun;
}

bool fake_call_end(struct call *call, uint32_t *out_status, struct message *out)
{
	pthread_mutex_lock(&fake_lock);
	bool answered = call->answered;
	if (answered) {
		*out_status = fake_take_answer(call, out);
		free(call);
	}
	pthread_mutex_unlock(&fake_lock);
	return answered;
}
