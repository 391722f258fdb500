#include "object/machine.h"

#include "arch/timer.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "mm/pages.h"
#include "mm/slab.h"
#include "mm/table_pages.h"
#include "object/group.h"

struct object machine_object;
static uint64_t loader_entry, kernel_entry;

_Static_assert(OBJECT_TYPES <= sizeof(((struct machine_stats *)0)->objects) / sizeof(uint64_t), "every type has a count");

void machine_object_init(const struct bootinfo *boot, uint64_t kernel_entry_tsc)
{
	if (object_init(&machine_object, OBJECT_MACHINE, group_root))
		panic("the first group cannot be charged for the machine");
	loader_entry = boot->tsc_entry;
	kernel_entry = kernel_entry_tsc;
}

void machine_stats(struct machine_stats *out)
{
	*out = (struct machine_stats){
	        .size = sizeof *out,
	        .pages_total = pages_total(),
	        .pages_free = pages_available(),
	        .pages_kernel = slab_pages() + table_pages(),
	        .kernel_entry_tsc = kernel_entry,
	        .loader_entry_tsc = loader_entry,
	        .tsc_hz = timer_tsc_hz(),
	};
	for (unsigned type = 0; type < OBJECT_TYPES; type++)
		out->objects[type] = object_count(type);
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		out->context_switches += cpus[i].switches;
		out->interrupts += cpus[i].interrupts;
		out->idle_ns += cpus[i].idle_ns;
	}
}
