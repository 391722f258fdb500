/*
 * The loader as a whole, in a fake firmware (loader_firmware.c) where everything can fail: whatever it is, there is one sentence,
 * a status of its own, and nothing is kept.
 */
/* sources: tests/host/loader_firmware.c boot/main.c boot/handoff.c boot/kernel.c boot/file.c boot/memory.c boot/console.c */
/* sources: boot/firmware.c boot/seed.c boot/tables.c boot/video.c boot/panicarea.c boot/bootconf.c boot/text.c boot/memmap.c */
/* sources: boot/directmap.c boot/paging.c boot/segments.c common/calendar.c common/elf.c */
/* flags: -DGNU_EFI_USE_MS_ABI -fshort-wchar -isystem /usr/include/efi -isystem /usr/include/efi/x86_64 */
/* flags: -DLOADER_BUILD_ID='"test"' */
#include "tests/host/loader_firmware.h"

#include "abi/bootinfo.h"
#include "boot/failure.h"

#include <stdio.h>
#include <string.h>

#define CONF "kernel = k\ninitfs = i\ncommand_line = hello\n"

static int failures;
static uint8_t kernel[0x3000], initfs[10000];
static struct fake_file files[4];

static void check(bool ok, const char *name, const char *why)
{
	printf(ok ? "ok loader: %s\n" : "not ok loader: %s: %s\n", name, why);
	failures += !ok;
}

static void put(uint64_t at, uint64_t number, int bytes)
{
	memcpy(kernel + at, &number, (size_t)bytes);
}

