/* For tests without kernel/arch/x86_64/page_table.c, which has it otherwise. */
#include "arch/paging.h"

uint64_t direct_map_base;
