/* Mapping tables one at a time: first the header for its length, then the whole. Nothing stays mapped. */
#include "user/servers/power/tables.h"

#include <string.h>

#include "abi/bootinfo.h"
#include "user/lib/call.h"
#include "user/lib/log.h"

#define PAGE 4096ull
#define TABLE_MAX (4u << 20) /* a DSDT of a large server has some hundred KiB */
#define TABLES_MAX 256u
#define RSDP_SIZE 36u

struct mapping {
	uint64_t address, length; /* whole pages */
	const uint8_t *bytes;
};

static bool map(handle_t machine, uint64_t physical, uint64_t length, struct mapping *out)
{
	uint64_t start = physical & ~(PAGE - 1), end = (physical + length + PAGE - 1) & ~(PAGE - 1);
	handle_t frame;

	if (physical + length < physical || end <= start)
		return false;
	if (sys_frame_create_device(machine, start, end - start, CACHE_WRITE_BACK, &frame))
		return false;
	out->length = end - start;
	status_t status = sys_vmem_map(HANDLE_SELF_VMEM, 0, out->length, MAP_READ, frame, 0, &out->address);
	sys_handle_close(frame);
	out->bytes = (const uint8_t *)out->address + (physical - start);
	return status == ERR_OK;
}

static void unmap(struct mapping *mapping)
{
	(void)!sys_vmem_unmap(HANDLE_SELF_VMEM, mapping->address, mapping->length);
}

static uint64_t read_le(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

/* Maps a whole table with this signature; `signature` 0: any. */
static bool map_table(handle_t machine, uint64_t physical, const char *signature, struct mapping *out, uint32_t *out_length)
{
	struct mapping header;

	if (!map(machine, physical, ACPI_HEADER, &header))
		return false;
	uint64_t length = read_le(header.bytes + 4, 4);
	bool wanted = !signature || memcmp(header.bytes, signature, 4) == 0;
	unmap(&header);
	if (!wanted || length < ACPI_HEADER || length > TABLE_MAX || !map(machine, physical, length, out))
		return false;
	*out_length = (uint32_t)length;
	return true;
}

/* The root table lists the others: 64-bit addresses in an XSDT, 32-bit ones in an RSDT. */
static bool find_fadt(handle_t machine, uint64_t root, unsigned entry_size, struct acpi_power *out)
{
	struct mapping list, table;
	uint32_t length, table_length;
	bool found = false;

	if (!map_table(machine, root, entry_size == 8 ? "XSDT" : "RSDT", &list, &length))
		return false;
	for (uint32_t i = 0; i < TABLES_MAX && ACPI_HEADER + (i + 1) * entry_size <= length && !found; i++) {
		uint64_t address = read_le(list.bytes + ACPI_HEADER + i * entry_size, entry_size);
		if (!map_table(machine, address, "FACP", &table, &table_length))
			continue;
		found = acpi_read_fadt(table.bytes, table_length, out);
		unmap(&table);
	}
	unmap(&list);
	return found;
}

static bool find_root(handle_t machine, uint64_t rsdp, uint64_t *out_root, unsigned *out_entry_size)
{
	struct mapping mapping;

	if (!rsdp || !map(machine, rsdp, RSDP_SIZE, &mapping))
		return false;
	bool good = memcmp(mapping.bytes, "RSD PTR ", 8) == 0;
	bool extended = mapping.bytes[15] >= 2 && read_le(mapping.bytes + 24, 8);
	*out_root = extended ? read_le(mapping.bytes + 24, 8) : read_le(mapping.bytes + 16, 4);
	*out_entry_size = extended ? 8 : 4;
	unmap(&mapping);
	return good;
}

bool tables_find(handle_t machine, handle_t bootinfo, struct acpi_power *out_power, uint8_t out_sleep_type[2])
{
	struct bootinfo boot = {0};
	struct mapping dsdt;
	uint64_t copied, root;
	unsigned entry_size;
	uint32_t length;

	if (sys_frame_read(bootinfo, 0, &boot, sizeof boot, &copied) || copied != sizeof boot)
		return false;
	if (!find_root(machine, boot.rsdp, &root, &entry_size)) {
		log_warning("the firmware's RSDP at 0x%lx is not there or is damaged", (unsigned long)boot.rsdp);
		return false;
	}
	if (!find_fadt(machine, root, entry_size, out_power)) {
		log_warning("the firmware has no usable FADT");
		return false;
	}
	if (!map_table(machine, out_power->dsdt, "DSDT", &dsdt, &length)) {
		log_warning("the DSDT at 0x%lx cannot be read", (unsigned long)out_power->dsdt);
		return false;
	}
	bool found = acpi_find_s5(dsdt.bytes, length, &out_sleep_type[0], &out_sleep_type[1]);
	unmap(&dsdt);
	if (!found)
		log_warning("the DSDT has no \\_S5 that can be read without running it");
	return found;
}
