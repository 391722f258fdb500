/* What the firmware has left in memory for operating systems. */
#pragma once

#include <stdint.h>

/* Physical addresses, 0 where there is none. */
struct tables {
	uint64_t rsdp;
	uint64_t smbios;
};

void tables_find(struct tables *out);
