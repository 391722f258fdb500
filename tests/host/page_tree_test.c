/* mm/page_tree.c against a sorted array, with failing allocations. */
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

#define MODEL_MAX 4000

static struct entry {
	uint64_t index, page;
} model[MODEL_MAX];
static unsigned count;

/* Position of the first entry at or above. */
static unsigned model_at(uint64_t index)
{
	unsigned i = 0;
	while (i < count && model[i].index < index)
		i++;
	return i;
}

static uint64_t random_index(void)
{
	uint64_t wide = (uint64_t)rand() << 31 ^ (uint64_t)rand();
	static const unsigned bits[] = {4, 6, 7, 10, 13, 19, 25, 36};
	return wide & ((1ull << bits[rand() % 8]) - 1);
}

static bool insert(struct page_tree *tree, uint64_t index, uint64_t page)
{
	uint64_t nodes = tree->nodes, before = pieces;
	unsigned missing = page_tree_missing(tree, index);

	if (rand() % 8 == 0 && missing) {
		fail_in = (uint64_t)rand() % missing;
		bool refused = !page_tree_insert(tree, index, paddr(page)) && tree->nodes == nodes && pieces == before;
		fail_in = UINT64_MAX;
		if (!refused)
			return false;
	}
	struct page_tree_place place;
	bool located = page_tree_locate(tree, index, &place);
	if (located != !missing)
		return false;
	if (located && rand() % 2)
		page_tree_put(&place, paddr(page));
	else if (!page_tree_insert(tree, index, paddr(page)))
		return false;
	return tree->nodes == nodes + missing && pieces == tree->nodes;
}

static bool agree_on(const struct page_tree *tree, uint64_t index)
{
	struct paddr found = {0};
	unsigned i = model_at(index);
	bool there = i < count && model[i].index == index;

	return page_tree_find(tree, index, &found) == there && (!there || found.raw == model[i].page);
}

static bool step_insert(struct page_tree *tree)
{
	uint64_t index = random_index();
	unsigned i = model_at(index);

	if (count == MODEL_MAX || (i < count && model[i].index == index))
		return agree_on(tree, index);
	struct entry entry = {index, ((uint64_t)rand() + 1) << PAGE_SHIFT};
	memmove(&model[i + 1], &model[i], (count - i) * sizeof *model);
	model[i] = entry;
	count++;
	return insert(tree, entry.index, entry.page) && agree_on(tree, index);
}

static bool step_take(struct page_tree *tree)
{
	uint64_t index = random_index(), end = rand() % 3 ? UINT64_MAX : index + random_index(), from = index;
	unsigned i = model_at(index), most = 1 + (unsigned)rand() % 5;
	bool there = i < count && model[i].index < end;
	struct paddr page[5] = {{1}};
	unsigned taken = page_tree_take(tree, &index, end, page, most);

	if (!there)
		return !taken && index == from && page[0].raw == 1;
	if (!taken || taken > most || index <= model[i + taken - 1].index || index > end)
		return false;
	for (unsigned n = 0; n < taken; n++) {
		if (page[n].raw != model[i + n].page)
			return false;
	}
	/* It stopped early only where it may: at the number wanted, or at the end of a leaf or of the range. */
	uint64_t last = model[i + taken - 1].index;
	bool more = i + taken < count && model[i + taken].index < end && model[i + taken].index / 64 == last / 64;
	count -= taken;
	memmove(&model[i], &model[i + taken], (count - i) * sizeof *model);
	return (taken == most || !more) && pieces == tree->nodes;
}

static void test_random(void)
{
	struct page_tree tree = {0};
	bool same = true;

	for (unsigned round = 0; same && round < 40000; round++) {
		unsigned bias = round / 5000 % 2 ? 2 : 6;
		same = (unsigned)rand() % 8 < bias ? step_insert(&tree) : step_take(&tree);
		same = same && agree_on(&tree, random_index());
	}
	check(same, "page_tree: does what a sorted array does", "they differ");

	uint64_t index = 0;
	struct paddr page;
	while (page_tree_take(&tree, &index, UINT64_MAX, &page, 1))
		count--;
	check(!count && !pieces && !tree.nodes && !tree.root && !tree.height, "page_tree: an emptied tree has no nodes",
	        "some are left");
}

static void test_edges(void)
{
	struct page_tree tree = {0};
	struct paddr page;
	uint64_t last = PAGE_TREE_INDEX_END - 1, index = 0;

	check(!page_tree_find(&tree, 0, &page) && !page_tree_find(&tree, UINT64_MAX, &page),
	        "page_tree: an empty tree finds nothing", "it found something");
	check(page_tree_missing(&tree, 0) == 1 && page_tree_missing(&tree, 64) == 2 && page_tree_missing(&tree, last) == 6,
	        "page_tree: a first path has as many nodes as levels", "it has not");
	check(insert(&tree, 0, 4096) && insert(&tree, last, 8192) && agree_on(&tree, 1),
	        "page_tree: the first and the last number", "refused");
	check(tree.nodes == 11, "page_tree: grows by new roots", "another number of nodes");
	check(page_tree_take(&tree, &index, UINT64_MAX, &page, 1) == 1 && index == 1 && page.raw == 4096 &&
	                page_tree_take(&tree, &index, UINT64_MAX, &page, 1) == 1 && index == last + 1 && page.raw == 8192 &&
	                !pieces,
	        "page_tree: pages are taken in order", "they are not");
}

static void test_tree_of_its_own(void)
{
	srand(3);
	test_edges();
	test_random();
}

int main(void)
{
	run_test(test_tree_of_its_own);
	return fake_status();
}
