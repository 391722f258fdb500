/*
 * RSDP → XSDT (or RSDT) → tables. A table is used only if its length is plausible and its sum is zero; entries inside one are
 * followed by their own lengths, which are checked against what is left. Fields are read with memcpy, for nothing is aligned.
 */
#include "arch/x86_64/acpi.h"

#include "core/log.h"
#include "lib/string.h"

#define TABLE_LENGTH_MAX (1u << 20)
#define TABLES_MAX 256u

/* ACPI 5.2.6: the head of every table. */
struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
};

#define HEADER_SIZE 36u
_Static_assert(sizeof(struct header) == HEADER_SIZE, "ACPI 5.2.6");

/* A table or a part of one. Fields beyond the end read as 0. */
struct bytes {
	const uint8_t *at;
	uint32_t length;
};

static uint64_t field(struct bytes from, uint32_t offset, uint32_t size)
{
	uint64_t value = 0;

	if (offset <= from.length && size <= from.length - offset)
		memcpy(&value, from.at + offset, size);
	return value;
}

static bool sum_is_zero(const uint8_t *bytes, uint32_t length)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum == 0;
}

/* Maps and checks the table at a physical address. */
static bool open_table(uint64_t physical, struct bytes *out)
{
	const struct header *header = physical ? acpi_map(physical, HEADER_SIZE) : 0;
	struct header copy;

	if (!header)
		return false;
	memcpy(&copy, header, sizeof copy);
	if (copy.length < HEADER_SIZE || copy.length > TABLE_LENGTH_MAX) {
		log_warning(
		        "ACPI: the table %.4s at 0x%lx claims %u bytes and is ignored", copy.signature, physical, copy.length);
		return false;
	}
	const uint8_t *bytes = acpi_map(physical, copy.length);
	if (!bytes)
		return false;
	if (!sum_is_zero(bytes, copy.length)) {
		log_warning("ACPI: the table %.4s at 0x%lx has a wrong checksum and is ignored", copy.signature, physical);
		return false;
	}
	*out = (struct bytes){bytes, copy.length};
	return true;
}

static void add_cpu(struct acpi *acpi, uint32_t apic_id, uint32_t flags)
{
	/* Bit 0: usable now. Others may be plugged in later, which is not supported. */
	if (!(flags & 1))
		acpi->cpus_disabled++;
	else if (acpi->cpu_count < ACPI_CPUS_MAX)
		acpi->cpu_apic_ids[acpi->cpu_count++] = apic_id;
}

static void add_ioapic(struct acpi *acpi, struct bytes entry)
{
	if (acpi->ioapic_count < ACPI_IOAPICS_MAX && field(entry, 4, 4))
		acpi->ioapics[acpi->ioapic_count++] = (struct acpi_ioapic){field(entry, 4, 4), (uint32_t)field(entry, 8, 4)};
}

static void add_override(struct acpi *acpi, struct bytes entry)
{
	if (acpi->override_count < ACPI_OVERRIDES_MAX && entry.length >= 10)
		acpi->overrides[acpi->override_count++] = (struct acpi_override){
		        .pin = (uint32_t)field(entry, 4, 4),
		        .flags = (uint16_t)field(entry, 8, 2),
		        .line = (uint8_t)field(entry, 3, 1),
		};
}

/* ACPI 5.2.12: the kinds of entries that matter here. */
static void read_madt_entry(struct acpi *acpi, struct bytes entry)
{
	switch (entry.at[0]) {
	case 0: add_cpu(acpi, (uint32_t)field(entry, 3, 1), (uint32_t)field(entry, 4, 4)); break;
	case 1: add_ioapic(acpi, entry); break;
	case 2: add_override(acpi, entry); break;
	case 4:
		if (entry.length >= 6 && field(entry, 5, 1) < 2)
			acpi->nmi_inputs |= (uint8_t)(1u << field(entry, 5, 1));
		break;
	case 9: add_cpu(acpi, (uint32_t)field(entry, 4, 4), (uint32_t)field(entry, 8, 4)); break;
	default: break;
	}
}

static void read_madt(struct acpi *acpi, struct bytes table)
{
	acpi->has_madt = true;
	acpi->legacy_pics = field(table, 40, 4) & 1;
	for (uint32_t at = 44; at + 2 <= table.length;) {
		uint32_t length = table.at[at + 1];
		if (length < 2 || length > table.length - at) {
			log_warning("ACPI: the MADT has an entry of %u bytes at offset %u; the rest is ignored", length, at);
			return;
		}
		read_madt_entry(acpi, (struct bytes){table.at + at, length});
		at += length;
	}
}

