/* lib/digital_tree.c: random use against a model, and its height with keys that are bad for other trees. */
/* sources: kernel/lib/digital_tree.c */
/* includes: kernel */
#include "lib/digital_tree.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { KEYS = 500 };

static struct digital_node nodes[KEYS], spare[KEYS];
static struct digital_node *in_tree[KEYS];

static unsigned height(const struct digital_node *node)
{
	if (!node)
		return 0;
	unsigned left = height(node->child[0]), right = height(node->child[1]);
	return 1 + (left > right ? left : right);
}

static unsigned count(const struct digital_node *node)
{
	return node ? 1 + count(node->child[0]) + count(node->child[1]) : 0;
}

static uint64_t key_of(unsigned kind, unsigned i)
{
	switch (kind) {
	case 0: return i;
	case 1: return (uint64_t)i << 52;
	case 2: return 0x7f0000000000ull + i * 64ull;
	default: return ((uint64_t)rand() << 33) ^ (uint64_t)rand() ^ i;
	}
}

/* One random step on both tree and model; false when they differ. */
static bool step(struct digital_tree *tree, unsigned *members)
{
	unsigned i = (unsigned)rand() % KEYS;
	struct digital_node *found = digital_tree_find(tree, nodes[i].key);
	if (found != in_tree[i])
		return false;
	switch (rand() % 3) {
	case 0:
		if (digital_tree_insert(tree, &nodes[i]) != found)
			return false;
		*members += !found;
		in_tree[i] = found ? found : &nodes[i];
		return true;
	case 1:
		if (!found)
			return true;
		digital_tree_remove(tree, found);
		in_tree[i] = 0;
		--*members;
		return true;
	default:
		if (!found)
			return true;
		struct digital_node *other = found == &nodes[i] ? &spare[i] : &nodes[i];
		digital_tree_replace(tree, found, other);
		in_tree[i] = other;
		return true;
	}
}

static void random_use(unsigned kind)
{
	struct digital_tree tree = {0};
	unsigned members = 0;
	memset(in_tree, 0, sizeof in_tree);
	for (unsigned i = 0; i < KEYS; i++)
		nodes[i].key = spare[i].key = key_of(kind, i);
	for (unsigned round = 0; round < 20000; round++) {
		if (!CHECK(step(&tree, &members)))
			return;
	}
	CHECK(count(tree.root) == members);
	CHECK(height(tree.root) <= 65);
	for (unsigned i = 0; i < KEYS; i++)
		CHECK(digital_tree_find(&tree, nodes[i].key) == in_tree[i]);
}

/* The walk meets all nodes once, in the order of their places. */
static void walk(unsigned kind)
{
	struct digital_tree tree = {0};
	unsigned members = 0, met = 0;
	memset(in_tree, 0, sizeof in_tree);
	for (unsigned i = 0; i < KEYS; i++)
		nodes[i].key = spare[i].key = key_of(kind, i);
	for (unsigned round = 0; round < 2000; round++)
		step(&tree, &members);
	uint64_t place = 0;
	struct digital_node *node;
	while ((node = digital_tree_from(&tree, place))) {
		CHECK(digital_tree_find(&tree, node->key) == node);
		CHECK(digital_tree_place(node->key) >= place);
		place = digital_tree_place(node->key) + 1;
		met++;
		if (!place)
			break;
	}
	CHECK(met == members);
}

int main(void)
{
	static const char *const names[] = {"small_keys_are_found", "keys_that_differ_in_high_bits_are_found",
	        "addresses_are_found", "random_keys_are_found"};
	for (unsigned kind = 0; kind < 4; kind++) {
		check_begin(names[kind]);
		random_use(kind);
	}
	check_begin("a_walk_meets_every_node_once");
	for (unsigned kind = 0; kind < 4; kind++)
		walk(kind);
	check_begin("neighbouring_keys_make_a_low_tree");
	struct digital_tree tree = {0};
	for (unsigned i = 0; i < KEYS; i++) {
		nodes[i].key = 0x10000 + 8 * i;
		CHECK(!digital_tree_insert(&tree, &nodes[i]));
	}
	CHECK(height(tree.root) < 24);
	return check_result();
}
