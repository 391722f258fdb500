/*
 * A processor for the real page tables (arch/x86_64/page_table.c, page_range.c): one address space at a time, a TLB that forgets
 * nothing by itself, so that a missing flush shows, and accesses that walk as the hardware does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/paging.h"

/* After pages_init: makes the kernel's root. */
void fake_paging_start(void);

/* Access by a program in the current address space; false: a page fault. */
bool fake_translate(uint64_t address, bool write, bool execute, uint64_t *out_physical);
