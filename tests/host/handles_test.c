/* object/handles.c: names are never mistaken for their successors, and the table grows and ends without losing a page. */
/* sources: kernel/object/handles.c kernel/mm/pages.c kernel/mm/pages_boot.c kernel/mm/buddy.c kernel/core/lock.c */
/* sources: tests/host/fake/kernel.c tests/host/fake/machine.c tests/host/fake/direct_map.c */
/* includes: kernel */
#include "object/handles.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fake/kernel.h"
#include "mm/pages.h"
#include "object/group.h"
#include "object/ioport.h"

#define MIB (1ull << 20)

static uint64_t pages_charged, pages_allowed, forgotten;
static struct group group;

uint32_t group_charge_pages(struct group *payer, uint64_t pages)
{
	(void)payer;
	if (pages_charged + pages > pages_allowed)
		return ERR_QUOTA;
	pages_charged += pages;
	return ERR_OK;
}

void group_return_pages(struct group *payer, uint64_t pages)
{
	(void)payer;
	pages_charged -= pages;
}

void ioport_forget(void)
{
	forgotten++;
}

static struct handles table;
static struct object thing = {.type = OBJECT_NOTIFY}, port = {.type = OBJECT_IOPORT};
static handle_t held[HANDLES_MAX];

static handle_t add(struct object *object)
{
	handle_t handle;
	if (handles_allot(&table, 1, &handle))
		return 0;
	handles_fill(&table, handle, object, RIGHT_READ);
	return handle;
}

static void end_table(void)
{
	uint32_t cursor = 0;
	bool end = false;
	while (!end)
		handles_take_next(&table, &cursor, 64, &end);
	CHECK(table.used == 0);
	while (!handles_destroy_step(&table, 3))
		;
	CHECK(pages_charged == 0);
}

static void start_table(uint64_t allowed)
{
	pages_allowed = allowed;
	table = (struct handles){0};
	handles_init(&table, &group);
}

static void lookups(void)
{
	check_begin("what_is_no_handle_is_not_found");
	start_table(1);
	for (uint64_t handle = 0; handle < 1u << HANDLE_INDEX_BITS; handle += 7)
		CHECK(!handles_find(&table, (handle_t)handle));
	CHECK(!handles_find(&table, 1));
	CHECK(!handles_find(&table, HANDLE_SELF_PROCESS));
	CHECK(!handles_find(&table, 0xffffffffu));
	for (unsigned i = 0; i < HANDLES_PER_CHUNK; i++)
		CHECK(!handles_find(&table, 1u << HANDLE_INDEX_BITS | i));

	check_begin("a_handle_finds_its_object_and_rights");
	handle_t handle = add(&thing);
	CHECK(handle >> HANDLE_INDEX_BITS == 1);
	struct handle_entry *entry = handles_find(&table, handle);
	CHECK(entry && entry->object == &thing && entry->rights == RIGHT_READ);
	CHECK(!handles_find(&table, handle + (1u << HANDLE_INDEX_BITS)));

	check_begin("an_allotted_name_leads_nowhere_until_it_is_filled");
	handle_t place[2];
	CHECK(handles_allot(&table, 2, place) == ERR_OK);
	CHECK(!handles_find(&table, place[0]) && !handles_find(&table, place[1]));
	handles_unallot(&table, 2, place);
	CHECK(table.used == 1);

	check_begin("handles_to_ioports_are_counted_and_their_changes_are_told");
	handle_t ports = add(&port);
	CHECK(table.ioports == 1 && forgotten == 1);
	uint32_t changes = table.ioport_changes;
	CHECK(handles_take(&table, handles_find(&table, ports)) == &port);
	CHECK(table.ioports == 0 && table.ioport_changes != changes && forgotten == 2);
	end_table();
}

/* Places that take turns where one handle at a time is made and closed: 16 wait while another is used (handles.c). */
#define TURNS 17

static void generations(void)
{
	check_begin("a_stale_handle_is_refused_for_thousands_of_successors");
	start_table(1);
	handle_t first = add(&thing);
	uint32_t index = first & ((1u << HANDLE_INDEX_BITS) - 1);
	handles_take(&table, handles_find(&table, first));
	unsigned successors = 0;
	for (unsigned i = 0; i < 4093 * TURNS; i++) {
		handle_t handle = add(&thing);
		CHECK(handle != first && handle >> HANDLE_INDEX_BITS != 0 && handle < HANDLE_SELF_PROCESS - 1);
		successors += (handle & ((1u << HANDLE_INDEX_BITS) - 1)) == index;
		CHECK(!handles_find(&table, first));
		handles_take(&table, handles_find(&table, handle));
	}
	CHECK(successors == 4093);
	end_table();
}

static void limits(void)
{
	check_begin("the_table_holds_its_maximum_and_no_more");
	start_table(UINT64_MAX / 2);
	unsigned count = 0;
	while ((held[count] = add(&thing)))
		count++;
	CHECK(count == HANDLES_MAX - 1);
	handle_t none;
	CHECK(handles_allot(&table, 1, &none) == ERR_NO_HANDLES);
	for (unsigned i = 0; i < count; i++)
		CHECK(handles_find(&table, held[i]));
	handles_take(&table, handles_find(&table, held[1234]));
	CHECK(add(&thing) != held[1234]);
	end_table();

	check_begin("a_group_that_cannot_pay_is_refused_and_nothing_changes");
	start_table(3);
	for (unsigned i = 0; i < 500; i++)
		CHECK(add(&thing));
	static handle_t many[100];
	CHECK(handles_allot(&table, 100, many) == ERR_QUOTA);
	CHECK(pages_charged == 3 && table.used == 500);
	CHECK(handles_allot(&table, 11, many) == ERR_OK);
	handles_unallot(&table, 11, many);
	end_table();
}

static void random_use(void)
{
	check_begin("random_use_agrees_with_a_model");
	start_table(UINT64_MAX / 2);
	unsigned count = 0;
	for (unsigned round = 0; round < 200000; round++) {
		unsigned bias = round / 20000 % 2 ? 3 : 5;
		if ((unsigned)rand() % 8 < bias && count < 5000) {
			CHECK((held[count++] = add(&thing)));
		} else if (count) {
			unsigned i = (unsigned)rand() % count;
			handle_t gone = held[i];
			CHECK(handles_find(&table, gone));
			handles_take(&table, handles_find(&table, gone));
			CHECK(!handles_find(&table, gone));
			held[i] = held[--count];
		}
		CHECK(table.used == count);
	}
	for (unsigned i = 0; i < count; i++)
		CHECK(handles_find(&table, held[i]));
	end_table();
}

int main(void)
{
	struct boot_memory map[] = {{MIB, MIB, BOOT_MEMORY_LOADER, 0}, {2 * MIB, 60 * MIB, BOOT_MEMORY_FREE, 0}};
	fake_kernel_start(64 * MIB);
	struct bootinfo boot = fake_bootinfo(MIB, map, 2);
	pages_init(&boot);
	uint64_t free_pages = pages_available();
	lookups();
	generations();
	limits();
	random_use();
	check_begin("no_page_is_lost");
	CHECK(pages_available() == free_pages);
	return check_result();
}
