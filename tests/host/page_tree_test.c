/*
 * mm/page_tree.c against sorted arrays: several trees that are copies of each other, with failing allocations, and at every step
 * the count of owners of every page and the number of nodes of each payer.
 */
/* sources: kernel/mm/page_tree.c kernel/core/lock.c tests/host/fake/kernel.c tests/host/fake/machine.c tests/host/fake/direct_map.c */
/* includes: kernel */
#include "mm/page_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/kernel.h"
#include "mm/slab.h"

/* A slab that counts what is in use and can be told to fail. */
static uint64_t pieces, fail_in = UINT64_MAX;

void *slab_alloc(struct slab *slab)
{
	if (fail_in-- == 0)
		return 0;
	pieces++;
	slab->used++;
	return calloc(1, slab->size);
}

void slab_free(struct slab *slab, void *piece)
{
	pieces--;
	slab->used--;
	free(piece);
}

/* Pages that exist: numbers from 1 on. */
#define PAGES 40000u
uint8_t **buddy_sections;
static uint32_t users[PAGES]; /* trees of the model that have it */
static uint8_t payer_of[PAGES];
static uint32_t free_pages[PAGES], free_count;

#define TREES 5u
#define MODEL_MAX 3000u

static struct model {
	struct page_tree tree;
	unsigned count;
	struct entry {
		uint64_t index;
		uint32_t page;
	} entry[MODEL_MAX];
} models[TREES];

static uint64_t nodes_of[TREES]; /* by payer, as the tree tells */

static void start_pages(void)
{
	static uint8_t *sections[PAGES / BUDDY_SECTION_PAGES + 1];

	for (unsigned i = 0; i < sizeof sections / sizeof *sections; i++)
		sections[i] = calloc(1, BUDDY_SECTION_BYTES);
	buddy_sections = sections;
	for (uint32_t page = PAGES - 1; page; page--)
		free_pages[free_count++] = page;
}

static struct paddr address(uint32_t page)
{
	return paddr((uint64_t)page << PAGE_SHIFT);
}

/* Position of the first entry at or above. */
static unsigned at_or_above(const struct model *model, uint64_t index)
{
	unsigned i = 0;
	while (i < model->count && model->entry[i].index < index)
		i++;
	return i;
}

static uint64_t random_index(void)
{
	uint64_t wide = (uint64_t)rand() << 31 ^ (uint64_t)rand();
	static const unsigned bits[] = {4, 6, 7, 10, 13, 13, 19, 36};
	return wide & ((1ull << bits[rand() % 8]) - 1);
}

static uint32_t take_page(uint32_t payer)
{
	uint32_t page = free_pages[--free_count];
	payer_of[page] = (uint8_t)payer;
	return page;
}

static void drop_page(uint32_t page)
{
	if (--users[page] == 0)
		free_pages[free_count++] = page;
}

static bool agree_on(const struct model *model, uint64_t index)
{
	struct page_tree_place place;
	unsigned i = at_or_above(model, index);
	bool there = i < model->count && model->entry[i].index == index;
	bool found = page_tree_locate(&model->tree, index, &place) && *place.entry;
	uint64_t next = i < model->count ? model->entry[i].index : PAGE_TREE_INDEX_END;

	if (page_tree_next(&model->tree, index) != next)
		return false;
	if (found != there)
		return false;
	if (!there)
		return true;
	uint32_t page = model->entry[i].page;
	return *place.entry == address(page).raw && page_tree_payer(address(page)) == payer_of[page] &&
	        (!place.shared && !page_tree_is_shared(address(page))) == (users[page] == 1);
}

/* The way to an index becomes the tree's own, sometimes after allocations that failed. */
static bool own(struct model *model, uint64_t index, uint32_t payer, struct page_tree_place *place)
{
	struct page_tree *tree = &model->tree;
	unsigned missing = page_tree_missing(tree, index);
	uint64_t before = pieces;

	if (rand() % 8 == 0 && missing) {
		fail_in = (uint64_t)rand() % missing;
		bool refused = !page_tree_own(tree, index, payer, place) && pieces == before && agree_on(model, index);
		fail_in = UINT64_MAX;
		if (!refused)
			return false;
	}
	if (!page_tree_own(tree, index, payer, place) || pieces != before + missing)
		return false;
	nodes_of[payer] += missing;
	return !page_tree_missing(tree, index) && !place->shared;
}

