/*
 * object/vmem*.c over the real page tables and allocators: places and chance, what is refused, pinned mappings, bounds of steps, and
 * calls that meet. Everything at random is vmem_model_test.c's.
 */
/* sources: kernel/object/frame.c kernel/object/frame_pages.c kernel/object/frame_walk.c kernel/object/frame_resize.c */
/* sources: kernel/object/control_blocks.c kernel/object/frame_clone.c kernel/object/vmem.c kernel/object/vmem_mapping.c */
/* sources: kernel/object/vmem_tree.c kernel/object/vmem_map.c kernel/object/vmem_place.c kernel/object/vmem_unmap.c */
/* sources: kernel/object/vmem_protect.c kernel/object/vmem_copy.c */
/* sources: kernel/mm/page_tree.c kernel/mm/slab.c kernel/mm/pages.c kernel/mm/pages_boot.c kernel/mm/buddy.c */
/* sources: kernel/arch/x86_64/page_table.c kernel/arch/x86_64/page_range.c kernel/core/lock.c */
/* sources: tests/host/fake/kernel.c tests/host/fake/machine.c tests/host/fake/objects.c tests/host/fake/paging.c */
/* sources: tests/host/vmem_space.c */
/* includes: kernel */
/* libraries: -Wl,--wrap=slab_alloc -Wl,--wrap=pages_alloc -Wl,--wrap=pages_alloc_run */
#include "object/vmem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/paging.h"
#include "core/percpu.h"
#include "fake/kernel.h"
#include "fake/objects.h"
#include "fake/paging.h"
#include "mm/pages.h"
#include "mm/slab.h"
#include "object/vmem_mapping.h"
#include "object/vmem_tree.h"
#include "vmem_space.h"

#define WINDOW (0x40000000ull - 20 * PAGE_SIZE)

static void test_places(void)
{
	static uint64_t place[500];
	bool apart = true, reserved = true;

	space_create(30 * MIB);
	for (unsigned i = 0; i < 500; i++) {
		uint64_t *word;
		place[i] = space_map(0, (1 + i % 5) * PAGE_SIZE, MAP_READ | MAP_WRITE, 0);
		if (!place[i] || !space_access(place[i], MAP_WRITE, &word))
			space_fail("a place of the kernel's choice was not to be had");
		apart &= !space_access(place[i] - PAGE_SIZE, MAP_READ, &word) &&
		        !space_access(place[i] + (1 + i % 5) * PAGE_SIZE, MAP_READ, &word);
	}
	check(apart, "vmem: mappings at places of the kernel's choice have unmapped neighbours", "they touch");
	check(vmem->table.tables < 12, "vmem: small mappings share page tables", "they are spread");
	for (unsigned i = 0; i < 400; i += 2) {
		if (space_unmap(place[i], (1 + i % 5) * PAGE_SIZE))
			space_fail("it was not unmapped");
	}
	uint64_t before = vmem->arena_end;
	for (unsigned i = 0; i < 100; i++)
		space_map(0, (1 + i % 2) * PAGE_SIZE, MAP_READ, 0);
	check(vmem->arena_end <= before + 10 * PAGE_SIZE, "vmem: places are used again", "they are not");
	const struct vmem_mapping *low = 0, *high;
	for (uint64_t at = 0; (high = vmem_tree_above(vmem->root, at)); at = high->end, low = high)
		apart &= !low || low->end + PAGE_SIZE <= high->start;
	check(apart, "vmem: places that are used again have unmapped neighbours too", "they touch");
	for (unsigned i = 0; i < 50; i++) {
		uint64_t at = space_map(0, MIB, 0, 0);
		reserved &= at && (at < vmem->arena || at > vmem->arena_end) &&
		        space_map(at + MIB, 16 * MIB, MAP_READ | MAP_FIXED_EMPTY, 0);
	}
	check(reserved, "vmem: what grows behind a reservation has room", "it has not");
	check(space_map(0, 1ull << 40, 0, 0) && !space_map(0, USER_TOP, 0, 0), "vmem: very large mappings find a place or none",
	        "they do not");
	object_release(&vmem->object);
	check(space_nothing_left(), "vmem: nothing is left of many mappings", "something is");
}

