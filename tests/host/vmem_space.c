/* The machine of a vmem's test, and the one vmem on it. */
#include "vmem_space.h"

#include <stdlib.h>

#include "arch/paging.h"
#include "fake/kernel.h"
#include "fake/objects.h"
#include "fake/paging.h"
#include "mm/pages.h"
#include "mm/slab.h"

struct vmem *vmem;
uint64_t space_available;

void space_start(uint64_t free)
{
	const struct boot_memory map[] = {{MIB, MIB, BOOT_MEMORY_LOADER, 0}, {2 * MIB, free, BOOT_MEMORY_FREE, 0}};

	fake_kernel_start(free + 4 * MIB);
	struct bootinfo boot = fake_bootinfo(MIB, map, 2);
	pages_init(&boot);
	fake_paging_start();
	space_available = pages_available();
}

bool space_nothing_left(void)
{
	fake_reap();
	return pages_available() == space_available && !slab_pages() && !fake_group.pages_used && !fake_group.nodes_used &&
	        !fake_group.objects_used;
}

_Noreturn void space_fail(const char *why)
{
	check(false, "vmem: does what the model does", why);
	exit(1);
}

void space_create(uint64_t free)
{
	space_start(free);
	srand(5);
	if (vmem_create(&fake_group, &vmem))
		space_fail("there is no vmem");
	page_table_activate(&vmem->table);
}

bool space_access(uint64_t address, uint32_t access, uint64_t **out_word)
{
	bool write = access == MAP_WRITE, execute = access == MAP_EXECUTE;
	uint64_t physical;

	if (!fake_translate(address, write, execute, &physical)) {
		uint32_t error;
		while ((error = vmem_fault(vmem, address, write, execute)) == VMEM_MORE)
			;
		if (error)
			return false;
		if (!fake_translate(address, write, execute, &physical))
			space_fail("a page is not there after its fault was handled");
	}
	*out_word = direct_map(paddr(physical));
	return true;
}

uint64_t space_map(uint64_t address, uint64_t length, uint32_t flags, struct frame *frame)
{
	uint64_t progress = 0, out = 0;
	uint32_t result;

	while ((result = vmem_map(vmem, address, length, flags, frame, 0, ACCESS, &progress, &out)) == VMEM_MORE)
		;
	return result ? 0 : out;
}

uint32_t space_unmap(uint64_t address, uint64_t length)
{
	uint64_t progress = 0;
	uint32_t result;

	while ((result = vmem_unmap(vmem, address, length, &progress)) == VMEM_MORE)
		;
	return result;
}
