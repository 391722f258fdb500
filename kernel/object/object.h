/*
 * What all kernel objects have in common: a type, a number for people, a count of references and the group that paid.
 *
 * Handles, mappings and other objects hold references. When the last goes the object is put on the reaper's list (object/
 * reaper.h) and its type's `destroy_step` is called from there, again and again until it answers true: destruction never
 * recurses and each step is short. A step may drop references to other objects, which joins them to the list.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/handle.h"

struct group;

struct object {
	uint32_t type;       /* enum object_type */
	uint32_t references; /* atomic */
	uint64_t number;
	struct group *group;
	struct object *next_dead; /* in the reaper's list */
};

/*
 * One row per type: name for people, what its end needs. The step answers true when the object is gone: it has then called
 * object_end and freed the memory itself. False: call it again.
 */
struct object_class {
	const char *name;
	bool (*destroy_step)(struct object *object);
	uint32_t rights; /* all that make sense for the type */
};

extern const struct object_class object_classes[OBJECT_TYPES];

/* Starts with one reference, the caller's; charges group for the object. ERR_QUOTA leaves nothing behind. */
uint32_t object_init(struct object *object, enum object_type type, struct group *group) __attribute__((warn_unused_result));

static inline void object_reference(struct object *object)
{
	__atomic_fetch_add(&object->references, 1, __ATOMIC_RELAXED);
}

void object_release(struct object *object);

/* Drops a reference; true: it was the last, and the object is the caller's to destroy or to bury. */
static inline bool object_unreference(struct object *object)
{
	return __atomic_sub_fetch(&object->references, 1, __ATOMIC_ACQ_REL) == 0;
}

/* The last act of a destroy_step before it frees the memory: the object is not counted and not charged any more. */
void object_end(struct object *object);

uint64_t object_count(enum object_type type);
