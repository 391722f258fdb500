/* The list of waiting.h: adding walks to its end, which its bound makes short. */
#include "user/lib/waiting.h"

#include <stdlib.h>

#include "user/lib/server.h"

static void answer_at(struct waiting_list *list, struct waiting **place, status_t status, uint64_t word)
{
	struct waiting *waiting = *place;
	struct answer answer = {.word = {word}};

	*place = waiting->next;
	list->count--;
	answer_send(waiting->reply, status, &answer);
	free(waiting);
}

static void interrupted(void *context)
{
	struct waiting *waiting = context, **place = &waiting->list->first;

	while (*place != waiting)
		place = &(*place)->next;
	answer_at(waiting->list, place, waiting->done ? ERR_OK : ERR_INTERRUPTED, waiting->done);
}

static void put_last(struct waiting_list *list, struct waiting *waiting)
{
	struct waiting **last = &list->first;
	while (*last)
		last = &(*last)->next;
	waiting->next = NULL;
	*last = waiting;
}

status_t waiting_add(struct waiting_list *list, struct request *request, uint64_t length, uint64_t done)
{
	struct waiting *waiting;

	if (list->count == list->most)
		return ERR_FULL;
	waiting = malloc(sizeof *waiting);
	if (!waiting)
		return ERR_NO_MEMORY;
	*waiting = (struct waiting){
	        .list = list, .object = request->object, .stamp = request->stamp, .length = length, .done = done};
	status_t status = request_save(request, &waiting->reply);
	if (status) {
		free(waiting);
		return status;
	}
	server_on_interrupt(request->server, waiting->reply, interrupted, waiting);
	put_last(list, waiting);
	list->count++;
	return ERR_OK;
}

void waiting_answer(struct waiting_list *list, status_t status, uint64_t word)
{
	answer_at(list, &list->first, status, word);
}

void waiting_rotate(struct waiting_list *list)
{
	struct waiting *first = list->first;
	list->first = first->next;
	put_last(list, first);
}

void waiting_drop(struct waiting_list *list, const void *object)
{
	for (struct waiting **place = &list->first; *place;) {
		if ((*place)->object == object)
			answer_at(list, place, ERR_DEAD, 0);
		else
			place = &(*place)->next;
	}
}
