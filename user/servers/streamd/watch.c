/* Watchers: see watch.h. */
#include "user/servers/streamd/watch.h"

#include "abi/proto/fs.h"
#include "user/lib/server.h"
#include "user/servers/streamd/alarm.h"
#include "user/servers/streamd/event.h"
#include "user/servers/streamd/pipe.h"
#include "user/servers/streamd/socket.h"

struct watch {
	struct watch *next;
	handle_t notify;
	uint32_t events;
	uint64_t number; /* of the notify, by which two handles to it are known */
	uint64_t bits;
};

static uint32_t (*const ready_of[WATCHED_KINDS])(const struct watched *watched) = {
        [WATCHED_PIPE_READ] = pipe_ready_to_read,
        [WATCHED_PIPE_WRITE] = pipe_ready_to_write,
        [WATCHED_PIPE_BOTH] = pipe_ready_for_both,
        [WATCHED_SOCKET] = socket_ready,
        [WATCHED_EVENT] = event_ready,
        [WATCHED_ALARM] = alarm_ready,
};

static struct watch *take_first(struct watched *watched)
{
	struct watch *watch = watched->first;
	watched->first = watch->next;
	if (!watched->first)
		watched->last = NULL;
	watched->count--;
	return watch;
}

static void append(struct watched *watched, struct watch *watch)
{
	watch->next = NULL;
	if (watched->last)
		watched->last->next = watch;
	else
		watched->first = watch;
	watched->last = watch;
	watched->count++;
}

static void drop(struct watch *watch)
{
	state_close(watch->notify);
	state_free(watch);
}

static void tell(struct watch *watch)
{
	status_t status = sys_notify_signal(watch->notify, watch->bits);
	(void)status; /* one that is gone has nobody to tell */
	drop(watch);
}

/* The watch by the same notify and bits, NULL if there is none. */
static struct watch *find(const struct watched *watched, uint64_t number, uint64_t bits)
{
	struct watch *watch = watched->first;
	while (watch && (watch->number != number || watch->bits != bits))
		watch = watch->next;
	return watch;
}

static status_t add(struct watched *watched, struct request *request, uint32_t events)
{
	uint32_t type, rights;
	uint64_t number;
	status_t status = sys_handle_info(request->handles[0], &type, &rights, &number);
	if (!status && type != OBJECT_NOTIFY)
		status = ERR_WRONG_TYPE;
	if (!status && !(rights & RIGHT_SIGNAL))
		status = ERR_NO_RIGHT;
	if (status)
		return status;
	struct watch *watch = find(watched, number, request->word[1]);
	if (watch) {
		watch->events |= events;
		return ERR_OK;
	}
	if (watched->count == WATCHES_MAX)
		tell(take_first(watched));
	watch = state_alloc(sizeof *watch);
	if (!watch)
		return ERR_NO_MEMORY;
	*watch = (struct watch){NULL, request_take_handle(request, 0), events, number, request->word[1]};
	append(watched, watch);
	return ERR_OK;
}

status_t watch_serve(struct watched *watched, struct request *request)
{
	uint32_t events = (uint32_t)request->word[0], ready = ready_of[watched->by](watched) & events;
	request->answer.word[0] = ready;
	if (!request->handle_count || (ready && !(events & FS_WATCH_NEXT)))
		return ERR_OK;
	return add(watched, request, events);
}

/* A round over those that are there now: who is told may watch again meanwhile, but not within this round. */
static void tell_round(struct watched *watched)
{
	uint32_t ready = ready_of[watched->by](watched);
	for (uint32_t left = watched->count; left; left--) {
		struct watch *watch = take_first(watched);
		if (watch->events & ready)
			tell(watch);
		else
			append(watched, watch);
	}
}

void watch_changed(struct watched *watched)
{
	struct watched *both = watched->by <= WATCHED_PIPE_WRITE ? pipe_both_sides(watched) : NULL;
	if (both && both->first)
		tell_round(both);
	if (watched->first)
		tell_round(watched);
}

void watch_drop_all(struct watched *watched)
{
	while (watched->first)
		drop(take_first(watched));
}

bool watch_check(const struct watched *watched, enum watched_by by)
{
	uint32_t count = 0;
	const struct watch *last = NULL;
	for (const struct watch *watch = watched->first; watch; last = watch, watch = watch->next)
		if (count++ == WATCHES_MAX || !state_holds(watch, sizeof *watch) ||
		        !server_has_handle(watch->notify, OBJECT_NOTIFY))
			return false;
	return watched->by == by && watched->count == count && watched->last == last;
}

void watch_resume(const struct watched *watched)
{
	for (const struct watch *watch = watched->first; watch; watch = watch->next) {
		status_t status = sys_notify_signal(watch->notify, watch->bits);
		(void)status; /* one that is gone has nobody to tell */
	}
}
