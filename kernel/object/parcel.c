#include "object/parcel.h"

#include "object/process.h"

/* Whether handle i of the list may go, alone and beside those before it. */
static uint32_t check_one(const struct handles *table, uint32_t i, const handle_t *handles, uint32_t move_mask)
{
	bool moved = move_mask >> i & 1;
	const struct handle_entry *entry = handles_find(table, handles[i]);
	if (!entry)
		return handles[i] >= HANDLE_SELF_PROCESS && handles[i] <= HANDLE_SELF_NOTIFY ? ERR_NO_RIGHT : ERR_BAD_HANDLE;
	uint32_t needed = moved ? RIGHT_TRANSFER : RIGHT_TRANSFER | RIGHT_DUPLICATE;
	if ((entry->rights & needed) != needed)
		return ERR_NO_RIGHT;
	for (uint32_t j = 0; j < i; j++) {
		if (handles[j] == handles[i] && (moved || (move_mask >> j & 1)))
			return ERR_BAD_ARGUMENT;
	}
	return ERR_OK;
}

uint32_t parcel_pack(struct parcel *parcel, struct process *process, uint32_t count, const handle_t *handles,
        const uint32_t *rights, uint32_t move_mask)
{
	struct handles *table = &process->handles;
	uint32_t error = ERR_OK;
	lock_acquire(&process->handles.lock);
	for (uint32_t i = 0; i < count && !error; i++)
		error = check_one(table, i, handles, move_mask);
	for (uint32_t i = 0; i < count && !error; i++) {
		struct handle_entry *entry = handles_find(table, handles[i]);
		parcel->object[i] = entry->object;
		parcel->rights[i] = (uint16_t)(entry->rights & rights[i]);
		if (move_mask >> i & 1)
			handles_take(table, entry);
		else
			object_reference(entry->object);
	}
	lock_release(&process->handles.lock);
	parcel->count = error ? 0 : count;
	return error;
}

uint32_t parcel_reserve(struct process *process, uint32_t count, handle_t *out_places)
{
	lock_acquire(&process->handles.lock);
	uint32_t error = process->handles_closed ? ERR_DEAD : handles_allot(&process->handles, count, out_places);
	lock_release(&process->handles.lock);
	return error;
}

void parcel_unreserve(struct process *process, uint32_t count, const handle_t *places)
{
	lock_acquire(&process->handles.lock);
	handles_unallot(&process->handles, count, places);
	lock_release(&process->handles.lock);
}

void parcel_unpack(struct parcel *parcel, struct process *process, const handle_t *places)
{
	lock_acquire(&process->handles.lock);
	for (uint32_t i = 0; i < parcel->count; i++)
		handles_fill(&process->handles, places[i], parcel->object[i], parcel->rights[i]);
	lock_release(&process->handles.lock);
	parcel->count = 0;
}

void parcel_drop(struct parcel *parcel)
{
	for (uint32_t i = 0; i < parcel->count; i++)
		object_release(parcel->object[i]);
	parcel->count = 0;
}