static bool step_put(struct model *model, uint32_t payer)
{
	uint64_t index = random_index();
	unsigned i = at_or_above(model, index);
	struct page_tree_place place;

	if (model->count == MODEL_MAX || (i < model->count && model->entry[i].index == index))
		return agree_on(model, index);
	uint32_t page = take_page(payer);
	if (page_tree_missing(&model->tree, index)) {
		if (!own(model, index, payer, &place))
			return false;
	} else if (!page_tree_locate(&model->tree, index, &place) || place.shared) {
		return false;
	}
	page_tree_put(&place, address(page), payer);
	users[page] = 1;
	memmove(&model->entry[i + 1], &model->entry[i], (model->count - i) * sizeof *model->entry);
	model->entry[i] = (struct entry){index, page};
	model->count++;
	return agree_on(model, index);
}

/* Copy-on-write, where it is due. */
static bool step_write(struct model *model, uint32_t payer)
{
	struct page_tree_place place;

	if (!model->count)
		return true;
	unsigned i = (unsigned)rand() % model->count;
	uint64_t index = model->entry[i].index;
	uint32_t old = model->entry[i].page;
	if (!own(model, index, payer, &place))
		return false;
	if (users[old] == 1)
		return !page_tree_is_shared(address(old)) && agree_on(model, index);
	uint32_t page = take_page(payer);
	page_tree_replace(&place, address(page), payer);
	users[page] = 1;
	users[old]--;
	model->entry[i].page = page;
	return agree_on(model, index);
}

static bool cut(struct model *model, uint64_t index, uint32_t payer)
{
	unsigned missing = page_tree_cut_missing(&model->tree, index);
	uint64_t before = pieces;

	if (rand() % 8 == 0 && missing) {
		fail_in = (uint64_t)rand() % missing;
		bool refused = !page_tree_cut(&model->tree, index, payer) && pieces == before;
		fail_in = UINT64_MAX;
		if (!refused)
			return false;
	}
	nodes_of[payer] += missing;
	return page_tree_cut(&model->tree, index, payer) && pieces == before + missing &&
	        !page_tree_cut_missing(&model->tree, index);
}

static bool gone_is_right(const struct page_tree_gone *gone)
{
	for (unsigned i = 0; i < gone->pages; i++) {
		if (users[gone->page[i].raw >> PAGE_SHIFT] != 1)
			return false;
	}
	for (unsigned i = 0; i < gone->nodes; i++)
		nodes_of[gone->node_payer[i]]--;
	return true;
}

static bool step_remove(struct model *model, uint32_t payer, bool all)
{
	uint64_t index = all ? 0 : random_index(), end = all || !(rand() % 3) ? PAGE_TREE_INDEX_END : index + random_index();
	unsigned i = at_or_above(model, index);
	struct page_tree_gone gone;

	if (end > PAGE_TREE_INDEX_END)
		end = PAGE_TREE_INDEX_END;
	if (!cut(model, index, payer) || !cut(model, end, payer))
		return false;
	while (page_tree_remove(&model->tree, &index, end, 1 + (unsigned)rand() % PAGE_TREE_GONE_MAX, &gone)) {
		if (!gone.removed || index > end || !gone_is_right(&gone))
			return false;
		unsigned dead = 0;
		for (uint64_t n = 0; n < gone.removed; n++) {
			if (i >= model->count || model->entry[i].index >= index)
				return false;
			dead += users[model->entry[i].page] == 1;
			drop_page(model->entry[i].page);
			memmove(&model->entry[i], &model->entry[i + 1], (--model->count - i) * sizeof *model->entry);
		}
		if (dead != gone.pages || (i < model->count && model->entry[i].index < index))
			return false;
		if (!all && rand() % 4 == 0)
			return true;
	}
	return i == model->count || model->entry[i].index >= end;
}

static bool step_share(struct model *from, struct model *to)
{
	while (to->tree.root) {
		if (!step_remove(to, 0, true))
			return false;
	}
	page_tree_share(&from->tree, &to->tree);
	to->count = from->count;
	memcpy(to->entry, from->entry, from->count * sizeof *from->entry);
	for (unsigned i = 0; i < from->count; i++)
		users[from->entry[i].page]++;
	return true;
}

static bool step(void)
{
	unsigned which = (unsigned)rand() % TREES, other = (unsigned)rand() % TREES;
	struct model *model = &models[which];

	switch (rand() % 40) {
	case 0: return which == other || step_share(model, &models[other]);
	case 1: return step_remove(model, which, true);
	case 2:
	case 3:
	case 4: return step_remove(model, which, false);
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
	case 10: return step_write(model, which);
	default: return step_put(model, which);
	}
}

static bool whole_agrees(const struct model *model)
{
	for (unsigned i = 0; i < model->count; i++) {
		if (!agree_on(model, model->entry[i].index))
			return false;
	}
	return true;
}

