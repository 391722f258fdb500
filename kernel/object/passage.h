/*
 * One handle that goes straight from one process's table into another's, on the quick way of a message: what a parcel does for any number
 * (parcel.h), where nothing stands in the way. Both tables are only tried to be locked, so that their order does not matter.
 *
 * passage_begin looks at everything; then passage_end moves or duplicates the handle, or passage_stop leaves all as it was.
 */
#pragma once

#include "object/process.h"
#include "object/thread.h"

struct passage {
	struct handles *from, *to;
	struct handle_entry *entry;
	uint32_t rights;
	bool moves;
};

static inline __attribute__((always_inline)) void passage_stop(const struct passage *passage)
{
	lock_release_alone(&passage->from->lock);
	lock_release_alone(&passage->to->lock);
}

/*
 * The only handle of the sender's `send` part. False: it may not go, or not by this way: within one process, into a table that is full
 * or closed, one to ports.
 */
static inline __attribute__((always_inline)) bool passage_begin(
        const struct thread *from, const struct thread *to, bool moves, struct passage *out)
{
	const struct message_extras *send = &from->block->send;
	handle_t handle = __atomic_load_n(&send->handles[0], __ATOMIC_RELAXED);
	uint32_t needed = moves ? RIGHT_TRANSFER : RIGHT_TRANSFER | RIGHT_DUPLICATE;
	struct passage passage = {&from->process->handles, &to->process->handles, 0, 0, moves};
	if (from->process == to->process || !lock_try_alone(&passage.from->lock))
		return false;
	if (!lock_try_alone(&passage.to->lock)) {
		lock_release_alone(&passage.from->lock);
		return false;
	}
	passage.entry = handles_entry(passage.from, handle % (1u << HANDLE_INDEX_BITS));
	passage.rights = passage.entry->rights & __atomic_load_n(&send->rights[0], __ATOMIC_RELAXED);
	if (__builtin_expect(!handle || passage.entry->handle != handle || (passage.entry->rights & needed) != needed ||
	                    passage.entry->object->type == OBJECT_IOPORT || to->process->handles_closed ||
	                    passage.to->limit - 1 == passage.to->used,
	            0)) {
		passage_stop(&passage);
		return false;
	}
	*out = passage;
	return true;
}

/* Its name in the receiver's table stands in the `received` part then. */
static inline __attribute__((always_inline)) void passage_end(
        const struct passage *passage, struct message_extras *received, handle_t *out_handle, uint64_t *out_object)
{
	struct object *object = passage->entry->object;
	if (passage->moves)
		handles_free_entry(passage->from, passage->entry, passage->entry->handle % (1u << HANDLE_INDEX_BITS));
	else
		object_reference(object);
	handle_t handle = handles_allot_entry(passage->to);
	handles_fill_entry(passage->to, handle, object, passage->rights);
	passage_stop(passage);
	received->handles[0] = *out_handle = handle;
	received->rights[0] = passage->rights;
	*out_object = object->number;
}
