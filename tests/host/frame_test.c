/* object/frame.c: pages, charges, contiguous and device frames, copies; with every allocation failing once. */
/* sources: kernel/object/frame.c kernel/object/frame_pages.c kernel/object/frame_walk.c kernel/object/frame_resize.c */
/* sources: kernel/object/control_blocks.c kernel/object/frame_clone.c kernel/object/vmem.c kernel/object/vmem_mapping.c */
/* sources: kernel/object/vmem_tree.c kernel/object/vmem_map.c kernel/object/vmem_place.c */
/* sources: kernel/mm/page_tree.c kernel/mm/slab.c kernel/mm/pages.c kernel/mm/pages_boot.c kernel/mm/buddy.c */
/* sources: kernel/arch/x86_64/page_table.c kernel/arch/x86_64/page_range.c kernel/core/lock.c */
/* sources: tests/host/fake/kernel.c tests/host/fake/machine.c tests/host/fake/objects.c tests/host/fake/paging.c */
/* includes: kernel */
/* libraries: -Wl,--wrap=slab_alloc -Wl,--wrap=pages_alloc -Wl,--wrap=pages_alloc_run */
#include "object/frame.h"

#include <stdlib.h>
#include <string.h>

#include "arch/paging.h"
#include "fake/kernel.h"
#include "fake/objects.h"
#include "fake/paging.h"
#include "mm/pages.h"
#include "mm/slab.h"
#include "object/vmem.h"

#define MIB (1ull << 20)

static uint64_t available;

static void start(void)
{
	static const struct boot_memory map[] = {
	        {MIB, MIB, BOOT_MEMORY_LOADER, 0},
	        {2 * MIB, 30 * MIB, BOOT_MEMORY_FREE, 0},
	        {32 * MIB, MIB, BOOT_MEMORY_INITFS, 0},
	        {64 * MIB, MIB, BOOT_MEMORY_DEVICE, 0},
	};
	fake_kernel_start(128 * MIB);
	struct bootinfo boot = fake_bootinfo(MIB, map, 4);
	pages_init(&boot);
	fake_paging_start();
	available = pages_available();
}

static void check_nothing_left(const char *what)
{
	fake_reap();
	check(pages_available() == available && !slab_pages() && !fake_group.pages_used && !fake_group.nodes_used &&
	                !fake_group.objects_used,
	        what, "memory or charges are left behind");
}

static uint32_t frame_page(struct frame *frame, uint64_t offset, bool fill, struct paddr *out)
{
	struct frame_found found;
	uint32_t error = frame_find(frame, offset, fill ? FRAME_WRITE : FRAME_LOOK, 0, &found);

	if (!error)
		*out = found.page;
	return error;
}

static bool is_zero(struct paddr page)
{
	const uint64_t *words = direct_map(page);
	for (unsigned i = 0; i < 512; i++) {
		if (words[i])
			return false;
	}
	return true;
}

/* So that fresh pages are not zero by chance. */
static void soil_memory(void)
{
	static struct paddr page[8192];
	unsigned count = 0;
	while (count < 8192 && pages_alloc(0, 0, &page[count]))
		memset(direct_map(page[count++]), 0xa5, PAGE_SIZE);
	while (count)
		pages_free(page[--count], 0);
}

static void test_lazy(void)
{
	struct frame *frame;
	struct paddr page, again;

	start();
	soil_memory();
	check(!frame_create(&fake_group, 10 * MIB + 1, 0, &frame) && frame->length == 10 * MIB + PAGE_SIZE,
	        "frame: a length is rounded up to pages", "it is not");
	check(fake_group.pages_used == 0 && frame_page(frame, 0, false, &page) == ERR_PAGE_ABSENT,
	        "frame: nothing is resident at first", "something is");
	bool good = true;
	for (uint64_t offset = 0; offset < frame->length; offset += 13 * PAGE_SIZE) {
		good &= !frame_page(frame, offset + 5, true, &page) && is_zero(page);
		*(uint64_t *)direct_map(page) = offset + 1;
	}
	for (uint64_t offset = 0; offset < frame->length; offset += 13 * PAGE_SIZE)
		good &= !frame_page(frame, offset, false, &again) && *(uint64_t *)direct_map(again) == offset + 1;
	check(good, "frame: pages are filled with zeros once and keep their content", "they are not, or do not");
	check(fake_group.pages_used == frame->resident && fake_group.nodes_used == 40 + 1, "frame: pages and tree are charged",
	        "the charge is another");
	check(frame_page(frame, frame->length, true, &page) == ERR_BAD_ADDRESS, "frame: there is no page beyond the end",
	        "there is");
	object_release(&frame->object);
	check_nothing_left("frame: its end gives everything back");
}

