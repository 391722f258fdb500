/*
 * The fake firmware's parts. Its functions have the calling convention of UEFI, as the loader's headers declare it. Physical
 * addresses are this program's own: the memory is mapped at a low place that the loader's arithmetic can live with.
 */
#include "tests/host/loader_firmware.h"

#include "abi/bootinfo.h"
#include "boot/cpu.h"
#include "boot/jump.h"
#include "boot/memory.h"
#include "boot/serial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096ull

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

struct fake fake;
uint64_t tsc_entry = 1;

/* Stands for the code of jump.S, and is never run. */
__asm__(".pushsection .rodata\n.globl jump_start, jump_end\njump_start: .skip 64\njump_end: .popsection");

static EFI_BOOT_SERVICES boot_services;
static EFI_RUNTIME_SERVICES runtime_services;
static EFI_SYSTEM_TABLE system_table;
static SIMPLE_TEXT_OUTPUT_INTERFACE console;
static EFI_LOADED_IMAGE loaded_image;
static EFI_FILE_IO_INTERFACE file_system;
static EFI_RNG_PROTOCOL generator;
static char image_handle, volume_handle;

/* ---- the machine */

bool cpu_check(struct failure *failure)
{
	(void)failure;
	return true;
}

bool cpu_has_1g_pages(void)
{
	return true;
}

bool cpu_has_rdrand(void)
{
	return fake.rdrand;
}

bool cpu_rdrand(uint64_t *out)
{
	static uint64_t word;

	*out = word += 0x9e3779b97f4a7c15ull;
	return true;
}

bool serial_start(void)
{
	return fake.has_com1;
}

void serial_write(const char *text)
{
	strncat(fake.serial, text, sizeof fake.serial - strlen(fake.serial) - 1);
}

_Noreturn void jump_to_kernel(uint64_t bootinfo, uint64_t entry, uint64_t page_table_root, uint64_t block)
{
	(void)block;
	fake.bootinfo = bootinfo;
	fake.entry = entry;
	fake.page_table_root = page_table_root;
	longjmp(fake.jump, 1);
}

/* ---- memory */

static bool is_free(uint64_t first, uint64_t count)
{
	for (uint64_t i = first; i < first + count; i++)
		if (i >= FAKE_PAGES || fake.pages[i] != EfiConventionalMemory)
			return false;
	return true;
}

static EFIAPI EFI_STATUS allocate_pages(EFI_ALLOCATE_TYPE how, EFI_MEMORY_TYPE type, UINTN count, EFI_PHYSICAL_ADDRESS *address)
{
	uint64_t first = (*address - FAKE_BASE) / PAGE;

	if (fake.fail_allocation && ++fake.allocations == fake.fail_allocation)
		return EFI_OUT_OF_RESOURCES;
	if (count == 0 || count > FAKE_PAGES)
		return EFI_OUT_OF_RESOURCES;
	if (how == AllocateAddress && (*address < FAKE_BASE || !is_free(first, count)))
		return EFI_NOT_FOUND;
	if (how == AllocateAnyPages) {
		for (first = FAKE_PAGES - count; first && !is_free(first, count); first--)
			;
		if (!is_free(first, count))
			return EFI_OUT_OF_RESOURCES;
	}
	memset(fake.pages + first, (int)type, count);
	*address = FAKE_BASE + first * PAGE;
	fake.held++;
	memset((void *)*address, 0xa5, count * PAGE);
	return EFI_SUCCESS;
}

static EFIAPI EFI_STATUS free_pages(EFI_PHYSICAL_ADDRESS address, UINTN count)
{
	uint64_t first = (address - FAKE_BASE) / PAGE;

	for (uint64_t i = first; i < first + count; i++) {
		if (i >= FAKE_PAGES || fake.pages[i] != EfiLoaderData)
			abort(); /* what was not allocated */
		fake.pages[i] = EfiConventionalMemory;
	}
	fake.held--;
	return EFI_SUCCESS;
}

