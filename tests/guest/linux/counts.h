/*
 * What the machine has in use: its free pages and the kernel's objects of each kind, as /proc tells. For programs that check that
 * what they did is gone without a trace.
 */
#pragma once

#include "test.h"

#define COUNT_KINDS 32
#define COUNT_KINDS_LEAST 8 /* objects of fewer kinds and the memory are not all that there is */
#define COUNT_PATIENCE_MS 3000
#define COUNT_NAP_MS 50

struct counts {
	unsigned kinds;
	char name[COUNT_KINDS][16];
	unsigned long long count[COUNT_KINDS];
};

static inline void counts_add(struct counts *counts, FILE *file, const char *wanted)
{
	char line[128], name[16];
	unsigned long long count;
	while (file && counts->kinds < COUNT_KINDS && fgets(line, sizeof line, file)) {
		if (sscanf(line, "%15[a-zA-Z:] %llu", name, &count) != 2 || (wanted && strcmp(wanted, name)))
			continue;
		strcpy(counts->name[counts->kinds], name);
		counts->count[counts->kinds++] = count;
	}
}

/* Both files are open all the time, so that looking changes nothing. */
static FILE *counts_objects, *counts_memory;

/* How much of memory may be missing, in KiB: servers keep what they needed at their busiest, which differs from time to time. */
static unsigned counts_slack;

static inline void counts_take(struct counts *counts)
{
	counts->kinds = 0;
	rewind(counts_objects);
	fflush(counts_objects);
	counts_add(counts, counts_objects, NULL);
	rewind(counts_memory);
	fflush(counts_memory);
	counts_add(counts, counts_memory, "MemFree:");
}

static inline bool counts_begin(void)
{
	counts_objects = fopen("/proc/objects", "r");
	counts_memory = fopen("/proc/meminfo", "r");
	if (!counts_objects || !counts_memory)
		return false;
	struct counts counts = {0};
	counts_take(&counts);
	return counts.kinds >= COUNT_KINDS_LEAST && !strcmp(counts.name[counts.kinds - 1], "MemFree:");
}

/* Writes what there is more of now, but for free memory, of which there is less. */
static inline bool counts_more(const struct counts *before, const struct counts *now, char *why, size_t size)
{
	size_t used = 0;
	*why = 0;
	for (unsigned i = 0; i < before->kinds && i < now->kinds && used < size; i++) {
		long long change = (long long)(now->count[i] - before->count[i]);
		bool is_memory = !strcmp(before->name[i], "MemFree:");
		if (is_memory ? change < -(long long)counts_slack : change > 0)
			used += (size_t)snprintf(why + used, size - used, "%s %+lld ", before->name[i], change);
	}
	return before->kinds != now->kinds || *why;
}

/* What ended clears up soon, but not at once. */
static inline bool counts_settle(const struct counts *before, char *why, size_t size)
{
	struct counts now;
	counts_take(&now);
	for (unsigned ms = 0; counts_more(before, &now, why, size) && ms < COUNT_PATIENCE_MS; ms += COUNT_NAP_MS) {
		usleep(COUNT_NAP_MS * 1000);
		counts_take(&now);
	}
	return !counts_more(before, &now, why, size);
}