/* IA-PC HPET specification 1.0a, 3.2.4: a generic address, whose first byte 0 means memory. */
static void read_hpet(struct acpi *acpi, struct bytes table)
{
	if (table.length >= 56 && field(table, 40, 1) == 0)
		acpi->hpet_address = field(table, 44, 8);
}

/* ACPI 5.2.9: PM_TMR_BLK, flag TMR_VAL_EXT, X_PM_TMR_BLK, which counts if it is there and is not 0. */
static void read_fadt(struct acpi *acpi, struct bytes table)
{
	uint64_t extended = field(table, 212, 8), space = field(table, 208, 1);

	acpi->pm_timer_32 = field(table, 112, 4) & 1u << 8;
	if (extended && space <= 1) {
		acpi->pm_timer_address = extended;
		acpi->pm_timer_in_memory = space == 0;
	} else {
		acpi->pm_timer_address = field(table, 76, 4);
		acpi->pm_timer_in_memory = false;
	}
	if (!acpi->pm_timer_in_memory && acpi->pm_timer_address > 0xfffc)
		acpi->pm_timer_address = 0;
}

/* PCI Firmware Specification 3.3, 4.1.2. */
static void read_mcfg(struct acpi *acpi, struct bytes table)
{
	for (uint32_t at = 44; at + 16 <= table.length && acpi->segment_count < ACPI_SEGMENTS_MAX; at += 16)
		acpi->segments[acpi->segment_count++] = (struct acpi_segment){
		        .address = field(table, at, 8),
		        .segment = (uint16_t)field(table, at + 8, 2),
		        .first_bus = (uint8_t)field(table, at + 10, 1),
		        .last_bus = (uint8_t)field(table, at + 11, 1),
		};
}

static const struct {
	char signature[5];
	void (*read)(struct acpi *acpi, struct bytes table);
} readers[] = {
        {"APIC", read_madt},
        {"HPET", read_hpet},
        {"FACP", read_fadt},
        {"MCFG", read_mcfg},
};

/* The first of each kind counts. */
static void read_table(struct acpi *acpi, uint64_t physical, uint32_t *seen)
{
	const char *signature = physical ? acpi_map(physical, HEADER_SIZE) : 0;
	struct bytes table;

	for (uint32_t i = 0; signature && i < sizeof readers / sizeof readers[0]; i++) {
		if (*seen & 1u << i || memcmp(signature, readers[i].signature, 4) != 0 || !open_table(physical, &table))
			continue;
		*seen |= 1u << i;
		readers[i].read(acpi, table);
		return;
	}
}

static bool read_root(struct acpi *acpi, uint64_t physical, const char *signature, uint32_t entry_size)
{
	struct bytes root;
	uint32_t seen = 0;

	if (!open_table(physical, &root) || memcmp(root.at, signature, 4) != 0)
		return false;
	uint32_t count = (root.length - HEADER_SIZE) / entry_size;
	for (uint32_t i = 0; i < count && i < TABLES_MAX; i++)
		read_table(acpi, field(root, HEADER_SIZE + i * entry_size, entry_size), &seen);
	return true;
}

/* ACPI 5.2.5.3: 20 bytes that sum to zero; from revision 2 on 36 bytes that do too. */
void acpi_read(uint64_t rsdp, struct acpi *out)
{
	const uint8_t *bytes = rsdp ? acpi_map(rsdp, 36) : 0;

	*out = (struct acpi){0};
	if (!bytes || memcmp(bytes, "RSD PTR ", 8) != 0 || !sum_is_zero(bytes, 20)) {
		log_warning("ACPI: %s", bytes ? "the root pointer is damaged" : "the firmware gave no root pointer");
		return;
	}
	struct bytes pointer = {bytes, 36};
	bool extended = bytes[15] >= 2 && sum_is_zero(bytes, 36);
	if (extended && read_root(out, field(pointer, 24, 8), "XSDT", 8))
		return;
	if (!read_root(out, field(pointer, 16, 4), "RSDT", 4))
		log_warning("ACPI: neither XSDT nor RSDT can be read");
}
