/*
 * object/vmem*.c over the real page tables and allocators, against a model that has an entry for every page of a small part of the
 * address space. Programs access memory through a TLB that forgets nothing by itself. After each call the page table is compared
 * with the model entry by entry, and while a call is in the middle of its steps other accesses go on, as other threads' do.
 */
/* sources: kernel/object/frame.c kernel/object/frame_pages.c kernel/object/frame_walk.c kernel/object/frame_resize.c */
/* sources: kernel/object/frame_clone.c kernel/object/vmem.c kernel/object/vmem_mapping.c */
/* sources: kernel/object/vmem_tree.c kernel/object/vmem_map.c kernel/object/vmem_place.c kernel/object/vmem_unmap.c */
/* sources: kernel/object/vmem_protect.c kernel/object/vmem_copy.c */
/* sources: kernel/mm/page_tree.c kernel/mm/slab.c kernel/mm/pages.c kernel/mm/pages_boot.c kernel/mm/buddy.c */
/* sources: kernel/arch/x86_64/page_table.c kernel/arch/x86_64/page_range.c kernel/core/lock.c */
/* sources: tests/host/fake/kernel.c tests/host/fake/machine.c tests/host/fake/objects.c tests/host/fake/paging.c */
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

#define MIB (1ull << 20)
#define ACCESS (MAP_READ | MAP_WRITE | MAP_EXECUTE)

/* The part of the address space that the model knows: three spans of a last-level table and the ends of two more. */
#define WINDOW (0x40000000ull - 20 * PAGE_SIZE)
#define WINDOW_PAGES (3 * 512 + 40u)
#define FRAMES 4u

/* Far away from it, so that there are always more page tables than are kept for their own sake. */
#define BALLAST 10u
#define BALLAST_AT(i) (((i) + 1ull) << 40)
#define FRAME_PAGES 300u

static uint64_t available;

static void start(uint64_t free)
{
	const struct boot_memory map[] = {{MIB, MIB, BOOT_MEMORY_LOADER, 0}, {2 * MIB, free, BOOT_MEMORY_FREE, 0}};

	fake_kernel_start(free + 4 * MIB);
	struct bootinfo boot = fake_bootinfo(MIB, map, 2);
	pages_init(&boot);
	fake_paging_start();
	available = pages_available();
}

static bool nothing_left(void)
{
	fake_reap();
	return pages_available() == available && !slab_pages() && !fake_group.pages_used && !fake_group.nodes_used &&
	        !fake_group.objects_used;
}

/* The model: a page belongs to a piece of fresh memory, counted on, or to a frame; contents are one word per page. */
struct piece {
	uint64_t length; /* pages, of a frame that may shrink */
	uint64_t *word;
	struct frame *frame; /* 0: fresh */
};

static struct piece *pieces;
static unsigned piece_count;

static struct page {
	bool mapped;
	uint32_t flags, rights;
	unsigned piece;
	uint64_t index;
} model[WINDOW_PAGES];

static struct vmem *vmem;

/* The piece that is being shrunk: until that is done its old pages may still be reached. */
static unsigned resizing = ~0u;

/* The piece that is being cloned: until that is done entries let write to what the clone has too. */
static unsigned cloning = ~0u;

/* A call was given up half-way: entries that it left are there until the next call is done. */
static bool unfinished;

static unsigned add_piece(uint64_t length, struct frame *frame)
{
	pieces = realloc(pieces, (piece_count + 1) * sizeof *pieces);
	pieces[piece_count] = (struct piece){length, calloc(length, sizeof(uint64_t)), frame};
	return piece_count++;
}

static void fail(const char *why)
{
	check(false, "vmem: does what the model does", why);
	exit(1);
}

static unsigned random_below(unsigned end)
{
	return (unsigned)rand() % end;
}

static uint64_t address_of(unsigned page)
{
	return WINDOW + page * PAGE_SIZE;
}

static bool model_allows(const struct page *page, uint32_t access)
{
	return page->mapped && page->flags & access && page->index < pieces[page->piece].length;
}

