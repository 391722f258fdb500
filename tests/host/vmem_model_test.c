/*
 * object/vmem*.c over the real page tables and allocators, by many calls at random, against a model (vmem_model.h). After each call the
 * page table is compared with the model entry by entry, and while a call is in the middle of its steps other accesses go on, as
 * other threads' do.
 */
/* sources: kernel/object/frame.c kernel/object/frame_pages.c kernel/object/frame_walk.c kernel/object/frame_resize.c */
/* sources: kernel/object/control_blocks.c kernel/object/frame_clone.c kernel/object/vmem.c kernel/object/vmem_mapping.c */
/* sources: kernel/object/vmem_tree.c kernel/object/vmem_map.c kernel/object/vmem_place.c kernel/object/vmem_unmap.c */
/* sources: kernel/object/vmem_protect.c kernel/object/vmem_copy.c */
/* sources: kernel/mm/page_tree.c kernel/mm/slab.c kernel/mm/pages.c kernel/mm/pages_boot.c kernel/mm/buddy.c */
/* sources: kernel/arch/x86_64/page_table.c kernel/arch/x86_64/page_range.c kernel/core/lock.c */
/* sources: tests/host/fake/kernel.c tests/host/fake/machine.c tests/host/fake/objects.c tests/host/fake/paging.c */
/* sources: tests/host/vmem_space.c tests/host/vmem_model.c */
/* includes: kernel */
/* libraries: -Wl,--wrap=slab_alloc -Wl,--wrap=pages_alloc -Wl,--wrap=pages_alloc_run */
#include <stdlib.h>
#include <string.h>

#include "arch/paging.h"
#include "fake/kernel.h"
#include "fake/objects.h"
#include "fake/paging.h"
#include "mm/pages.h"
#include "vmem_model.h"

#define FRAMES 4u
#define FRAME_PAGES 300u

struct range {
	unsigned first, count;
	uint64_t start, length;
};

static struct range random_range(void)
{
	struct range r;

	r.first = model_random(WINDOW_PAGES);
	r.count = 1 + model_random(model_random(8) ? 60 : WINDOW_PAGES);
	if (r.count > WINDOW_PAGES - r.first)
		r.count = WINDOW_PAGES - r.first;
	r.start = model_address(r.first);
	r.length = r.count * PAGE_SIZE;
	return r;
}

static uint32_t random_access(void)
{
	static const uint32_t some[] = {0, MAP_READ, MAP_READ | MAP_WRITE, MAP_WRITE, MAP_EXECUTE, MAP_READ | MAP_EXECUTE};
	return some[model_random(6)];
}

static uint32_t with_read(uint32_t flags)
{
	return flags & (MAP_WRITE | MAP_EXECUTE) ? flags | MAP_READ : flags;
}

/* Repeats a call until it is done; with failures on the way, which must change nothing. */
#define STEPS(result, range, call) \
	do { \
		uint64_t progress = 0; \
		if (model_random(4) == 0) \
			fake_fail_in = model_random(6); \
		while ((result = (call)) == VMEM_MORE) \
			model_meanwhile((range).first, (range).count); \
		bool failed = fake_fail_in == UINT64_MAX; \
		fake_fail_in = UINT64_MAX; \
		if ((result == ERR_NO_MEMORY || result == ERR_QUOTA) && failed) { \
			if (!model_unfinished && model_resizing == ~0u) { \
				model_compare_tables(); \
				model_compare_mappings(); \
			} \
			progress = 0; \
			while ((result = (call)) == VMEM_MORE) \
				model_meanwhile((range).first, (range).count); \
		} \
	} while (0)

/* A call that changes nothing but what others left. */
static void clean_up(void)
{
	uint64_t progress = 0;

	while (vmem_unmap(vmem, BALLAST_AT(BALLAST), PAGE_SIZE, &progress) == VMEM_MORE)
		;
}