/* A kernel of two segments: text, and data with more memory than bytes. */
static void make_kernel(void)
{
	static const struct {
		uint32_t flags;
		uint64_t offset, file_size, memory_size;
	} segments[] = {{5, 0, 0x1000, 0x1000}, {6, 0x1000, 0x1800, 0x5000}};

	memset(kernel, 0x11, sizeof kernel);
	memcpy(kernel, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
	put(16, 3, 2), put(18, 62, 2), put(20, 1, 4), put(24, KERNEL_VIRTUAL_BASE + 0x200, 8);
	put(32, 64, 8), put(40, 0, 8), put(48, 0, 4), put(52, 64, 2), put(54, 56, 2), put(56, 2, 2), put(58, 0, 6);
	for (unsigned i = 0; i < 2; i++) {
		put(64 + 56 * i, 1, 4), put(68 + 56 * i, segments[i].flags, 4), put(72 + 56 * i, segments[i].offset, 8);
		put(80 + 56 * i, KERNEL_VIRTUAL_BASE + segments[i].offset, 8), put(88 + 56 * i, 0, 8);
		put(96 + 56 * i, segments[i].file_size, 8), put(104 + 56 * i, segments[i].memory_size, 8),
		        put(112 + 56 * i, 4096, 8);
	}
}

/* A firmware on which a boot goes well. */
static void fresh(void)
{
	fake_reset();
	for (unsigned i = 0; i < sizeof initfs; i++)
		initfs[i] = (uint8_t)(i * 7);
	make_kernel();
	files[0] = (struct fake_file){.path = "\\hearth\\boot.conf", .bytes = CONF, .size = sizeof CONF - 1};
	files[1] = (struct fake_file){.path = "\\hearth\\k", .bytes = kernel, .size = 0x2800};
	files[2] = (struct fake_file){.path = "\\hearth\\i", .bytes = initfs, .size = sizeof initfs};
	files[3] = (struct fake_file){0};
	fake.files = files;
}

/* bootinfo in memory: all of that lies below 1 GiB, and the direct map begins at a multiple. */
static const struct bootinfo *handed_over(void)
{
	return (const struct bootinfo *)(fake.bootinfo & 0x3fffffff);
}

static bool boots(const char *name)
{
	EFI_STATUS status = 0;
	bool entered = fake_run(&status);

	check(entered && !fake.used_after_exit && !fake.open_files, name, entered ? "it uses what is gone" : fake.screen);
	return entered;
}

static void fails(const char *name, enum failure_code code, const char *sentence)
{
	EFI_STATUS status = 0;
	char why[9000];
	const char *said;
	bool entered = fake_run(&status);

	said = fake.exits ? fake.serial : fake.screen;
	snprintf(why, sizeof why, "entered %d, status %lx, %u pages and %u files held, said: %s%s", entered,
	        (unsigned long)status, fake_pages_held(), fake.open_files, fake.screen, fake.serial);
	check(!entered && status == FAILURE_STATUS(code) && strstr(said, "boot failed: ") && strstr(said, sentence) &&
	                !fake_pages_held() && !fake.open_files && !fake.used_after_exit,
	        name, why);
}

static void test_good(void)
{
	const struct bootinfo *info;

	fresh();
	if (!boots("a boot goes well"))
		return;
	info = handed_over();
	check(info && info->magic == BOOTINFO_MAGIC && info->kernel_slide % 0x200000 == 0 &&
	                fake.entry == KERNEL_VIRTUAL_BASE + 0x200 + info->kernel_slide,
	        "the kernel is entered at its slide", "it is not");
	check(info->initfs.length == sizeof initfs && !memcmp((void *)info->initfs.start, initfs, sizeof initfs),
	        "initfs is in memory", "it is not");
	check(*(const uint8_t *)(info->initfs.start + sizeof initfs) == 0 &&
	                *(const uint8_t *)(info->initfs.start + 0x2fff) == 0,
	        "zeros follow it", "they do not");
	check(!memcmp((void *)info->kernel.start, kernel, 0x2800) && ((uint8_t *)info->kernel.start)[0x2800] == 0 &&
	                ((uint8_t *)info->kernel.start)[0x5fff] == 0 && info->kernel.length == 0x6000,
	        "the kernel is in memory, zeros where the file has nothing", "it is not");
	check(fake.held == 6, "nothing is held but panic area, kernel, initfs, bootinfo, scratch and page tables",
	        "there is more or less");
	check(info->wall_seconds == 1709164800, "the clock is read", "it is not");
	check(info->panic.start == 0x2000000 && info->panic.length == 65536, "the panic area is at its first place",
	        "it is not");
	check(strstr(fake.screen, "hearth loader test: kernel 10 KiB, initfs 10 KiB, no screen\r\n") != 0,
	        "one line says what is loaded", fake.screen);
}

static void test_awkward(void)
{
	fresh();
	fake.short_reads = true;
	if (boots("files that come in small parts are read"))
		check(!memcmp((void *)handed_over()->initfs.start, initfs, sizeof initfs), "completely", "not completely");
	fresh();
	fake.exit_refusals = 7;
	fake.map_growth = 4;
	boots("a memory map that changes is asked for again");
	fresh();
	fake.odd_map = true;
	boots("an absurd memory map does no harm");
	fresh();
	fake.pages[0x100] = EfiReservedMemoryType;
	if (boots("the panic area's first place is taken"))
		check(handed_over()->panic.start == 0x3000000, "the second is used", "it is not");
	fresh();
	fake.time_status = EFI_DEVICE_ERROR;
	if (boots("a clock that does not work"))
		check(handed_over()->wall_seconds == 0, "is unknown time", "it is not");
}

static void test_seed(void)
{
	fresh();
	fake.rng = true;
	if (boots("a firmware with random numbers"))
		check(handed_over()->seed_source == SEED_EFI_RNG, "gives the seed", "it does not");
	fresh();
	fake.rng = true;
	fake.rng_status = EFI_DEVICE_ERROR;
	if (boots("a firmware whose generator fails"))
		check(handed_over()->seed_source == SEED_RDRAND, "is replaced by the processor's", "it is not");
	fresh();
	fake.rng = fake.rng_stuck = true;
	fake.rdrand = false;
	if (boots("a generator that is stuck")) {
		static const uint8_t zero[64];

		check(handed_over()->seed_source == SEED_NONE && !memcmp(handed_over()->seed, zero, 64), "is none",
		        "it is one");
	}
}

static void test_console(void)
{
	fresh();
	fake.console_is_com1 = true;
	if (boots("a firmware whose console is on COM1"))
		check(!fake.serial[0], "is not repeated there", fake.serial);
	fresh();
	if (boots("a firmware whose console is not"))
		check(!strcmp(fake.screen, fake.serial), "is", fake.serial);
	fresh();
	fake.has_com1 = false;
	if (boots("no COM1 at all"))
		check(fake.screen[0] && !fake.serial[0], "is no trouble", "it is");
}

static void test_files(void)
{
	fresh();
	fake.volume_status = EFI_VOLUME_CORRUPTED;
	fails("a volume that can not be opened", FAILED_NO_VOLUME, "no file system that the firmware reads (volume corrupted)");
	fresh();
	files[0].open_status = EFI_DEVICE_ERROR;
	fails("boot.conf can not be opened", FAILED_CONF_UNREADABLE, "\\hearth\\boot.conf can not be opened (device error)");
	fresh();
	files[1].info_status = EFI_VOLUME_CORRUPTED;
	fails("the kernel can not be described", FAILED_KERNEL_UNREADABLE, "\\hearth\\k can not be opened (volume corrupted)");
	fresh();
	files[1].read_status = EFI_DEVICE_ERROR;
	fails("the kernel can not be read", FAILED_KERNEL_UNREADABLE, "\\hearth\\k can not be read to its end (device error)");
	fresh();
	files[2].read_status = EFI_END_OF_FILE;
	fails("initfs is shorter than its size", FAILED_INITFS_UNREADABLE,
	        "\\hearth\\i can not be read to its end (volume corrupted)");
	fresh();
	files[2].size = 1ull << 62;
	fails("initfs has an absurd size", FAILED_INITFS_TOO_LARGE, "at most");
	fresh();
	files[2].size = 1ull << 45;
	fails("initfs is larger than any memory", FAILED_INITFS_TOO_LARGE, "not so much free memory");
}

static void test_leaving(void)
{
	fresh();
	fake.exit_refusals = 8;
	fails("a firmware that never lets go", FAILED_LEAVE, "changed its memory map 8 times");
	fresh();
	fake.exit_refusals = 2;
	fake.exit_status = EFI_UNSUPPORTED;
	fails("a firmware that refuses", FAILED_LEAVE, "refuses to hand over the machine (not supported)");
	fresh();
	fake.exit_refusals = 8;
	fake.map_growth = 20;
	fails("a memory map that grows without end", FAILED_MEMORY_MAP, "memory map");
	fresh();
	fake.map_status = EFI_DEVICE_ERROR;
	fails("no memory map", FAILED_MEMORY_MAP, "does not tell its memory map (device error)");
}

/* Every allocation fails once. */
static void test_allocations(void)
{
	static const struct {
		enum failure_code code;
		const char *sentence;
	} expected[] = {
	        {FAILURE_NONE, ""}, /* the panic area's first place: the second is taken */
	        {FAILED_CONF_TOO_LARGE, "boot.conf"},
	        {FAILED_KERNEL_TOO_LARGE, "\\hearth\\k has 10 KiB"},
	        {FAILED_KERNEL_TOO_LARGE, "\\hearth\\k needs 24 KiB in one piece"},
	        {FAILED_INITFS_TOO_LARGE, "\\hearth\\i has 10 KiB"},
	        {FAILED_NO_MEMORY, "handoff block"},
	        {FAILED_NO_MEMORY, "handoff block"},
	        {FAILED_NO_MEMORY, "page tables"},
	};
	char name[100];

	for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++) {
		fresh();
		fake.fail_allocation = i + 1;
		sprintf(name, "allocation %u fails", i + 1);
		if (expected[i].code == FAILURE_NONE)
			boots(name);
		else
			fails(name, expected[i].code, expected[i].sentence);
	}
	fresh();
	fake.fail_allocation = sizeof expected / sizeof *expected + 1;
	boots("no other allocation is made");
	check(fake.allocations < fake.fail_allocation, "and each was made to fail", "there are more");
}

int main(void)
{
	test_good();
	test_awkward();
	test_seed();
	test_console();
	test_files();
	test_leaving();
	test_allocations();
	return failures != 0;
}
