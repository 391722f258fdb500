/*
 * Where mappings go whose address is left to the kernel. Small ones lie together in an arena that begins at a page chosen by
 * chance, so that they share page tables: the next fit from the lowest place that became free, with an unmapped page on either
 * side, so that what runs over its end faults. Large ones, and reservations without any access, from which things grow, get a
 * random place of their own.
 *
 * An arena begins anywhere in a TiB, which is 28 bits of chance, near the bottom, so that it often has a page of tables in common with
 * a program that is linked for a low address; and far enough above that for its heap.
 */
#include "arch/cpu.h"
#include "object/vmem_mapping.h"
#include "object/vmem_tree.h"

#define OWN_PLACE (32ull << 20)
#define ARENAS_START (64ull << 30)
#define ARENAS_END (ARENAS_START + (1ull << 40))
#define GUARD PAGE_SIZE
#define TRIES 32u

static uint64_t random_page_between(uint64_t start, uint64_t end, uint64_t length)
{
	uint64_t pages = (end - start - length) / PAGE_SIZE + 1;

	return start + cpu_random() % pages * PAGE_SIZE;
}

/* 35 bits of chance in an address space that is empty. */
static uint64_t random_page(uint64_t length)
{
	return random_page_between(USER_BOTTOM, USER_TOP, length);
}

/* What is in the way of a mapping there, its guards included; 0: nothing. */
static struct vmem_mapping *in_the_way(const struct vmem *vmem, uint64_t address, uint64_t length)
{
	struct vmem_mapping *above = vmem_tree_above(vmem->root, address - GUARD);

	return above && above->start < address + length + GUARD ? above : 0;
}

void vmem_place_arena(struct vmem *vmem)
{
	uint64_t start = random_page_between(ARENAS_START, ARENAS_END, OWN_PLACE);

	vmem->arena = vmem->arena_next = vmem->arena_end = start;
}

/* The first free place from `at` on, after a limited search. */
static bool first_fit(const struct vmem *vmem, uint64_t at, uint64_t length, uint64_t *out_address)
{
	for (unsigned i = 0; i < TRIES && at <= USER_TOP - length; i++) {
		struct vmem_mapping *obstacle = in_the_way(vmem, at, length);
		if (!obstacle) {
			*out_address = at;
			return true;
		}
		at = obstacle->end + GUARD;
	}
	return false;
}

static bool place_in_arena(struct vmem *vmem, uint64_t length, uint64_t *out_address)
{
	uint64_t address;

	if (!first_fit(vmem, vmem->arena_next, length, &address) && !first_fit(vmem, vmem->arena_end, length, &address))
		return false;
	vmem->arena_next = address + length; /* holes that were too small are tried again after the next unmap */
	if (address + length > vmem->arena_end)
		vmem->arena_end = address + length;
	*out_address = address;
	return true;
}

/* Chance finds a place at once unless the address space is nearly full. Then the first that is large enough, near the bottom. */
static bool place_alone(const struct vmem *vmem, uint64_t length, uint64_t *out_address)
{
	for (unsigned i = 0; i < TRIES; i++) {
		*out_address = random_page(length);
		if (!in_the_way(vmem, *out_address, length))
			return true;
	}
	return first_fit(vmem, USER_BOTTOM, length, out_address);
}

uint32_t vmem_place(struct vmem *vmem, uint64_t length, uint32_t flags, uint64_t *out_address)
{
	uint64_t address;

	if (length > USER_TOP - USER_BOTTOM)
		return ERR_NO_SPACE;
	if (length < OWN_PLACE && flags & MAP_READ) {
		if (place_in_arena(vmem, length, out_address))
			return ERR_OK;
		vmem_place_arena(vmem);
		if (place_in_arena(vmem, length, out_address))
			return ERR_OK;
	}
	if (!place_alone(vmem, length, &address))
		return ERR_NO_SPACE;
	*out_address = address;
	return ERR_OK;
}