static void test_arguments(void)
{
	struct frame *frame = 0;

	start();
	check(frame_create(&fake_group, 0, 0, &frame) == ERR_BAD_ARGUMENT &&
	                frame_create(&fake_group, 1, 4, &frame) == ERR_BAD_ARGUMENT &&
	                frame_create(&fake_group, 1, FRAME_DEVICE, &frame) == ERR_BAD_ARGUMENT &&
	                frame_create(&fake_group, 1, FRAME_BELOW_4G, &frame) == ERR_BAD_ARGUMENT,
	        "frame: bad lengths and flags are refused", "one was accepted");
	check(frame_create(&fake_group, UINT64_MAX, 0, &frame) == ERR_TOO_LARGE &&
	                frame_create(&fake_group, FRAME_LENGTH_MAX + 1, 0, &frame) == ERR_TOO_LARGE &&
	                frame_create(&fake_group, FRAME_CONTIGUOUS_MAX + 1, FRAME_CONTIGUOUS, &frame) == ERR_TOO_LARGE,
	        "frame: what is too large is refused", "it was accepted");
	check(frame_create_device(&fake_group, paddr(64 * MIB), 0, 0, &frame) == ERR_BAD_ARGUMENT &&
	                frame_create_device(&fake_group, paddr(64 * MIB + 1), PAGE_SIZE, 0, &frame) == ERR_BAD_ARGUMENT &&
	                frame_create_device(&fake_group, paddr(64 * MIB), PAGE_SIZE, 4, &frame) == ERR_BAD_ARGUMENT &&
	                frame_create_device(&fake_group, paddr(1ull << 40), PAGE_SIZE, 0, &frame) == ERR_BAD_ARGUMENT &&
	                frame_create_device(&fake_group, paddr(-PAGE_SIZE), 2 * PAGE_SIZE, 0, &frame) == ERR_BAD_ARGUMENT,
	        "frame: device ranges that cannot be are refused", "one was accepted");
	check(frame_create_device(&fake_group, paddr(2 * MIB), PAGE_SIZE, 0, &frame) == ERR_DENIED &&
	                frame_create_device(&fake_group, paddr(33 * MIB - PAGE_SIZE), 2 * PAGE_SIZE, 0, &frame) == ERR_DENIED,
	        "frame: RAM is no device memory", "it was accepted");
	check(!frame, "frame: a refused call writes no result", "it did");
	check_nothing_left("frame: a refused call leaves nothing");
}

static void test_contiguous(void)
{
	struct frame *frame;
	struct paddr first, page;
	bool good = true;

	start();
	soil_memory();
	check(!frame_create(&fake_group, 100 * PAGE_SIZE, FRAME_CONTIGUOUS | FRAME_BELOW_4G, &frame) &&
	                frame->resident == 100 && fake_group.pages_used == 100 &&
	                pages_available() == available - 100 - slab_pages(),
	        "frame: a contiguous frame is whole from the start and takes no more than that", "it is not");
	check(!frame_page(frame, 0, false, &first), "frame: it has its first page", "it has not");
	for (uint64_t i = 100; i-- > 0;) {
		good &= !frame_page(frame, i * PAGE_SIZE, false, &page) && page.raw == first.raw + i * PAGE_SIZE &&
		        is_zero(page);
		memset(direct_map(page), 1, PAGE_SIZE);
		good &= !frame_page(frame, i * PAGE_SIZE, true, &page) && !is_zero(page);
	}
	check(good, "frame: its pages lie side by side and are zeroed once", "they do not, or are not");
	check(frame_resize(frame, PAGE_SIZE) == ERR_NOT_SUPPORTED, "frame: it keeps its length", "it was resized");
	object_release(&frame->object);
	check_nothing_left("frame: the end of a contiguous frame gives everything back");
}

static void test_device(void)
{
	struct frame *frame;
	struct paddr page;
	char byte;

	start();
	check(!frame_create_device(&fake_group, paddr(64 * MIB), MIB, CACHE_UNCACHED, &frame) &&
	                frame->cache == CACHE_UNCACHED && !frame_page(frame, 5 * PAGE_SIZE + 3, true, &page) &&
	                page.raw == 64 * MIB + 5 * PAGE_SIZE,
	        "frame: a device frame has its device's pages", "it has not");
	check(frame_copy_in(frame, 0, &byte, 1) == ERR_NOT_SUPPORTED, "frame: the kernel copies no device memory", "it did");
	object_release(&frame->object);
	check(!frame_create_over(&fake_group, paddr(32 * MIB), MIB, &frame) && !frame_page(frame, 0, false, &page) &&
	                page.raw == 32 * MIB && frame_copy_in(frame, 0, &byte, 1) == ERR_NOT_SUPPORTED,
	        "frame: one over existing pages has these, for reading", "it has not");
	object_release(&frame->object);
	check_nothing_left("frame: the end of device frames frees no page of theirs");
}

