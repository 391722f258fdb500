/*
 * A kernel that only looks: it checks every promise of abi/bootinfo.h and docs/boot.md that a machine can check, prints a line
 * for each on COM1, and leaves through QEMU's isa-debug-exit (0x10: all held, 0x11: not).
 *
 * The command line may ask for more: "panic=write" leaves a report in the panic area and resets the machine, "panic=expect"
 * demands that a report is there.
 */
#include <stdbool.h>
#include <stdint.h>

#include "abi/bootinfo.h"

#define PAGE 4096ull
#define PRESENT 1ull
#define WRITABLE 2ull
#define USER 4ull
#define LARGE 0x80ull
#define NO_EXECUTE (1ull << 63)
#define ADDRESS 0x000ffffffffff000ull

void probe_main(const struct bootinfo *info, uint64_t flags);
void *memcpy(void *restrict to, const void *restrict from, uint64_t length);
void *memset(void *to, int byte, uint64_t length);

extern uint64_t probe_rsp;
extern const uint8_t probe_entry[];

/* A page of each kind, to look up in the page tables. */
static const char *const relocated[512] = {"first", "second"}; /* relro */
static volatile uint64_t data = 0x1234;
static volatile uint8_t zeros[3 * PAGE];
static const uint8_t constants[64] = {1, 2, 3};

static const struct bootinfo *boot;
static bool all_hold = true;

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

void *memcpy(void *restrict to, const void *restrict from, uint64_t length)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(length) : : "memory");
	return to;
}

void *memset(void *to, int byte, uint64_t length)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(byte) : "memory");
	return to;
}

static void print(const char *text)
{
	for (; *text; text++) {
		while (!(in8(0x3fd) & 0x20))
			;
		out8(0x3f8, (uint8_t)*text);
	}
}

static void print_hex(uint64_t number)
{
	char digits[19] = "0x";
	int at = 2;

	for (int shift = 60; shift >= 0; shift -= 4)
		if (number >> shift || shift == 0)
			digits[at++] = "0123456789abcdef"[number >> shift & 15];
	digits[at] = '\0';
	print(digits);
}

static void value(const char *name, uint64_t number)
{
	print("probe ");
	print(name);
	print(" ");
	print_hex(number);
	print("\r\n");
}

static void check(bool holds, const char *name)
{
	print(holds ? "ok " : "not ok ");
	print(name);
	print("\r\n");
	all_hold = all_hold && holds;
}

static _Noreturn void leave(void)
{
	print(all_hold ? "probe: all holds\r\n" : "probe: something does not hold\r\n");
	for (;;)
		__asm__ volatile("outl %0, %1" : : "a"(all_hold ? 0x10 : 0x11), "Nd"((uint16_t)0xf4));
}

static void *direct(uint64_t physical)
{
	return (void *)(boot->direct_map + physical);
}

static bool same(const char *left, const char *right, uint64_t length)
{
	while (length && *left == *right)
		left++, right++, length--;
	return length == 0;
}

static bool is_ram(uint32_t type)
{
	return type >= BOOT_MEMORY_FREE && type <= BOOT_MEMORY_FIRMWARE;
}

/* The type of the map's entry in which the whole range lies, 0 if there is none. */
static uint32_t type_of(uint64_t start, uint64_t length)
{
	const struct boot_memory *map = direct(boot->memory_map);

	for (uint32_t i = 0; i < boot->memory_count; i++)
		if (start >= map[i].start && start - map[i].start < map[i].length &&
		        length <= map[i].length - (start - map[i].start))
			return map[i].type;
	return 0;
}

static bool map_is_sound(void)
{
	const struct boot_memory *map = direct(boot->memory_map);
	uint64_t end = 0;

	for (uint32_t i = 0; i < boot->memory_count; i++) {
		bool touches = i && end == map[i].start;

		if (map[i].start < end || map[i].length == 0 || (map[i].start | map[i].length) % PAGE)
			return false;
		if (map[i].type < BOOT_MEMORY_FREE || map[i].type > BOOT_MEMORY_BAD ||
		        (touches && map[i].type == map[i - 1].type))
			return false;
		end = map[i].start + map[i].length;
	}
	return boot->memory_count > 0;
}

static void print_map(void)
{
	const struct boot_memory *map = direct(boot->memory_map);

	for (uint32_t i = 0; i < boot->memory_count; i++) {
		print("probe map ");
		print_hex(map[i].start);
		print(" ");
		print_hex(map[i].length);
		print(" ");
		print_hex(map[i].type);
		print("\r\n");
	}
}

