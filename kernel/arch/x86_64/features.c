/*
 * The CPU's features: which there are, which Hearth needs, and switching on all that protect. A program may use FSGSBASE by
 * itself and the kernel's entry relies on it, so it is needed; so is NX, without which nothing could be writable and not
 * executable. SMEP, SMAP and UMIP are used where they are. CPUID leaves: Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E.
 */
#include "arch/x86_64/features.h"

#include "arch/cpu.h"
#include "arch/fpu.h"
#include "arch/x86_64/registers.h"
#include "lib/format.h"
#include "lib/string.h"

struct features features;
uint8_t cpu_uses_smap;

static bool bit(uint32_t value, unsigned number)
{
	return value >> number & 1;
}

static void read_names(uint32_t highest_extended)
{
	struct cpuid leaf = cpuid(0, 0);

	memcpy(features.vendor, &leaf.ebx, 4);
	memcpy(features.vendor + 4, &leaf.edx, 4);
	memcpy(features.vendor + 8, &leaf.ecx, 4);
	features.amd = string_equal(features.vendor, "AuthenticAMD");
	for (uint32_t i = 0; i < 3 && highest_extended >= 0x80000004; i++) {
		leaf = cpuid(0x80000002 + i, 0);
		memcpy(features.brand + i * 16, &leaf, 16);
	}
}

static void read_version(uint32_t eax)
{
	features.stepping = eax & 0xf;
	features.model = eax >> 4 & 0xf;
	features.family = eax >> 8 & 0xf;
	if (features.family == 6 || features.family == 15)
		features.model |= eax >> 12 & 0xf0;
	if (features.family == 15)
		features.family += eax >> 20 & 0xff;
}

static void read_basic(uint32_t highest)
{
	struct cpuid leaf = cpuid(1, 0);

	read_version(leaf.eax);
	features.mce = bit(leaf.edx, 7) && bit(leaf.edx, 14);
	features.apic = bit(leaf.edx, 9);
	features.pge = bit(leaf.edx, 13);
	features.pat = bit(leaf.edx, 16);
	features.pcid = bit(leaf.ecx, 17);
	features.x2apic = bit(leaf.ecx, 21);
	features.tsc_deadline = bit(leaf.ecx, 24);
	features.xsave = bit(leaf.ecx, 26) && highest >= 13;
	features.rdrand = bit(leaf.ecx, 30);
	if (features.xsave)
		features.xgetbv1 = bit(cpuid(13, 1).eax, 2);
	if (highest < 7)
		return;
	leaf = cpuid(7, 0);
	features.fsgsbase = bit(leaf.ebx, 0);
	features.smep = bit(leaf.ebx, 7);
	features.smap = bit(leaf.ebx, 20);
	features.umip = bit(leaf.ecx, 2);
}

static void read_extended(uint32_t highest)
{
	features.physical_bits = 36;
	features.fxsave_leaves_pointers = features.amd;
	if (highest < 0x80000001)
		return;
	struct cpuid leaf = cpuid(0x80000001, 0);
	features.syscall = bit(leaf.edx, 11);
	features.nx = bit(leaf.edx, 20);
	if (highest >= 0x80000007)
		features.invariant_tsc = bit(cpuid(0x80000007, 0).edx, 8);
	if (highest >= 0x80000008) {
		leaf = cpuid(0x80000008, 0);
		features.physical_bits = leaf.eax & 0xff;
		features.fxsave_leaves_pointers = features.amd && !bit(leaf.ebx, 2);
	}
}

bool features_read(const char **out_reason)
{
	uint32_t highest_extended = cpuid(0x80000000, 0).eax;
	const char *missing = 0;

	read_names(highest_extended);
	read_basic(cpuid(0, 0).eax);
	read_extended(highest_extended);
	if (!features.nx)
		missing = "this CPU has no NX (pages that are not executable), or the firmware's setup has it switched off";
	else if (!features.fsgsbase)
		missing = "this CPU has no FSGSBASE, which CPUs have since 2012 (QEMU: use -cpu max or -cpu host)";
	else if (!features.syscall)
		missing = "this CPU has no SYSCALL instruction";
	else if (!features.xsave)
		missing = "this CPU has no XSAVE, by which vector registers are saved";
	else if (!features.apic)
		missing = "this CPU has no local APIC, or it is switched off";
	else if (!features.pat)
		missing = "this CPU has no page attribute table";
	else if (cr4_read() & CR4_LA57)
		missing = "the firmware left the CPU with page tables of five levels, and the kernel uses four";
	if (missing)
		*out_reason = missing;
	return !missing;
}

/* Both registers are written whole: nothing that the firmware left on by chance stays. */
void features_enable(void)
{
	uint64_t cr4 = CR4_DE | CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE | CR4_OSXSAVE;

	cr0_write(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
	cr4 |= (features.mce ? CR4_MCE : 0) | (features.pge ? CR4_PGE : 0) | (features.umip ? CR4_UMIP : 0) |
	        (features.smep ? CR4_SMEP : 0) | (features.smap ? CR4_SMAP : 0);
	cr4_write(cr4);
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NXE);
	cpu_uses_smap = features.smap;
}

const char *cpu_description(void)
{
	static char text[256];
	const char *brand = features.brand;

	while (*brand == ' ')
		brand++;
	format_text(text, sizeof text,
	        "%s (%s, family %u, model %u, stepping %u); on: NX, W^X%s%s%s; vector state of %lu bytes; TSC %s",
	        *brand ? brand : "CPU without a name", features.vendor, features.family, features.model, features.stepping,
	        features.smep ? ", SMEP" : "", features.smap ? ", SMAP" : "", features.umip ? ", UMIP" : "", fpu_area_size(),
	        features.invariant_tsc ? "invariant" : "not said to be invariant");
	return text;
}
