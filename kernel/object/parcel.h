/*
 * Parcels: handles on their way from one process to another, out of every table. All of them arrive or none: the places in the
 * receiver's table are allotted before the handles are taken from the sender's, and filling them cannot fail.
 */
#pragma once

#include <stdint.h>

#include "abi/message.h"
#include "object/object.h"

struct process;

struct parcel {
	uint32_t count;
	uint16_t rights[MESSAGE_HANDLES];
	struct object *object[MESSAGE_HANDLES]; /* references */
};

/*
 * Takes the named handles out of a process's table (bit i of move_mask) or duplicates them, with at most these rights. Needs
 * RIGHT_TRANSFER, and RIGHT_DUPLICATE for those that stay. BAD_HANDLE, NO_RIGHT, BAD_ARGUMENT (one twice, and moved); then
 * nothing was taken.
 */
uint32_t parcel_pack(struct parcel *parcel, struct process *process, uint32_t count, const handle_t *handles,
        const uint32_t *rights, uint32_t move_mask) __attribute__((warn_unused_result));

/* Places for `count` handles in a process's table. NO_HANDLES, QUOTA, NO_MEMORY. */
uint32_t parcel_reserve(struct process *process, uint32_t count, handle_t *out_places) __attribute__((warn_unused_result));
void parcel_unreserve(struct process *process, uint32_t count, const handle_t *places);

/* Puts the parcel into the places, and is empty. */
void parcel_unpack(struct parcel *parcel, struct process *process, const handle_t *places);

/* Lets go what is in it. */
void parcel_drop(struct parcel *parcel);
