/* CPUID, asked once per process: under a hypervisor each CPUID costs an exit. (Intel SDM volume 2, CPUID; volume 1, 13.) */
#include "user/linux/cpu.h"

#define LEAF1_ECX_RDRAND (1u << 30)
#define LEAF13_1_EAX_XSAVEC (1u << 1)

struct registers {
	uint32_t a, b, c, d;
};

static struct registers cpuid(uint32_t leaf, uint32_t part)
{
	struct registers r;
	__asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(part));
	return r;
}

/*
 * Hearth needs XSAVE. Leaf 13 tells the size of what the kernel has enabled; the compacted form is never larger than the
 * standard one.
 */
void cpu_inspect(struct process *process)
{
	process->has_rdrand = (cpuid(1, 0).c & LEAF1_ECX_RDRAND) != 0;
	process->vectors_how = cpuid(13, 1).a & LEAF13_1_EAX_XSAVEC ? VECTORS_XSAVEC : VECTORS_XSAVE;
	process->vectors_size = cpuid(13, 0).b;
	uint32_t low, high;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	process->vectors_features = (uint64_t)high << 32 | low;
}

uint32_t cpu_hwcap(void)
{
	return cpuid(1, 0).d;
}
