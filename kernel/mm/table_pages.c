/* Where arch/ gets pages for page tables. */
#include "arch/upcalls.h"
#include "mm/pages.h"

void *upcall_page_alloc(void)
{
	return page_alloc(PAGES_ZERO);
}

void upcall_page_free(void *page)
{
	page_free(page);
}
