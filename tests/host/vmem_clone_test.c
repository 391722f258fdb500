/*
 * object/vmem_clone.c: address spaces that are copies of copies, against a model in which every page of every space names a cell.
 * Programs access memory through a TLB that forgets nothing by itself; between the steps of a clone other spaces go on and the
 * original is read; every allocation and charge fails at some time, after which the half copy is given up.
 */
/* sources: kernel/object/frame.c kernel/object/frame_pages.c kernel/object/frame_walk.c kernel/object/frame_resize.c */
/* sources: kernel/object/control_blocks.c kernel/object/frame_clone.c kernel/object/vmem.c kernel/object/vmem_mapping.c kernel/object/vmem_clone.c */
/* sources: kernel/object/vmem_tree.c kernel/object/vmem_map.c kernel/object/vmem_place.c kernel/object/vmem_unmap.c */
/* sources: kernel/object/vmem_protect.c kernel/object/vmem_copy.c */
/* sources: kernel/mm/page_tree.c kernel/mm/slab.c kernel/mm/pages.c kernel/mm/pages_boot.c kernel/mm/buddy.c */
/* sources: kernel/arch/x86_64/page_table.c kernel/arch/x86_64/page_range.c kernel/core/lock.c */
/* sources: tests/host/fake/kernel.c tests/host/fake/machine.c tests/host/fake/objects.c tests/host/fake/paging.c */
/* includes: kernel */
/* libraries: -Wl,--wrap=slab_alloc -Wl,--wrap=pages_alloc -Wl,--wrap=pages_alloc_run */
#include "object/vmem_clone.h"

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
#define WINDOW (0x40000000ull - 20 * PAGE_SIZE) /* crosses a border of page tables */
#define WINDOW_PAGES 700u
#define SPACES 4u
#define FRAMES 3u
#define FRAME_PAGES 80u
#define CELLS 4000000u

static struct page {
	bool mapped, shared; /* shared: MAP_SHARE, or never to be written */
	uint32_t flags, rights;
	unsigned cell;
} model[SPACES][WINDOW_PAGES];

static struct vmem *spaces[SPACES]; /* 0: none */
static struct frame *frames[FRAMES];
static unsigned frame_cell[FRAMES]; /* of its first page */
static uint64_t *cells;
static unsigned cell_count;
static unsigned current;
static uint64_t available;

