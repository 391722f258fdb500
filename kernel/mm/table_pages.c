#include "mm/table_pages.h"

#include "arch/upcalls.h"
#include "mm/pages.h"

static uint64_t count; /* atomic */

void *upcall_page_alloc(void)
{
	void *page = page_alloc(PAGES_ZERO);

	if (page)
		__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
	return page;
}

void upcall_page_free(void *page)
{
	__atomic_fetch_sub(&count, 1, __ATOMIC_RELAXED);
	page_free(page);
}

void upcall_page_free_zero(void *page)
{
	__atomic_fetch_sub(&count, 1, __ATOMIC_RELAXED);
	page_free_zero(page);
}

uint64_t table_pages(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}
