/*
 * Single pages come from and go to the CPU's stack of recent pages, which needs no lock, because interrupts are off and no
 * other CPU looks at it but to add up a sum. An empty stack is refilled, a full one relieved, by PAGES_BATCH pages. Everything
 * else goes to the buddy allocator under one lock. Pages that are known to be zero lie on a stack of their own, for those who want
 * such; others take them when nothing else is left.
 */
#include "mm/pages.h"

#include "arch/paging.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "lib/string.h"
#include "mm/buddy.h"

_Static_assert(PAGES_ORDER_MAX == BUDDY_ORDER_MAX, "one largest block");

#define STACK_SIZE 64u
#define PAGES_BATCH_ORDER 4u
#define PAGES_BATCH (1u << PAGES_BATCH_ORDER)
#define ZERO_ORDER_MAX 3u
#define WORTHWHILE_RUN 4u /* pages that are rather joined at once than kept as recent ones */

struct page_stack {
	uint64_t count;
	struct paddr page[STACK_SIZE];
};

static struct page_stacks {
	struct page_stack recent, zero;
} stacks[CPUS_MAX];
static struct lock lock = LOCK_INIT(RANK_PAGES, "pages");

static struct page_stack *own_stack(void)
{
	return &stacks[arch_cpu_current()->index].recent;
}

static struct page_stack *own_zero_stack(void)
{
	return &stacks[arch_cpu_current()->index].zero;
}

static void stack_push(struct page_stack *stack, struct paddr page)
{
	*buddy_state(page) = BUDDY_RECENT;
	stack->page[stack->count++] = page;
}

/* At most PAGES_BATCH pages of whatever free blocks are the smallest. */
static __attribute__((noinline)) void stack_refill(struct page_stack *stack)
{
	struct paddr block;
	unsigned order;

	lock_acquire(&lock);
	if (buddy_alloc_some(BUDDY_ABOVE_4G, PAGES_BATCH_ORDER, &block, &order) ||
	        buddy_alloc_some(BUDDY_BELOW_4G, PAGES_BATCH_ORDER, &block, &order)) {
		for (uint64_t i = 1ull << order; i-- > 0;)
			stack_push(stack, paddr_add(block, i * PAGE_SIZE));
	}
	lock_release(&lock);
}

/* Those that were not used for longest go first. */
static void stack_relieve(struct page_stack *stack)
{
	uint64_t count = stack->count < PAGES_BATCH ? stack->count : PAGES_BATCH;

	lock_acquire(&lock);
	for (uint64_t i = 0; i < count; i++) {
		*buddy_state(stack->page[i]) = BUDDY_USED;
		buddy_free(stack->page[i], 0);
	}
	lock_release(&lock);
	stack->count -= count;
	for (uint64_t i = 0; i < stack->count; i++)
		stack->page[i] = stack->page[i + count];
}

static bool alloc_block_once(unsigned order, uint32_t flags, struct paddr *out)
{
	lock_acquire(&lock);
	bool found = (!(flags & PAGES_BELOW_4G) && buddy_alloc(BUDDY_ABOVE_4G, order, out)) ||
	        buddy_alloc(BUDDY_BELOW_4G, order, out);
	lock_release(&lock);
	return found;
}

/* Recent pages may be what a larger block lacks, so they are given back before it is refused. */
static bool alloc_block(unsigned order, uint32_t flags, struct paddr *out)
{
	struct page_stack *stack = own_stack(), *zero_stack = own_zero_stack();

	if (alloc_block_once(order, flags, out))
		return true;
	if (!stack->count && !zero_stack->count)
		return false;
	while (stack->count)
		stack_relieve(stack);
	while (zero_stack->count)
		stack_relieve(zero_stack);
	return alloc_block_once(order, flags, out);
}

static struct paddr stack_pop(struct page_stack *stack)
{
	struct paddr page = stack->page[--stack->count];

	*buddy_state(page) = BUDDY_USED;
	return page;
}

static inline void fill_zero(struct paddr page)
{
	void *to = direct_map(page);
	uint64_t words = PAGE_SIZE / 8;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0) : "memory");
}

static inline __attribute__((always_inline)) bool alloc_single(uint32_t flags, struct paddr *out)
{
	struct page_stacks *own = &stacks[arch_cpu_current()->index];
	bool zero = flags & PAGES_ZERO;

	if (zero && own->zero.count) {
		*out = stack_pop(&own->zero);
		return true;
	}
	if (__builtin_expect(!own->recent.count, 0)) {
		stack_refill(&own->recent);
		if (!own->recent.count && !own->zero.count)
			return false;
	}
	*out = stack_pop(own->recent.count ? &own->recent : &own->zero);
	if (zero)
		fill_zero(*out);
	return true;
}

bool pages_alloc(unsigned order, uint32_t flags, struct paddr *out)
{
	if (!order && !(flags & PAGES_BELOW_4G))
		return alloc_single(flags, out);
	ASSERT(order <= (flags & PAGES_ZERO ? ZERO_ORDER_MAX : PAGES_ORDER_MAX));
	if (!alloc_block(order, flags, out))
		return false;
	if (flags & PAGES_ZERO)
		memset(direct_map(*out), 0, PAGE_SIZE << order);
	return true;
}

static void free_single(struct page_stack *stack, struct paddr page)
{
	ASSERT(buddy_has_state(page) && *buddy_state(page) == BUDDY_USED && !(page.raw & PAGE_MASK));
	if (stack->count == STACK_SIZE)
		stack_relieve(stack);
	stack_push(stack, page);
}

void pages_free(struct paddr start, unsigned order)
{
	if (order) {
		lock_acquire(&lock);
		buddy_free(start, order);
		lock_release(&lock);
		return;
	}
	free_single(own_stack(), start);
}

void page_free_zero(void *page)
{
	free_single(own_zero_stack(), direct_map_physical(page));
}

void pages_free_many(const struct paddr *page, unsigned count)
{
	for (unsigned i = 0, run; i < count; i += run) {
		run = 1;
		while (i + run < count && page[i + run].raw == page[i].raw + run * PAGE_SIZE)
			run++;
		if (run < WORTHWHILE_RUN) {
			for (unsigned n = 0; n < run; n++)
				pages_free(page[i + n], 0);
			continue;
		}
		lock_acquire(&lock);
		buddy_free_singles(page[i], run);
		lock_release(&lock);
	}
}

bool pages_alloc_run(uint64_t count, uint32_t flags, struct paddr *out)
{
	struct paddr block;
	unsigned order = 0;

	ASSERT(count && count <= PAGES_RUN_MAX && !(flags & PAGES_ZERO));
	while (1ull << order < count)
		order++;
	if (!alloc_block(order, flags, &block))
		return false;
	lock_acquire(&lock);
	buddy_trim(block, order, count);
	lock_release(&lock);
	*out = block;
	return true;
}

void pages_free_run(struct paddr start, uint64_t count)
{
	lock_acquire(&lock);
	buddy_free_run(start, count);
	lock_release(&lock);
}

void *page_alloc(uint32_t flags)
{
	struct paddr page;

	return pages_alloc(0, flags, &page) ? direct_map(page) : 0;
}

void page_free(void *page)
{
	pages_free(direct_map_physical(page), 0);
}

uint64_t pages_available(void)
{
	uint64_t pages = buddy_available(BUDDY_BELOW_4G) + buddy_available(BUDDY_ABOVE_4G);

	for (unsigned i = 0; i < CPUS_MAX; i++)
		pages += stacks[i].recent.count + stacks[i].zero.count;
	return pages;
}
