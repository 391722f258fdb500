/* What the CPU can do, as far as the kernel cares. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct features {
	char vendor[13];
	char brand[49];
	uint32_t family, model, stepping;
	uint32_t physical_bits;
	bool nx, fsgsbase, smep, smap, umip, mce, pge, pat, xsave, xgetbv1, apic, x2apic, tsc_deadline, invariant_tsc;
	bool syscall, rdrand, pcid, amd, fxsave_leaves_pointers;
};

extern struct features features;

/* Fills `features`; false: the CPU lacks something that Hearth cannot do without, and *out_reason is a sentence. */
bool features_read(const char **out_reason) __attribute__((warn_unused_result));

/* Control registers: every protection that the CPU has goes on. */
void features_enable(void);

/* 1 when copies of user memory must bracket their accesses with STAC and CLAC. */
extern uint8_t cpu_uses_smap;
