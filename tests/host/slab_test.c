/* mm/slab.c: random use against a model; pieces hold marks, and are zero when they are handed out. */
/* sources: kernel/mm/slab.c kernel/mm/pages.c kernel/mm/pages_boot.c kernel/mm/buddy.c kernel/core/lock.c */
/* sources: tests/host/fake/kernel.c tests/host/fake/machine.c tests/host/fake/direct_map.c */
/* includes: kernel */
#include "mm/slab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/kernel.h"
#include "mm/pages.h"

#define MIB (1ull << 20)

struct tiny {
	uint8_t bytes[16];
};
struct odd {
	uint8_t bytes[529];
};
struct large {
	uint8_t bytes[SLAB_SIZE_MAX];
};

static void start(uint64_t free)
{
	struct boot_memory map[] = {{MIB, MIB, BOOT_MEMORY_LOADER, 0}, {2 * MIB, free, BOOT_MEMORY_FREE, 0}};
	fake_kernel_start(64 * MIB);
	struct bootinfo boot = fake_bootinfo(MIB, map, 2);
	pages_init(&boot);
}

static bool filled(const uint8_t *piece, uint32_t size, uint8_t byte)
{
	for (uint32_t i = 0; i < size; i++) {
		if (piece[i] != byte)
			return false;
	}
	return true;
}

static void random_use(struct slab *slab, uint32_t size)
{
	enum { HELD_MAX = 2000 };
	static uint8_t *held[HELD_MAX], byte[HELD_MAX];
	unsigned count = 0;
	bool zero = true, kept = true;

	start(32 * MIB);
	uint64_t before = pages_available();
	for (unsigned round = 0; round < 50000; round++) {
		unsigned bias = round / 10000 % 2 ? 3 : 5; /* of 8: grows, shrinks, grows ... */
		if (count < HELD_MAX && (unsigned)rand() % 8 < bias) {
			held[count] = slab_alloc(slab);
			zero &= held[count] && filled(held[count], size, 0) && (uintptr_t)held[count] % 16 == 0;
			byte[count] = (uint8_t)(1 + rand() % 255);
			memset(held[count], byte[count], size);
			count++;
		} else if (count) {
			unsigned i = (unsigned)rand() % count;
			kept &= filled(held[i], size, byte[i]);
			slab_free(slab, held[i]);
			held[i] = held[--count];
			byte[i] = byte[count];
		}
		if (slab->used != count)
			kept = false;
	}
	while (count)
		slab_free(slab, held[--count]);
	bool back = pages_available() == before && !slab->partial && !slab_pages();
	check(zero && kept && back, slab->name,
	        !zero          ? "a piece was absent, dirty or not aligned"
	                : kept ? "pages were left behind"
	                       : "a piece changed while it was held, or was counted wrong");
}

static void test_exhaustion(void)
{
	struct slab slab = SLAB_INIT("exhaustion", struct large);
	start(4 * MIB);
	uint64_t count = 0;
	void *last = 0, *piece;
	uint64_t pages = pages_available();

	while ((piece = slab_alloc(&slab))) {
		last = piece;
		count++;
	}
	check(count == pages * 2 && slab.used == count && slab_pages() == pages, "slab: all memory can be had, then none",
	        "it can not");
	slab_free(&slab, last);
	check(slab_alloc(&slab) == last, "slab: after exhaustion a freed piece can be had again", "it can not");
}

static struct slab a_slab = SLAB_INIT("a slab", struct odd), other = SLAB_INIT("other", struct odd);

static void free_twice(void)
{
	start(4 * MIB);
	uint8_t *piece = slab_alloc(&a_slab);
	(void)!slab_alloc(&a_slab);
	slab_free(&a_slab, piece);
	slab_free(&a_slab, piece);
}

static void free_middle(void)
{
	start(4 * MIB);
	uint8_t *piece = slab_alloc(&a_slab);
	slab_free(&a_slab, piece + 16);
}

static void free_to_another(void)
{
	start(4 * MIB);
	(void)!slab_alloc(&other);
	slab_free(&other, slab_alloc(&a_slab));
}

static void test_misuse(void)
{
	check(panics(free_twice, "map"), "slab: a second free panics", "it was accepted");
	check(panics(free_middle, "offset"), "slab: freeing the middle of a piece panics", "it was accepted");
	check(panics(free_to_another, "slab"), "slab: freeing to another slab panics", "it was accepted");
}

static void test_tiny(void)
{
	static struct slab slab = SLAB_INIT("slab: pieces of 16 bytes", struct tiny);
	random_use(&slab, 16);
}

static void test_odd(void)
{
	static struct slab slab = SLAB_INIT("slab: pieces of 529 bytes", struct odd);
	random_use(&slab, 529);
}

static void test_large(void)
{
	static struct slab slab = SLAB_INIT("slab: pieces of the largest size", struct large);
	random_use(&slab, SLAB_SIZE_MAX);
}

int main(void)
{
	srand(2);
	run_test(test_tiny);
	run_test(test_odd);
	run_test(test_large);
	run_test(test_exhaustion);
	run_test(test_misuse);
	return fake_status();
}