static void test_chance(void)
{
	uint64_t ones = 0, zeros = 0;

	space_start(30 * MIB);
	for (unsigned i = 0; i < 200; i++) {
		if (vmem_create(&fake_group, &vmem))
			space_fail("there is no vmem");
		uint64_t at = space_map(0, PAGE_SIZE, MAP_READ, 0);
		ones |= at;
		zeros |= ~at;
		object_release(&vmem->object);
		fake_reap();
	}
	uint64_t by_chance = ones & zeros & ((1ull << 47) - 1);
	check(__builtin_popcountll(by_chance) >= 28, "vmem: places differ in at least 28 bits", "they are easier to guess");
}

static void test_heap(void)
{
	space_create(30 * MIB);
	uint64_t at = space_map(0, PAGE_SIZE, 0, 0), *word;

	for (unsigned i = 1; i < 100; i++) {
		if (!space_map(at + i * PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY, 0) ||
		        !space_access(at + i * PAGE_SIZE, MAP_WRITE, &word))
			space_fail("a heap did not grow");
		*word = i;
	}
	bool good = vmem->mapping_count == 2;
	for (unsigned i = 1; i < 100; i++)
		good &= space_access(at + i * PAGE_SIZE, MAP_READ, &word) && *word == i;
	check(good, "vmem: a heap that grows stays one mapping", "it does not, or lost its content");
	uint64_t charged = fake_group.pages_used;
	check(!space_unmap(at + 50 * PAGE_SIZE, 50 * PAGE_SIZE) && fake_group.pages_used <= charged - 50,
	        "vmem: the part of a heap that is given back is free at once", "it is not");
	uint64_t progress = 0;
	while (vmem_protect(vmem, at + 2 * PAGE_SIZE, PAGE_SIZE, MAP_READ, &progress) == VMEM_MORE)
		;
	good = vmem->mapping_count == 4 && !vmem_fault(vmem, at + 2 * PAGE_SIZE, false, false);
	progress = 0;
	while (vmem_protect(vmem, at + 2 * PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_WRITE, &progress) == VMEM_MORE)
		;
	check(good && vmem->mapping_count == 2 && (!vmem->last || vmem_tree_find(vmem->root, vmem->last->start) == vmem->last),
	        "vmem: what was split for its rights is joined again and forgotten", "it is not");
	object_release(&vmem->object);
	check(space_nothing_left(), "vmem: nothing is left of a heap", "something is");
}

