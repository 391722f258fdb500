/* The machine's bring-up in its order, and the way to tables that may lie outside the direct map. */
#include "arch/machine.h"

#include "arch/cpu.h"
#include "arch/interrupt.h"
#include "arch/paging.h"
#include "arch/x86_64/acpi.h"
#include "arch/x86_64/cpus.h"
#include "arch/x86_64/descriptors.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/fpu_init.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/paging_init.h"
#include "arch/x86_64/random.h"
#include "arch/x86_64/timer.h"
#include "core/log.h"
#include "core/panic.h"

/* The loader's map, until the devices are up. */
static const struct boot_memory *memory;
static uint32_t memory_count;

bool machine_init_cpu(const struct bootinfo *boot, const char **out_reason)
{
	if (!features_read(out_reason))
		return false;
	paging_init(boot);
	features_enable();
	arch_cpu_current()->area = &descriptors_boot_area;
	descriptors_init(arch_cpu_current());
	paging_protect_kernel();
	fpu_init();
	random_init(boot->seed);
	return true;
}

/* Types that the direct map surely has; the others are mapped again, which does no harm. */
static bool is_in_direct_map(uint32_t type)
{
	return type >= BOOT_MEMORY_FREE && type <= BOOT_MEMORY_PANIC;
}

const void *acpi_map(uint64_t physical, uint64_t length)
{
	if (length > UINT64_MAX - physical)
		return 0;
	for (uint32_t i = 0; i < memory_count; i++) {
		const struct boot_memory *range = &memory[i];
		if (is_in_direct_map(range->type) && physical >= range->start && physical - range->start < range->length &&
		        length <= range->length - (physical - range->start))
			return direct_map(paddr(physical));
	}
	return (const void *)device_map(paddr(physical), length, PAGE_CACHE_BACK);
}

void machine_init_devices(const struct bootinfo *boot)
{
	static struct acpi acpi;

	memory = direct_map(paddr(boot->memory_map));
	memory_count = boot->memory_count;
	acpi_read(boot->rsdp, &acpi);
	memory_count = 0;

	pic_mask();
	if (!lapic_init())
		panic("there is no memory to map the local APIC");
	lapic_init_cpu(acpi.nmi_inputs);
	arch_cpu_current()->apic_id = lapic_id();
	arch_cpu_current()->online = 1;
	timer_init(boot, &acpi);
	ioapic_init(&acpi, arch_cpu_current()->apic_id);
	if (interrupt_pins() == 0)
		log_error("no I/O APIC was found: devices will send no interrupts");
	uint32_t running = cpus_start(boot, &acpi);
	log_info("machine: %u of %u CPU%s run, %u interrupt pins on %u I/O APIC%s", running, acpi.cpu_count,
	        acpi.cpu_count == 1 ? "" : "s", interrupt_pins(), acpi.ioapic_count, acpi.ioapic_count == 1 ? "" : "s");
}
