/*
 * How the other CPUs come up. Each gets a stack with a page below it that is not there, and what entry code needs, before it takes
 * its first step (start_cpu.S), which begins in a page below 1 MiB. That page and the tables that it is mapped by are borrowed from
 * memory which the kernel leaves alone for good (mm/pages.h), and emptied afterwards.
 *
 * The protocol is INIT, 10 ms, STARTUP, and once more STARTUP if there was no answer: Intel SDM volume 3, 9.4.4.1. All wait for
 * INIT together, but they start one by one, for they share the page.
 */
#include "arch/x86_64/cpus.h"

#include "arch/cpu.h"
#include "arch/machine.h"
#include "arch/paging.h"
#include "arch/timer.h"
#include "arch/x86_64/descriptors.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/fpu_init.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/page_entry.h"
#include "arch/x86_64/paging_init.h"
#include "arch/x86_64/timer.h"
#include "core/log.h"
#include "core/percpu.h"
#include "lib/string.h"

#define INIT_NS 10000000ull
#define STARTUP_NS 1000000ull  /* then the second one is sent */
#define ANSWER_NS 200000000ull /* a virtual machine's other CPUs may get no time for long */
#define LOWEST_PAGE PAGE_SIZE  /* page 0 means "none" */
#define LOW_END (1ull << 20)
#define LOW_PAGES 4u /* code, root, two levels of tables */

extern const uint8_t start_cpu[] __attribute__((visibility("hidden")));
extern const uint8_t start_cpu_end[] __attribute__((visibility("hidden")));
void start_cpu_entry(void) __attribute__((visibility("hidden")));
_Noreturn void start_cpu_main(void) __attribute__((visibility("hidden")));

/* What a CPU has for itself alone, mapped with a hole below it. */
struct cpu_memory {
	uint8_t stack[STACK_SIZE];
	struct entry_area area;
};

static uint8_t nmi_inputs;

/* What the page tells the CPU that starts. */
struct start_words {
	uint64_t tables, cpu, entry, root;
};

_Static_assert(START_TABLES + sizeof(struct start_words) == PAGE_SIZE && START_CPU == START_TABLES + 8 &&
                START_ENTRY == START_CPU + 8 && START_ROOT == START_ENTRY + 8,
        "layout.h and the start page disagree");

/* 0: the map has no such memory. */
static uint64_t find_low_pages(const struct bootinfo *boot)
{
	const struct boot_memory *map = direct_map(paddr(boot->memory_map));

	for (uint32_t i = 0; i < boot->memory_count; i++) {
		uint64_t start = map[i].start < LOWEST_PAGE ? LOWEST_PAGE : map[i].start;
		uint64_t end = map[i].start + map[i].length;
		if (map[i].type == BOOT_MEMORY_FREE && start < end && end - start >= LOW_PAGES * PAGE_SIZE &&
		        start + LOW_PAGES * PAGE_SIZE <= LOW_END)
			return start;
	}
	return 0;
}

/* The kernel's half, and the first 2 MiB where they are. */
static void prepare_low_pages(uint64_t low)
{
	uint64_t *root = direct_map(paddr(low + PAGE_SIZE)), *upper = root + TABLE_ENTRIES, *lower = upper + TABLE_ENTRIES;
	struct start_words *words = direct_map(paddr(low + START_TABLES));

	memset(direct_map(paddr(low)), 0, LOW_PAGES * PAGE_SIZE);
	memcpy(direct_map(paddr(low)), start_cpu, (size_t)(start_cpu_end - start_cpu));
	memcpy(root, direct_map(paddr(page_kernel_root)), PAGE_SIZE);
	root[0] = (low + 2 * PAGE_SIZE) | ENTRY_PRESENT | ENTRY_WRITE;
	upper[0] = (low + 3 * PAGE_SIZE) | ENTRY_PRESENT | ENTRY_WRITE;
	lower[0] = ENTRY_PRESENT | ENTRY_LARGE;
	*words = (struct start_words){low + PAGE_SIZE, 0, (uint64_t)start_cpu_entry, page_kernel_root};
}