static void fail(const char *why)
{
	check(false, "vmem_clone: does what the model does", why);
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

static unsigned add_cells(unsigned count)
{
	if (cell_count + count > CELLS)
		fail("the test has too few cells");
	cell_count += count;
	return cell_count - count;
}

static void enter(unsigned space)
{
	if (current == space && arch_cpu_current()->page_root == spaces[space]->table.root.raw)
		return;
	current = space;
	page_table_activate(&spaces[space]->table);
}

static bool access_page(unsigned space, unsigned i, uint32_t access, uint64_t **out_word)
{
	uint64_t physical, address = address_of(i);
	bool write = access == MAP_WRITE;

	enter(space);
	if (!fake_translate(address, write, false, &physical)) {
		uint32_t error;
		while ((error = vmem_fault(spaces[space], address, write, false)) == VMEM_MORE)
			;
		if (error)
			return false;
		if (!fake_translate(address, write, false, &physical))
			fail("a page is not there after its fault was handled");
	}
	*out_word = direct_map(paddr(physical));
	return true;
}

static void access_and_compare(unsigned space, uint32_t access)
{
	unsigned i = random_below(WINDOW_PAGES);
	const struct page *page = &model[space][i];
	uint64_t *word;
	bool allowed = access_page(space, i, access, &word);

	if (allowed != (page->mapped && page->flags & access))
		fail("an access was allowed or refused wrongly");
	if (!allowed)
		return;
	if (*word != cells[page->cell])
		fail("a page has not the content that was written last");
	if (access == MAP_WRITE)
		*word = cells[page->cell] = (uint64_t)rand() + 1;
}

static void do_map(unsigned space)
{
	static const uint32_t accesses[] = {MAP_READ, MAP_READ | MAP_WRITE, MAP_READ | MAP_WRITE, 0};
	unsigned first = random_below(WINDOW_PAGES), count = 1 + random_below(60), which = random_below(2 * FRAMES);
	bool framed = which < FRAMES;
	uint64_t offset = framed ? random_below(FRAME_PAGES) : 0, progress = 0, address;
	uint32_t flags = accesses[random_below(4)], kind = random_below(3) ? 0 : random_below(2) ? MAP_SHARE : MAP_NO_INHERIT;
	uint32_t rights = framed && !random_below(4) ? MAP_READ : ACCESS, error;

	count = count > WINDOW_PAGES - first ? WINDOW_PAGES - first : count;
	if (framed && count > FRAME_PAGES - offset)
		count = (unsigned)(FRAME_PAGES - offset);
	flags &= rights;
	while ((error = vmem_map(spaces[space], address_of(first), count * PAGE_SIZE, flags | kind | MAP_FIXED,
	                framed ? frames[which] : 0, offset * PAGE_SIZE, rights, &progress, &address)) == VMEM_MORE)
		;
	if (error)
		fail("a map was refused");
	unsigned cell = framed ? frame_cell[which] + (unsigned)offset : add_cells(count);
	for (unsigned i = 0; i < count; i++)
		model[space][first + i] =
		        (struct page){true, kind == MAP_SHARE || !(rights & MAP_WRITE), flags | kind, rights, cell + i};
}

static void do_unmap(unsigned space)
{
	unsigned first = random_below(WINDOW_PAGES), count = 1 + random_below(40);
	uint64_t progress = 0;
	uint32_t error;

	count = count > WINDOW_PAGES - first ? WINDOW_PAGES - first : count;
	while ((error = vmem_unmap(spaces[space], address_of(first), count * PAGE_SIZE, &progress)) == VMEM_MORE)
		;
	if (error)
		fail("an unmap failed");
	for (unsigned i = 0; i < count; i++)
		model[space][first + i].mapped = false;
}

static void do_protect(unsigned space)
{
	static const uint32_t accesses[] = {MAP_READ, MAP_READ | MAP_WRITE, 0};
	unsigned first = random_below(WINDOW_PAGES), count = 1;
	uint32_t flags = accesses[random_below(3)], error;
	uint64_t progress = 0;

	while (first + count < WINDOW_PAGES && count < 40 && model[space][first + count].mapped)
		count++;
	for (unsigned i = 0; i < count; i++) {
		if (!model[space][first + i].mapped || flags & ~model[space][first + i].rights)
			return;
	}
	while ((error = vmem_protect(spaces[space], address_of(first), count * PAGE_SIZE, flags, &progress)) == VMEM_MORE)
		;
	if (error)
		fail("a protect failed");
	for (unsigned i = 0; i < count; i++)
		model[space][first + i].flags = (model[space][first + i].flags & ~ACCESS) | flags;
}

static void do_kernel_write(unsigned space)
{
	unsigned i = random_below(WINDOW_PAGES);
	const struct page *page = &model[space][i];
	uint64_t word = (uint64_t)rand() + 1, copied;
	bool allowed = page->mapped && page->flags & MAP_WRITE;

	if (random_below(2)) {
		enter(space);
		copied = vmem_copy_out(spaces[space], address_of(i), &word, sizeof word);
	} else {
		/* Another's word; whose space is the current one is left to chance. */
		unsigned other = random_below(SPACES), j = random_below(WINDOW_PAGES);
		const struct page *source = &model[other][j];
		if (!spaces[other])
			return;
		allowed = allowed && source->mapped && source->flags & ACCESS;
		word = cells[source->cell];
		copied = vmem_copy_across(spaces[space], address_of(i), spaces[other], address_of(j), sizeof word);
	}
	if ((copied == sizeof word) != allowed)
		fail("the kernel's write was allowed or refused wrongly");
	if (copied)
		cells[page->cell] = word;
}

static void do_frame_write(void)
{
	unsigned which = random_below(FRAMES), i = random_below(FRAME_PAGES);
	uint64_t word = (uint64_t)rand() + 1;
	uint32_t error;

	while ((error = frame_copy_in(frames[which], i * PAGE_SIZE, &word, sizeof word)) == FRAME_MORE)
		frame_settle(frames[which]);
	if (error)
		fail("a frame could not be written to");
	cells[frame_cell[which] + i] = word;
}

/* Entries of the page tables, in every space. */
static void compare_tables(unsigned space)
{
	uint64_t present = 0;

	for (unsigned i = 0; i < WINDOW_PAGES; i++) {
		const struct page *page = &model[space][i];
		struct page_rights rights;
		struct frame_found expected;
		struct paddr there;
		if (!page_table_find(&spaces[space]->table, uaddr(address_of(i)), &there, &rights))
			continue;
		present++;
		struct vmem_mapping *mapping = vmem_tree_find(spaces[space]->root, address_of(i));
		if (!page->mapped || !mapping || !(page->flags & MAP_READ))
			fail("an entry is there where none may be");
		uint64_t offset = mapping->offset + (address_of(i) - mapping->start);
		if (frame_find(mapping->frame, offset, FRAME_LOOK, 0, &expected) || expected.page.raw != there.raw)
			fail("an entry leads to another page than the frame's");
		if (rights.writable && (!(page->flags & MAP_WRITE) || !expected.own))
			fail("an entry lets write to a shared page, or to one that may not be written");
	}
	if (present != spaces[space]->resident)
		fail("the count of resident pages is wrong");
}

/* While a clone is under way: other spaces' mappings, and reading. */
static void meanwhile(unsigned from, unsigned to)
{
	uint64_t failing = fake_fail_in;
	unsigned other = random_below(SPACES);

	fake_fail_in = UINT64_MAX;
	if (other != from && other != to && spaces[other]) {
		switch (random_below(3)) {
		case 0: do_map(other); break;
		case 1: do_unmap(other); break;
		default: access_and_compare(other, MAP_READ);
		}
	}
	access_and_compare(from, MAP_READ);
	fake_fail_in = failing;
}

static void forget_space(unsigned space)
{
	object_release(&spaces[space]->object);
	spaces[space] = 0;
	fake_reap();
	for (unsigned i = 0; i < WINDOW_PAGES; i++)
		model[space][i].mapped = false;
}

/* The model's copy: cells of private pages are new ones, the same for all mappings of the same page. */
static void copy_model(unsigned from, unsigned to)
{
	static unsigned renamed[CELLS];
	for (unsigned i = 0; i < WINDOW_PAGES; i++) {
		struct page page = model[from][i];
		if (page.mapped && page.flags & MAP_NO_INHERIT)
			page.mapped = false;
		if (page.mapped && !page.shared) {
			if (!renamed[page.cell]) {
				renamed[page.cell] = add_cells(1);
				cells[renamed[page.cell]] = cells[page.cell];
			}
			page.cell = renamed[page.cell];
		}
		model[to][i] = page;
	}
	for (unsigned i = 0; i < WINDOW_PAGES; i++)
		renamed[model[from][i].cell] = 0;
}

static void do_clone(unsigned from)
{
	unsigned to = random_below(SPACES), steps = 0;
	struct vmem_clone clone;
	uint32_t error;

	if (to == from)
		return;
	if (spaces[to])
		forget_space(to);
	enter(from);
	if (vmem_create(&fake_group, &spaces[to]))
		fail("there is no vmem");
	for (unsigned n = 0; n < 60; n++)
		access_and_compare(from, MAP_WRITE);
	vmem_clone_begin(&clone, spaces[from], spaces[to]);
	bool give_up = random_below(8) == 0;
	if (random_below(3) == 0)
		fake_fail_in = random_below(300);
	while ((error = vmem_clone_step(&clone)) == VMEM_MORE && !(give_up && steps == 20)) {
		if (steps++ % 8 == 0)
			meanwhile(from, to);
	}
	fake_fail_in = UINT64_MAX;
	enter(from);
	vmem_clone_end(&clone);
	if (error && error != VMEM_MORE && error != ERR_QUOTA && error != ERR_NO_MEMORY)
		fail("a clone ended with an error of another kind");
	if (error)
		forget_space(to);
	else
		copy_model(from, to);
	for (unsigned n = 0; n < 200; n++) /* what was writable until now, and may be remembered so */
		access_and_compare(from, MAP_WRITE);
}

static void step(void)
{
	unsigned space = random_below(SPACES);

	if (!spaces[space])
		return;
	switch (random_below(12)) {
	case 0:
	case 1: do_map(space); break;
	case 2: do_unmap(space); break;
	case 3: do_protect(space); break;
	case 4: do_kernel_write(space); break;
	case 5: do_frame_write(); break;
	case 6: do_clone(space); break;
	default:
		for (unsigned n = 0; n < 40; n++)
			access_and_compare(space, random_below(2) ? MAP_READ : MAP_WRITE);
	}
}

static unsigned seed = 4;

static void test_model(void)
{
	static const struct boot_memory map[] = {{MIB, MIB, BOOT_MEMORY_LOADER, 0}, {2 * MIB, 60 * MIB, BOOT_MEMORY_FREE, 0}};

	fake_kernel_start(64 * MIB);
	struct bootinfo boot = fake_bootinfo(MIB, map, 2);
	pages_init(&boot);
	fake_paging_start();
	available = pages_available();
	srand(seed);
	cells = calloc(CELLS, sizeof *cells);
	add_cells(1); /* 0 is none */
	for (unsigned i = 0; i < FRAMES; i++) {
		frame_cell[i] = add_cells(FRAME_PAGES);
		if (frame_create(&fake_group, FRAME_PAGES * PAGE_SIZE, 0, &frames[i]))
			fail("there is no frame");
	}
	if (vmem_create(&fake_group, &spaces[0]))
		fail("there is no vmem");
	for (unsigned round = 0; round < 12000; round++) {
		step();
		if (round % 4 == 0) {
			for (unsigned i = 0; i < SPACES; i++) {
				if (spaces[i])
					compare_tables(i);
			}
		}
	}
	check(true, "vmem_clone: does what the model does", "");
	for (unsigned i = 0; i < SPACES; i++) {
		if (spaces[i])
			forget_space(i);
	}
	for (unsigned i = 0; i < FRAMES; i++)
		object_release(&frames[i]->object);
	fake_reap();
	check(pages_available() == available && !slab_pages() && !fake_group.pages_used && !fake_group.nodes_used &&
	                !fake_group.objects_used,
	        "vmem_clone: nothing is left of copies of copies", "memory or charges are");
	free(cells);
}

/* An argument is another seed. */
int main(int count, char **argument)
{
	if (count > 1)
		seed = (unsigned)atoi(argument[1]);
	run_test(test_model);
	return fake_status();
}