/* An access as a program makes it: translated, or faulted in and translated. False: it ends in an exception. */
static bool access_page(uint64_t address, uint32_t access, uint64_t **out_word)
{
	bool write = access == MAP_WRITE, execute = access == MAP_EXECUTE;
	uint64_t physical;

	if (!fake_translate(address, write, execute, &physical)) {
		uint32_t error;
		while ((error = vmem_fault(vmem, address, write, execute)) == VMEM_MORE)
			;
		if (error)
			return false;
		if (!fake_translate(address, write, execute, &physical))
			fail("a page is not there after its fault was handled");
	}
	*out_word = direct_map(paddr(physical));
	return true;
}

static void access_and_compare(unsigned i)
{
	static const uint32_t kinds[] = {MAP_READ, MAP_WRITE, MAP_EXECUTE};
	uint32_t access = kinds[random_below(3)];
	struct page *page = &model[i];
	uint64_t *word;
	if (page->mapped && page->piece == cloning && access == MAP_WRITE)
		return;
	bool allowed = access_page(address_of(i), access, &word);

	if (page->mapped && page->piece == resizing)
		return;
	if (allowed != model_allows(page, access))
		fail(allowed ? "an access was allowed that must not be" : "an access was refused that must be allowed");
	if (!allowed)
		return;
	uint64_t *expected = &pieces[page->piece].word[page->index];
	if (*word != *expected)
		fail("a page has not the content that was written last");
	if (access == MAP_WRITE)
		*word = *expected = (uint64_t)rand() + 1;
}

/* Other threads while a call is under way: pages outside its range are as ever, pages inside may be either. */
static void meanwhile(unsigned first, unsigned count)
{
	uint64_t failing = fake_fail_in;

	if (unfinished)
		return;
	fake_fail_in = UINT64_MAX;
	for (unsigned n = 0; n < 4; n++) {
		unsigned i = random_below(WINDOW_PAGES);
		uint64_t *word;

		if (i < first || i >= first + count)
			access_and_compare(i);
		else
			access_page(address_of(i), MAP_READ, &word);
	}
	fake_fail_in = failing;
}

/* Every entry of the page table is one that the model allows, and leads to the frame's page. */
static void compare_tables(void)
{
	uint64_t present = 0;

	for (unsigned i = 0; i < WINDOW_PAGES; i++) {
		struct frame_found expected;
		struct paddr page;
		struct page_rights rights;

		if (!page_table_find(&vmem->table, uaddr(address_of(i)), &page, &rights))
			continue;
		present++;
		if (model[i].mapped && model[i].piece == resizing)
			continue;
		if (!model_allows(&model[i], MAP_READ))
			fail("an entry is in the page table where none may be");
		if (rights.executable != !!(model[i].flags & MAP_EXECUTE) || (rights.writable && !(model[i].flags & MAP_WRITE)))
			fail("an entry has other rights than its mapping");
		struct vmem_mapping *mapping = vmem_tree_find(vmem->root, address_of(i));
		uint64_t offset = mapping->offset + (address_of(i) - mapping->start);
		uint32_t error = frame_find(mapping->frame, offset, FRAME_LOOK, 0, &expected);
		if (error == FRAME_MORE)
			continue; /* it is just being replaced */
		if (error || expected.page.raw != page.raw)
			fail("an entry leads to a page that is not the frame's");
		if (rights.writable ? !expected.own && model[i].piece != cloning
		                    : !mapping->frame->family && model[i].flags & MAP_WRITE)
			fail("an entry lets write to what is shared, or not to what is not");
	}
	if (present + BALLAST != vmem->resident)
		fail("the count of resident pages is wrong");
	if (vmem->tables_charged < vmem->table.tables)
		fail("page tables are not paid for");
	if (vmem->last && vmem_tree_find(vmem->root, vmem->last->start) != vmem->last)
		fail("a mapping that is gone is remembered");
}

