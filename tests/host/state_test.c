/*
 * State under its log: a process that ends between any two instructions leaves what was before the message or what is after it, and
 * nothing between. The CPU stops after each instruction of a change and its commit (the trap flag); then a copy of the state is
 * rolled back, here, and compared. At some of them the process ends, as far as the state can tell, and a next life opens it.
 */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/table.c */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lpthread */
#include "user/lib/state.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "check.h"
#include "fake/calls.h"
#include "user/lib/state_area.h"

#define LENGTH (64ull << 20)
#define VERSION 3u
#define MEMORY_LOOKED_AT 65536u /* bytes: more is not used here */
#define TRAP_FLAG 0x100
#define PIECES 40

struct root {
	struct table numbers;
	uint32_t *piece[PIECES];
	uint32_t size[PIECES];
	uint32_t changes;
};

/* What counts of the state: the part of the header under the log, and the memory. */
struct image {
	char header[sizeof(struct state_header)];
	char memory[MEMORY_LOOKED_AT];
};

static struct image before, seen;
static uint64_t seed = 88172645463325252ull;
static uint64_t steps, most_steps, wrong, die_at;
static uint32_t answers_before;
static sigjmp_buf next_life;
static uint64_t hash_before, hash_after;
static bool has_after;
static bool tight; /* there is hardly any memory behind the last piece: pieces are joined and split */

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % below;
}

static void take_image(struct image *to)
{
	memcpy(to->header, state_header(), sizeof to->header);
	memcpy(to->memory, (char *)state_area.base + STATE_MEMORY, sizeof to->memory);
}

/* Of what a rolled-back state says; free memory counts too, and only the log's own numbers do not. */
static uint64_t hash_of(const struct image *image)
{
	uint64_t hash = 1;
	const uint64_t *word = (const uint64_t *)(const void *)(image->header + offsetof(struct state_header, memory));
	for (size_t i = 0; i < (sizeof image->header - offsetof(struct state_header, memory)) / 8; i++)
		hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15ull, hash ^= hash >> 29;
	uint64_t used = ((const struct state_header *)(const void *)image->header)->memory.end - state_area.base - STATE_MEMORY;
	word = (const uint64_t *)(const void *)image->memory;
	for (size_t i = 0; i < used / 8 && i < MEMORY_LOOKED_AT / 8; i++)
		hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15ull, hash ^= hash >> 29;
	return hash;
}

static void roll_back_image(struct image *image)
{
	struct state_header *header = (struct state_header *)(void *)image->header;
	for (uint32_t used = header->progress.log_words; used; used--) {
		const struct state_change *change = &state_log()[used - 1];
		uint64_t at = change->address - state_area.base;
		if (at < sizeof *header)
			memcpy(image->header + at, &change->old, 8);
		else
			memcpy(image->memory + (at - STATE_MEMORY), &change->old, 8);
	}
}

#define JOINED 0x6a6f696eull /* in the upper half of a tag, over the units */

/* What a tag, without its secret, says of a piece. */
static uint64_t size_of(uint64_t value)
{
	if (value >> 32 == JOINED)
		return (uint32_t)value * 16ull;
	return value <= 8 ? value * 16 : (5ull + (value - 9) % 4) << ((value - 9) / 4 + 1) << 4;
}

/* Of places of the table that are free. */
static void leave_out_keys(struct image *image, uint64_t root_at)
{
	struct root root;
	memcpy(&root, image->memory + root_at, sizeof root);
	uint64_t at = (uintptr_t)root.numbers.slots - state_area.base - STATE_MEMORY;
	for (size_t i = 0; i < root.numbers.capacity; i++) {
		struct table_slot *slot = (struct table_slot *)(void *)(image->memory + at) + i;
		if (!slot->value)
			slot->key = 0;
	}
}

/*
 * Pieces in use are compared as a whole, but for where their heads lead to; of free and joined ones only that counts, and where joined ones
 * lead to, not what lies in them, nor what fresh ones held. What does not count is zero in the image.
 */
static void leave_out_free(struct image *image)
{
	const struct state_header *header = (const struct state_header *)(const void *)image->header;
	static bool is_free[MEMORY_LOOKED_AT / 16];
	uint64_t first = state_area.base + STATE_MEMORY, used = header->memory.end - first;
	memset(is_free, 0, sizeof is_free);
	for (unsigned class = 0; class < STATE_CLASSES; class ++)
		for (uint64_t piece = (uint64_t)(uintptr_t)header->memory.free[class]; piece;) {
			uint32_t next;
			is_free[(piece - first) / 16] = true;
			memcpy(&next, image->memory + (piece - first) + 12, 4);
			piece = next ? state_area.base + next * 16ull : 0;
		}
	for (uint64_t at = 0, size; at < used && at < MEMORY_LOOKED_AT - 32; at += size) {
		uint64_t value;
		memcpy(&value, image->memory + at, 8);
		value ^= (header->cookie ^ (first + at)) * 0x9e3779b97f4a7c15ull;
		size = size_of(value);
		uint64_t left = MEMORY_LOOKED_AT - at, kept = value >> 32 == JOINED ? 32 : 16;
		if ((is_free[at / 16] || kept == 32) && size > kept)
			memset(image->memory + at + kept, 0, (size < left ? size : left) - kept);
		if (!is_free[at / 16])
			memset(image->memory + at + 12, 0, 4);
	}
	leave_out_keys(image, (uint64_t)(uintptr_t)header->memory.root - first);
}