static uint64_t map_bytes(bool (*wanted)(uint32_t type))
{
	const struct boot_memory *map = direct(boot->memory_map);
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < boot->memory_count; i++)
		if (wanted(map[i].type))
			bytes += map[i].length;
	return bytes;
}

/* What the walk over all page tables finds. */
static struct {
	uint64_t direct_bytes, kernel_bytes, elsewhere_bytes, lower_bytes;
	uint64_t tables, pages[4];
	bool writable_executable, user, wrong_address, not_ram, direct_executable, lower_writable, table_not_kernel;
	bool protected_writable; /* kernel text or constants, firmware, ACPI */
} found;

/* Of one page of the image: whether the kernel's own mapping allows writing. */
static uint64_t entry_of(uint64_t virtual, uint64_t *out_size);

static void see_direct(uint64_t virtual, uint64_t size, uint64_t entry)
{
	uint64_t physical = entry & ADDRESS & ~(size - 1), kernel_size;
	uint32_t type;

	found.direct_bytes += size;
	found.direct_executable |= !(entry & NO_EXECUTE);
	found.wrong_address |= virtual - boot->direct_map != physical;
	for (uint64_t at = physical; at < physical + size; at += PAGE) {
		type = type_of(at, PAGE);
		found.not_ram |= !is_ram(type);
		if (!(entry & WRITABLE))
			continue;
		found.protected_writable |=
		        type == BOOT_MEMORY_ACPI || type == BOOT_MEMORY_ACPI_NVS || type == BOOT_MEMORY_FIRMWARE;
		if (at - boot->kernel.start < boot->kernel.length) {
			uint64_t own = entry_of(boot->kernel_virtual + (at - boot->kernel.start), &kernel_size);

			found.protected_writable |= (own & PRESENT) && !(own & WRITABLE);
		}
	}
}

static void see(uint64_t virtual, uint64_t size, uint64_t entry)
{
	found.pages[size == PAGE ? 1 : size == PAGE * 512 ? 2 : 3]++;
	found.writable_executable |= (entry & WRITABLE) && !(entry & NO_EXECUTE);
	found.user |= entry & USER;
	if (!(virtual >> 63)) {
		found.lower_bytes += size;
		found.lower_writable |= entry & WRITABLE;
	} else if (virtual - boot->direct_map < boot->direct_map_length) {
		see_direct(virtual, size, entry);
	} else if (virtual - boot->kernel_virtual < boot->kernel.length) {
		found.kernel_bytes += size;
		found.wrong_address |= virtual - boot->kernel_virtual != (entry & ADDRESS) - boot->kernel.start;
	} else {
		found.elsewhere_bytes += size;
	}
}

static void walk(uint64_t table_physical, int level, uint64_t base)
{
	const uint64_t *table = direct(table_physical);
	uint64_t size = PAGE << 9 * (level - 1);

	found.tables++;
	found.table_not_kernel |= type_of(table_physical, PAGE) != BOOT_MEMORY_KERNEL;
	for (uint64_t i = 0; i < 512; i++) {
		uint64_t virtual = base + i * size;

		if (level == 4 && i >= 256)
			virtual |= 0xffff000000000000ull;
		if (!(table[i] & PRESENT))
			continue;
		if (level == 1 || (level < 4 && (table[i] & LARGE)))
			see(virtual, size, table[i]);
		else
			walk(table[i] & ADDRESS, level - 1, virtual);
	}
}

static uint64_t entry_of(uint64_t virtual, uint64_t *out_size)
{
	uint64_t table = boot->page_table_root;

	for (int level = 4; level > 0; level--) {
		uint64_t entry = ((const uint64_t *)direct(table))[virtual >> (3 + 9 * level) & 511];

		*out_size = PAGE << 9 * (level - 1);
		if (!(entry & PRESENT) || level == 1 || (level < 4 && (entry & LARGE)))
			return entry;
		table = entry & ADDRESS;
	}
	return 0;
}

/* Whether the page at an address of ours has exactly these rights. */
static bool page_is(const volatile void *address, bool writable, bool executable)
{
	uint64_t size, entry = entry_of((uint64_t)address, &size);

	return (entry & PRESENT) && !!(entry & WRITABLE) == writable && !(entry & NO_EXECUTE) == executable && size == PAGE;
}

