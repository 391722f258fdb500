/* Handles on their way: see cargo.h. */
#include "user/servers/streamd/cargo.h"

#include "user/lib/state.h"
#include "user/servers/streamd/account.h"
#include "user/servers/streamd/end.h"
#include "user/servers/streamd/ending.h"

static uint32_t ends; /* of this life */

uint32_t cargo_ends(void)
{
	return ends;
}

static void drop_item(struct cargo_item *item)
{
	if (item->end) {
		ends--;
		end_drop(item->end);
	} else if (item->handle) {
		state_close(item->handle);
	}
	*item = (struct cargo_item){NULL, HANDLE_NONE, 0};
}

void cargo_drop(struct cargo *cargo)
{
	for (uint32_t i = 0; i < cargo->count; i++)
		drop_item(&cargo->items[i]);
	account_give_back_handles(cargo->client, cargo->count);
	state_free(cargo);
}

void cargo_drop_later(struct cargo *cargo)
{
	cargo->next = streamd->dropped;
	streamd->dropped = cargo;
	ending_soon();
}

/* An end of ours is copied and its sender left to the kit to close; another's sender is taken. */
static status_t load_item(struct request *request, uint32_t i, struct cargo_item *item)
{
	uint32_t type, rights;
	uint64_t number;
	status_t status = sys_handle_info(request->handles[i], &type, &rights, &number);
	if (status)
		return status;
	if (type != OBJECT_SENDER)
		return ERR_WRONG_TYPE;
	const struct end *end = end_find(number);
	if (!end) {
		item->handle = request_take_handle(request, i);
		item->rights = request->rights[i];
		return ERR_OK;
	}
	item->end = end_copy(end);
	if (!item->end)
		return ERR_NO_MEMORY;
	ends++;
	return ERR_OK;
}

status_t cargo_load(struct request *request, uint32_t count, const uint64_t *notes, struct cargo **out)
{
	if (!account_take_handles(request->caller, count))
		return ERR_QUOTA;
	struct cargo *cargo = state_alloc(sizeof *cargo);
	if (!cargo) {
		account_give_back_handles(request->caller, count);
		return ERR_NO_MEMORY;
	}
	cargo->count = count;
	cargo->client = request->caller;
	memcpy(cargo->notes, notes, sizeof cargo->notes);
	for (uint32_t i = 0; i < count; i++) {
		status_t status = load_item(request, i, &cargo->items[i]);
		if (status) {
			cargo_drop(cargo);
			return status;
		}
	}
	*out = cargo;
	return ERR_OK;
}

bool cargo_unload(struct cargo *cargo, struct request *request)
{
	struct answer *answer = &request->answer;
	bool whole = true;
	memcpy(&answer->word[2], cargo->notes, sizeof cargo->notes);
	/* The notes are by place: behind one that cannot be given none is. */
	for (uint32_t i = 0; i < cargo->count && whole; i++) {
		struct cargo_item *item = &cargo->items[i];
		if (!item->end) {
			answer_add_handle(answer, item->handle, item->rights);
		} else if (end_give(request, item->end)) {
			whole = false;
			continue;
		} else {
			ends--;
		}
		*item = (struct cargo_item){NULL, HANDLE_NONE, 0};
	}
	cargo_drop(cargo);
	return whole;
}

bool cargo_check(const struct cargo *cargo)
{
	if (!state_holds(cargo, sizeof *cargo) || cargo->count > MESSAGE_HANDLES)
		return false;
	for (uint32_t i = 0; i < cargo->count; i++) {
		const struct cargo_item *item = &cargo->items[i];
		if (item->end ? !end_check(item->end) : item->handle && !server_has_handle(item->handle, OBJECT_SENDER))
			return false;
	}
	return true;
}

void cargo_begin(void)
{
	ends = 0;
}

bool cargo_resume(struct cargo *cargo)
{
	for (uint32_t i = 0; i < cargo->count; i++) {
		ends += cargo->items[i].end != NULL;
		if (cargo->items[i].end && !end_resume(cargo->items[i].end))
			return false;
	}
	return account_resume_handles(cargo->client, cargo->count);
}
