/* Boot times in ticks. */
#include "user/servers/init/bench.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "user/lib/log.h"
#include "user/servers/init/init.h"

static struct machine_stats stats;

static void print(const char *name, uint64_t tsc)
{
	log_info("bench: %s %llu ticks", name, (unsigned long long)(tsc - stats.loader_entry_tsc));
}

void bench_started(void)
{
	status_t status = sys_machine_stats(init.machine, &stats);
	if (status) {
		log_error("cannot read when the loader began: %s", error_text(status));
		return;
	}
	const char *root = getenv("ROOT_TSC");
	print("boot.loader", stats.kernel_entry_tsc);
	if (root)
		print("boot.kernel", strtoull(root, NULL, 10));
}

void bench_prompt(void)
{
	static bool printed;
	if (!printed && stats.loader_entry_tsc)
		print("boot.prompt", __builtin_ia32_rdtsc());
	printed = true;
}
