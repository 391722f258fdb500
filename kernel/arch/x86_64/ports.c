/*
 * Ports that programs may use: the I/O permission bitmap of the TSS (Intel SDM volume 1, 19.5.2). A clear bit allows a port.
 * Without a bitmap the offset lies beyond the segment, which allows none and costs nothing to set.
 */
#include "arch/ports.h"

#include "arch/cpu.h"
#include "arch/user_copy.h"
#include "arch/x86_64/descriptors.h"
#include "arch/x86_64/ports_decode.h"
#include "lib/string.h"

void ports_load(const uint8_t *bitmap)
{
	struct tss *tss = &arch_cpu_current()->area->tss;

	if (bitmap) {
		memcpy(tss->bitmap, bitmap, sizeof tss->bitmap);
		tss->bitmap_offset = offsetof(struct tss, bitmap);
	} else {
		tss->bitmap_offset = sizeof *tss;
	}
}

bool ports_is_access(uint64_t rip)
{
	uint8_t bytes[INSTRUCTION_MAX];
	uint64_t length = user_copy_in(bytes, uaddr(rip), sizeof bytes);

	return ports_decode(bytes, length);
}