static void test_arguments(void)
{
	struct frame *frame, *over;
	uint64_t progress = 0, out = 77;

	space_create(30 * MIB);
	if (frame_create(&fake_group, 4 * PAGE_SIZE, 0, &frame) || frame_create_over(&fake_group, paddr(MIB), PAGE_SIZE, &over))
		space_fail("there are no frames");
	static const struct {
		uint64_t address, length, offset;
		uint32_t flags, allowed, expected;
		bool framed;
	} cases[] = {
	        {0, 0, 0, MAP_READ, ACCESS, ERR_BAD_ARGUMENT, false},
	        {0, 1, 0, MAP_READ, ACCESS, ERR_BAD_ARGUMENT, false},
	        {0, PAGE_SIZE, 0, MAP_WRITE | MAP_EXECUTE, ACCESS, ERR_BAD_ARGUMENT, false},
	        {0, PAGE_SIZE, 0, MAP_SHARE | MAP_NO_INHERIT, ACCESS, ERR_BAD_ARGUMENT, false},
	        {0, PAGE_SIZE, 0, MAPPING_FRESH, ACCESS, ERR_BAD_ARGUMENT, false},
	        {MIB, PAGE_SIZE, 0, MAP_READ, ACCESS, ERR_BAD_ARGUMENT, false},
	        {MIB, PAGE_SIZE, 0, MAP_FIXED | MAP_FIXED_EMPTY, ACCESS, ERR_BAD_ARGUMENT, false},
	        {MIB + 1, PAGE_SIZE, 0, MAP_FIXED, ACCESS, ERR_BAD_ARGUMENT, false},
	        {0, PAGE_SIZE, 0, MAP_FIXED, ACCESS, ERR_BAD_ARGUMENT, false},
	        {USER_BOTTOM - PAGE_SIZE, PAGE_SIZE, 0, MAP_FIXED, ACCESS, ERR_BAD_ARGUMENT, false},
	        {USER_TOP, PAGE_SIZE, 0, MAP_FIXED, ACCESS, ERR_BAD_ARGUMENT, false},
	        {USER_TOP - PAGE_SIZE, 2 * PAGE_SIZE, 0, MAP_FIXED, ACCESS, ERR_BAD_ARGUMENT, false},
	        {MIB, -PAGE_SIZE, 0, MAP_FIXED, ACCESS, ERR_BAD_ARGUMENT, false},
	        {-PAGE_SIZE, PAGE_SIZE, 0, MAP_FIXED, ACCESS, ERR_BAD_ARGUMENT, false},
	        {0, 5 * PAGE_SIZE, 0, MAP_READ, ACCESS, ERR_BAD_ARGUMENT, true},
	        {0, PAGE_SIZE, 4 * PAGE_SIZE, MAP_READ, ACCESS, ERR_BAD_ARGUMENT, true},
	        {0, PAGE_SIZE, -PAGE_SIZE, MAP_READ, ACCESS, ERR_BAD_ARGUMENT, true},
	        {0, PAGE_SIZE, 1, MAP_READ, ACCESS, ERR_BAD_ARGUMENT, true},
	        {0, PAGE_SIZE, 0, MAP_READ, MAP_WRITE, ERR_NO_RIGHT, true},
	        {0, PAGE_SIZE, 0, MAP_WRITE, MAP_READ, ERR_NO_RIGHT, true},
	        {0, PAGE_SIZE, 0, MAP_WRITE, MAP_WRITE, ERR_NO_RIGHT, true},
	        {0, PAGE_SIZE, 0, MAP_EXECUTE, MAP_READ | MAP_WRITE, ERR_NO_RIGHT, true},
	};
	bool good = true;
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
		good &= vmem_map(vmem, cases[i].address, cases[i].length, cases[i].flags, cases[i].framed ? frame : 0,
		                cases[i].offset, cases[i].allowed, &progress, &out) == cases[i].expected &&
		        !progress;
	check(good && out == 77 && !vmem->root, "vmem: bad arguments of map are refused and change nothing", "one was not");
	check(vmem_map(vmem, 0, PAGE_SIZE, MAP_WRITE, over, 0, ACCESS, &progress, &out) == ERR_NO_RIGHT,
	        "vmem: the kernel's own pages are not writable", "they are");
	check(vmem_unmap(vmem, 1, PAGE_SIZE, &progress) == ERR_BAD_ARGUMENT &&
	                vmem_unmap(vmem, 0, 0, &progress) == ERR_BAD_ARGUMENT &&
	                vmem_unmap(vmem, USER_TOP, PAGE_SIZE, &progress) == ERR_BAD_ARGUMENT &&
	                vmem_unmap(vmem, PAGE_SIZE, -PAGE_SIZE, &progress) == ERR_BAD_ARGUMENT && !space_unmap(0, USER_TOP),
	        "vmem: bad arguments of unmap are refused, nothing mapped is no error", "not so");
	check(vmem_protect(vmem, MIB, 0, 0, &progress) == ERR_BAD_ARGUMENT &&
	                vmem_protect(vmem, MIB, PAGE_SIZE, MAP_FIXED, &progress) == ERR_BAD_ARGUMENT &&
	                vmem_protect(vmem, MIB, PAGE_SIZE, MAP_WRITE | MAP_EXECUTE, &progress) == ERR_BAD_ARGUMENT &&
	                vmem_protect(vmem, -PAGE_SIZE, PAGE_SIZE, 0, &progress) == ERR_BAD_ARGUMENT &&
	                vmem_protect(vmem, MIB, PAGE_SIZE, 0, &progress) == ERR_BAD_ADDRESS,
	        "vmem: bad arguments of protect are refused", "one was not");
	object_release(&frame->object);
	object_release(&over->object);
	object_release(&vmem->object);
	check(space_nothing_left(), "vmem: refused calls leave nothing", "something is left");
}

static void test_pinned(void)
{
	uint64_t address, *word = NULL;
	void *kernel;
	struct frame *frame;

	space_create(30 * MIB);
	check(!vmem_map_pinned(vmem, &address, &kernel, &frame) && space_access(address, MAP_WRITE, &word) && word == kernel,
	        "vmem: a pinned page is the program's and the kernel's", "it is not");
	*word = 5;
	check(!space_unmap(address, PAGE_SIZE) && *(uint64_t *)kernel == 5, "vmem: it stays the kernel's when it is unmapped",
	        "it does not");
	object_release(&vmem->object);
	fake_reap();
	check(*(uint64_t *)kernel == 5, "vmem: and when the vmem ends", "it does not");
	object_release(&frame->object);
	check(space_nothing_left(), "vmem: and then goes with its frame", "it does not");
	space_create(30 * MIB);
}

