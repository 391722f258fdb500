/*
 * What the tests of vmems share: a machine with memory and real page tables, one vmem on it, which programs reach through a TLB that
 * forgets nothing by itself, and calls that are repeated until they are done.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/vmem.h"

#define MIB (1ull << 20)
#define ACCESS (MAP_READ | MAP_WRITE | MAP_EXECUTE)

extern struct vmem *vmem;
extern uint64_t space_available; /* pages that were free at the start */

/* A machine with so many bytes of free memory; and with the vmem too. */
void space_start(uint64_t free);
void space_create(uint64_t free);

/* Whether all pages and charges have been given back. */
bool space_nothing_left(void);

/* The test ends at once. */
_Noreturn void space_fail(const char *why);

/* An access as a program makes it: translated, or faulted in and translated. False: it ends in an exception. */
bool space_access(uint64_t address, uint32_t access, uint64_t **out_word);

/* The address, 0 if it was refused; and an error. */
uint64_t space_map(uint64_t address, uint64_t length, uint32_t flags, struct frame *frame);
uint32_t space_unmap(uint64_t address, uint64_t length);