__attribute__((no_sanitize("address", "undefined"))) static void on_step(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	ucontext_t *machine = context;
	static struct image copy;
	steps++;
	take_image(&copy);
	roll_back_image(&copy);
	leave_out_free(&copy);
	bool committed = state_header()->progress.answers != answers_before;
	uint64_t hash = hash_of(&copy);
	if (!committed && hash != hash_before)
		wrong++;
	if (committed && has_after && hash != hash_after)
		wrong++;
	if (committed && !has_after) {
		hash_after = hash;
		has_after = true;
	}
	if (steps == die_at) {
		machine->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
		siglongjmp(next_life, 1);
	}
}

static inline void set_trap(bool on)
{
	uint64_t flags = __builtin_ia32_readeflags_u64();
	__builtin_ia32_writeeflags_u64(on ? flags | TRAP_FLAG : flags & ~(uint64_t)TRAP_FLAG);
}

static struct root *root(void)
{
	return state_root(sizeof(struct root));
}

/* Something happens to a piece, as it would in a server. */
static void change(void)
{
	struct root *all = root();
	uint32_t i = draw(PIECES);
	state_keep(&all->changes, sizeof all->changes);
	all->changes++;
	state_keep(&all->piece[i], sizeof all->piece[i]);
	state_keep(&all->size[i], sizeof all->size[i]);
	if (all->piece[i] && draw(3)) {
		uint32_t at = draw(all->size[i]);
		state_keep(&all->piece[i][at], 4);
		all->piece[i][at] = draw(1000);
	} else if (all->piece[i]) {
		table_remove(&all->numbers, i);
		state_free(all->piece[i]);
		all->piece[i] = NULL;
	} else {
		all->size[i] = 1 + draw(draw(8) ? 20 : 300);
		uint32_t *piece = state_alloc(all->size[i] * sizeof(uint32_t));
		CHECK(piece || tight);
		if (!piece)
			return;
		all->piece[i] = piece;
		CHECK(table_put(&all->numbers, i, piece));
		piece[0] = i;
	}
}

static void change_and_commit(void)
{
	uint32_t count = 1 + draw(3);
	for (uint32_t i = 0; i < count; i++)
		change();
	struct state_answer *answer = state_add_answer();
	*answer = (struct state_answer){.label = 7};
	state_commit();
}

static void begin(void)
{
	state_answered();
	take_image(&before);
	leave_out_free(&before);
	hash_before = hash_of(&before);
	answers_before = state_header()->progress.answers;
	has_after = false;
	steps = 0;
}

static void open_again(void)
{
	enum state_found found;
	CHECK(!munmap((void *)state_area.base, LENGTH));
	CHECK(!state_open("test", VERSION, &found));
	CHECK(found == STATE_OLD);
}

static void every_instruction(unsigned rounds)
{
	uint64_t all = 0;
	for (unsigned round = 0; round < rounds; round++) {
		if (tight)
			state_area.size = state_header()->memory.end - state_area.base;
		begin();
		set_trap(true);
		change_and_commit();
		set_trap(false);
		take_image(&seen);
		leave_out_free(&seen);
		CHECK(has_after && hash_of(&seen) == hash_after && hash_after != hash_before);
		all += steps;
		most_steps = steps > most_steps ? steps : most_steps;
	}
	CHECK(!wrong);
	CHECK(all > 10000);
}

static void any_instruction(void)
{
	check_begin("a_state_that_is_left_at_any_instruction_is_rolled_back_to_before_the_change_or_holds_all_of_it");
	every_instruction(20);
}

static void any_instruction_of_joining(void)
{
	check_begin("pieces_that_are_joined_and_split_are_rolled_back_as_well");
	tight = true;
	unsigned joined = 0;
	for (unsigned round = 0; round < 12; round++) {
		every_instruction(5);
		joined += (state_header()->memory.has_joined[0] | state_header()->memory.has_joined[1]) != 0;
	}
	CHECK(joined > 3);
	tight = false;
	state_area.size = LENGTH;
}

