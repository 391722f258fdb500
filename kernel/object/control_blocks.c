#include "object/control_blocks.h"

#include "abi/syscalls.h"
#include "lib/address.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "object/vmem.h"

#define BLOCKS_PER_PAGE (PAGE_SIZE / CONTROL_BLOCK_SIZE)
#define ALL_USED ((1u << BLOCKS_PER_PAGE) - 1)

struct control_page {
	struct control_blocks *blocks;
	struct frame *frame; /* a reference, which keeps the page */
	char *kernel;
	uint64_t address; /* in the process */
	uint32_t used;    /* bit per block */
	uint32_t written; /* likewise: it was used before, so that it is not all zeros */
	struct control_page *next;
	struct control_page *next_free;
};

static struct slab page_slab = SLAB_INIT("control pages", struct control_page);

/* One more page, on both lists; at an address of its own choice, if there is one. */
static uint32_t add_page_locked(struct vmem *vmem, uint64_t address)
{
	struct control_blocks *blocks = &vmem->blocks;
	struct control_page *page = slab_alloc(&page_slab);
	if (!page)
		return ERR_NO_MEMORY;
	void *kernel;
	page->address = address;
	uint32_t error = address ? vmem_map_pinned_at(vmem, address, &kernel, &page->frame)
	                         : vmem_map_pinned(vmem, &page->address, &kernel, &page->frame);
	if (error) {
		slab_free(&page_slab, page);
		return error;
	}
	page->kernel = kernel;
	page->blocks = blocks;
	page->next = blocks->pages;
	blocks->pages = page;
	page->next_free = blocks->free;
	blocks->free = page;
	return ERR_OK;
}

/* A block of the first page with a free one. */
static void take_locked(
        struct control_blocks *blocks, uint32_t index, struct control_block_place *out_place, struct control_block **out_kernel)
{
	struct control_page *page = blocks->free;
	page->used |= 1u << index;
	if (page->used == ALL_USED)
		blocks->free = page->next_free;
	struct control_block *block = (struct control_block *)(page->kernel + index * CONTROL_BLOCK_SIZE);
	if (page->written & 1u << index)
		memset(block, 0, sizeof *block);
	page->written |= 1u << index;
	block->self = page->address + index * CONTROL_BLOCK_SIZE;
	*out_place = (struct control_block_place){page, index};
	*out_kernel = block;
}

uint32_t control_block_allot(struct vmem *vmem, struct control_block_place *out_place, struct control_block **out_kernel)
{
	struct control_blocks *blocks = &vmem->blocks;
	lock_acquire(&blocks->lock);
	uint32_t error = blocks->free ? ERR_OK : add_page_locked(vmem, 0);
	if (!error)
		take_locked(blocks, (uint32_t)__builtin_ctz(~blocks->free->used), out_place, out_kernel);
	lock_release(&blocks->lock);
	return error;
}

uint32_t control_block_allot_at(
        struct vmem *vmem, uint64_t address, struct control_block_place *out_place, struct control_block **out_kernel)
{
	struct control_blocks *blocks = &vmem->blocks;
	lock_acquire(&blocks->lock);
	uint32_t error = add_page_locked(vmem, address & ~PAGE_MASK);
	if (!error)
		take_locked(blocks, (uint32_t)((address & PAGE_MASK) / CONTROL_BLOCK_SIZE), out_place, out_kernel);
	lock_release(&blocks->lock);
	return error;
}

uint64_t control_block_address(const struct control_block_place *place)
{
	return place->page ? place->page->address + place->index * CONTROL_BLOCK_SIZE : 0;
}

void control_block_return(struct control_block_place *place)
{
	struct control_page *page = place->page;
	if (!page)
		return;
	struct control_blocks *blocks = page->blocks;
	lock_acquire(&blocks->lock);
	if (page->used == ALL_USED) {
		page->next_free = blocks->free;
		blocks->free = page;
	}
	page->used &= ~(1u << place->index);
	lock_release(&blocks->lock);
	place->page = 0;
}

bool control_blocks_destroy_step(struct control_blocks *blocks, unsigned budget)
{
	for (; budget && blocks->pages; budget--) {
		struct control_page *page = blocks->pages;
		blocks->pages = page->next;
		object_release(&page->frame->object);
		slab_free(&page_slab, page);
	}
	if (!blocks->pages)
		blocks->free = 0;
	return !blocks->pages;
}