static EFIAPI EFI_STATUS get_memory_map(
        UINTN *size, EFI_MEMORY_DESCRIPTOR *map, UINTN *key, UINTN *descriptor_size, UINT32 *version)
{
	static EFI_MEMORY_DESCRIPTOR all[1000];
	unsigned count = 0;

	if (fake.map_status)
		return fake.map_status;
	for (unsigned i = 0; i < FAKE_PAGES; i++) {
		if (count && fake.pages[i] == all[count - 1].Type && i != 0) {
			all[count - 1].NumberOfPages++;
			continue;
		}
		all[count++] = (EFI_MEMORY_DESCRIPTOR){.Type = fake.pages[i],
		        .PhysicalStart = FAKE_BASE + i * PAGE,
		        .NumberOfPages = 1,
		        .Attribute = EFI_MEMORY_WB};
	}
	all[count++] = (EFI_MEMORY_DESCRIPTOR){.Type = EfiMemoryMappedIO, .PhysicalStart = 0xfee00000, .NumberOfPages = 1};
	all[count++] = (EFI_MEMORY_DESCRIPTOR){
	        .Type = EfiConventionalMemory, .PhysicalStart = 0x1000, .NumberOfPages = 100, .Attribute = EFI_MEMORY_WB};
	for (unsigned i = 0; i < fake.map_growth * fake.exits; i++)
		all[count++] = (EFI_MEMORY_DESCRIPTOR){
		        .Type = EfiReservedMemoryType, .PhysicalStart = (1ull << 33) + i * 0x10000, .NumberOfPages = 1};
	if (fake.odd_map)
		for (unsigned i = 0; i < 50; i++)
			all[count++] = (EFI_MEMORY_DESCRIPTOR){.Type = i,
			        .PhysicalStart = i * 0x123456789abcdull,
			        .NumberOfPages = UINT64_MAX / (i + 1),
			        .Attribute = i};
	*descriptor_size = sizeof *all;
	*version = 1;
	*key = 1000 + fake.exits;
	if (*size < count * sizeof *all) {
		*size = count * sizeof *all;
		return EFI_BUFFER_TOO_SMALL;
	}
	*size = count * sizeof *all;
	memcpy(map, all, *size);
	return EFI_SUCCESS;
}

static EFIAPI EFI_STATUS exit_boot_services(EFI_HANDLE image, UINTN key)
{
	if (image != &image_handle || key != 1000 + fake.exits)
		abort(); /* the loader gave another map's key */
	if (fake.open_files)
		abort(); /* and has left files open */
	if (fake.exits++ < fake.exit_refusals)
		return EFI_INVALID_PARAMETER;
	return fake.exit_status;
}

static EFIAPI EFI_STATUS free_pool(void *pointer)
{
	free(pointer);
	return EFI_SUCCESS;
}

unsigned fake_pages_held(void)
{
	unsigned held = 0;

	for (unsigned i = 0; i < FAKE_PAGES; i++)
		held += fake.pages[i] != EfiConventionalMemory;
	return held;
}

/* ---- files */

struct open_file {
	EFI_FILE file;
	const struct fake_file *what;
	uint64_t position;
};

static EFIAPI EFI_STATUS file_close(EFI_FILE *file)
{
	fake.used_after_exit |= fake.exits != 0;
	fake.open_files--;
	free(file);
	return EFI_SUCCESS;
}

static EFIAPI EFI_STATUS file_read_fake(EFI_FILE *file, UINTN *size, void *buffer)
{
	struct open_file *open = (struct open_file *)file;
	uint64_t left = open->what->size - open->position;

	if (open->what->read_status && open->position >= open->what->size / 2)
		return open->what->read_status == EFI_END_OF_FILE ? (*size = 0, EFI_SUCCESS) : open->what->read_status;
	if (*size > left)
		*size = left;
	if ((fake.short_reads || open->what->read_status) && *size > 1)
		*size /= 2;
	memcpy(buffer, (const uint8_t *)open->what->bytes + open->position, *size);
	open->position += *size;
	return EFI_SUCCESS;
}

