/* State: its frame, the log, commit and rollback. Its memory is handed out in state_memory.c. */
#include "user/lib/state.h"

#include <stdlib.h>
#include <sys/random.h>

#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/state_area.h"

#define LEAST_LENGTH (32ull << 20) /* so that the kernel gives it a place far from all that is small */

_Thread_local struct state_area state_area;

/* A mix of the numbers that never change; what a stray store hits is noticed. */
static uint64_t sum_of(const struct state_header *header)
{
	uint64_t sum = STATE_MAGIC;
	const uint64_t fields[] = {header->magic, header->version, header->length, header->address, header->cookie};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		sum = (sum ^ fields[i]) * 0x9e3779b97f4a7c15ull;
	return sum;
}

void state_log_is_full(void)
{
	log_error("one message has changed more of the state than its log can hold");
	exit(EXIT_FAILURE);
}

void state_keep_words(uintptr_t address, size_t size)
{
	if (address - state_area.fresh < state_area.fresh_size)
		return;
	uintptr_t end = address + size;
	for (uintptr_t word = address & ~7ull; word < end; word += 8)
		state_keep_word((void *)word);
}

void state_keep(const void *memory, size_t size)
{
	if (state_contains((uintptr_t)memory) && size)
		state_keep_words((uintptr_t)memory, size);
}

/* False if the log is not one. Dying on the way is no harm: the same words are set once more. */
static bool roll_back(struct state_header *header)
{
	uint32_t used = header->progress.log_words;
	uint64_t first = state_area.base + offsetof(struct state_header, memory), end = state_area.base + header->length;
	if (used > STATE_LOG_WORDS || header->progress.answers > STATE_ANSWERS)
		return false;
	while (used--) {
		const struct state_change *change = &state_log()[used];
		bool in_header = change->address >= first && change->address < state_area.base + sizeof *header;
		if (!in_header && (change->address < state_area.base + STATE_MEMORY || change->address >= end))
			return false;
		*(volatile uint64_t *)change->address = change->old;
		STATE_BARRIER();
		header->progress.log_words = used;
	}
	return header->memory.end >= state_area.base + STATE_MEMORY && header->memory.end <= end;
}

void state_start_empty(void)
{
	struct state_header *header = state_header();
	if (!header)
		return;
	header->progress.word = 0;
	memset(&header->memory, 0, sizeof *header - offsetof(struct state_header, memory));
	header->memory.end = state_area.base + STATE_MEMORY;
	header->lives = 0;
	state_area.answers = 0;
	state_area.freed = NULL;
	state_area.fresh_size = 0;
}

/* Whether the frame holds what a predecessor of this layout left. */
static bool read_header(handle_t frame, uint64_t length, uint32_t version, struct state_header *out)
{
	uint64_t copied = 0;
	return !sys_frame_read(frame, 0, out, sizeof *out, &copied) && copied == sizeof *out && out->magic == STATE_MAGIC &&
	        out->version == version && out->length == length && out->sum == sum_of(out);
}

static status_t map(handle_t frame, uint64_t length, uint64_t address)
{
	uint32_t where = address ? MAP_FIXED_EMPTY : 0;
	return sys_vmem_map(HANDLE_SELF_VMEM, address, length, MAP_READ | MAP_WRITE | MAP_NO_INHERIT | where, frame, 0,
	        (uint64_t *)&state_area.base);
}

