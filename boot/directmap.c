/*
 * Which RAM the kernel reaches at its direct map, and how.
 *
 * Only RAM: a second, cached mapping of device memory could be read ahead by the processor. What nobody may write (the kernel's
 * text and constants, firmware, ACPI tables) is read-only here too, or the direct map would be the way around every other
 * protection. Nothing is executable. Large pages are used wherever a stretch of equal rights is long and aligned enough, and
 * that is found by walking over *pieces*: maximal stretches of RAM with the same rights, whatever their types are.
 */
#include "directmap.h"

static bool is_ram(uint32_t type)
{
	switch (type) {
	case BOOT_MEMORY_FREE:
	case BOOT_MEMORY_LOADER:
	case BOOT_MEMORY_KERNEL:
	case BOOT_MEMORY_INITFS:
	case BOOT_MEMORY_PANIC:
	case BOOT_MEMORY_ACPI:
	case BOOT_MEMORY_ACPI_NVS:
	case BOOT_MEMORY_FIRMWARE: return true;
	default: return false;
	}
}

static bool is_writable(uint32_t type)
{
	return is_ram(type) && type != BOOT_MEMORY_ACPI && type != BOOT_MEMORY_ACPI_NVS && type != BOOT_MEMORY_FIRMWARE;
}

/* Shortens [start, *end) so that its bytes are all inside or all outside the read-only ranges; answers which. */
static bool read_only_at(const struct directmap *directmap, uint64_t start, uint64_t *end)
{
	for (uint32_t i = 0; i < directmap->read_only_count; i++) {
		const struct boot_range *range = &directmap->read_only[i];
		uint64_t range_end = range->start + range->length;

		if (start >= range_end || !range->length)
			continue;
		if (start < range->start) {
			*end = range->start < *end ? range->start : *end;
			return false;
		}
		*end = range_end < *end ? range_end : *end;
		return true;
	}
	return false;
}

/* The first stretch at or after `at` that lies in one entry of the map and has the same rights all along. */
static bool next_stretch(const struct directmap *directmap, uint64_t at, struct directmap_piece *out)
{
	for (uint32_t i = 0; i < directmap->count; i++) {
		const struct boot_memory *entry = &directmap->map[i];
		uint64_t start = entry->start > at ? entry->start : at, end = entry->start + entry->length;
		bool read_only;

		if (!is_ram(entry->type) || start >= end)
			continue;
		read_only = read_only_at(directmap, start, &end);
		*out = (struct directmap_piece){start, end - start, is_writable(entry->type) && !read_only};
		return true;
	}
	return false;
}

bool directmap_next(const struct directmap *directmap, uint64_t at, struct directmap_piece *out)
{
	struct directmap_piece piece, more;

	if (!next_stretch(directmap, at, &piece))
		return false;
	while (next_stretch(directmap, piece.start + piece.length, &more) && more.start == piece.start + piece.length &&
	        more.writable == piece.writable)
		piece.length += more.length;
	*out = piece;
	return true;
}

uint64_t directmap_end(const struct directmap *directmap)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < directmap->count; i++)
		if (is_ram(directmap->map[i].type))
			end = directmap->map[i].start + directmap->map[i].length;
	return end;
}

bool directmap_build(const struct directmap *directmap, uint64_t base, enum paging_size largest, struct paging *paging)
{
	struct directmap_piece piece;

	for (uint64_t at = 0; directmap_next(directmap, at, &piece); at = piece.start + piece.length)
		if (!paging_map(paging, base + piece.start, piece.start, piece.length,
		            piece.writable ? PAGING_WRITE : PAGING_READ, largest))
			return false;
	return true;
}

uint64_t directmap_tables_bound(const struct directmap *directmap, enum paging_size largest)
{
	struct directmap_piece piece;
	uint64_t tables = 0;

	for (uint64_t at = 0; directmap_next(directmap, at, &piece); at = piece.start + piece.length)
		tables += paging_tables_bound(piece.length, largest);
	return tables;
}
