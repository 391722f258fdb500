/* Keeping the model, and holding page tables and mappings against it. */
#include "vmem_model.h"

#include <stdlib.h>

#include "arch/paging.h"
#include "fake/kernel.h"
#include "fake/objects.h"
#include "fake/paging.h"
#include "object/vmem_mapping.h"
#include "object/vmem_tree.h"

struct piece *model_pieces;
unsigned model_piece_count;
struct page model_pages[WINDOW_PAGES];
unsigned model_resizing = ~0u, model_cloning = ~0u;
bool model_unfinished;

unsigned model_add_piece(uint64_t length, struct frame *frame)
{
	model_pieces = realloc(model_pieces, (model_piece_count + 1) * sizeof *model_pieces);
	model_pieces[model_piece_count] = (struct piece){length, calloc(length, sizeof(uint64_t)), frame};
	return model_piece_count++;
}

unsigned model_random(unsigned end)
{
	return (unsigned)rand() % end;
}

uint64_t model_address(unsigned page)
{
	return WINDOW + page * PAGE_SIZE;
}

bool model_allows(const struct page *page, uint32_t access)
{
	return page->mapped && page->flags & access && page->index < model_pieces[page->piece].length;
}

void model_access(unsigned i)
{
	static const uint32_t kinds[] = {MAP_READ, MAP_WRITE, MAP_EXECUTE};
	uint32_t access = kinds[model_random(3)];
	struct page *page = &model_pages[i];
	uint64_t *word;
	if (page->mapped && page->piece == model_cloning && access == MAP_WRITE)
		return;
	bool allowed = space_access(model_address(i), access, &word);

	if (page->mapped && page->piece == model_resizing)
		return;
	if (allowed != model_allows(page, access))
		space_fail(allowed ? "an access was allowed that must not be" : "an access was refused that must be allowed");
	if (!allowed)
		return;
	uint64_t *expected = &model_pieces[page->piece].word[page->index];
	if (*word != *expected)
		space_fail("a page has not the content that was written last");
	if (access == MAP_WRITE)
		*word = *expected = (uint64_t)rand() + 1;
}

/* Other threads while a call is under way: pages outside its range are as ever, pages inside may be either. */
void model_meanwhile(unsigned first, unsigned count)
{
	uint64_t failing = fake_fail_in;

	if (model_unfinished)
		return;
	fake_fail_in = UINT64_MAX;
	for (unsigned n = 0; n < 4; n++) {
		unsigned i = model_random(WINDOW_PAGES);
		uint64_t *word;

		if (i < first || i >= first + count)
			model_access(i);
		else
			space_access(model_address(i), MAP_READ, &word);
	}
	fake_fail_in = failing;
}

/* Every entry of the page table is one that the model allows, and leads to the frame's page. */
void model_compare_tables(void)
{
	uint64_t present = 0;

	for (unsigned i = 0; i < WINDOW_PAGES; i++) {
		struct frame_found expected;
		struct paddr page;
		struct page_rights rights;

		if (!page_table_find(&vmem->table, uaddr(model_address(i)), &page, &rights))
			continue;
		present++;
		if (model_pages[i].mapped && model_pages[i].piece == model_resizing)
			continue;
		if (!model_allows(&model_pages[i], MAP_READ))
			space_fail("an entry is in the page table where none may be");
		if (rights.executable != !!(model_pages[i].flags & MAP_EXECUTE) ||
		        (rights.writable && !(model_pages[i].flags & MAP_WRITE)))
			space_fail("an entry has other rights than its mapping");
		struct vmem_mapping *mapping = vmem_tree_find(vmem->root, model_address(i));
		uint64_t offset = mapping->offset + (model_address(i) - mapping->start);
		uint32_t error = frame_find(mapping->frame, offset, FRAME_LOOK, 0, &expected);
		if (error == FRAME_MORE)
			continue; /* it is just being replaced */
		if (error || expected.page.raw != page.raw)
			space_fail("an entry leads to a page that is not the frame's");
		if (rights.writable ? !expected.own && model_pages[i].piece != model_cloning
		                    : !mapping->frame->family && model_pages[i].flags & MAP_WRITE)
			space_fail("an entry lets write to what is shared, or not to what is not");
	}
	if (present + BALLAST != vmem->resident)
		space_fail("the count of resident pages is wrong");
	if (vmem->tables_charged < vmem->table.tables)
		space_fail("page tables are not paid for");
	if (vmem->last && vmem_tree_find(vmem->root, vmem->last->start) != vmem->last)
		space_fail("a mapping that is gone is remembered");
}

/* Neighbours in order, without overlap, in the window; as many as are counted. */
void model_compare_mappings(void)
{
	uint64_t at = 0;
	uint32_t count = 0;
	struct vmem_mapping *mapping;

	while ((mapping = vmem_tree_above(vmem->root, at))) {
		if (mapping->start < at || mapping->end <= mapping->start)
			space_fail("mappings overlap");
		count++;
		at = mapping->end;
		if (mapping->start >= BALLAST_AT(0))
			continue;
		for (at = mapping->start; at < mapping->end; at += PAGE_SIZE) {
			struct page *page = &model_pages[(at - WINDOW) / PAGE_SIZE];
			if (!page->mapped || page->flags != (mapping->flags & ~MAPPING_FRESH) ||
			        page->rights != mapping->rights)
				space_fail("a mapping has not what the model has");
		}
	}
	if (count != vmem->mapping_count || vmem->discarded)
		space_fail("mappings are left over");
	count = 0;
	for (unsigned i = 0; i < WINDOW_PAGES; i++)
		count += model_pages[i].mapped && !vmem_tree_find(vmem->root, model_address(i));
	if (count)
		space_fail("a mapping is missing");
}
