/* Pages for page tables, as arch/ asks for them. Their owner has charged them to its group before. */
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
