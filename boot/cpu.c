/*
 * Checks the processor before anything else is done, so that a machine which can not run Hearth says so instead of going silent
 * after the jump. All that is required is in one table; what is only used where present (SMEP, SMAP, UMIP, PCID, RDTSCP and so
 * on) is the kernel's to find out. (Intel SDM 2A, CPUID; AMD APM 3, appendix E.)
 */
#include "cpu.h"

#include "text.h"

enum { EAX, EBX, ECX, EDX };

struct feature {
	uint32_t leaf;
	uint8_t word; /* EAX to EDX */
	uint8_t bit;
	const char *name;
};

static const struct feature required[] = {
        {0x00000001, EDX, 4, "TSC"},
        {0x00000001, EDX, 5, "MSR"},
        {0x00000001, EDX, 9, "APIC"},
        {0x00000001, EDX, 16, "PAT"},
        {0x00000001, EDX, 24, "FXSR"},
        {0x00000001, EDX, 26, "SSE2"},
        {0x00000001, ECX, 13, "CMPXCHG16B"},
        {0x00000001, ECX, 26, "XSAVE"},
        {0x00000007, EBX, 0, "FSGSBASE"},
        {0x80000001, EDX, 11, "SYSCALL"},
        {0x80000001, EDX, 20, "NX"},
        {0x80000001, EDX, 29, "long mode"},
};

static bool has(struct feature feature)
{
	uint32_t word[4];

	__asm__ volatile("cpuid"
	                 : "=a"(word[EAX]), "=b"(word[EBX]), "=c"(word[ECX]), "=d"(word[EDX])
	                 : "a"(feature.leaf & 0x80000000), "c"(0));
	if (word[EAX] < feature.leaf)
		return false;
	__asm__ volatile("cpuid"
	                 : "=a"(word[EAX]), "=b"(word[EBX]), "=c"(word[ECX]), "=d"(word[EDX])
	                 : "a"(feature.leaf), "c"(0));
	return word[feature.word] >> feature.bit & 1;
}

bool cpu_has_1g_pages(void)
{
	return has((struct feature){.leaf = 0x80000001, .word = EDX, .bit = 26});
}

bool cpu_has_rdrand(void)
{
	return has((struct feature){.leaf = 1, .word = ECX, .bit = 30});
}

bool cpu_rdrand(uint64_t *out)
{
	/* Ten tries are what Intel asks for before the generator counts as broken (SDM 1, 7.3.17.1). */
	for (int tries = 0; tries < 10; tries++) {
		uint64_t word;
		bool ok;

		__asm__ volatile("rdrand %0" : "=r"(word), "=@ccc"(ok));
		if (ok) {
			*out = word;
			return true;
		}
	}
	return false;
}

bool cpu_check(struct failure *failure)
{
	char missing[160] = "";
	uint32_t length = 0;
	uint64_t cr4;

	for (uint32_t i = 0; i < sizeof required / sizeof required[0]; i++)
		if (!has(required[i]))
			length += text_format(
			        missing + length, sizeof missing - length, "%s%s", length ? ", " : "", required[i].name);
	if (length)
		return failure_set(failure, FAILED_CPU_FEATURE,
		        "the processor lacks %s, which Hearth needs; switch it on in the firmware's settings (or in the "
		        "emulator: -cpu max), or use an x86-64 machine made after 2013",
		        missing);
	__asm__("mov %%cr4, %0" : "=r"(cr4));
	if (cr4 & 1u << 12)
		return failure_set(failure, FAILED_FIVE_LEVELS,
		        "the firmware runs the processor with five-level page tables, from which Hearth can not start; switch "
		        "them off (LA57) in the firmware's settings");
	return true;
}