static uint64_t nodes_told(void)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < TREES; i++)
		sum += nodes_of[i];
	return sum;
}

static void test_random(void)
{
	bool same = true, charged = true;

	for (unsigned round = 0; same && round < 40000; round++) {
		same = step() && agree_on(&models[rand() % TREES], random_index());
		charged &= pieces == nodes_told();
		if (round % 512 == 0) {
			for (unsigned i = 0; i < TREES; i++)
				same = same && whole_agrees(&models[i]);
		}
	}
	check(same, "page_tree: copies of copies do what sorted arrays do", "they differ");
	check(charged, "page_tree: every node is told to its payer", "one is not");

	for (unsigned i = 0; i < TREES; i++) {
		while (models[i].tree.root && same)
			same = step_remove(&models[i], i, true);
	}
	bool none = free_count == PAGES - 1;
	for (unsigned i = 0; i < TREES; i++)
		none &= !nodes_of[i] && !models[i].tree.root && !models[i].tree.height;
	check(same && none && !pieces, "page_tree: emptied trees have no nodes and no pages", "some are left");
}

static bool put_at(struct page_tree *tree, uint64_t index, uint32_t page)
{
	struct page_tree_place place;

	if (!page_tree_own(tree, index, 0, &place))
		return false;
	page_tree_put(&place, address(page), 0);
	return true;
}

static void test_edges(void)
{
	struct page_tree tree = {0};
	struct page_tree_place place;
	struct page_tree_gone gone;
	uint64_t last = PAGE_TREE_INDEX_END - 1, index = 0;

	check(!page_tree_locate(&tree, 0, &place) && !page_tree_locate(&tree, UINT64_MAX, &place),
	        "page_tree: an empty tree finds nothing", "it found something");
	check(page_tree_missing(&tree, 0) == 1 && page_tree_missing(&tree, 64) == 2 && page_tree_missing(&tree, last) == 6,
	        "page_tree: a first path has as many nodes as levels", "it has not");
	check(put_at(&tree, 0, 1) && put_at(&tree, last, 2) && page_tree_locate(&tree, last, &place) &&
	                *place.entry == address(2).raw,
	        "page_tree: the first and the last number", "refused");
	check(pieces == 11, "page_tree: grows by new roots", "another number of nodes");
	check(page_tree_remove(&tree, &index, PAGE_TREE_INDEX_END, 1, &gone) && index == 1 && gone.pages == 1 &&
	                gone.page[0].raw == address(1).raw && page_tree_remove(&tree, &index, PAGE_TREE_INDEX_END, 1, &gone) &&
	                index == last + 1 && gone.page[0].raw == address(2).raw && gone.nodes == 6 && !pieces &&
	                !page_tree_remove(&tree, &index, PAGE_TREE_INDEX_END, 1, &gone),
	        "page_tree: pages are taken in order", "they are not");
}

/* What cannot be cut, because there is no memory for it, stays with whoever else has it and with the tree. */
static void test_uncut(void)
{
	struct page_tree tree = {0}, copy = {0};
	struct page_tree_gone gone;
	struct page_tree_place place;
	uint64_t index = 10;
	bool made = true;

	for (uint32_t i = 0; i < 200; i++)
		made &= put_at(&tree, i, 1 + i);
	page_tree_share(&tree, &copy);
	check(made && !page_tree_remove(&copy, &index, 150, 8, &gone) && page_tree_locate(&copy, 64, &place) && *place.entry,
	        "page_tree: a shared root that is only partly in the range stays", "it does not");
	index = 10;
	if (!page_tree_own(&copy, 199, 0, &place)) /* the root, and the last leaf */
		made = false;
	check(made && page_tree_remove(&copy, &index, 150, 8, &gone) && gone.removed == 64 && !gone.pages && index == 128 &&
	                !page_tree_remove(&copy, &index, 150, 8, &gone),
	        "page_tree: of shared leaves those go that are as a whole in the range", "others do, or they do not");
	index = 0;
	while (page_tree_remove(&copy, &index, PAGE_TREE_INDEX_END, 8, &gone))
		made &= !gone.pages;
	index = 0;
	uint64_t pages = 0;
	while (page_tree_remove(&tree, &index, PAGE_TREE_INDEX_END, 8, &gone))
		pages += gone.pages;
	check(made && pages == 200 && !pieces, "page_tree: the last owner has all pages back", "it has not");
}

static void test_trees_of_their_own(void)
{
	srand(3);
	start_pages();
	test_edges();
	test_uncut();
	test_random();
}

int main(void)
{
	run_test(test_trees_of_their_own);
	return fake_status();
}
