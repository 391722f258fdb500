/* memmap_*: from the firmware's map, however disorderly, to the one that bootinfo promises. */
/* sources: boot/memmap.c */
#include "boot/memmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITE_BACK 8ull

static int failures;

static void check(bool ok, const char *name, const char *why)
{
	printf(ok ? "ok memmap: %s\n" : "not ok memmap: %s: %s\n", name, why);
	failures += !ok;
}

struct descriptor {
	uint32_t type, padding;
	uint64_t start, virtual, pages, attributes;
	uint64_t extension; /* descriptors may be longer than the specification's structure */
};

static struct boot_memory storage[64], result[128];
static uint32_t result_count;

static bool convert(const struct descriptor *descriptors, size_t count, const struct boot_memory *claims, size_t claim_count)
{
	struct memmap_pieces pieces = {storage, 64, 0};

	for (size_t i = 0; i < claim_count; i++)
		if (!memmap_add(&pieces, claims[i].start, claims[i].length, (enum boot_memory_type)claims[i].type))
			return false;
	return memmap_add_firmware(&pieces, descriptors, count * sizeof *descriptors, sizeof *descriptors) &&
	        memmap_resolve(&pieces, result, pieces.count * 2, &result_count);
}

static void expect(const char *name, const struct boot_memory *wanted, size_t count)
{
	char why[2000] = "got";

	for (uint32_t i = 0; i < result_count && strlen(why) < 1800; i++)
		sprintf(why + strlen(why), " %lx+%lx:%u", result[i].start, result[i].length, result[i].type);
	check(result_count == count && !memcmp(result, wanted, count * sizeof *wanted), name, why);
}

#define CONVERT(...) \
	convert((struct descriptor[]){__VA_ARGS__}, sizeof(struct descriptor[]){__VA_ARGS__} / sizeof(struct descriptor), 0, 0)
#define EXPECT(name, ...) \
	expect(name, (struct boot_memory[]){__VA_ARGS__}, \
	        sizeof(struct boot_memory[]){__VA_ARGS__} / sizeof(struct boot_memory))

static void test_types(void)
{
	static const struct {
		uint32_t efi;
		uint64_t attributes;
		enum boot_memory_type type;
	} cases[] = {
	        {0, WRITE_BACK, BOOT_MEMORY_RESERVED},
	        {1, WRITE_BACK, BOOT_MEMORY_LOADER},
	        {2, WRITE_BACK, BOOT_MEMORY_LOADER},
	        {3, WRITE_BACK, BOOT_MEMORY_FREE},
	        {4, WRITE_BACK, BOOT_MEMORY_FREE},
	        {5, WRITE_BACK | 1ull << 63, BOOT_MEMORY_FIRMWARE},
	        {6, WRITE_BACK | 1ull << 63, BOOT_MEMORY_FIRMWARE},
	        {7, WRITE_BACK, BOOT_MEMORY_FREE},
	        {8, WRITE_BACK, BOOT_MEMORY_BAD},
	        {9, WRITE_BACK, BOOT_MEMORY_ACPI},
	        {10, WRITE_BACK, BOOT_MEMORY_ACPI_NVS},
	        {11, 1, BOOT_MEMORY_DEVICE},
	        {12, 1, BOOT_MEMORY_DEVICE},
	        {13, WRITE_BACK, BOOT_MEMORY_RESERVED},
	        {14, WRITE_BACK, BOOT_MEMORY_RESERVED},
	        {15, WRITE_BACK, BOOT_MEMORY_RESERVED},
	        {0x80000001, WRITE_BACK, BOOT_MEMORY_RESERVED},
	        {7, 1, BOOT_MEMORY_RESERVED},
	        {7, WRITE_BACK | 0x40000, BOOT_MEMORY_RESERVED},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct descriptor descriptor = {
		        .type = cases[i].efi, .start = 0x1000, .pages = 2, .attributes = cases[i].attributes};
		char name[80];

		sprintf(name, "firmware's type %u with attributes %lx", cases[i].efi, cases[i].attributes);
		check(convert(&descriptor, 1, 0, 0) && result_count == 1 && result[0].type == (uint32_t)cases[i].type, name,
		        "wrong type");
	}
}

static void test_order(void)
{
	check(CONVERT({7, 0, 0x5000, 0, 1, WRITE_BACK, 0}, {7, 0, 0x1000, 0, 2, WRITE_BACK, 0},
	              {4, 0, 0x3000, 0, 2, WRITE_BACK, 0}, {0, 0, 0x8000, 0, 1, 0, 0}),
	        "a map out of order is converted", "it is not");
	EXPECT("sorted, neighbours of one type merged, holes kept", {0x1000, 0x5000, BOOT_MEMORY_FREE, 0},
	        {0x8000, 0x1000, BOOT_MEMORY_RESERVED, 0});
	check(CONVERT({7, 0, 0x1000, 0, 16, WRITE_BACK, 0}, {0, 0, 0x4000, 0, 1, 0, 0}, {8, 0, 0x8000, 0, 99, 0, 0}),
	        "a map with overlaps is converted", "it is not");
	EXPECT("trouble counts more than use", {0x1000, 0x3000, BOOT_MEMORY_FREE, 0}, {0x4000, 0x1000, BOOT_MEMORY_RESERVED, 0},
	        {0x5000, 0x3000, BOOT_MEMORY_FREE, 0}, {0x8000, 99 * 0x1000, BOOT_MEMORY_BAD, 0});
	check(CONVERT({7, 0, 0x1000, 0, 0, WRITE_BACK, 0}) && result_count == 0, "empty descriptors are nothing",
	        "they are something");
}