/* Neighbours in order, without overlap, in the window; as many as are counted. */
static void compare_mappings(void)
{
	uint64_t at = 0;
	uint32_t count = 0;
	struct vmem_mapping *mapping;

	while ((mapping = vmem_tree_above(vmem->root, at))) {
		if (mapping->start < at || mapping->end <= mapping->start)
			fail("mappings overlap");
		count++;
		at = mapping->end;
		if (mapping->start >= BALLAST_AT(0))
			continue;
		for (at = mapping->start; at < mapping->end; at += PAGE_SIZE) {
			struct page *page = &model[(at - WINDOW) / PAGE_SIZE];
			if (!page->mapped || page->flags != (mapping->flags & ~MAPPING_FRESH) ||
			        page->rights != mapping->rights)
				fail("a mapping has not what the model has");
		}
	}
	if (count != vmem->mapping_count || vmem->discarded)
		fail("mappings are left over");
	count = 0;
	for (unsigned i = 0; i < WINDOW_PAGES; i++)
		count += model[i].mapped && !vmem_tree_find(vmem->root, address_of(i));
	if (count)
		fail("a mapping is missing");
}

struct range {
	unsigned first, count;
	uint64_t start, length;
};

static struct range random_range(void)
{
	struct range r;

	r.first = random_below(WINDOW_PAGES);
	r.count = 1 + random_below(random_below(8) ? 60 : WINDOW_PAGES);
	if (r.count > WINDOW_PAGES - r.first)
		r.count = WINDOW_PAGES - r.first;
	r.start = address_of(r.first);
	r.length = r.count * PAGE_SIZE;
	return r;
}

static uint32_t random_access(void)
{
	static const uint32_t some[] = {0, MAP_READ, MAP_READ | MAP_WRITE, MAP_WRITE, MAP_EXECUTE, MAP_READ | MAP_EXECUTE};
	return some[random_below(6)];
}

static uint32_t with_read(uint32_t flags)
{
	return flags & (MAP_WRITE | MAP_EXECUTE) ? flags | MAP_READ : flags;
}

