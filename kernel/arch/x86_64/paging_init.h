/* For bring-up: the kernel's own address space, from the loader's to its final form. */
#pragma once

#include "abi/bootinfo.h"

/* Takes the loader's tables over; sets up memory types. Needs arch_cpu_current. */
void paging_init(const struct bootinfo *boot);

/* What each CPU needs of it, on that CPU; paging_init does it for the first. */
void paging_init_cpu(void);

/* Fresh memory for the kernel for good, mapped with a page below and above that is not there; 0: none. */
void *kernel_memory_map(uint64_t size);

/* Write-protects what is final by now and arms the guard below the stack. After descriptors_init. */
void paging_protect_kernel(void);
