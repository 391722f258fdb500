#include "fake/paging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "arch/user_copy.h"
#include "arch/x86_64/page_entry.h"
#include "mm/pages.h"

#define TLB_SIZE 256

static struct {
	bool valid, writable, executable;
	uint64_t page, physical;
} tlb[TLB_SIZE];

void fake_paging_start(void)
{
	page_kernel_root = direct_map_physical(page_alloc(PAGES_ZERO)).raw;
	arch_cpu_current()->page_root = page_kernel_root;
}

uint64_t page_physical_end(void)
{
	return 1ull << 40;
}

void *upcall_page_alloc(void)
{
	return page_alloc(PAGES_ZERO);
}

void upcall_page_free(void *page)
{
	/* A table that somebody may still walk must not be reused: the flush comes before. */
	memset(page, 0xee, PAGE_SIZE);
	page_free(page);
}

void upcall_page_free_zero(void *page)
{
	const uint64_t *words = page;
	for (unsigned i = 0; i < PAGE_SIZE / sizeof *words; i++) {
		if (words[i])
			abort();
	}
	upcall_page_free(page);
}

void page_flush(struct uaddr address)
{
	tlb[address.raw / PAGE_SIZE % TLB_SIZE].valid = false;
}

void page_flush_all(void)
{
	memset(tlb, 0, sizeof tlb);
}

void page_table_activate(const struct page_table *table)
{
	arch_cpu_current()->page_root = table->root.raw;
	page_flush_all();
}

void page_table_activate_kernel(void)
{
	arch_cpu_current()->page_root = page_kernel_root;
	page_flush_all();
}

bool fake_translate(uint64_t address, bool write, bool execute, uint64_t *out_physical)
{
	unsigned slot = (unsigned)(address / PAGE_SIZE % TLB_SIZE);
	const struct page_table table = {.root = {arch_cpu_current()->page_root}};
	struct paddr page;
	struct page_rights rights;

	/* What the TLB holds and does not allow is looked up again, as the hardware does. */
	if (!tlb[slot].valid || tlb[slot].page != address / PAGE_SIZE || (write && !tlb[slot].writable) ||
	        (execute && !tlb[slot].executable)) {
		if (!page_table_find(&table, uaddr(address), &page, &rights) || (write && !rights.writable) ||
		        (execute && !rights.executable))
			return false;
		tlb[slot].valid = true;
		tlb[slot].writable = rights.writable;
		tlb[slot].executable = rights.executable;
		tlb[slot].page = address / PAGE_SIZE;
		tlb[slot].physical = page.raw;
	}
	*out_physical = tlb[slot].physical + (address & PAGE_MASK);
	return true;
}

static uint64_t user_copy(uint64_t user, uint8_t *kernel, uint64_t length, bool write)
{
	uint64_t done = 0, physical;

	if (!user_range_ok(uaddr(user), length))
		return 0;
	for (; done < length && fake_translate(user + done, write, false, &physical); done++) {
		uint8_t *byte = direct_map(paddr(physical));
		*(write ? byte : &kernel[done]) = *(write ? &kernel[done] : byte);
	}
	return done;
}

uint64_t user_copy_in(void *to, struct uaddr from, uint64_t length)
{
	return user_copy(from.raw, to, length, false);
}

uint64_t user_copy_out(struct uaddr to, const void *from, uint64_t length)
{
	return user_copy(to.raw, (uint8_t *)from, length, true);
}
