/* The list of waiting.h: adding walks to its end, which its bound makes short. */
#include "user/lib/waiting.h"

#include "user/lib/server.h"
#include "user/lib/state.h"

static void set_link(struct waiting **place, struct waiting *waiting)
{
	state_keep(place, sizeof *place);
	*place = waiting;
}

static void add_to_count(struct waiting_list *list, uint32_t more)
{
	state_keep(&list->count, sizeof list->count);
	list->count += more;
}

static void answer_at(struct waiting_list *list, struct waiting **place, status_t status, uint64_t word)
{
	struct waiting *waiting = *place;
	struct answer answer = {.word = {word}};

	set_link(place, waiting->next);
	add_to_count(list, -1u);
	answer_send(waiting->reply, status, &answer);
	state_free(waiting);
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
	set_link(&waiting->next, NULL);
	set_link(last, waiting);
}

status_t waiting_add(struct waiting_list *list, struct request *request, uint64_t length, uint64_t done)
{
	struct waiting *waiting;

	if (list->count == list->most)
		return ERR_FULL;
	waiting = state_alloc(sizeof *waiting);
	if (!waiting)
		return ERR_NO_MEMORY;
	*waiting = (struct waiting){
	        .list = list, .object = request->object, .stamp = request->stamp, .length = length, .done = done};
	status_t status = request_save(request, &waiting->reply);
	if (status) {
		state_free(waiting);
		return status;
	}
	server_on_interrupt(request->server, waiting->reply, interrupted, waiting);
	put_last(list, waiting);
	add_to_count(list, 1);
	return ERR_OK;
}

void waiting_answer(struct waiting_list *list, status_t status, uint64_t word)
{
	answer_at(list, &list->first, status, word);
}

void waiting_rotate(struct waiting_list *list)
{
	struct waiting *first = list->first;
	set_link(&list->first, first->next);
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

bool waiting_check(const struct waiting_list *list)
{
	uint32_t count = 0;
	for (const struct waiting *waiting = list->first; waiting; waiting = waiting->next)
		if (count++ == list->count || !state_holds(waiting, sizeof *waiting) || waiting->list != list ||
		        waiting->done > waiting->length || !server_has_handle(waiting->reply, OBJECT_REPLY))
			return false;
	return count == list->count;
}

void waiting_resume(struct waiting_list *list)
{
	for (struct waiting *waiting = list->first; waiting; waiting = waiting->next)
		reply_on_interrupt(waiting->reply, interrupted, waiting);
}