static void do_map(void)
{
	struct range r = random_range();
	unsigned which = model_random(2 * FRAMES);
	struct frame *frame = which < FRAMES ? model_pieces[which].frame : 0;
	uint32_t flags = random_access(), placing = model_random(2) ? MAP_FIXED : MAP_FIXED_EMPTY;
	uint32_t rights = frame && model_random(2) ? MAP_READ | (model_random(2) ? MAP_WRITE : MAP_EXECUTE) : ACCESS;
	uint64_t offset = frame ? model_random(FRAME_PAGES) : 0, address = 1;
	uint32_t result, expected = ERR_OK;

	if (frame && model_random(8)) {
		offset = model_random((unsigned)model_pieces[which].length);
		if (r.count > model_pieces[which].length - offset)
			r.count = (unsigned)(model_pieces[which].length - offset);
		r.length = r.count * PAGE_SIZE;
	}

	for (unsigned i = 0; i < r.count; i++) {
		if (placing == MAP_FIXED_EMPTY && model_pages[r.first + i].mapped)
			expected = ERR_EXISTS;
	}
	if (with_read(flags) & ~rights)
		expected = ERR_NO_RIGHT;
	if (frame && offset + r.count > model_pieces[which].length)
		expected = ERR_BAD_ARGUMENT;
	STEPS(result, r,
	        vmem_map(vmem, r.start, r.length, flags | placing, frame, offset * PAGE_SIZE, rights, &progress, &address));
	if (result != expected)
		space_fail("a map answered something else");
	if (result && model_unfinished)
		clean_up();
	if (result)
		return;
	if (address != r.start)
		space_fail("a map at a fixed address answered another");
	unsigned piece = frame ? which : model_add_piece(r.count, 0);
	for (unsigned i = 0; i < r.count; i++)
		model_pages[r.first + i] = (struct page){true, with_read(flags), rights, piece, offset + i};
}

static void do_unmap(void)
{
	struct range r = random_range();
	uint32_t result;

	STEPS(result, r, vmem_unmap(vmem, r.start, r.length, &progress));
	if (result)
		space_fail("an unmap failed");
	for (unsigned i = 0; i < r.count; i++)
		model_pages[r.first + i].mapped = false;
}

/* A thread that ends in the middle of its call; the next call on the vmem finishes what it left, wherever it is. */
static void do_unmap_half(void)
{
	struct range r = random_range();
	uint64_t progress = 0;
	uint32_t result = vmem_unmap(vmem, r.start, r.length, &progress);

	if (result && result != VMEM_MORE)
		space_fail("an unmap failed");
	for (unsigned i = 0; i < r.count; i++)
		model_pages[r.first + i].mapped = false;
	model_unfinished = true;
	do_map();
	model_unfinished = false;
}

static void do_protect(void)
{
	struct range r = random_range();
	uint32_t flags = random_access(), result, expected = ERR_OK;

	for (unsigned i = r.count; i-- > 0;) { /* the first in the range decides */
		if (!model_pages[r.first + i].mapped)
			expected = ERR_BAD_ADDRESS;
		else if (with_read(flags) & ~model_pages[r.first + i].rights)
			expected = ERR_NO_RIGHT;
	}
	STEPS(result, r, vmem_protect(vmem, r.start, r.length, flags, &progress));
	if (result != expected)
		space_fail("a protect answered something else");
	for (unsigned i = 0; i < r.count && !result; i++)
		model_pages[r.first + i].flags = with_read(flags);
}

/* The kernel's own ways to the memory. */
static void do_copy(void)
{
	unsigned i = model_random(WINDOW_PAGES), j = model_random(WINDOW_PAGES);
	uint64_t word = (uint64_t)rand() + 1, copied;

	if (model_random(2)) {
		copied = vmem_copy_out(vmem, model_address(i), &word, sizeof word);
		if ((copied == sizeof word) != model_allows(&model_pages[i], MAP_WRITE))
			space_fail("a copy out was allowed or refused wrongly");
		if (copied)
			model_pieces[model_pages[i].piece].word[model_pages[i].index] = word;
		return;
	}
	copied = vmem_copy_across(vmem, model_address(i), vmem, model_address(j), sizeof word);
	if ((copied == sizeof word) != (model_allows(&model_pages[i], MAP_WRITE) && model_allows(&model_pages[j], MAP_READ)))
		space_fail("a copy across was allowed or refused wrongly");
	if (copied)
		model_pieces[model_pages[i].piece].word[model_pages[i].index] =
		        model_pieces[model_pages[j].piece].word[model_pages[j].index];
}

static void change_something(void)
{
	switch (model_random(3)) {
	case 0: do_map(); break;
	case 1: do_unmap(); break;
	default: do_protect();
	}
}

static void do_resize(void)
{
	unsigned which = model_random(FRAMES);
	struct piece *piece = &model_pieces[which];
	uint64_t length = 1 + model_random(FRAME_PAGES);

	for (uint64_t i = length; i < FRAME_PAGES; i++)
		piece->word[i] = 0;
	while (frame_resize(piece->frame, length * PAGE_SIZE) == FRAME_MORE) {
		model_resizing = which;
		model_pieces[which].length = length; /* counts at once */
		change_something();
		piece = &model_pieces[which];
	}
	model_pieces[which].length = length;
	model_resizing = ~0u;
}

