/*
 * What memory there is and what for.
 *
 * The firmware's map comes in any order, is sometimes overlapping on real machines, and does not know what the loader keeps in
 * its pages. So all ranges, the firmware's and the loader's claims, go into one heap of pieces, and memmap_resolve sweeps over
 * them by address: at each place the piece with the highest type number decides. The numbers of enum boot_memory_type stand in
 * the order that this needs.
 *
 * The sweep is quadratic without sorting anything: a machine has some hundred ranges, and this runs twice.
 */
#include "memmap.h"

#define PAGE 4096ull

/* UEFI 2.10, 7.2.1: EFI_MEMORY_DESCRIPTOR and EFI_MEMORY_TYPE. */
struct descriptor {
	uint32_t type;
	uint32_t padding;
	uint64_t start;
	uint64_t virtual;
	uint64_t pages;
	uint64_t attributes;
};

enum {
	EFI_LOADER_CODE = 1,
	EFI_LOADER_DATA,
	EFI_BOOT_CODE,
	EFI_BOOT_DATA,
	EFI_RUNTIME_CODE,
	EFI_RUNTIME_DATA,
	EFI_CONVENTIONAL,
	EFI_UNUSABLE,
	EFI_ACPI_RECLAIM,
	EFI_ACPI_NVS,
	EFI_MMIO,
	EFI_MMIO_PORTS,
};

#define ATTRIBUTE_WRITE_BACK 0x8ull
#define ATTRIBUTE_SPECIFIC_PURPOSE 0x40000ull /* high-bandwidth memory and the like, meant for drivers */

static enum boot_memory_type type_of(const struct descriptor *descriptor)
{
	bool ordinary =
	        (descriptor->attributes & ATTRIBUTE_WRITE_BACK) && !(descriptor->attributes & ATTRIBUTE_SPECIFIC_PURPOSE);

	switch (descriptor->type) {
	case EFI_LOADER_CODE:
	case EFI_LOADER_DATA: return BOOT_MEMORY_LOADER;
	case EFI_BOOT_CODE:
	case EFI_BOOT_DATA:
	case EFI_CONVENTIONAL: return ordinary ? BOOT_MEMORY_FREE : BOOT_MEMORY_RESERVED;
	case EFI_RUNTIME_CODE:
	case EFI_RUNTIME_DATA: return ordinary ? BOOT_MEMORY_FIRMWARE : BOOT_MEMORY_RESERVED;
	case EFI_UNUSABLE: return BOOT_MEMORY_BAD;
	case EFI_ACPI_RECLAIM: return ordinary ? BOOT_MEMORY_ACPI : BOOT_MEMORY_RESERVED;
	case EFI_ACPI_NVS: return ordinary ? BOOT_MEMORY_ACPI_NVS : BOOT_MEMORY_RESERVED;
	case EFI_MMIO:
	case EFI_MMIO_PORTS: return BOOT_MEMORY_DEVICE;
	default: return BOOT_MEMORY_RESERVED;
	}
}

/* Whole pages: what may be used loses its torn edges, everything else swallows them. */
bool memmap_add(struct memmap_pieces *pieces, uint64_t start, uint64_t length, enum boot_memory_type type)
{
	uint64_t end = length > MEMMAP_END || start > MEMMAP_END - length ? MEMMAP_END : start + length;

	if (start >= MEMMAP_END)
		return true;
	if (type == BOOT_MEMORY_FREE) {
		start = (start + PAGE - 1) & ~(PAGE - 1);
		end &= ~(PAGE - 1);
	} else {
		start &= ~(PAGE - 1);
		end = (end + PAGE - 1) & ~(PAGE - 1);
	}
	if (length == 0 || start >= end)
		return true;
	if (pieces->count == pieces->capacity)
		return false;
	pieces->pieces[pieces->count++] = (struct boot_memory){.start = start, .length = end - start, .type = type};
	return true;
}

bool memmap_add_firmware(struct memmap_pieces *pieces, const void *descriptors, uint64_t size, uint64_t descriptor_size)
{
	struct descriptor descriptor;

	if (descriptor_size < sizeof descriptor)
		return false;
	for (uint64_t at = 0; size - at >= descriptor_size; at += descriptor_size) {
		uint64_t length;

		__builtin_memcpy(&descriptor, (const uint8_t *)descriptors + at, sizeof descriptor);
		length = descriptor.pages > MEMMAP_END / PAGE ? MEMMAP_END : descriptor.pages * PAGE;
		if (!memmap_add(pieces, descriptor.start, length, type_of(&descriptor)))
			return false;
	}
	return true;
}

/* The first range at or after `at` in which the same pieces overlap all along; its type. False when there is none. */
static bool next_range(const struct memmap_pieces *pieces, uint64_t at, struct boot_memory *out)
{
	uint64_t start = UINT64_MAX, end = UINT64_MAX;
	uint32_t type = 0;

	for (uint32_t i = 0; i < pieces->count; i++) {
		const struct boot_memory *piece = &pieces->pieces[i];

		if (piece->start + piece->length > at && piece->start < start)
			start = piece->start > at ? piece->start : at;
	}
	if (start == UINT64_MAX)
		return false;
	for (uint32_t i = 0; i < pieces->count; i++) {
		const struct boot_memory *piece = &pieces->pieces[i];
		uint64_t piece_end = piece->start + piece->length;

		if (piece->start > start) {
			end = piece->start < end ? piece->start : end;
		} else if (piece_end > start) {
			end = piece_end < end ? piece_end : end;
			type = piece->type > type ? piece->type : type;
		}
	}
	*out = (struct boot_memory){.start = start, .length = end - start, .type = type};
	return true;
}

bool memmap_resolve(const struct memmap_pieces *pieces, struct boot_memory *out, uint32_t capacity, uint32_t *out_count)
{
	struct boot_memory range;
	uint32_t count = 0;

	for (uint64_t at = 0; next_range(pieces, at, &range); at = range.start + range.length) {
		struct boot_memory *last = count ? &out[count - 1] : 0;

		if (last && last->type == range.type && last->start + last->length == range.start) {
			last->length += range.length;
			continue;
		}
		if (count == capacity)
			return false;
		out[count++] = range;
	}
	*out_count = count;
	return true;
}
