/* The time of day: see clock.h. The algorithm is that of abi/time_page.h. */
#include "user/servers/tmpfs/clock.h"

#include <stddef.h>
#include <time.h>

#include "abi/time_page.h"
#include "user/lib/call.h"
#include "user/lib/grants.h"

#define NS_PER_SECOND 1000000000ull
#define TIME_PAGE_SIZE 4096u

static const struct time_page *page;

void clock_begin(void)
{
	handle_t frame = grant_find("time");
	uint64_t address;
	if (!frame || sys_vmem_map(HANDLE_SELF_VMEM, 0, TIME_PAGE_SIZE, MAP_READ, frame, 0, &address))
		return;
	page = (const struct time_page *)(uintptr_t)address;
	if (page->version != TIME_PAGE_VERSION)
		page = NULL;
}

static uint64_t ns_since_boot(void)
{
	for (;;) {
		uint32_t sequence = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
		uint64_t ticks = __builtin_ia32_rdtsc() - __atomic_load_n(&page->tsc_base, __ATOMIC_RELAXED);
		uint64_t mult = __atomic_load_n(&page->mult, __ATOMIC_RELAXED);
		uint64_t shift = __atomic_load_n(&page->shift, __ATOMIC_RELAXED);
		uint64_t base = __atomic_load_n(&page->ns_base, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(sequence & 1) && __atomic_load_n(&page->sequence, __ATOMIC_RELAXED) == sequence)
			return base + (uint64_t)((unsigned __int128)ticks * mult >> (shift & 127));
		__builtin_ia32_pause();
	}
}

void clock_read(int64_t *out_seconds, uint32_t *out_ns)
{
	if (!page) {
		struct timespec now = {0};
		clock_gettime(CLOCK_REALTIME, &now);
		*out_seconds = now.tv_sec;
		*out_ns = (uint32_t)now.tv_nsec;
		return;
	}
	uint64_t ns = ns_since_boot();
	ns += __atomic_load_n(&page->wall_ns_at_boot, __ATOMIC_RELAXED);
	*out_seconds = (int64_t)(ns / NS_PER_SECOND);
	*out_ns = (uint32_t)(ns % NS_PER_SECOND);
}
