/*
 * Vector and x87 state. The kernel itself never touches these registers. Saving and restoring is one XSAVE or XRSTOR of all
 * states that the CPU and this kernel know. A thread without live state gets defaults: where the CPU tells what is in use
 * (XGETBV 1) and only the first 16 vector registers are, clearing those and MXCSR is enough, which is the cheap and usual case;
 * else everything is loaded from an area of defaults.
 *
 * States: Intel SDM volume 1, 13.1 (bits of XCR0) and 13.4 (the area). Those of AMX are left off: an area of 8 KiB per thread is
 * not worth it unasked. Some AMD CPUs leave the x87 instruction pointers of the last thread when no exception is pending; a
 * harmless load overwrites them.
 */
#include "arch/fpu.h"

#include "arch/x86_64/features.h"
#include "arch/x86_64/fpu_init.h"
#include "arch/x86_64/registers.h"
#include "lib/string.h"

#define STATE_X87 0x01u
#define STATE_SSE 0x02u
#define STATE_AVX 0x04u
#define STATE_AVX512 0xe0u /* three parts that only go together */

#define MXCSR_DEFAULT 0x1f80u

struct save_area {
	uint8_t x87[24];
	uint32_t mxcsr;
	uint8_t rest[576 - 28];
} __attribute__((aligned(64)));

/* No bit of XSTATE_BV is set, so XRSTOR takes each state's defaults; only MXCSR is read. */
struct save_area fpu_defaults;
uint32_t fpu_states;
static uint64_t area_size;

const uint32_t fpu_mxcsr = MXCSR_DEFAULT;
uint8_t fpu_tells_use, fpu_leaves_pointers;

static void load(const void *area)
{
	static const uint32_t zero;

	if (fpu_leaves_pointers)
		__asm__ volatile("fnclex; emms; fildl %0" : : "m"(zero));
	__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(fpu_states), "d"(0) : "memory");
}

static uint32_t states_in_use(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(1));
	return low;
}

/* On the quick way of a message entry.S does the same. */
static void load_defaults(void)
{
	if (fpu_tells_use && !(states_in_use() & ~(STATE_SSE | STATE_AVX)))
		__asm__ volatile("vzeroall; ldmxcsr %0" : : "m"(fpu_mxcsr));
	else
		load(&fpu_defaults);
}

void fpu_init_cpu(void)
{
	xcr0_write(fpu_states);
	load(&fpu_defaults);
}

void fpu_init(void)
{
	uint32_t known = cpuid(13, 0).eax;

	fpu_defaults.mxcsr = MXCSR_DEFAULT;
	fpu_states = known & (STATE_X87 | STATE_SSE | STATE_AVX);
	if ((known & STATE_AVX512) == STATE_AVX512 && (fpu_states & STATE_AVX))
		fpu_states |= STATE_AVX512;
	fpu_leaves_pointers = features.fxsave_leaves_pointers;
	fpu_init_cpu();
	area_size = (cpuid(13, 0).ebx + 63ull) / 64 * 64;
	/* QEMU's translation calls everything in use at any time. */
	fpu_tells_use = features.xgetbv1 && (fpu_states & STATE_AVX) && !(states_in_use() & ~(STATE_SSE | STATE_AVX));
}

uint64_t fpu_area_size(void)
{
	return area_size;
}

/* What XSAVE does not write itself: the header (Intel SDM volume 1, 13.4.2), and what the legacy part has reserved before it. */
void fpu_prepare(void *area)
{
	memset(area, 0, sizeof(struct save_area));
}

void fpu_save(struct context *context)
{
	__asm__ volatile("xsave64 (%0)" : : "r"(context->fpu), "a"(fpu_states), "d"(0) : "memory");
	context->fpu_live = 1;
}

void fpu_restore(struct context *context)
{
	if (context->fpu_live) {
		load(context->fpu);
		context->fpu_live = 0;
	} else {
		load_defaults();
	}
}

void fpu_drop(struct context *context)
{
	context->fpu_live = 0;
}