static void ends(void)
{
	check_begin("a_next_life_finds_the_state_as_before_the_message_or_after_it");
	unsigned rolled_back = 0, finished = 0;
	for (unsigned round = 0; round < 150; round++) {
		begin();
		die_at = 1 + draw((uint32_t)most_steps);
		if (!sigsetjmp(next_life, 1)) {
			set_trap(true);
			change_and_commit();
			set_trap(false);
		}
		set_trap(false);
		die_at = 0;
		open_again();
		take_image(&seen);
		leave_out_free(&seen);
		bool committed = state_header()->progress.answers != answers_before;
		CHECK(hash_of(&seen) == (committed ? hash_after : hash_before));
		CHECK(!state_header()->progress.log_words);
		rolled_back += !committed;
		finished += committed;
	}
	CHECK(rolled_back > 5 && finished > 5 && !wrong);
}

static void holds(void)
{
	check_begin("only_pieces_are_held");
	char *piece = state_alloc(100);
	CHECK(state_holds(piece, 100) && state_holds(piece, 96));
	CHECK(!state_holds(piece, 200) && !state_holds(piece + 16, 16) && !state_holds(piece + 1, 1));
	CHECK(!state_holds(NULL, 1) && !state_holds((void *)(state_area.base + 64), 8) && !state_holds(&piece, 8));
	CHECK(!state_holds((void *)(uintptr_t)-16, 1));
	memcpy(piece + 16, piece - 16, 16); /* a copied head is none */
	CHECK(!state_holds(piece + 32, 1));
	state_commit();
	state_free(piece);
	CHECK(state_alloc(100) != piece); /* it may have to be there again */
	state_commit();
	CHECK(state_alloc(100) == piece);
	state_commit();
}

/* Takes all of the memory in pieces of one size, and gives it back; how many bytes it was. */
static uint64_t fill_and_free(uint32_t size)
{
	void *first = NULL;
	uint64_t count = 0;
	for (void **piece; (piece = state_alloc_bytes(size)); first = piece) {
		*piece = first;
		if (count++ % 1000 == 0)
			state_commit();
	}
	state_commit();
	uint64_t left = count;
	for (void **piece = first, **next; piece; piece = next) {
		next = *piece;
		state_free(piece);
		if (left-- % 1000 == 0)
			state_commit();
	}
	state_commit();
	return count * size;
}

static void cycles(void)
{
	check_begin("what_pieces_of_one_size_took_serves_for_those_of_any_other");
	const uint32_t sizes[] = {48, 250, 900, 4096, 5000, 70000, 1 << 20, 100, 2000, 24};
	uint64_t all = LENGTH - STATE_MEMORY;
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		uint64_t wanted = sizes[i] < 32 ? all / 8 : all / 2, bytes = 0;
		for (unsigned more = 0; more < 200 && bytes < wanted; more++)
			bytes = fill_and_free(sizes[i]);
		CHECK(bytes >= wanted);
	}
	char *last = NULL;
	for (unsigned more = 0; more < 200 && !last; more++, state_commit())
		last = state_alloc(1 << 22);
	CHECK(last && state_holds(last, 1 << 22) && !state_holds(last + 4096, 16));
	state_free(last);
	state_commit();
}

static void damaged(void)
{
	enum state_found found;
	check_begin("what_is_no_state_of_this_layout_starts_empty");
	root()->changes = 77;
	munmap((void *)state_area.base, LENGTH);
	CHECK(!state_open("test", VERSION + 1, &found) && found == STATE_NEW && !root()->changes);
	state_header()->progress.log_words = STATE_LOG_WORDS + 1;
	munmap((void *)state_area.base, LENGTH);
	CHECK(!state_open("test", VERSION + 1, &found) && found == STATE_NEW);
	state_header()->progress.log_words = 1;
	state_log()[0] = (struct state_change){(uintptr_t)&found & ~7ull, 5};
	munmap((void *)state_area.base, LENGTH);
	CHECK(!state_open("test", VERSION + 1, &found) && found == STATE_NEW);
	state_header()->address += 4096;
	munmap((void *)state_area.base, LENGTH);
	CHECK(!state_open("test", VERSION + 1, &found) && found == STATE_NEW);
	CHECK(root() && !root()->changes);
}

int main(void)
{
	enum state_found found;
	handle_t frame;
	struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
	sigaction(SIGTRAP, &action, NULL);
	CHECK(!sys_frame_create(LENGTH, 0, &frame));
	fake_grant(fake_self(), "state", frame);
	CHECK(!state_open("test", VERSION, &found) && found == STATE_NEW && root());
	state_keep(&root()->numbers, sizeof(struct table));
	root()->numbers.durable = true;
	state_commit();
	holds();
	any_instruction();
	any_instruction_of_joining();
	ends();
	cycles();
	damaged();
	return check_result();
}