static void test_copy(void)
{
	struct frame *frame;
	struct paddr page;

	start();
	check(!frame_create(&fake_group, 2 * PAGE_SIZE, 0, &frame) && !frame_copy_in(frame, PAGE_SIZE + 9, "hearth", 6) &&
	                !frame_page(frame, PAGE_SIZE, false, &page) && !memcmp((char *)direct_map(page) + 8, "\0hearth\0", 8),
	        "frame: what is copied in is there", "it is not");
	check(frame_page(frame, 0, false, &page) == ERR_PAGE_ABSENT, "frame: a copy fills its own page alone", "it does not");
	check(frame_copy_in(frame, 2 * PAGE_SIZE, "x", 1) == ERR_BAD_ADDRESS, "frame: a copy ends with the frame",
	        "it does not");
	object_release(&frame->object);
	check_nothing_left("frame: copies leave nothing behind");
}

static void test_resize(void)
{
	struct frame *frame;
	struct paddr page;
	unsigned steps = 1;

	start();
	check(!frame_create(&fake_group, 300 * PAGE_SIZE, 0, &frame), "frame: a frame", "none");
	for (uint64_t i = 0; i < 300; i++) {
		if (frame_page(frame, i * PAGE_SIZE, true, &page))
			check(false, "frame: a page", "none");
		memset(direct_map(page), 1, PAGE_SIZE);
	}
	uint32_t status = frame_resize(frame, 7 * PAGE_SIZE - 1);
	check(status == FRAME_MORE && frame->length == 7 * PAGE_SIZE, "frame: a new length counts at once", "it does not");
	check(frame_resize(frame, 400 * PAGE_SIZE) == FRAME_MORE && frame->length == 7 * PAGE_SIZE,
	        "frame: growing waits until what is shrinking has gone", "it does not");
	while ((status = frame_resize(frame, 400 * PAGE_SIZE)) == FRAME_MORE)
		steps++;
	check(!status && frame->resident == 7 && frame->length == 400 * PAGE_SIZE && steps > 10,
	        "frame: a shrink goes in bounded steps", "it does not");
	check(fake_group.pages_used == 7 && fake_group.nodes_used == 2, "frame: the charge follows, that for the tree too",
	        "it does not");
	check(!frame_page(frame, 7 * PAGE_SIZE, true, &page) && is_zero(page), "frame: what comes back after a shrink is zero",
	        "it is not");
	check(frame_resize(frame, 0) == ERR_BAD_ARGUMENT && frame_resize(frame, UINT64_MAX) == ERR_TOO_LARGE,
	        "frame: bad lengths are refused", "they are not");
	object_release(&frame->object);
	check_nothing_left("frame: a resized frame leaves nothing behind");
}

/* Every allocation and charge in turn fails. */
static void test_failures(void)
{
	bool good = true;
	uint64_t n = 0;

	start();
	for (bool failed = true; failed; n++) {
		struct frame *lazy = 0, *contiguous = 0;
		struct paddr page;

		fake_fail_in = n;
		uint32_t first = frame_create(&fake_group, MIB, 0, &lazy);
		uint32_t second = frame_create(&fake_group, MIB, FRAME_CONTIGUOUS, &contiguous);
		uint32_t third = lazy ? frame_page(lazy, 0, true, &page) : 0;
		uint32_t fourth = lazy ? frame_page(lazy, 100 * PAGE_SIZE, true, &page) : 0;
		failed = first || second || third || fourth;
		fake_fail_in = UINT64_MAX;
		good &= !first == !!lazy && !second == !!contiguous;
		if (lazy) {
			good &= lazy->resident == (uint64_t)!third + !fourth && fake_group.pages_used >= lazy->resident;
			good &= !frame_page(lazy, 0, true, &page) && !frame_page(lazy, 100 * PAGE_SIZE, true, &page);
			object_release(&lazy->object);
		}
		if (contiguous)
			object_release(&contiguous->object);
		fake_reap();
		good &= pages_available() == available && !slab_pages() && !fake_group.pages_used && !fake_group.objects_used;
	}
	check(good && n > 8, "frame: whatever fails leaves nothing behind", "something is left");
}

int main(void)
{
	run_test(test_lazy);
	run_test(test_arguments);
	run_test(test_contiguous);
	run_test(test_device);
	run_test(test_copy);
	run_test(test_resize);
	run_test(test_failures);
	return fake_status();
}
