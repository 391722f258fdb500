/*
 * Address spaces as this CPU uses them, and the kernel's half: the loader's tables, to which a region for device memory is added
 * once, before the first process exists. The loader's root serves while no process's table is in use; its lower half, which the
 * loader needed for the jump, is emptied. What must not be written any more after the start becomes read-only here: constants
 * that the loader slid, the table of gates, and the page below the stack is taken away.
 */
#include "arch/paging.h"

#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "arch/x86_64/descriptors.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/page_entry.h"
#include "arch/x86_64/paging_init.h"
#include "arch/x86_64/registers.h"
#include "core/log.h"

/* Beyond every possible direct map and below the kernel image: one entry of the root. */
#define DEVICE_REGION 0xffffff0000000000ull
#define DEVICE_REGION_END 0xffffff8000000000ull

extern char kernel_relro[] __attribute__((visibility("hidden"))); /* kernel.ld */
extern char kernel_relro_end[] __attribute__((visibility("hidden")));
extern char boot_stack_guard[] __attribute__((visibility("hidden"))); /* start.S */

static uint64_t device_table[TABLE_ENTRIES] __attribute__((section(".bss.pages"), aligned(4096)));
static uint64_t device_next = DEVICE_REGION;
static uint64_t device_tables;

uint64_t page_physical_end(void)
{
	return 1ull << features.physical_bits;
}

static uint64_t read_root(void)
{
	return cr3_read() & ENTRY_ADDRESS;
}

/* Takes bits away from the kernel's own page, or all of it. */
static void restrict_page(const void *page, uint64_t keep)
{
	uint64_t *entry = page_walk(page_kernel_root, (uint64_t)page, 0, 0);

	if (!entry)
		return; /* mapped by a large page, whose neighbours need their rights */
	*entry &= keep;
	page_flush(uaddr((uint64_t)page));
}

void paging_init(const struct bootinfo *boot)
{
	uint64_t *root;

	direct_map_base = boot->direct_map;
	page_kernel_root = boot->page_table_root & ENTRY_ADDRESS;
	root = direct_map(paddr(page_kernel_root));
	for (unsigned i = 0; i < TABLE_ENTRIES / 2; i++)
		root[i] = 0;
	root[LEVEL_INDEX(DEVICE_REGION, LEVEL_TOP)] = (boot->kernel.start + ((uint64_t)device_table - boot->kernel_virtual)) |
	        ENTRY_PRESENT | ENTRY_WRITE | ENTRY_ACCESSED;
	arch_cpu_current()->page_root = page_kernel_root;
	paging_init_cpu();
}

void paging_init_cpu(void)
{
	msr_write(MSR_PAT, PAT_TYPES);
	cr3_write(page_kernel_root);
}

void paging_protect_kernel(void)
{
	for (char *page = kernel_relro; page < kernel_relro_end; page += PAGE_SIZE)
		restrict_page(page, ~ENTRY_WRITE);
	restrict_page(descriptors_idt, ~ENTRY_WRITE);
	restrict_page(boot_stack_guard, ~ENTRY_PRESENT);
}

void page_table_activate(const struct page_table *table)
{
	page_table_switch(arch_cpu_current(), table);
}

void page_table_activate_kernel(void)
{
	page_table_switch(arch_cpu_current(), &(struct page_table){.root = {page_kernel_root}});
}

void page_flush(struct uaddr address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address.raw) : "memory");
}

void page_flush_all(void)
{
	cr3_write(read_root());
}

static bool map_device_page(uint64_t address, uint64_t physical, enum page_cache cache)
{
	uint64_t *entry = page_walk(page_kernel_root, address, ENTRY_PRESENT | ENTRY_WRITE | ENTRY_ACCESSED, &device_tables);

	if (entry)
		*entry = page_entry(physical, &(struct page_rights){.writable = true, .device = true, .cache = cache}) |
		        ENTRY_GLOBAL;
	return entry;
}

void *kernel_memory_map(uint64_t size)
{
	uint64_t address = device_next, pages = whole_pages(size);

	if (pages > DEVICE_REGION_END - address - PAGE_SIZE)
		return 0;
	for (uint64_t done = 0; done < pages; done += PAGE_SIZE) {
		void *page = upcall_page_alloc();
		if (!page || !map_device_page(address + done, direct_map_physical(page).raw, PAGE_CACHE_BACK))
			return 0;
	}
	device_next = address + pages + PAGE_SIZE;
	return (void *)address;
}

volatile void *device_map(struct paddr start, uint64_t length, enum page_cache cache)
{
	uint64_t address = device_next;
	uint64_t offset = start.raw & PAGE_MASK;
	uint64_t size = whole_pages(offset + length);

	/* A page stays free between two mappings. */
	if (length == 0 || size < length || size > DEVICE_REGION_END - address - PAGE_SIZE)
		return 0;
	for (uint64_t done = 0; done < size; done += PAGE_SIZE) {
		if (!map_device_page(address + done, (start.raw & ~PAGE_MASK) + done, cache))
			return 0;
	}
	device_next = address + size + PAGE_SIZE;
	return (volatile void *)(address + offset);
}