static EFIAPI EFI_STATUS file_info(EFI_FILE *file, EFI_GUID *guid, UINTN *size, void *buffer)
{
	struct open_file *open = (struct open_file *)file;
	EFI_FILE_INFO info = {.Size = sizeof info, .FileSize = open->what->size};

	(void)guid;
	if (open->what->info_status)
		return open->what->info_status;
	info.Attribute = open->what->folder ? EFI_FILE_DIRECTORY : EFI_FILE_ARCHIVE;
	if (*size < sizeof info)
		return EFI_BUFFER_TOO_SMALL;
	memcpy(buffer, &info, sizeof info);
	return EFI_SUCCESS;
}

static EFIAPI EFI_STATUS file_open(EFI_FILE *folder, EFI_FILE **out, CHAR16 *path, UINT64 mode, UINT64 attributes);

static EFI_FILE *make_file(const struct fake_file *what)
{
	struct open_file *open = calloc(1, sizeof *open);

	open->what = what;
	open->file.Open = file_open;
	open->file.Close = file_close;
	open->file.Read = file_read_fake;
	open->file.GetInfo = file_info;
	fake.open_files++;
	return &open->file;
}

static EFIAPI EFI_STATUS file_open(EFI_FILE *folder, EFI_FILE **out, CHAR16 *path, UINT64 mode, UINT64 attributes)
{
	char name[256];
	unsigned length = 0;

	(void)folder, (void)attributes;
	if (mode != EFI_FILE_MODE_READ)
		abort();
	for (; path[length]; length++)
		name[length] = (char)path[length];
	name[length] = '\0';
	for (const struct fake_file *file = fake.files; file && file->path; file++)
		if (!strcmp(file->path, name)) {
			if (file->open_status)
				return file->open_status;
			*out = make_file(file);
			return EFI_SUCCESS;
		}
	return EFI_NOT_FOUND;
}

static EFIAPI EFI_STATUS open_volume(EFI_FILE_IO_INTERFACE *self, EFI_FILE **out)
{
	static const struct fake_file root = {.path = "\\", .folder = true};

	(void)self;
	if (fake.volume_status)
		return fake.volume_status;
	*out = make_file(&root);
	return EFI_SUCCESS;
}

/* ---- the rest */

static EFIAPI EFI_STATUS handle_protocol(EFI_HANDLE handle, EFI_GUID *protocol, void **out)
{
	static const EFI_GUID image = LOADED_IMAGE_PROTOCOL, volume = SIMPLE_FILE_SYSTEM_PROTOCOL;

	if (handle == &image_handle && !memcmp(protocol, &image, sizeof image))
		return *out = &loaded_image, EFI_SUCCESS;
	if (handle == &volume_handle && !memcmp(protocol, &volume, sizeof volume))
		return *out = &file_system, EFI_SUCCESS;
	return EFI_UNSUPPORTED;
}

static EFIAPI EFI_STATUS locate_protocol(EFI_GUID *protocol, void *registration, void **out)
{
	static const EFI_GUID rng = EFI_RNG_PROTOCOL_GUID;

	(void)registration;
	if (fake.rng && !memcmp(protocol, &rng, sizeof rng))
		return *out = &generator, EFI_SUCCESS;
	return EFI_NOT_FOUND;
}

static EFIAPI EFI_STATUS locate_handle_buffer(
        EFI_LOCATE_SEARCH_TYPE how, EFI_GUID *protocol, void *key, UINTN *count, EFI_HANDLE **out)
{
	(void)how, (void)protocol, (void)key, (void)count, (void)out;
	return EFI_NOT_FOUND;
}

