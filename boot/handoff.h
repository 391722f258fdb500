/* The block that the kernel is given, and the way there. */
#pragma once

#include <stdbool.h>

#include "abi/bootinfo.h"
#include "bootconf.h"
#include "failure.h"
#include "kernel.h"
#include "seed.h"
#include "tables.h"

/* All that the steps before have found. */
struct handoff {
	const struct bootconf *conf;
	const struct kernel *kernel;
	struct seed seed;
	struct tables tables;
	struct boot_range initfs;
	struct boot_range panic;
	struct boot_framebuffer framebuffer;
};

/*
 * Makes bootinfo and page tables, leaves the firmware and enters the kernel. Returns only if that fails; what it allocated is
 * then in memory.h's table.
 */
bool handoff_run(const struct handoff *handoff, struct failure *failure) MUST_CHECK;