/* Repeats a call until it is done; with failures on the way, which must change nothing. */
#define STEPS(result, range, call) \
	do { \
		uint64_t progress = 0; \
		if (random_below(4) == 0) \
			fake_fail_in = random_below(6); \
		while ((result = (call)) == VMEM_MORE) \
			meanwhile((range).first, (range).count); \
		bool failed = fake_fail_in == UINT64_MAX; \
		fake_fail_in = UINT64_MAX; \
		if ((result == ERR_NO_MEMORY || result == ERR_QUOTA) && failed) { \
			if (!unfinished && resizing == ~0u) { \
				compare_tables(); \
				compare_mappings(); \
			} \
			progress = 0; \
			while ((result = (call)) == VMEM_MORE) \
				meanwhile((range).first, (range).count); \
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
	unsigned which = random_below(2 * FRAMES);
	struct frame *frame = which < FRAMES ? pieces[which].frame : 0;
	uint32_t flags = random_access(), placing = random_below(2) ? MAP_FIXED : MAP_FIXED_EMPTY;
	uint32_t rights = frame && random_below(2) ? MAP_READ | (random_below(2) ? MAP_WRITE : MAP_EXECUTE) : ACCESS;
	uint64_t offset = frame ? random_below(FRAME_PAGES) : 0, address = 1;
	uint32_t result, expected = ERR_OK;

	if (frame && random_below(8)) {
		offset = random_below((unsigned)pieces[which].length);
		if (r.count > pieces[which].length - offset)
			r.count = (unsigned)(pieces[which].length - offset);
		r.length = r.count * PAGE_SIZE;
	}

	for (unsigned i = 0; i < r.count; i++) {
		if (placing == MAP_FIXED_EMPTY && model[r.first + i].mapped)
			expected = ERR_EXISTS;
	}
	if (with_read(flags) & ~rights)
		expected = ERR_NO_RIGHT;
	if (frame && offset + r.count > pieces[which].length)
		expected = ERR_BAD_ARGUMENT;
	STEPS(result, r,
	        vmem_map(vmem, r.start, r.length, flags | placing, frame, offset * PAGE_SIZE, rights, &progress, &address));
	if (result != expected)
		fail("a map answered something else");
	if (result && unfinished)
		clean_up();
	if (result)
		return;
	if (address != r.start)
		fail("a map at a fixed address answered another");
	unsigned piece = frame ? which : add_piece(r.count, 0);
	for (unsigned i = 0; i < r.count; i++)
		model[r.first + i] = (struct page){true, with_read(flags), rights, piece, offset + i};
}

static void do_unmap(void)
{
	struct range r = random_range();
	uint32_t result;

	STEPS(result, r, vmem_unmap(vmem, r.start, r.length, &progress));
	if (result)
		fail("an unmap failed");
	for (unsigned i = 0; i < r.count; i++)
		model[r.first + i].mapped = false;
}

/* A thread that ends in the middle of its call; the next call on the vmem finishes what it left, wherever it is. */
static void do_unmap_half(void)
{
	struct range r = random_range();
	uint64_t progress = 0;
	uint32_t result = vmem_unmap(vmem, r.start, r.length, &progress);

	if (result && result != VMEM_MORE)
		fail("an unmap failed");
	for (unsigned i = 0; i < r.count; i++)
		model[r.first + i].mapped = false;
	unfinished = true;
	do_map();
	unfinished = false;
}

static void do_protect(void)
{
	struct range r = random_range();
	uint32_t flags = random_access(), result, expected = ERR_OK;

	for (unsigned i = r.count; i-- > 0;) { /* the first in the range decides */
		if (!model[r.first + i].mapped)
			expected = ERR_BAD_ADDRESS;
		else if (with_read(flags) & ~model[r.first + i].rights)
			expected = ERR_NO_RIGHT;
	}
	STEPS(result, r, vmem_protect(vmem, r.start, r.length, flags, &progress));
	if (result != expected)
		fail("a protect answered something else");
	for (unsigned i = 0; i < r.count && !result; i++)
		model[r.first + i].flags = with_read(flags);
}

/* The kernel's own ways to the memory. */
static void do_copy(void)
{
	unsigned i = random_below(WINDOW_PAGES), j = random_below(WINDOW_PAGES);
	uint64_t word = (uint64_t)rand() + 1, copied;

	if (random_below(2)) {
		copied = vmem_copy_out(vmem, address_of(i), &word, sizeof word);
		if ((copied == sizeof word) != model_allows(&model[i], MAP_WRITE))
			fail("a copy out was allowed or refused wrongly");
		if (copied)
			pieces[model[i].piece].word[model[i].index] = word;
		return;
	}
	copied = vmem_copy_across(vmem, address_of(i), vmem, address_of(j), sizeof word);
	if ((copied == sizeof word) != (model_allows(&model[i], MAP_WRITE) && model_allows(&model[j], MAP_READ)))
		fail("a copy across was allowed or refused wrongly");
	if (copied)
		pieces[model[i].piece].word[model[i].index] = pieces[model[j].piece].word[model[j].index];
}

static void change_something(void)
{
	switch (random_below(3)) {
	case 0: do_map(); break;
	case 1: do_unmap(); break;
	default: do_protect();
	}
}

static void do_resize(void)
{
	unsigned which = random_below(FRAMES);
	struct piece *piece = &pieces[which];
	uint64_t length = 1 + random_below(FRAME_PAGES);

	for (uint64_t i = length; i < FRAME_PAGES; i++)
		piece->word[i] = 0;
	while (frame_resize(piece->frame, length * PAGE_SIZE) == FRAME_MORE) {
		resizing = which;
		pieces[which].length = length; /* counts at once */
		change_something();
		piece = &pieces[which];
	}
	pieces[which].length = length;
	resizing = ~0u;
}

/* A frame is given up for a clone of another, or of itself, while other calls go on; its mappings stay. */
static void do_clone(void)
{
	unsigned from = random_below(FRAMES), to = random_below(FRAMES);
	struct frame *clone;
	uint64_t walk = 0;
	uint32_t error;

	fake_fail_in = random_below(4) ? UINT64_MAX : random_below(3);
	while ((error = frame_clone(pieces[from].frame, &fake_group, &clone)) == FRAME_MORE)
		frame_settle(pieces[from].frame);
	bool failed = fake_fail_in == UINT64_MAX;
	fake_fail_in = UINT64_MAX;
	if (error && failed)
		return;
	if (error)
		fail("a frame could not be cloned");

	uint64_t *word = calloc(FRAME_PAGES, sizeof *word);
	memcpy(word, pieces[from].word, FRAME_PAGES * sizeof *word);
	cloning = from;
	while (!frame_clone_finish(pieces[from].frame, &walk))
		change_something();
	cloning = ~0u;

	unsigned rest = add_piece(FRAME_PAGES, 0);
	memcpy(pieces[rest].word, pieces[to].word, FRAME_PAGES * sizeof *word);
	pieces[rest].length = pieces[to].length;
	for (unsigned i = 0; i < WINDOW_PAGES; i++) {
		if (model[i].mapped && model[i].piece == to)
			model[i].piece = rest;
	}
	free(pieces[to].word);
	pieces[to].word = word;
	pieces[to].length = pieces[from].length;
	object_release(&pieces[to].frame->object);
	pieces[to].frame = clone;
	fake_reap();
}

/* By its handle, with other calls going on meanwhile. */
static void do_frame_write(void)
{
	unsigned which = random_below(FRAMES);
	struct piece *piece = &pieces[which];
	uint64_t index = random_below((unsigned)piece->length), word = (uint64_t)rand() + 1;
	uint32_t error;

	while ((error = frame_copy_in(piece->frame, index * PAGE_SIZE, &word, sizeof word)) == FRAME_MORE) {
		frame_settle(piece->frame);
		change_something();
		piece = &pieces[which];
	}
	if (error)
		fail("a frame could not be written to");
	piece->word[index] = word;
}

static void step(void)
{
	switch (random_below(17)) {
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
			access_and_compare(random_below(WINDOW_PAGES));
	}
	compare_tables();
	compare_mappings();
}

static uint64_t map_simple(uint64_t address, uint64_t length, uint32_t flags, struct frame *frame)
{
	uint64_t progress = 0, out = 0;
	uint32_t result;

	while ((result = vmem_map(vmem, address, length, flags, frame, 0, ACCESS, &progress, &out)) == VMEM_MORE)
		;
	return result ? 0 : out;
}

static uint32_t unmap_simple(uint64_t address, uint64_t length)
{
	uint64_t progress = 0;
	uint32_t result;

	while ((result = vmem_unmap(vmem, address, length, &progress)) == VMEM_MORE)
		;
	return result;
}

static void end_of_model(void)
{
	object_release(&vmem->object);
	for (unsigned i = 0; i < FRAMES; i++)
		object_release(&pieces[i].frame->object);
}

static unsigned seed = 4;

static void test_model(void)
{
	start(60 * MIB);
	srand(seed);
	if (vmem_create(&fake_group, &vmem))
		fail("there is no vmem");
	page_table_activate(&vmem->table);
	for (unsigned i = 0; i < FRAMES; i++) {
		struct frame *frame;
		if (frame_create(&fake_group, FRAME_PAGES * PAGE_SIZE, 0, &frame))
			fail("there is no frame");
		add_piece(FRAME_PAGES, frame);
	}
	for (unsigned i = 0; i < BALLAST; i++) {
		uint64_t *word;
		if (!map_simple(BALLAST_AT(i), PAGE_SIZE, MAP_READ | MAP_FIXED_EMPTY, 0) ||
		        !access_page(BALLAST_AT(i), MAP_READ, &word))
			fail("there is no ballast");
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
	check(nothing_left(), "vmem: nothing is left of it at its end", "memory or charges are");
	for (unsigned i = 0; i < piece_count; i++)
		free(pieces[i].word);
	free(pieces);
}

static void start_vmem(uint64_t free)
{
	start(free);
	srand(5);
	if (vmem_create(&fake_group, &vmem))
		fail("there is no vmem");
	page_table_activate(&vmem->table);
}

static void test_places(void)
{
	static uint64_t place[500];
	bool apart = true, reserved = true;

	start_vmem(30 * MIB);
	for (unsigned i = 0; i < 500; i++) {
		uint64_t *word;
		place[i] = map_simple(0, (1 + i % 5) * PAGE_SIZE, MAP_READ | MAP_WRITE, 0);
		if (!place[i] || !access_page(place[i], MAP_WRITE, &word))
			fail("a place of the kernel's choice was not to be had");
		apart &= !access_page(place[i] - PAGE_SIZE, MAP_READ, &word) &&
		        !access_page(place[i] + (1 + i % 5) * PAGE_SIZE, MAP_READ, &word);
	}
	check(apart, "vmem: mappings at places of the kernel's choice have unmapped neighbours", "they touch");
	check(vmem->table.tables < 12, "vmem: small mappings share page tables", "they are spread");
	for (unsigned i = 0; i < 400; i += 2) {
		if (unmap_simple(place[i], (1 + i % 5) * PAGE_SIZE))
			fail("it was not unmapped");
	}
	uint64_t before = vmem->arena_end;
	for (unsigned i = 0; i < 100; i++)
		map_simple(0, (1 + i % 2) * PAGE_SIZE, MAP_READ, 0);
	check(vmem->arena_end <= before + 10 * PAGE_SIZE, "vmem: places are used again", "they are not");
	const struct vmem_mapping *low = 0, *high;
	for (uint64_t at = 0; (high = vmem_tree_above(vmem->root, at)); at = high->end, low = high)
		apart &= !low || low->end + PAGE_SIZE <= high->start;
	check(apart, "vmem: places that are used again have unmapped neighbours too", "they touch");
	for (unsigned i = 0; i < 50; i++) {
		uint64_t at = map_simple(0, MIB, 0, 0);
		reserved &= at && (at < vmem->arena || at > vmem->arena_end) &&
		        map_simple(at + MIB, 16 * MIB, MAP_READ | MAP_FIXED_EMPTY, 0);
	}
	check(reserved, "vmem: what grows behind a reservation has room", "it has not");
	check(map_simple(0, 1ull << 40, 0, 0) && !map_simple(0, USER_TOP, 0, 0),
	        "vmem: very large mappings find a place or none", "they do not");
	object_release(&vmem->object);
	check(nothing_left(), "vmem: nothing is left of many mappings", "something is");
}

static void test_chance(void)
{
	uint64_t ones = 0, zeros = 0;

	start(30 * MIB);
	for (unsigned i = 0; i < 200; i++) {
		if (vmem_create(&fake_group, &vmem))
			fail("there is no vmem");
		uint64_t at = map_simple(0, PAGE_SIZE, MAP_READ, 0);
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
	start_vmem(30 * MIB);
	uint64_t at = map_simple(0, PAGE_SIZE, 0, 0), *word;

	for (unsigned i = 1; i < 100; i++) {
		if (!map_simple(at + i * PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY, 0) ||
		        !access_page(at + i * PAGE_SIZE, MAP_WRITE, &word))
			fail("a heap did not grow");
		*word = i;
	}
	bool good = vmem->mapping_count == 2;
	for (unsigned i = 1; i < 100; i++)
		good &= access_page(at + i * PAGE_SIZE, MAP_READ, &word) && *word == i;
	check(good, "vmem: a heap that grows stays one mapping", "it does not, or lost its content");
	uint64_t charged = fake_group.pages_used;
	check(!unmap_simple(at + 50 * PAGE_SIZE, 50 * PAGE_SIZE) && fake_group.pages_used <= charged - 50,
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
	check(nothing_left(), "vmem: nothing is left of a heap", "something is");
}

static void test_arguments(void)
{
	struct frame *frame, *over;
	uint64_t progress = 0, out = 77;

	start_vmem(30 * MIB);
	if (frame_create(&fake_group, 4 * PAGE_SIZE, 0, &frame) || frame_create_over(&fake_group, paddr(MIB), PAGE_SIZE, &over))
		fail("there are no frames");
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
	                vmem_unmap(vmem, PAGE_SIZE, -PAGE_SIZE, &progress) == ERR_BAD_ARGUMENT && !unmap_simple(0, USER_TOP),
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
	check(nothing_left(), "vmem: refused calls leave nothing", "something is left");
}

static void test_pinned(void)
{
	uint64_t address, *word = NULL;
	void *kernel;
	struct frame *frame;

	start_vmem(30 * MIB);
	check(!vmem_map_pinned(vmem, &address, &kernel, &frame) && access_page(address, MAP_WRITE, &word) && word == kernel,
	        "vmem: a pinned page is the program's and the kernel's", "it is not");
	*word = 5;
	check(!unmap_simple(address, PAGE_SIZE) && *(uint64_t *)kernel == 5, "vmem: it stays the kernel's when it is unmapped",
	        "it does not");
	object_release(&vmem->object);
	fake_reap();
	check(*(uint64_t *)kernel == 5, "vmem: and when the vmem ends", "it does not");
	object_release(&frame->object);
	check(nothing_left(), "vmem: and then goes with its frame", "it does not");
	start_vmem(30 * MIB);
}

/* Very many pages and mappings: each step is short, and the charge covers what is used. */
static void test_bounds(void)
{
	uint64_t progress = 0, *word, steps = 0;
	uint32_t result;

	start_vmem(60 * MIB);
	for (unsigned i = 0; i < 4000; i++) {
		if (!map_simple(WINDOW + 2 * i * PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY, 0) ||
		        !access_page(WINDOW + 2 * i * PAGE_SIZE, MAP_WRITE, &word))
			fail("one of many mappings failed");
	}
	check(fake_group.pages_used >= available - pages_available() - slab_pages(), "vmem: what is used is charged",
	        "it is not");
	while ((result = vmem_unmap(vmem, WINDOW, 8000 * PAGE_SIZE, &progress)) == VMEM_MORE)
		steps++;
	check(!result && steps >= 4000 / (VMEM_BUDGET / 40), "vmem: a long unmap goes in short steps", "it does not");
	for (unsigned i = 0; i < VMEM_MAPPINGS_MAX; i++) {
		if (!map_simple(WINDOW + 2 * i * PAGE_SIZE, PAGE_SIZE, MAP_READ | MAP_FIXED_EMPTY, 0))
			fail("one of very many mappings failed");
	}
	uint64_t out;
	progress = 0;
	check(vmem_map(vmem, 0, PAGE_SIZE, MAP_READ, 0, 0, ACCESS, &progress, &out) == ERR_TOO_LARGE,
	        "vmem: there is a limit to mappings", "there is none");
	object_release(&vmem->object);
	uint64_t reaping = fake_reap();
	check(reaping > VMEM_MAPPINGS_MAX / 10, "vmem: the end of one with many mappings goes in short steps", "it does not");
	check(nothing_left(), "vmem: nothing is left of very many mappings", "something is");
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

	start_vmem(30 * MIB);
	first = vmem;
	if (vmem_create(&fake_group, &second) || frame_create(&fake_group, SHARED * PAGE_SIZE, 0, &frame))
		fail("there is no vmem or frame");
	uint64_t at = map_simple(0, SHARED * PAGE_SIZE, MAP_READ, frame);
	vmem = second;
	page_table_activate(&second->table);
	uint64_t there = map_simple(0, SHARED * PAGE_SIZE, MAP_READ | MAP_WRITE, frame);
	for (unsigned i = 0; i < SHARED; i++) {
		if (vmem_fault(first, at + i * PAGE_SIZE, false, false) ||
		        vmem_fault(second, there + i * PAGE_SIZE, true, false))
			fail("a shared page was not to be had");
	}
	/* Replaced in the second, but whoever did that has not cleaned up yet. */
	if (vmem_map(second, there, SHARED * PAGE_SIZE, MAP_READ | MAP_FIXED, 0, 0, ACCESS, &progress, &out) != VMEM_MORE)
		fail("the call is shorter than the test wants");
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
	check(nothing_left(), "vmem: nothing is left of shared frames", "something is");
}

/* Two mappings of a frame that is being shrunk could be one, but not before all their pages beyond the end are gone. */
static void test_join_while_shrinking(void)
{
	enum { PAGES = 500 };
	struct frame *frame;
	struct paddr page;
	struct page_rights rights;
	uint64_t *word, progress = 0;

	start_vmem(30 * MIB);
	if (frame_create(&fake_group, PAGES * PAGE_SIZE, 0, &frame))
		fail("there is no frame");
	uint64_t at = map_simple(0, PAGES * PAGE_SIZE, MAP_READ, frame);
	while (vmem_protect(vmem, at + 100 * PAGE_SIZE, 300 * PAGE_SIZE, MAP_READ | MAP_WRITE, &progress) == VMEM_MORE)
		;
	for (unsigned i = 0; i < PAGES; i++) {
		if (!access_page(at + i * PAGE_SIZE, MAP_READ, &word))
			fail("a page was not to be had");
	}
	struct vmem_mapping *first = frame->mappings;
	while (frame->walk_at == first || !frame->shrinking) {
		if (frame_resize(frame, PAGE_SIZE) != FRAME_MORE)
			fail("the shrink is shorter than the test wants");
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
	check(nothing_left(), "vmem: nothing is left of joined mappings", "something is");
}

/* A page that another thread touches between two steps must not be reached through it afterwards, nor get rights it had not. */
static void test_replace_keeps_rights(void)
{
	struct frame *frame;
	uint64_t *word, progress = 0, out;
	enum { PAGES = 600 };

	start_vmem(30 * MIB);
	if (frame_create(&fake_group, PAGES * PAGE_SIZE, 0, &frame))
		fail("there is no frame");
	uint64_t at = 0;
	progress = 0;
	while (vmem_map(vmem, 0, PAGES * PAGE_SIZE, MAP_READ, frame, 0, MAP_READ, &progress, &at) == VMEM_MORE)
		;
	for (unsigned i = 0; i < PAGES; i++) {
		if (!access_page(at + i * PAGE_SIZE, MAP_READ, &word))
			fail("a page was not to be had");
	}
	progress = 0;
	uint32_t result = vmem_map(vmem, at, PAGES * PAGE_SIZE, MAP_READ | MAP_FIXED, 0, 0, ACCESS, &progress, &out);
	if (result != VMEM_MORE)
		fail("the call is shorter than the test wants");
	uint64_t other = 0;
	while ((result = vmem_protect(vmem, at, PAGES * PAGE_SIZE, MAP_READ | MAP_WRITE, &other)) == VMEM_MORE)
		;
	for (unsigned i = 0; i < PAGES; i++) {
		if (!access_page(at + i * PAGE_SIZE, MAP_WRITE, &word))
			fail("a page was not to be had");
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
	check(nothing_left(), "vmem: a call that was given up half-way leaves nothing for ever", "it does");
}

/* An argument is another seed for the model. */
int main(int count, char **argument)
{
	if (count > 1)
		seed = (unsigned)atoi(argument[1]);
	run_test(test_arguments);
	run_test(test_places);
	run_test(test_chance);
	run_test(test_heap);
	run_test(test_pinned);
	run_test(test_shared_shrink);
	run_test(test_join_while_shrinking);
	run_test(test_replace_keeps_rights);
	run_test(test_bounds);
	run_test(test_model);
	return fake_status();
}
