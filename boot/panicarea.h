/* Where the kernel leaves its last words for the next boot. */
#pragma once

#include "abi/bootinfo.h"

/* Length 0 where none of the places is free. */
void panicarea_allocate(struct boot_range *out);