static void test_claims(void)
{
	struct descriptor descriptors[] = {{2, 0, 0x1000, 0, 15, WRITE_BACK, 0}, {7, 0, 0x10000, 0, 16, WRITE_BACK, 0}};
	struct boot_memory claims[] = {{0x2000, 0x1001, BOOT_MEMORY_KERNEL, 0}, {0xf000, 1, BOOT_MEMORY_INITFS, 0}};

	check(convert(descriptors, 2, claims, 2), "claims are added", "they are not");
	EXPECT("claims count over the loader's raw memory, by whole pages", {0x1000, 0x1000, BOOT_MEMORY_LOADER, 0},
	        {0x2000, 0x2000, BOOT_MEMORY_KERNEL, 0}, {0x4000, 0xb000, BOOT_MEMORY_LOADER, 0},
	        {0xf000, 0x1000, BOOT_MEMORY_INITFS, 0}, {0x10000, 0x10000, BOOT_MEMORY_FREE, 0});
}

static void test_edges(void)
{
	check(CONVERT({7, 0, 0x1800, 0, 2, WRITE_BACK, 0}, {0, 0, 0x8800, 0, 1, 0, 0}), "torn pages are converted",
	        "they are not");
	EXPECT("free memory loses torn pages, other memory takes them", {0x2000, 0x1000, BOOT_MEMORY_FREE, 0},
	        {0x8000, 0x2000, BOOT_MEMORY_RESERVED, 0});
	check(CONVERT({7, 0, MEMMAP_END - 0x1000, 0, UINT64_MAX, WRITE_BACK, 0}, {7, 0, MEMMAP_END, 0, 5, WRITE_BACK, 0},
	              {0, 0, UINT64_MAX - 0xfff, 0, 1, 0, 0}),
	        "absurd lengths are converted", "they are not");
	EXPECT("nothing lies beyond the end", {MEMMAP_END - 0x1000, 0x1000, BOOT_MEMORY_FREE, 0});
}

static void test_capacity(void)
{
	struct memmap_pieces pieces = {storage, 2, 0};
	struct descriptor descriptors[3] = {
	        {7, 0, 0x1000, 0, 1, WRITE_BACK, 0}, {0, 0, 0x2000, 0, 1, 0, 0}, {7, 0, 0x3000, 0, 1, WRITE_BACK, 0}};
	uint32_t count;

	check(!memmap_add_firmware(&pieces, descriptors, sizeof descriptors, sizeof *descriptors),
	        "too many pieces are refused", "they are not");
	check(pieces.count == 2 && !memmap_resolve(&pieces, result, 1, &count), "too small a result is refused", "it is not");
	check(!memmap_add_firmware(&pieces, descriptors, sizeof descriptors, 24), "descriptors that are too short are refused",
	        "they are not");
}

/* Random overlapping pieces against a map of single pages. */
static void test_random(void)
{
	static uint8_t pages[256];
	uint64_t state = 1;
	bool same = true, sorted = true;

	for (int round = 0; round < 2000; round++) {
		struct memmap_pieces pieces = {storage, 64, 0};
		uint32_t count = 0;

		memset(pages, 0, sizeof pages);
		for (int i = 0; i < 20; i++) {
			state = state * 6364136223846793005ull + 1442695040888963407ull;
			uint64_t start = state >> 33 & 0xff, length = 1 + (state >> 42 & 31);
			uint8_t type = (uint8_t)(1 + (state >> 50) % 11);

			length = start + length > 256 ? 256 - start : length;
			same = same && memmap_add(&pieces, start << 12, length << 12, (enum boot_memory_type)type);
			for (uint64_t page = start; page < start + length; page++)
				pages[page] = type > pages[page] ? type : pages[page];
		}
		same = same && memmap_resolve(&pieces, result, pieces.count * 2, &count);
		for (uint32_t i = 0; i < count; i++) {
			sorted = sorted &&
			        (i == 0 || result[i - 1].start + result[i - 1].length < result[i].start ||
			                (result[i - 1].start + result[i - 1].length == result[i].start &&
			                        result[i - 1].type != result[i].type));
			for (uint64_t page = result[i].start >> 12; page < (result[i].start + result[i].length) >> 12; page++) {
				same = same && pages[page] == result[i].type;
				pages[page] = 0;
			}
		}
		for (int page = 0; page < 256; page++)
			same = same && !pages[page];
	}
	check(same, "random pieces come out as page by page", "they do not");
	check(sorted, "and always sorted and merged", "they are not");
}

int main(void)
{
	test_types();
	test_order();
	test_claims();
	test_edges();
	test_capacity();
	test_random();
	return failures != 0;
}
