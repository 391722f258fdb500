/* Timers of a server's event loop: see server_timer.h. */
#include "user/lib/server_timer.h"

#include <stddef.h>
#include <time.h>

#include "user/lib/server.h"

uint64_t server_timer_now(void)
{
	struct timespec now = {0};
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void server_timer_cancel(struct server *server, struct server_timer *timer)
{
	if (!timer->set)
		return;
	struct server_timer **link = &server->timers;
	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
	timer->set = 0;
}

void server_timer_set(struct server *server, struct server_timer *timer, uint64_t deadline)
{
	server_timer_cancel(server, timer);
	struct server_timer **link = &server->timers;
	while (*link && (*link)->deadline <= deadline)
		link = &(*link)->next;
	timer->deadline = deadline;
	timer->next = *link;
	timer->set = 1;
	*link = timer;
}

/* One due timer a round, so that one which always sets itself to the present does not keep the server from its messages. */
uint64_t server_timer_run(struct server *server)
{
	struct server_timer *timer = server->timers;
	if (timer && timer->deadline <= server_timer_now()) {
		server->timers = timer->next;
		timer->set = 0;
		timer->expired(timer);
	}
	return server->timers ? server->timers->deadline : DEADLINE_NEVER;
}