/* A frame is given up for a clone of another, or of itself, while other calls go on; its mappings stay. */
static void do_clone(void)
{
	unsigned from = model_random(FRAMES), to = model_random(FRAMES);
	struct frame *clone;
	uint64_t walk = 0;
	uint32_t error;

	fake_fail_in = model_random(4) ? UINT64_MAX : model_random(3);
	while ((error = frame_clone(model_pieces[from].frame, &fake_group, &clone)) == FRAME_MORE)
		frame_settle(model_pieces[from].frame);
	bool failed = fake_fail_in == UINT64_MAX;
	fake_fail_in = UINT64_MAX;
	if (error && failed)
		return;
	if (error)
		space_fail("a frame could not be cloned");

	uint64_t *word = calloc(FRAME_PAGES, sizeof *word);
	memcpy(word, model_pieces[from].word, FRAME_PAGES * sizeof *word);
	model_cloning = from;
	while (!frame_clone_finish(model_pieces[from].frame, &walk))
		change_something();
	model_cloning = ~0u;

	unsigned rest = model_add_piece(FRAME_PAGES, 0);
	memcpy(model_pieces[rest].word, model_pieces[to].word, FRAME_PAGES * sizeof *word);
	model_pieces[rest].length = model_pieces[to].length;
	for (unsigned i = 0; i < WINDOW_PAGES; i++) {
		if (model_pages[i].mapped && model_pages[i].piece == to)
			model_pages[i].piece = rest;
	}
	free(model_pieces[to].word);
	model_pieces[to].word = word;
	model_pieces[to].length = model_pieces[from].length;
	object_release(&model_pieces[to].frame->object);
	model_pieces[to].frame = clone;
	fake_reap();
}

/* By its handle, with other calls going on meanwhile. */
static void do_frame_write(void)
{
	unsigned which = model_random(FRAMES);
	struct piece *piece = &model_pieces[which];
	uint64_t index = model_random((unsigned)piece->length), word = (uint64_t)rand() + 1;
	uint32_t error;

	while ((error = frame_copy_in(piece->frame, index * PAGE_SIZE, &word, sizeof word)) == FRAME_MORE) {
		frame_settle(piece->frame);
		change_something();
		piece = &model_pieces[which];
	}
	if (error)
		space_fail("a frame could not be written to");
	piece->word[index] = word;
}

static void step(void)
{
	switch (model_random(17)) {
	case 13: do_clone(); break;
	case 14:
	case 15:
	case 16: do_frame_write(); break;
	case 0:
	case 1: do_map(); break;
	case 2: do_unmap(); break;
	case 3: do_unmap_half(); break;
	case 4: do_protect(); break;
	case 5:
	case 12: do_resize(); break;
	case 6:
	case 7: do_copy(); break;
	default:
		for (unsigned n = 0; n < 60; n++)
			model_access(model_random(WINDOW_PAGES));
	}
	model_compare_tables();
	model_compare_mappings();
}

static void end_of_model(void)
{
	object_release(&vmem->object);
	for (unsigned i = 0; i < FRAMES; i++)
		object_release(&model_pieces[i].frame->object);
}

static unsigned seed = 4;

static void test_model(void)
{
	space_start(60 * MIB);
	srand(seed);
	if (vmem_create(&fake_group, &vmem))
		space_fail("there is no vmem");
	page_table_activate(&vmem->table);
	for (unsigned i = 0; i < FRAMES; i++) {
		struct frame *frame;
		if (frame_create(&fake_group, FRAME_PAGES * PAGE_SIZE, 0, &frame))
			space_fail("there is no frame");
		model_add_piece(FRAME_PAGES, frame);
	}
	for (unsigned i = 0; i < BALLAST; i++) {
		uint64_t *word;
		if (!space_map(BALLAST_AT(i), PAGE_SIZE, MAP_READ | MAP_FIXED_EMPTY, 0) ||
		        !space_access(BALLAST_AT(i), MAP_READ, &word))
			space_fail("there is no ballast");
	}
	for (unsigned round = 0; round < 30000; round++)
		step();
	check(true, "vmem: does what the model does", "");

	struct range all = {0, WINDOW_PAGES, WINDOW, WINDOW_PAGES * PAGE_SIZE};
	uint32_t result;
	STEPS(result, all, vmem_unmap(vmem, all.start, all.length, &progress));
	check(!result && vmem->resident == BALLAST && vmem->table.tables == 1 + 3 * BALLAST,
	        "vmem: tables of an emptied range are gone", "some are left");
	end_of_model();
	check(space_nothing_left(), "vmem: nothing is left of it at its end", "memory or charges are");
	for (unsigned i = 0; i < model_piece_count; i++)
		free(model_pieces[i].word);
	free(model_pieces);
}

/* An argument is another seed. */
int main(int count, char **argument)
{
	if (count > 1)
		seed = (unsigned)atoi(argument[1]);
	run_test(test_model);
	return fake_status();
}
