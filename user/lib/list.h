/*
 * Doubly linked lists whose links are part of their members: adding, removing and joining take no memory and no search. A list
 * is a ring with the list's own link in it, so no operation has a special case. A link that is in no list is zero.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_link {
	struct list_link *next, *previous;
};

struct list {
	struct list_link ring;
};

/* The structure that a link is member of. */
#define LIST_OF(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Every link of a list, in order; the body may not remove any but may leave the loop. */
#define LIST_EACH(each, list) for (struct list_link *each = (list)->ring.next; each != &(list)->ring; each = each->next)

static inline void list_begin(struct list *list)
{
	list->ring.next = list->ring.previous = &list->ring;
}

static inline bool list_empty(const struct list *list)
{
	return list->ring.next == &list->ring;
}

/* NULL if there is none; so is the one behind the last. */
static inline struct list_link *list_first(struct list *list)
{
	return list_empty(list) ? NULL : list->ring.next;
}

static inline struct list_link *list_after(struct list *list, struct list_link *link)
{
	return link->next == &list->ring ? NULL : link->next;
}

static inline bool list_linked(const struct list_link *link)
{
	return link->next != NULL;
}

static inline void list_insert_behind(struct list_link *place, struct list_link *link)
{
	link->previous = place;
	link->next = place->next;
	place->next->previous = link;
	place->next = link;
}

static inline void list_append(struct list *list, struct list_link *link)
{
	list_insert_behind(list->ring.previous, link);
}

static inline void list_prepend(struct list *list, struct list_link *link)
{
	list_insert_behind(&list->ring, link);
}

/* Of one that is in no list nothing happens. */
static inline void list_remove(struct list_link *link)
{
	if (!link->next)
		return;
	link->previous->next = link->next;
	link->next->previous = link->previous;
	link->next = link->previous = NULL;
}
