/*
 * The end of the loader: the memory map, the page tables that follow from it, bootinfo, and the jump.
 *
 * The order is what matters. Tables and bootinfo are made from the very map whose key ExitBootServices is given, with no call to
 * the firmware in between; if the firmware says that its map has changed meanwhile (it may, once or twice: UEFI 2.10, 7.4.6),
 * all is made anew from the new map. So memory for everything must be there before, with room for a map that has grown, and the
 * page tables come from a pool as large as they can become; what is left of it goes back to the kernel as free memory.
 */
#include "handoff.h"

#include <stddef.h>

#include "console.h"
#include "cpu.h"
#include "directmap.h"
#include "firmware.h"
#include "jump.h"
#include "memmap.h"
#include "memory.h"
#include "paging.h"
#include "text.h"

#include "common/calendar.h"

#define GIB (1ull << 30)
#define MAP_GROWTH 32 /* descriptors that the firmware's map may grow by until the end */
#define CLAIMS_MAX 16 /* ranges that are added to it */
#define EXIT_TRIES 8
#define TABLES_GROWTH (MAP_GROWTH * 6)

_Static_assert(offsetof(struct bootinfo, tsc_exit) == JUMP_TSC_EXIT, "jump.S writes it");
_Static_assert(offsetof(struct jump_block, idt_register) == 10, "jump.S loads it");
_Static_assert(sizeof(struct jump_block) == JUMP_STACK_TOP, "jump.S uses its end as a stack");

extern uint64_t tsc_entry __attribute__((visibility("hidden")));

/* The first page of the handoff's memory; the command line follows it, then the memory map. */
struct handoff_page {
	struct bootinfo info;
	struct jump_block jump;
	char command_line[]; /* NUL-terminated */
};

/* What is needed only here. */
struct work {
	const struct handoff *handoff;
	struct boot_range memory; /* struct handoff_page, then map */
	struct handoff_page *page;
	struct boot_memory *map;
	uint32_t map_capacity, map_count;
	struct boot_range scratch; /* the firmware's descriptors, then pieces */
	uint64_t descriptors_capacity, descriptors_size, descriptor_size;
	struct memmap_pieces pieces;
	UINTN key;
	struct boot_range pool;
	struct paging paging;
	enum paging_size largest;
	struct boot_range read_only[SEGMENTS_PIECES_MAX];
	uint32_t read_only_count;
	uint64_t direct_map;
};

static bool map_failed(EFI_STATUS status, struct failure *failure)
{
	return failure_set(failure, FAILED_MEMORY_MAP, "the firmware does not tell its memory map (%s); update the firmware",
	        firmware_status_text(status));
}

/* Takes memory for the block and the maps, sized by how large the firmware's map is now. */
static bool allocate(struct work *work, struct failure *failure)
{
	uint32_t command_line = work->handoff->conf->command_line_length + 1, pieces;
	uint64_t map_offset = (sizeof(struct handoff_page) + command_line + 15) & ~15ull;
	UINTN size = 0, key, descriptor_size = 0;
	UINT32 version;
	EFI_STATUS status = firmware.boot->GetMemoryMap(&size, 0, &key, &descriptor_size, &version);

	if (status != EFI_BUFFER_TOO_SMALL || descriptor_size == 0)
		return map_failed(status, failure);
	work->descriptors_capacity = (size + MAP_GROWTH * descriptor_size + 15) & ~15ull;
	pieces = (uint32_t)(work->descriptors_capacity / descriptor_size) + CLAIMS_MAX;
	work->map_capacity = pieces * 2;
	if (!memory_allocate(map_offset + work->map_capacity * sizeof *work->map, BOOT_MEMORY_LOADER, &work->memory) ||
	        !memory_allocate(
	                work->descriptors_capacity + pieces * sizeof *work->pieces.pieces, BOOT_MEMORY_LOADER, &work->scratch))
		return failure_set(
		        failure, FAILED_NO_MEMORY, "the machine has no memory left for the handoff block; add memory");
	work->page = memory_at(&work->memory);
	work->map = (struct boot_memory *)((uint8_t *)memory_at(&work->memory) + map_offset);
	work->pieces.pieces = (struct boot_memory *)((uint8_t *)memory_at(&work->scratch) + work->descriptors_capacity);
	work->pieces.capacity = pieces;
	return true;
}

