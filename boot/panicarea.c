/*
 * 64 KiB that are at the same place at every boot of a machine and that nobody clears, so that a report in it survives a warm
 * reset. The place must be free memory now, must not be where firmware works while it starts (below 16 MiB, just below the end
 * of memory), and must be the same next time: the first of a short list that can be had. It is taken before anything else is
 * allocated, because what the loader allocates later may lie anywhere.
 */
#include "panicarea.h"

#include "memory.h"

#define LENGTH 0x10000ull

static const uint64_t places[] = {0x2000000, 0x3000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000};

void panicarea_allocate(struct boot_range *out)
{
	*out = (struct boot_range){0};
	for (uint32_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (memory_allocate_at(places[i], LENGTH, BOOT_MEMORY_PANIC, out))
			return;
}
