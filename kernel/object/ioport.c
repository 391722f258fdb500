#include "object/ioport.h"

#include "arch/ports.h"
#include "core/percpu.h"
#include "lib/string.h"
#include "mm/pages.h"
#include "mm/slab.h"
#include "object/group.h"
#include "object/process.h"
#include "object/thread.h"

#define BITMAP_ORDER 1
#define BITMAP_PAGES (1ull << BITMAP_ORDER)
#define ENTRIES_PER_STEP 512u /* of the handle table looked at, before interrupts are let in */

_Static_assert(PAGE_SIZE << BITMAP_ORDER == PORTS_BITMAP_SIZE, "a bitmap is two pages");

static struct slab ioport_slab = SLAB_INIT("ioports", struct ioport);

uint32_t ioport_create(struct group *group, uint32_t first, uint32_t count, struct ioport **out)
{
	struct ioport *ioport = slab_alloc(&ioport_slab);
	if (!ioport)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&ioport->object, OBJECT_IOPORT, group);
	if (error) {
		slab_free(&ioport_slab, ioport);
		return error;
	}
	ioport->first = first;
	ioport->count = count;
	*out = ioport;
	return ERR_OK;
}

bool ioport_destroy_step(struct object *object)
{
	object_end(object);
	slab_free(&ioport_slab, object);
	return true;
}

/* A bit that is clear allows a port. Whole bytes at once, so that 65536 ports are no long work. */
static void allow(uint8_t *bitmap, uint32_t first, uint32_t count)
{
	uint32_t port = first, end = first + count;
	while (port < end) {
		if (port % 8 == 0 && end - port >= 8) {
			uint32_t bytes = (end - port) / 8;
			memset(bitmap + port / 8, 0, bytes);
			port += bytes * 8;
		} else {
			bitmap[port / 8] &= (uint8_t) ~(1u << port % 8);
			port++;
		}
	}
}

static bool allot_bitmap(struct process *process)
{
	struct paddr start;
	if (process->ports)
		return true;
	if (group_charge_pages(process->object.group, BITMAP_PAGES))
		return false;
	if (!pages_alloc(BITMAP_ORDER, 0, &start)) {
		group_return_pages(process->object.group, BITMAP_PAGES);
		return false;
	}
	process->ports = direct_map(start);
	return true;
}

static inline bool bitmap_is_true(const struct process *process)
{
	return process->ports && process->ports_changes == process->handles.ioport_changes && !process->ports_cursor;
}

/*
 * Goes on through the handle table from the process's cursor, which several threads may push. At its end the bitmap is as the
 * table was at the beginning. The thread repeats its instruction, which is refused once more and finds the bitmap ready, or old.
 */
static void build_step(struct task *task)
{
	struct process *process = thread_of_task(task)->process;
	const struct handles *table = &process->handles;
	if (bitmap_is_true(process))
		return;
	uint32_t index = process->ports_cursor;
	if (index == 0) {
		memset(process->ports, 0xff, PORTS_BITMAP_SIZE);
		process->ports_changes = table->ioport_changes;
		index = 1;
	}
	uint32_t end = index + ENTRIES_PER_STEP;
	for (; index < end && index < table->limit; index++) {
		const struct handle_entry *entry = &table->chunks[index / HANDLES_PER_CHUNK][index % HANDLES_PER_CHUNK];
		if (entry->handle && entry->object->type == OBJECT_IOPORT) {
			const struct ioport *ioport = (const struct ioport *)entry->object;
			allow(process->ports, ioport->first, ioport->count);
		}
	}
	process->ports_cursor = index < table->limit ? index : 0;
	if (process->ports_cursor)
		task->continuation = build_step;
}

bool ioport_grant(struct thread *thread)
{
	struct process *process = thread->process;
	struct cpu *cpu = cpu_current();
	if (!process->handles.ioports || cpu->ports_loaded || !ports_is_access(thread->task.context.rip))
		return false;
	if (bitmap_is_true(process)) {
		ports_load(process->ports);
		cpu->ports_loaded = 1;
		return true;
	}
	if (!allot_bitmap(process))
		return false;
	thread->task.continuation = build_step;
	cpu->need_schedule = 1;
	return true;
}

void ioport_forget(void)
{
	struct cpu *cpu = cpu_current();
	if (!cpu->ports_loaded)
		return;
	ports_load(0);
	cpu->ports_loaded = 0;
}

void ioport_release_bitmap(struct process *process)
{
	if (!process->ports)
		return;
	ioport_forget();
	pages_free(direct_map_physical(process->ports), BITMAP_ORDER);
	group_return_pages(process->object.group, BITMAP_PAGES);
	process->ports = 0;
	process->ports_changes = process->ports_cursor = 0; /* the next one is not true yet */
}
