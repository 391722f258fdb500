/* Pages that page tables consist of: what arch/ asks for by upcall_page_alloc and upcall_page_free (and _zero; arch/upcalls.h). */
#pragma once

#include <stdint.h>

/* How many there are now. */
uint64_t table_pages(void);
