#include "object/watch.h"

#include "core/lock.h"
#include "mm/slab.h"
#include "object/group.h"
#include "object/notify.h"

/* On two lists, that of what is watched and that of its notify; guarded by watch_lock. */
struct watch {
	struct watch_list *list;
	struct notify *notify;
	uint64_t bits;
	struct group *group;
	struct watch *next, **link;
	struct watch *next_of_notify, **link_of_notify;
};

static struct slab watch_slab = SLAB_INIT("watches", struct watch);
static struct lock watch_lock = LOCK_INIT(RANK_WATCH, "watches");

static struct watch *find_locked(struct watch_list *list, struct notify *notify)
{
	struct watch *watch = list->first;
	while (watch && watch->notify != notify)
		watch = watch->next;
	return watch;
}

static void link_locked(struct watch *watch)
{
	struct watch_list *list = watch->list;
	watch->next = list->first;
	watch->link = &list->first;
	if (watch->next)
		watch->next->link = &watch->next;
	list->first = watch;
	list->count++;

	struct notify *notify = watch->notify;
	watch->next_of_notify = notify->watches;
	watch->link_of_notify = &notify->watches;
	if (watch->next_of_notify)
		watch->next_of_notify->link_of_notify = &watch->next_of_notify;
	notify->watches = watch;
}

static void free_locked(struct watch *watch)
{
	*watch->link = watch->next;
	if (watch->next)
		watch->next->link = watch->link;
	watch->list->count--;
	*watch->link_of_notify = watch->next_of_notify;
	if (watch->next_of_notify)
		watch->next_of_notify->link_of_notify = watch->link_of_notify;
	group_return_object(watch->group);
	slab_free(&watch_slab, watch);
}

static uint32_t add_locked(struct watch_list *list, struct notify *notify, uint64_t bits)
{
	struct watch *watch = find_locked(list, notify);
	if (watch) {
		watch->bits |= bits;
		return ERR_OK;
	}
	if (list->count == WATCHES_MAX)
		return ERR_FULL;
	uint32_t error = group_charge_object(notify->object.group);
	if (error)
		return error;
	watch = slab_alloc(&watch_slab);
	if (!watch) {
		group_return_object(notify->object.group);
		return ERR_NO_MEMORY;
	}
	watch->list = list;
	watch->notify = notify;
	watch->bits = bits;
	watch->group = notify->object.group;
	link_locked(watch);
	return ERR_OK;
}

uint32_t watch_add(struct watch_list *list, struct notify *notify, uint64_t bits)
{
	lock_acquire(&watch_lock);
	uint32_t error = add_locked(list, notify, bits);
	lock_release(&watch_lock);
	return error;
}

void watch_signal(struct watch_list *list)
{
	lock_acquire(&watch_lock);
	for (struct watch *watch = list->first; watch; watch = watch->next)
		notify_signal(watch->notify, watch->bits);
	lock_release(&watch_lock);
}

bool watch_signal_step(struct watch_list *list, unsigned budget)
{
	lock_acquire(&watch_lock);
	for (; budget && list->first; budget--) {
		notify_signal(list->first->notify, list->first->bits);
		free_locked(list->first);
	}
	bool done = !list->first;
	lock_release(&watch_lock);
	return done;
}

bool watch_forget_notify(struct notify *notify, unsigned budget)
{
	lock_acquire(&watch_lock);
	for (; budget && notify->watches; budget--)
		free_locked(notify->watches);
	bool done = !notify->watches;
	lock_release(&watch_lock);
	return done;
}