static void check_registers(uint64_t flags)
{
	uint64_t cr0, cr3, cr4;
	uint32_t efer, high;

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("rdmsr" : "=a"(efer), "=d"(high) : "c"(0xc0000080));
	check(!(flags & 1 << 9) && !(flags & 1 << 10), "interrupts are off, the direction flag is clear");
	check(cr0 >> 16 & 1, "CR0.WP is set");
	check(efer >> 11 & 1, "EFER.NXE is set");
	check(cr3 == boot->page_table_root, "CR3 is the root that bootinfo names");
	check(!(cr4 & (1 << 7 | 1 << 17)), "no global pages, no PCID");
	check(probe_rsp == 0, "there is no stack");
}

static void check_descriptor_tables(void)
{
	struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} gdt, idt;

	__asm__ volatile("sgdt %0" : "=m"(gdt));
	__asm__ volatile("sidt %0" : "=m"(idt));
	check(gdt.base - boot->direct_map < boot->direct_map_length &&
	                type_of(gdt.base - boot->direct_map, gdt.limit) == BOOT_MEMORY_LOADER,
	        "the GDT is in the loader's memory and in the direct map");
	check(idt.limit == 0, "the IDT is empty");
}

static void check_places(void)
{
	check(((uint64_t)boot - boot->direct_map) < boot->direct_map_length, "bootinfo is in the direct map");
	check(boot->direct_map % (1ull << 30) == 0 && boot->direct_map >= DIRECT_MAP_LOWEST &&
	                boot->direct_map + boot->direct_map_length <= DIRECT_MAP_HIGHEST,
	        "the direct map is where it may be");
	check(boot->kernel_slide % 0x200000 == 0 && boot->kernel_slide <= KERNEL_SLIDE_MAX, "the slide is one");
	check(boot->kernel_virtual == KERNEL_VIRTUAL_BASE + boot->kernel_slide, "the image begins at base and slide");
	check(type_of((uint64_t)boot - boot->direct_map, sizeof *boot) == BOOT_MEMORY_LOADER &&
	                type_of(boot->memory_map, boot->memory_count * sizeof(struct boot_memory)) == BOOT_MEMORY_LOADER &&
	                type_of(boot->command_line.start, boot->command_line.length + 1) == BOOT_MEMORY_LOADER,
	        "bootinfo, map and command line are the loader's memory");
	check(type_of(boot->kernel.start, boot->kernel.length) == BOOT_MEMORY_KERNEL, "the kernel's memory is the kernel's");
	check(type_of(boot->initfs.start, boot->initfs.length) == BOOT_MEMORY_INITFS, "initfs is initfs");
	check(!boot->panic.length ||
	                (type_of(boot->panic.start, boot->panic.length) == BOOT_MEMORY_PANIC && boot->panic.length == 65536),
	        "the panic area is one");
	check(type_of(0, PAGE) == BOOT_MEMORY_RESERVED, "nobody is given the page at 0");
}

static void check_page_tables(void)
{
	walk(boot->page_table_root, 4, 0);
	value("tables", found.tables);
	value("pages.4k", found.pages[1]);
	value("pages.2m", found.pages[2]);
	value("pages.1g", found.pages[3]);
	check(!found.writable_executable && !found.user, "no page is writable and executable, or the user's");
	check(!found.wrong_address, "every page is the one it should be");
	check(!found.not_ram, "the direct map has nothing but RAM");
	check(found.direct_bytes == map_bytes(is_ram), "and all RAM");
	check(!found.direct_executable, "nothing of it is executable");
	check(!found.protected_writable, "kernel text and constants, firmware and ACPI are read-only in it");
	check(found.kernel_bytes && found.kernel_bytes <= boot->kernel.length, "the kernel is mapped");
	check(!found.elsewhere_bytes, "nothing else is in the upper half");
	check(found.lower_bytes && found.lower_bytes <= 2 * PAGE && !found.lower_writable, "the lower half has the jump alone");
	check(!found.table_not_kernel, "all tables are the kernel's memory");
	check(page_is(probe_entry, false, true), "text is executable and not writable");
	check(page_is(constants, false, false), "constants are neither");
	check(page_is(relocated, false, false), "relocated constants are neither");
	check(page_is(&data, true, false) && page_is(zeros, true, false), "data is writable and not executable");
}

static void check_image(void)
{
	bool zero = true;

	for (uint64_t i = 0; i < sizeof zeros; i++)
		zero = zero && !zeros[i];
	check(zero, "bss is zero");
	check(same(relocated[0], "first", 6) && same(relocated[1], "second", 7), "addresses are relocated");
	check(data == 0x1234 && constants[2] == 3, "data is what the file has");
}