/* Very many pages and mappings: each step is short, and the charge covers what is used. */
static void test_bounds(void)
{
	uint64_t progress = 0, *word, steps = 0;
	uint32_t result;

	space_create(60 * MIB);
	for (unsigned i = 0; i < 4000; i++) {
		if (!space_map(WINDOW + 2 * i * PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY, 0) ||
		        !space_access(WINDOW + 2 * i * PAGE_SIZE, MAP_WRITE, &word))
			space_fail("one of many mappings failed");
	}
	check(fake_group.pages_used >= space_available - pages_available() - slab_pages(), "vmem: what is used is charged",
	        "it is not");
	while ((result = vmem_unmap(vmem, WINDOW, 8000 * PAGE_SIZE, &progress)) == VMEM_MORE)
		steps++;
	check(!result && steps >= 4000 / (VMEM_BUDGET / 40), "vmem: a long unmap goes in short steps", "it does not");
	for (unsigned i = 0; i < VMEM_MAPPINGS_MAX; i++) {
		if (!space_map(WINDOW + 2 * i * PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_FIXED_EMPTY, 0))
			space_fail("one of very many mappings failed");
	}
	uint64_t out;
	progress = 0;
	check(vmem_map(vmem, 0, PAGE_SIZE, MAP_READ, 0, 0, ACCESS, &progress, &out) == ERR_TOO_LARGE,
	        "vmem: there is a limit to mappings", "there is none");
	object_release(&vmem->object);
	uint64_t reaping = fake_reap();
	check(reaping > VMEM_MAPPINGS_MAX / 10, "vmem: the end of one with many mappings goes in short steps", "it does not");
	check(space_nothing_left(), "vmem: nothing is left of very many mappings", "something is");
}

/* Two vmems on one frame: a shrink reaches both, and another call's leftovers are cleaned up. */
static void test_shared_shrink(void)
{
	enum { SHARED = 300 };
	struct vmem *first, *second;
	struct frame *frame = NULL;
	struct paddr page;
	struct page_rights rights;
	uint64_t progress = 0, out;

	space_create(30 * MIB);
	first = vmem;
	if (vmem_create(&fake_group, &second) || frame_create(&fake_group, SHARED * PAGE_SIZE, 0, &frame))
		space_fail("there is no vmem or frame");
	uint64_t at = space_map(0, SHARED * PAGE_SIZE, MAP_READ, frame);
	vmem = second;
	page_table_activate(&second->table);
	uint64_t there = space_map(0, SHARED * PAGE_SIZE, MAP_READ | MAP_WRITE, frame);
	for (unsigned i = 0; i < SHARED; i++) {
		if (vmem_fault(first, at + i * PAGE_SIZE, false, false) ||
		        vmem_fault(second, there + i * PAGE_SIZE, true, false))
			space_fail("a shared page was not to be had");
	}
	/* Replaced in the second, but whoever did that has not cleaned up yet. */
	if (vmem_map(second, there, SHARED * PAGE_SIZE, MAP_READ | MAP_FIXED, 0, 0, ACCESS, &progress, &out) != VMEM_MORE)
		space_fail("the call is shorter than the test wants");
	while (frame_resize(frame, PAGE_SIZE) == FRAME_MORE)
		;
	bool gone = true;
	for (unsigned i = 1; i < SHARED; i++)
		gone &= !page_table_find(&first->table, uaddr(at + i * PAGE_SIZE), &page, &rights) &&
		        !page_table_find(&second->table, uaddr(there + i * PAGE_SIZE), &page, &rights);
	check(gone && frame->resident == 1, "vmem: a shrunk frame's pages leave every page table", "some stay");
	check(page_table_find(&first->table, uaddr(at), &page, &rights) &&
	                vmem_fault(first, at + PAGE_SIZE, false, false) == ERR_BAD_ADDRESS,
	        "vmem: what is left of it stays, what is beyond faults", "not so");
	object_release(&frame->object);
	object_release(&first->object);
	object_release(&second->object);
	check(space_nothing_left(), "vmem: nothing is left of shared frames", "something is");
}

