/* For machine.c: the kernel's own address space, from the loader's to its final form. */
#pragma once

#include "abi/bootinfo.h"

/* Takes the loader's tables over; sets up memory types. Needs arch_cpu_current. */
void paging_init(const struct bootinfo *boot);

/* Write-protects what is final by now and arms the guard below the stack. After descriptors_init. */
void paging_protect_kernel(void);
