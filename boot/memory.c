/*
 * One table of everything the loader holds. It gives all of it back when the boot fails, and it is what tells the memory map
 * which pages are kernel, initfs and so on: to the firmware all of them are plain loader data, because not every firmware copes
 * with memory types of an operating system's own.
 */
#include "memory.h"

#include "firmware.h"

static struct {
	uint64_t start;
	uint64_t pages; /* 0: not in use */
	uint64_t typed; /* bytes from the start that are of the type */
	enum boot_memory_type type;
} table[12];

#define TABLE_SIZE (sizeof table / sizeof table[0])

static bool allocate(EFI_ALLOCATE_TYPE how, uint64_t start, uint64_t length, enum boot_memory_type type, struct boot_range *out)
{
	EFI_PHYSICAL_ADDRESS address = start;
	uint32_t i = 0;

	while (i < TABLE_SIZE && table[i].pages)
		i++;
	if (i == TABLE_SIZE || length == 0 || length > MEMMAP_END)
		return false;
	table[i].pages = (length + MEMORY_PAGE - 1) / MEMORY_PAGE;
	if (EFI_ERROR(firmware.boot->AllocatePages(how, EfiLoaderData, table[i].pages, &address))) {
		table[i].pages = 0;
		return false;
	}
	table[i].start = address;
	table[i].typed = length;
	table[i].type = type;
	*out = (struct boot_range){address, length};
	return true;
}

bool memory_allocate(uint64_t length, enum boot_memory_type type, struct boot_range *out)
{
	return allocate(AllocateAnyPages, 0, length, type, out);
}

bool memory_allocate_at(uint64_t start, uint64_t length, enum boot_memory_type type, struct boot_range *out)
{
	return allocate(AllocateAddress, start, length, type, out);
}

static void free_entry(uint32_t i)
{
	firmware.boot->FreePages(table[i].start, table[i].pages);
	table[i].pages = 0;
}

void memory_free(struct boot_range *range)
{
	for (uint32_t i = 0; i < TABLE_SIZE; i++)
		if (range->length && table[i].pages && table[i].start == range->start)
			free_entry(i);
	*range = (struct boot_range){0};
}

void memory_free_all(void)
{
	for (uint32_t i = 0; i < TABLE_SIZE; i++)
		if (table[i].pages)
			free_entry(i);
}

void memory_shrink(const struct boot_range *range, uint64_t length)
{
	for (uint32_t i = 0; i < TABLE_SIZE; i++)
		if (table[i].pages && table[i].start == range->start)
			table[i].typed = length;
}

bool memory_claims(struct memmap_pieces *pieces)
{
	for (uint32_t i = 0; i < TABLE_SIZE; i++)
		if (table[i].pages && !memmap_add(pieces, table[i].start, table[i].typed, table[i].type))
			return false;
	return true;
}
