/* Alarms: see alarm.h. */
#include "user/servers/streamd/alarm.h"

#include <stddef.h>

#include "abi/proto/fs.h"
#include "abi/proto/stream.h"

#define PACE_NS 1000000u

static uint64_t looked; /* when it was last asked for the expirations of an alarm */

static uint64_t expirations_at(const struct alarm *alarm, uint64_t now)
{
	if (!alarm->deadline || now < alarm->deadline)
		return 0;
	return alarm->period ? (now - alarm->deadline) / alarm->period + 1 : 1;
}

/* How often it has been time and nobody has read it. */
static uint64_t expirations(const struct alarm *alarm)
{
	looked = server_timer_now();
	return expirations_at(alarm, looked);
}

uint32_t alarm_ready(const struct watched *watched)
{
	return expirations((const void *)((const char *)watched - offsetof(struct alarm, watched))) ? FS_READY_READ : 0;
}

/* A reader has been told of `count` expirations. */
static void told(struct alarm *alarm, uint64_t count)
{
	alarm->deadline = alarm->period ? alarm->deadline + count * alarm->period : 0;
}

/*
 * When it is time and those who wait now have not been told of it; 0: never. Who still reads was not told of any; who watches was told of
 * those until the last look, and not of what has passed since. A short period is not followed at its pace.
 */
static uint64_t next_time(const struct alarm *alarm)
{
	uint64_t passed = expirations_at(alarm, looked);
	if (!passed || !alarm->deadline || alarm->readers.first)
		return alarm->deadline;
	uint64_t next = alarm->deadline + passed * alarm->period, soon = server_timer_now() + PACE_NS;
	return !alarm->period ? 0 : next > soon ? next : soon;
}

/* Sees to it that those who wait are told in time. */
static void await(struct alarm *alarm)
{
	uint64_t next = alarm->readers.first || alarm->watched.first ? next_time(alarm) : 0;
	if (next)
		server_timer_set(&streamd_server, &alarm->timer, next);
	else
		server_timer_cancel(&streamd_server, &alarm->timer);
}

static void settle(struct alarm *alarm)
{
	uint64_t count;
	while (alarm->readers.first && (count = expirations(alarm)))
		if (!wait_finish_bytes(alarm->readers.first, &count, sizeof count))
			told(alarm, count);
	watch_changed(&alarm->watched);
	await(alarm);
}

static void expired(struct server_timer *timer)
{
	settle(timer->context);
}

static status_t read_alarm(struct request *request, struct end *end)
{
	struct alarm *alarm = end->thing;
	if (end_length(request, request->writable) < sizeof(uint64_t))
		return ERR_BAD_ARGUMENT;
	uint64_t count = expirations(alarm);
	if (count) {
		status_t status = request_write(request, 0, &count, sizeof count);
		if (status)
			return status;
		told(alarm, count);
		request->answer.word[0] = sizeof count;
		return ERR_OK;
	}
	if (request->word[1] & FS_TRANSFER_NO_WAIT)
		return ERR_WOULD_BLOCK;
	status_t status = wait_add_only(&alarm->readers, request, sizeof(uint64_t), 0);
	await(alarm);
	return status;
}

/* As Linux says it. */
static status_t write_alarm(struct request *request, struct end *end)
{
	(void)request;
	(void)end;
	return ERR_BAD_ARGUMENT;
}

static struct watched *watched_of(struct end *end)
{
	return &((struct alarm *)end->thing)->watched;
}

static void watching(struct end *end)
{
	await(end->thing);
}

static void close_alarm(struct end *end)
{
	struct alarm *alarm = end->thing;
	if (--alarm->ends)
		return;
	server_timer_cancel(&streamd_server, &alarm->timer);
	watch_drop_all(&alarm->watched);
	thing_end(&alarm->thing);
}

static void join(struct end *end)
{
	((struct alarm *)end->thing)->ends++;
}

const struct end_type alarm_type = {
        .leads_to = THING_ALARM,
        .kind = FS_KIND_ANONYMOUS,
        .mode = 0600,
        .read = read_alarm,
        .write = write_alarm,
        .watched = watched_of,
        .watching = watching,
        .join = join,
        .close = close_alarm,
};

status_t handle_timer(struct request *request)
{
	struct alarm *alarm = state_alloc(sizeof *alarm);
	if (!alarm)
		return ERR_NO_MEMORY;
	*alarm = (struct alarm){.watched = {.by = WATCHED_ALARM},
	        .timer = {.expired = expired, .context = alarm},
	        .clock = request->word[0],
	        .ends = 1};
	thing_begin(&alarm->thing, THING_ALARM);
	status_t status = end_open(request, END_ALARM, alarm);
	if (status)
		thing_end(&alarm->thing);
	return status;
}

/* When it will be time next: one that is read late has passed it by, which changes nothing of when it is due. */
static void give_setting(struct request *request, const struct alarm *alarm)
{
	uint64_t passed = alarm->period ? expirations(alarm) * alarm->period : 0;
	bool over = !alarm->period && expirations(alarm);
	request->answer.word[0] = alarm->deadline && !over ? alarm->deadline + passed : 0;
	request->answer.word[1] = alarm->period;
	request->answer.word[2] = alarm->clock;
}

status_t handle_timer_set(struct request *request)
{
	struct end *end = request->object;
	struct alarm *alarm = end->thing;
	if (end->kind != END_ALARM)
		return ERR_NOT_SUPPORTED;
	/* So that neither sums nor products go beyond 64 bits for some centuries. */
	if (request->word[0] > INT64_MAX || request->word[1] > INT64_MAX)
		return ERR_BAD_ARGUMENT;
	give_setting(request, alarm);
	alarm->deadline = request->word[0];
	alarm->period = alarm->deadline ? request->word[1] : 0;
	settle(alarm);
	return ERR_OK;
}

status_t handle_timer_get(struct request *request)
{
	struct end *end = request->object;
	if (end->kind != END_ALARM)
		return ERR_NOT_SUPPORTED;
	give_setting(request, end->thing);
	return ERR_OK;
}

/* A timer is one of the life that has set it, and it may have been time since. */
void alarm_resume(struct alarm *alarm)
{
	alarm->timer = (struct server_timer){.expired = expired, .context = alarm};
	settle(alarm);
}