static bool resolve(struct work *work)
{
	work->pieces.count = 0;
	/* The first page is RAM, but firmware scribbles there, and nobody wants memory at address 0. */
	return memmap_add(&work->pieces, 0, MEMORY_PAGE, BOOT_MEMORY_RESERVED) && memory_claims(&work->pieces) &&
	        memmap_add_firmware(&work->pieces, memory_at(&work->scratch), work->descriptors_size, work->descriptor_size) &&
	        memmap_resolve(&work->pieces, work->map, work->map_capacity, &work->map_count);
}

/* Asks for the firmware's map, and makes ours of it. */
static bool read_map(struct work *work, struct failure *failure)
{
	UINTN size = work->descriptors_capacity, descriptor_size;
	UINT32 version;
	EFI_STATUS status =
	        firmware.boot->GetMemoryMap(&size, memory_at(&work->scratch), &work->key, &descriptor_size, &version);

	if (EFI_ERROR(status))
		return map_failed(status, failure);
	work->descriptors_size = size;
	work->descriptor_size = descriptor_size;
	if (!resolve(work))
		return failure_set(failure, FAILED_MEMORY_MAP,
		        "the firmware's memory map (%lu bytes) can not be used; update the firmware", (uint64_t)size);
	return true;
}

static struct directmap directmap_of(const struct work *work)
{
	return (struct directmap){work->map, work->map_count, work->read_only, work->read_only_count};
}

static void find_read_only(struct work *work)
{
	const struct kernel *kernel = work->handoff->kernel;

	for (uint32_t i = 0; i < kernel->piece_count; i++)
		if (!(kernel->pieces[i].rights & PAGING_WRITE))
			work->read_only[work->read_only_count++] =
			        (struct boot_range){kernel->memory.start + kernel->pieces[i].offset, kernel->pieces[i].length};
}

/* The direct map ends below DIRECT_MAP_HIGHEST too, so that the kernel has the rest for itself. */
static void choose_direct_map(struct work *work, const struct directmap *directmap)
{
	uint64_t length = (directmap_end(directmap) + GIB - 1) / GIB;
	uint64_t places = (DIRECT_MAP_HIGHEST - DIRECT_MAP_LOWEST) / GIB - length + 1;

	work->direct_map = DIRECT_MAP_LOWEST + work->handoff->seed.direct_map % places * GIB;
}

static bool allocate_tables(struct work *work, struct failure *failure)
{
	struct directmap directmap = directmap_of(work);
	uint64_t tables = 1 + paging_tables_bound(work->handoff->kernel->memory.length, PAGING_4K) +
	        paging_tables_bound((uint64_t)(jump_end - jump_start), PAGING_4K) +
	        directmap_tables_bound(&directmap, work->largest) + TABLES_GROWTH;

	choose_direct_map(work, &directmap);
	if (!memory_allocate(tables * MEMORY_PAGE, BOOT_MEMORY_KERNEL, &work->pool))
		return failure_set(failure, FAILED_NO_MEMORY,
		        "the machine has not %lu KiB of memory left for page tables; add memory", tables * MEMORY_PAGE / 1024);
	work->paging = (struct paging){memory_at(&work->pool), work->pool.start, (uint32_t)tables, 0};
	return true;
}

static bool map_kernel(struct work *work)
{
	const struct kernel *kernel = work->handoff->kernel;

	for (uint32_t i = 0; i < kernel->piece_count; i++) {
		const struct segments_piece *piece = &kernel->pieces[i];

		if (!paging_map(&work->paging, kernel->virtual + piece->offset, kernel->memory.start + piece->offset,
		            piece->length, piece->rights, PAGING_4K))
			return false;
	}
	return true;
}

/* The code that loads CR3 must be at the same address before and after. */
static bool map_jump(struct work *work)
{
	uint64_t start = (uint64_t)jump_start & ~(MEMORY_PAGE - 1);
	uint64_t end = ((uint64_t)jump_end + MEMORY_PAGE - 1) & ~(MEMORY_PAGE - 1);

	return paging_map(&work->paging, start, start, end - start, PAGING_EXECUTE, PAGING_4K);
}

static bool build_tables(struct work *work, struct failure *failure)
{
	struct directmap directmap = directmap_of(work);

	if (!paging_start(&work->paging) || !map_kernel(work) || !map_jump(work) ||
	        !directmap_build(&directmap, work->direct_map, work->largest, &work->paging))
		return failure_set(failure, FAILED_PAGE_TABLES,
		        "the page tables could not be built (%u of %u pages used); this is a fault of the loader, report it",
		        work->paging.used, work->paging.pages);
	/* What was not used of the pool is the kernel's to take: the map is made once more, now that its size is known. */
	memory_shrink(&work->pool, work->paging.used * MEMORY_PAGE);
	if (!resolve(work))
		return map_failed(EFI_BUFFER_TOO_SMALL, failure);
	return true;
}