static void check_firmware_facts(void)
{
	uint8_t any = 0;

	for (int i = 0; i < 64; i++)
		any |= boot->seed[i];
	check((boot->seed_source != SEED_NONE) == !!any, "there is a seed exactly if there is a source");
	check(!boot->rsdp || same(direct(boot->rsdp), "RSD PTR ", 8), "RSDP has its signature");
	check(!boot->smbios || same(direct(boot->smbios), "_SM", 3), "SMBIOS has its anchor");
	check(boot->tsc_exit > boot->tsc_entry, "time has passed in the loader");
	check(!boot->framebuffer.width ||
	                (!is_ram(type_of(boot->framebuffer.start, PAGE)) &&
	                        boot->framebuffer.pitch >= boot->framebuffer.width * 4 &&
	                        boot->framebuffer.length >= (uint64_t)boot->framebuffer.pitch * boot->framebuffer.height),
	        "the framebuffer is no RAM and large enough");
	check(((const char *)direct(boot->command_line.start))[boot->command_line.length] == '\0',
	        "the command line ends with NUL");
}

static uint64_t checksum(const uint8_t *bytes, uint64_t length)
{
	uint32_t sum = 0;

	for (uint64_t i = 0; i < length; i++)
		sum += bytes[i] * (uint32_t)(i + 1);
	return sum;
}

static void print_values(void)
{
	value("seed.source", boot->seed_source);
	value("seed.word", *(const uint64_t *)boot->seed);
	value("slide", boot->kernel_slide);
	value("direct_map", boot->direct_map);
	value("direct_map.length", boot->direct_map_length);
	value("kernel", boot->kernel.start);
	value("initfs.length", boot->initfs.length);
	value("initfs.checksum", checksum(direct(boot->initfs.start), boot->initfs.length));
	value("panic", boot->panic.start);
	value("rsdp", boot->rsdp);
	value("smbios", boot->smbios);
	value("framebuffer", boot->framebuffer.start);
	value("framebuffer.width", boot->framebuffer.width);
	value("framebuffer.height", boot->framebuffer.height);
	value("framebuffer.pitch", boot->framebuffer.pitch);
	value("wall", boot->wall_seconds);
	value("ticks", boot->tsc_exit - boot->tsc_entry);
	print("probe loader ");
	print(boot->loader);
	print("\r\nprobe command line ");
	print(direct(boot->command_line.start));
	print("\r\n");
}

static bool command_line_has(const char *word)
{
	const char *line = direct(boot->command_line.start);
	uint64_t length = 0;

	while (word[length])
		length++;
	for (uint64_t i = 0; i + length <= boot->command_line.length; i++)
		if (same(line + i, word, length))
			return true;
	return false;
}

static void check_panic_area(void)
{
	static const char report[] = "a report that must survive a reset";
	struct panic_area *area = direct(boot->panic.start);
	char *text = (char *)(area + 1);

	if (command_line_has("panic=expect")) {
		check(boot->panic.length && area->magic == PANIC_MAGIC && area->length == sizeof report &&
		                area->checksum == checksum((const uint8_t *)text, area->length) &&
		                same(text, report, sizeof report),
		        "the panic report has survived");
	}
	if (command_line_has("panic=write") && boot->panic.length && area->magic != PANIC_MAGIC) {
		memcpy(text, report, sizeof report);
		*area = (struct panic_area){
		        PANIC_MAGIC, sizeof report, (uint32_t)checksum((const uint8_t *)report, sizeof report)};
		print("probe: resetting\r\n");
		out8(0xcf9, 2);
		out8(0xcf9, 6);
		for (;;)
			;
	}
	if (command_line_has("panic=write"))
		check(area->magic == PANIC_MAGIC && same(text, report, sizeof report),
		        "the panic report has survived the reset");
}

void probe_main(const struct bootinfo *info, uint64_t flags)
{
	boot = info;
	check(info->magic == BOOTINFO_MAGIC && info->version == BOOTINFO_VERSION && info->size == sizeof *info,
	        "magic, version and size are right");
	check_registers(flags);
	check(map_is_sound(), "the memory map is sorted, merged and of whole pages");
	check_places();
	check_descriptor_tables();
	check_page_tables();
	check_image();
	check_firmware_facts();
	check_panic_area();
	print_values();
	print_map();
	leave();
}