static bool prepare_cpu(struct cpu *cpu, uint32_t index, uint32_t apic_id)
{
	struct cpu_memory *own = kernel_memory_map(sizeof *own);

	if (!own)
		return false;
	cpu->arch = (struct arch_cpu){
	        .self = &cpu->arch,
	        .kernel_stack = (uint64_t)(own->stack + sizeof own->stack),
	        .index = index,
	        .apic_id = apic_id,
	        .bases = &context_nobody,
	        .page_root = page_kernel_root,
	        .area = &own->area,
	};
	return true;
}

/* The CPU's first C code. */
void start_cpu_main(void)
{
	struct arch_cpu *cpu = arch_cpu_current();

	paging_init_cpu();
	features_enable();
	descriptors_init(cpu);
	fpu_init_cpu();
	lapic_init_cpu(nmi_inputs);
	timer_init_cpu();
	__atomic_store_n(&cpu->online, 1, __ATOMIC_RELEASE);
	machine_start();
}

static bool comes_within(const struct arch_cpu *cpu, uint64_t ns)
{
	uint64_t end = timer_now() + ns;

	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
		if (timer_now() >= end)
			return false;
		cpu_pause();
	}
	return true;
}

static void wait(uint64_t ns)
{
	uint64_t end = timer_now() + ns;

	while (timer_now() < end)
		cpu_pause();
}

static bool start_cpu_at(struct arch_cpu *cpu, uint64_t low)
{
	struct start_words *words = direct_map(paddr(low + START_TABLES));

	words->cpu = (uint64_t)cpu;
	lapic_send_startup(cpu->apic_id, low);
	if (comes_within(cpu, STARTUP_NS))
		return true;
	lapic_send_startup(cpu->apic_id, low);
	if (comes_within(cpu, ANSWER_NS))
		return true;
	/* It must not begin later, when the page tells of another or is empty. */
	lapic_send_init(cpu->apic_id);
	wait(STARTUP_NS);
	__atomic_store_n(&cpu->online, 0, __ATOMIC_RELEASE);
	return false;
}

/* Blocks of those that can be started, at cpus[1] and behind; answers how many there are, this CPU included. */
static uint32_t prepare_all(const struct acpi *acpi)
{
	uint32_t count = 1;

	for (uint32_t i = 0; i < acpi->cpu_count && count < CPUS_MAX; i++) {
		uint32_t apic_id = acpi->cpu_apic_ids[i];
		if (apic_id == arch_cpu_current()->apic_id)
			continue;
		if (!lapic_reaches(apic_id)) {
			log_warning(
			        "CPU with APIC number %u is not started: only x2APIC mode, in which the firmware did not leave "
			        "this one, could reach it",
			        apic_id);
			continue;
		}
		if (!prepare_cpu(&cpus[count], count, apic_id)) {
			log_warning("no memory for the stacks of more than %u CPUs", count);
			break;
		}
		lapic_send_init(apic_id);
		count++;
	}
	return count;
}

uint32_t cpus_start(const struct bootinfo *boot, const struct acpi *acpi)
{
	uint64_t low = acpi->cpu_count > 1 ? find_low_pages(boot) : 0;

	if (acpi->cpu_count > 1 && !low)
		log_warning("the other CPUs are not started: no 16 KiB of the first megabyte are free");
	if (!low)
		return 1;
	nmi_inputs = acpi->nmi_inputs;
	prepare_low_pages(low);
	uint32_t count = prepare_all(acpi), started = 1;
	wait(INIT_NS);
	for (uint32_t i = 1; i < count; i++) {
		if (start_cpu_at(&cpus[i].arch, low))
			started++;
		else
			log_warning("CPU with APIC number %u does not start", cpus[i].arch.apic_id);
	}
	memset(direct_map(paddr(low)), 0, LOW_PAGES * PAGE_SIZE);
	return started;
}