static void fill_bootinfo(struct work *work, uint64_t wall_seconds)
{
	const struct handoff *handoff = work->handoff;
	struct directmap directmap = directmap_of(work);
	struct bootinfo *info = &work->page->info;

	*info = (struct bootinfo){
	        .magic = BOOTINFO_MAGIC,
	        .version = BOOTINFO_VERSION,
	        .size = sizeof *info,
	        .direct_map = work->direct_map,
	        .direct_map_length = directmap_end(&directmap),
	        .kernel_virtual = handoff->kernel->virtual,
	        .kernel_slide = handoff->kernel->slide,
	        .kernel = handoff->kernel->memory,
	        .page_table_root = work->paging.physical,
	        .memory_map = (uint64_t)work->map,
	        .memory_count = work->map_count,
	        .seed_source = handoff->seed.source,
	        .initfs = handoff->initfs,
	        .command_line = {(uint64_t)work->page->command_line, handoff->conf->command_line_length},
	        .panic = handoff->panic,
	        .framebuffer = handoff->framebuffer,
	        .rsdp = handoff->tables.rsdp,
	        .smbios = handoff->tables.smbios,
	        .tsc_entry = tsc_entry,
	        .wall_seconds = wall_seconds,
	};
	__builtin_memcpy(info->seed, handoff->seed.bytes, sizeof info->seed);
	text_format(info->loader, sizeof info->loader, "hearth %s", LOADER_BUILD_ID);
	__builtin_memcpy(work->page->command_line, handoff->conf->command_line, handoff->conf->command_line_length + 1);
}

/* Flat segments whose accessed bits are set, so that the processor does not write to them. */
static void fill_jump(struct work *work)
{
	struct jump_block *jump = &work->page->jump;

	*jump = (struct jump_block){.gdt = {0, 0x00af9b000000ffffull, 0x00cf93000000ffffull}};
	jump->gdt_register.limit = 3 * 8 - 1;
	jump->gdt_register.base = work->direct_map + (uint64_t)jump->gdt;
}

static uint64_t wall_seconds(void)
{
	EFI_TIME time;

	if (EFI_ERROR(firmware.runtime->GetTime(&time, 0)))
		return 0;
	return calendar_seconds(
	        &(struct calendar_time){time.Year, time.Month, time.Day, time.Hour, time.Minute, time.Second, time.TimeZone});
}

/* One try: everything from a fresh map. False without a failure's code means that the firmware's map has changed. */
static bool leave_firmware(struct work *work, uint64_t seconds, struct failure *failure)
{
	EFI_STATUS status;

	if (!read_map(work, failure) || !build_tables(work, failure))
		return false;
	fill_bootinfo(work, seconds);
	fill_jump(work);
	status = firmware.boot->ExitBootServices(firmware.image, work->key);
	if (status == EFI_SUCCESS)
		return true;
	console_leave_firmware();
	if (status == EFI_INVALID_PARAMETER)
		return false;
	return failure_set(failure, FAILED_LEAVE, "the firmware refuses to hand over the machine (%s); update the firmware",
	        firmware_status_text(status));
}

bool handoff_run(const struct handoff *handoff, struct failure *failure)
{
	struct work work = {.handoff = handoff, .largest = cpu_has_1g_pages() ? PAGING_1G : PAGING_2M};
	uint64_t seconds;

	find_read_only(&work);
	if (!allocate(&work, failure) || !read_map(&work, failure) || !allocate_tables(&work, failure))
		return false;
	seconds = wall_seconds();
	for (int tries = 0; tries < EXIT_TRIES; tries++) {
		if (leave_firmware(&work, seconds, failure))
			jump_to_kernel(work.direct_map + (uint64_t)&work.page->info, handoff->kernel->entry,
			        work.paging.physical, work.direct_map + (uint64_t)&work.page->jump);
		if (failure->code != FAILURE_NONE)
			return false;
	}
	return failure_set(failure, FAILED_LEAVE,
	        "the firmware changed its memory map %u times while it was asked to hand over the machine; update the firmware",
	        EXIT_TRIES);
}