/* Two mappings of a frame that is being shrunk could be one, but not before all their pages beyond the end are gone. */
static void test_join_while_shrinking(void)
{
	enum { PAGES = 500 };
	struct frame *frame;
	struct paddr page;
	struct page_rights rights;
	uint64_t *word, progress = 0;

	space_create(30 * MIB);
	if (frame_create(&fake_group, PAGES * PAGE_SIZE, 0, &frame))
		space_fail("there is no frame");
	uint64_t at = space_map(0, PAGES * PAGE_SIZE, MAP_READ, frame);
	while (vmem_protect(vmem, at + 100 * PAGE_SIZE, 300 * PAGE_SIZE, MAP_READ | MAP_WRITE, &progress) == VMEM_MORE)
		;
	for (unsigned i = 0; i < PAGES; i++) {
		if (!space_access(at + i * PAGE_SIZE, MAP_READ, &word))
			space_fail("a page was not to be had");
	}
	struct vmem_mapping *first = frame->mappings;
	while (frame->walk_at == first || !frame->shrinking) {
		if (frame_resize(frame, PAGE_SIZE) != FRAME_MORE)
			space_fail("the shrink is shorter than the test wants");
	}
	progress = 0;
	while (vmem_protect(vmem, at + 100 * PAGE_SIZE, 300 * PAGE_SIZE, MAP_READ, &progress) == VMEM_MORE)
		;
	while (frame_resize(frame, PAGE_SIZE) == FRAME_MORE)
		;
	bool gone = true;
	for (unsigned i = 1; i < PAGES; i++)
		gone &= !page_table_find(&vmem->table, uaddr(at + i * PAGE_SIZE), &page, &rights);
	check(gone, "vmem: no page is forgotten when mappings are joined during a shrink", "one stays in the page table");
	object_release(&frame->object);
	object_release(&vmem->object);
	check(space_nothing_left(), "vmem: nothing is left of joined mappings", "something is");
}

/* A page that another thread touches between two steps must not be reached through it afterwards, nor get rights it had not. */
static void test_replace_keeps_rights(void)
{
	struct frame *frame;
	uint64_t *word, progress = 0, out;
	enum { PAGES = 600 };

	space_create(30 * MIB);
	if (frame_create(&fake_group, PAGES * PAGE_SIZE, 0, &frame))
		space_fail("there is no frame");
	uint64_t at = 0;
	progress = 0;
	while (vmem_map(vmem, 0, PAGES * PAGE_SIZE, MAP_READ, frame, 0, MAP_READ, &progress, &at) == VMEM_MORE)
		;
	for (unsigned i = 0; i < PAGES; i++) {
		if (!space_access(at + i * PAGE_SIZE, MAP_READ, &word))
			space_fail("a page was not to be had");
	}
	progress = 0;
	uint32_t result = vmem_map(vmem, at, PAGES * PAGE_SIZE, MAP_READ | MAP_FIXED, 0, 0, ACCESS, &progress, &out);
	if (result != VMEM_MORE)
		space_fail("the call is shorter than the test wants");
	uint64_t other = 0;
	while ((result = vmem_protect(vmem, at, PAGES * PAGE_SIZE, MAP_READ | MAP_WRITE, &other)) == VMEM_MORE)
		;
	for (unsigned i = 0; i < PAGES; i++) {
		if (!space_access(at + i * PAGE_SIZE, MAP_WRITE, &word))
			space_fail("a page was not to be had");
		*word = 1;
	}
	bool untouched = true;
	for (unsigned i = 0; i < PAGES; i++) {
		struct frame_found found;
		untouched &= !frame_find(frame, i * PAGE_SIZE, FRAME_LOOK, 0, &found) && !*(uint64_t *)direct_map(found.page);
	}
	check(!result && untouched, "vmem: no entry of a replaced mapping gets the new one's rights", "one did");
	object_release(&frame->object);
	object_release(&vmem->object);
	check(space_nothing_left(), "vmem: a call that was given up half-way leaves nothing for ever", "it does");
}

int main(void)
{
	run_test(test_arguments);
	run_test(test_places);
	run_test(test_chance);
	run_test(test_heap);
	run_test(test_pinned);
	run_test(test_shared_shrink);
	run_test(test_join_while_shrinking);
	run_test(test_replace_keeps_rights);
	run_test(test_bounds);
	return fake_status();
}