static EFIAPI EFI_STATUS get_rng(EFI_RNG_PROTOCOL *self, EFI_RNG_ALGORITHM *algorithm, UINTN size, UINT8 *out)
{
	(void)self, (void)algorithm;
	for (UINTN i = 0; i < size; i++)
		out[i] = fake.rng_stuck ? 0xff : (UINT8)(i * 37 + 1);
	return fake.rng_status;
}

static EFIAPI EFI_STATUS output_string(SIMPLE_TEXT_OUTPUT_INTERFACE *self, CHAR16 *text)
{
	size_t length = strlen(fake.screen);

	(void)self;
	fake.used_after_exit |= fake.exits != 0;
	for (; *text && length < sizeof fake.screen - 1; text++)
		fake.screen[length++] = (char)*text;
	fake.screen[length] = '\0';
	return EFI_SUCCESS;
}

/* ConOut: an ACPI UART node of COM1 or COM2, then the UART's. */
static EFIAPI EFI_STATUS get_variable(CHAR16 *name, EFI_GUID *vendor, UINT32 *attributes, UINTN *size, void *data)
{
	uint8_t path[] = {2, 1, 12, 0, 0xd0, 0x41, 0x01, 0x05, !fake.console_is_com1, 0, 0, 0, 3, 14, 19, 0, 0, 0, 0, 0, 0, 0,
	        0, 0, 0, 0, 0, 0, 0, 8, 1, 0x7f, 0xff, 4, 0};

	(void)name, (void)vendor, (void)attributes;
	if (*size < sizeof path)
		return EFI_BUFFER_TOO_SMALL;
	*size = sizeof path;
	memcpy(data, path, sizeof path);
	return EFI_SUCCESS;
}

static EFIAPI EFI_STATUS get_time(EFI_TIME *time, EFI_TIME_CAPABILITIES *capabilities)
{
	(void)capabilities;
	*time = (EFI_TIME){.Year = 2024, .Month = 2, .Day = 29, .TimeZone = EFI_UNSPECIFIED_TIMEZONE};
	return fake.time_status;
}

static EFIAPI EFI_STATUS stall(UINTN microseconds)
{
	(void)microseconds;
	return EFI_SUCCESS;
}

static void start(void)
{
	void *memory = mmap((void *)FAKE_BASE, FAKE_PAGES * PAGE, PROT_READ | PROT_WRITE,
	        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (memory != (void *)FAKE_BASE) {
		puts("not ok loader: memory for the fake firmware can be mapped: it can not");
		exit(1);
	}
	boot_services.AllocatePages = allocate_pages;
	boot_services.FreePages = free_pages;
	boot_services.GetMemoryMap = get_memory_map;
	boot_services.ExitBootServices = exit_boot_services;
	boot_services.FreePool = free_pool;
	boot_services.HandleProtocol = handle_protocol;
	boot_services.LocateProtocol = locate_protocol;
	boot_services.LocateHandleBuffer = locate_handle_buffer;
	boot_services.Stall = stall;
	runtime_services.GetVariable = get_variable;
	runtime_services.GetTime = get_time;
	console.OutputString = output_string;
	loaded_image.DeviceHandle = &volume_handle;
	file_system.OpenVolume = open_volume;
	generator.GetRNG = get_rng;
	system_table.BootServices = &boot_services;
	system_table.RuntimeServices = &runtime_services;
	system_table.ConOut = &console;
}

void fake_reset(void)
{
	if (!system_table.BootServices)
		start();
	else
		memory_free_all();
	memset(&fake, 0, sizeof fake);
	memset(fake.pages, EfiConventionalMemory, sizeof fake.pages);
	fake.rdrand = true;
	fake.has_com1 = true;
}

bool fake_run(EFI_STATUS *out)
{
	if (setjmp(fake.jump))
		return true;
	*out = efi_main(&image_handle, &system_table);
	return false;
}