status_t state_open(const char *name, uint32_t version, enum state_found *out_found)
{
	static _Thread_local struct state_header found;
	handle_t frame = grant_find("state");
	uint64_t length, resident;
	uint32_t flags;
	*out_found = STATE_NONE;
	state_area = (struct state_area){0};
	if (!frame)
		return ERR_OK;
	status_t status = sys_frame_info(frame, &length, &resident, &flags);
	if (!status && length < LEAST_LENGTH)
		status = ERR_BAD_ARGUMENT;
	bool old = !status && resident && read_header(frame, length, version, &found);
	if (!status)
		status = map(frame, length, old ? found.address : 0);
	if (status)
		return status;
	state_area.size = length;
	struct state_header *header = state_header();
	*out_found = old ? STATE_OLD : STATE_NEW;
	if (old && roll_back(header)) {
		state_area.answers = header->progress.answers;
		return ERR_OK;
	}
	if (old || resident)
		log_warning("the state that %s left behind is not one that it can read; it starts empty", name);
	header->magic = STATE_MAGIC;
	header->version = version;
	header->length = length;
	header->address = state_area.base;
	if (getrandom(&header->cookie, sizeof header->cookie, 0) != sizeof header->cookie)
		return ERR_NO_MEMORY;
	header->sum = sum_of(header);
	state_start_empty();
	header->served_count = 0;
	*out_found = STATE_NEW;
	return ERR_OK;
}

void *state_root(size_t size)
{
	static _Thread_local void *of_heap;
	if (!state_is_open())
		return of_heap ? of_heap : (of_heap = calloc(1, size));
	struct state_header *header = state_header();
	if (header->memory.root)
		return state_holds(header->memory.root, size) ? header->memory.root : NULL;
	void *root = state_alloc(size);
	state_keep_word(&header->memory.root);
	header->memory.root = root;
	return root;
}

struct state_tables *state_tables(void)
{
	return state_is_open() ? &state_header()->memory.tables : NULL;
}

bool state_is_open(void)
{
	return state_area.base;
}

bool state_is_changed(void)
{
	return state_has_changed();
}

struct state_answer *state_add_answer(void)
{
	if (state_area.answers == STATE_ANSWERS) {
		log_error("one message has answered more calls than the outbox can hold");
		exit(EXIT_FAILURE);
	}
	return &state_outbox()[state_area.answers++];
}

void state_commit(void)
{
	struct state_header *header = state_header();
	if (state_area.freed)
		state_memory_free_all();
	state_area.taken = false;
	STATE_BARRIER();
	/* The one store. */
	*(volatile uint64_t *)&header->progress.word = (uint64_t)state_area.answers << 32;
	STATE_BARRIER();
	state_area.fresh_size = 0;
}

uint32_t state_answers(struct state_answer **out)
{
	*out = state_outbox();
	return state_header()->progress.answers;
}

void state_answered(void)
{
	STATE_BARRIER();
	state_header()->progress.answers = 0;
	state_area.answers = 0;
}

void state_close(handle_t handle)
{
	if (!state_is_open()) {
		sys_handle_close(handle);
		return;
	}
	if (state_area.close_count == state_area.close_room) {
		uint32_t room = state_area.close_room ? state_area.close_room * 2 : 64;
		handle_t *larger = realloc(state_area.closes, room * sizeof *larger);
		if (!larger)
			return; /* a later life closes it, because nothing names it */
		state_area.closes = larger;
		state_area.close_room = room;
	}
	state_area.closes[state_area.close_count++] = handle;
}

void state_close_all(void)
{
	for (uint32_t i = 0; i < state_area.close_count; i++)
		sys_handle_close(state_area.closes[i]);
	state_area.close_count = 0;
}

uint32_t state_lives(void)
{
	return state_header()->lives;
}

void state_begin_life(void)
{
	state_header()->lives++;
}

void state_lived(void)
{
	state_header()->lives = 0;
}

bool state_was_served(uint64_t serial)
{
	const struct state_header *header = state_header();
	for (uint32_t i = 0; i < header->served_count && i < STATE_CALLS; i++)
		if (header->served[i] == serial)
			return true;
	return false;
}

void state_set_served(const uint64_t *serials, uint32_t count)
{
	struct state_header *header = state_header();
	header->served_count = 0;
	for (uint32_t i = 0; i < count && i < STATE_CALLS; i++)
		header->served[i] = serials[i];
	header->served_count = count < STATE_CALLS ? count : STATE_CALLS;
}
