/* The kernel's reader of ACPI tables: a machine like QEMU's, then tables that lie about everything. */
/* sources: kernel/arch/x86_64/acpi.c */
/* includes: kernel */
#include "arch/x86_64/acpi.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/log.h"

/*
 * Physical memory is one array; a mapping is a copy of exactly the bytes that were asked for, so that the sanitizer sees a read
 * beyond them. Its end is checked, as machine.c does.
 */
#define MEMORY_SIZE 65536u

static uint8_t memory[MEMORY_SIZE];
static void *mappings[65536];
static unsigned mapping_count, warnings;

void log_line(uint32_t level, const char *source, const char *format, ...)
{
	(void)level;
	(void)source;
	(void)format;
	warnings++;
}

const void *acpi_map(uint64_t physical, uint64_t length)
{
	if (physical > MEMORY_SIZE || length > MEMORY_SIZE - physical)
		return NULL;
	void *copy = malloc(length ? length : 1);
	memcpy(copy, memory + physical, length);
	mappings[mapping_count++] = copy;
	return copy;
}

static struct acpi read_tables(uint64_t rsdp)
{
	struct acpi acpi;

	warnings = 0;
	acpi_read(rsdp, &acpi);
	while (mapping_count)
		free(mappings[--mapping_count]);
	return acpi;
}

static void put(uint32_t at, uint64_t value, unsigned size)
{
	memcpy(memory + at, &value, size);
}

static void fix_sum(uint32_t at, uint32_t length, uint32_t sum_at)
{
	uint8_t sum = 0;

	memory[at + sum_at] = 0;
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + memory[at + i]);
	memory[at + sum_at] = (uint8_t)-sum;
}

static void table(uint32_t at, const char *signature, uint32_t length)
{
	memcpy(memory + at, signature, 4);
	put(at + 4, length, 4);
	fix_sum(at, length, 9);
}

enum { RSDP = 0x100, RSDT = 0x200, XSDT = 0x300, MADT = 0x400, HPET = 0x600, FADT = 0x700, MCFG = 0x900 };

static const uint8_t madt_entries[] = {
        0, 8, 0, 0, 1, 0, 0, 0,                             /* CPU 0, enabled */
        0, 8, 1, 7, 1, 0, 0, 0,                             /* CPU with APIC 7, enabled */
        0, 8, 2, 8, 0, 0, 0, 0,                             /* disabled */
        1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,          /* I/O APIC at 0xfec00000, pin 0 */
        2, 10, 0, 0, 2, 0, 0, 0, 0, 0,                      /* ISA 0 is pin 2, as the bus */
        2, 10, 0, 9, 9, 0, 0, 0, 0xd, 0,                    /* ISA 9: active high, level */
        4, 6, 0xff, 0, 0, 1,                                /* NMI at input 1 of all */
        9, 16, 0, 0, 0x2c, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, /* x2APIC 300, enabled */
        0x7f, 3, 9,                                         /* a kind of the future */
};

#define MADT_LENGTH (44 + (uint32_t)sizeof madt_entries)

static void build(void)
{
	memset(memory, 0, sizeof memory);
	memcpy(memory + MADT + 44, madt_entries, sizeof madt_entries);
	put(MADT + 40, 1, 4);
	table(MADT, "APIC", MADT_LENGTH);
	put(HPET + 44, 0xfed00000, 8);
	table(HPET, "HPET", 56);
	put(FADT + 76, 0x608, 4);
	put(FADT + 112, 1 << 8, 4);
	table(FADT, "FACP", 244);
	put(MCFG + 44, 0xb0000000, 8);
	put(MCFG + 54, 0xff00, 2);
	table(MCFG, "MCFG", 60);
	const uint32_t tables[] = {MADT, HPET, FADT, MCFG};
	for (uint32_t i = 0; i < 4; i++) {
		put(RSDT + 36 + i * 4, tables[i], 4);
		put(XSDT + 36 + i * 8, tables[i], 8);
	}
	table(RSDT, "RSDT", 36 + 16);
	table(XSDT, "XSDT", 36 + 32);
	memcpy(memory + RSDP, "RSD PTR ", 8);
	memory[RSDP + 15] = 2;
	put(RSDP + 16, RSDT, 4);
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, XSDT, 8);
	fix_sum(RSDP, 20, 8);
	fix_sum(RSDP, 36, 32);
}

static bool is_whole(const struct acpi *acpi)
{
	return acpi->has_madt && acpi->legacy_pics && acpi->cpu_count == 3 && acpi->cpus_disabled == 1 &&
	        acpi->cpu_apic_ids[1] == 7 && acpi->cpu_apic_ids[2] == 300 && acpi->ioapic_count == 1 &&
	        acpi->ioapics[0].address == 0xfec00000 && acpi->override_count == 2 && acpi->overrides[0].pin == 2 &&
	        acpi->overrides[1].line == 9 && MADT_TRIGGER(acpi->overrides[1].flags) == MADT_TRIGGER_LEVEL &&
	        MADT_POLARITY(acpi->overrides[1].flags) == MADT_POLARITY_HIGH && acpi->nmi_inputs == 2 &&
	        acpi->hpet_address == 0xfed00000 && acpi->pm_timer_address == 0x608 && acpi->pm_timer_32 &&
	        !acpi->pm_timer_in_memory && acpi->segment_count == 1 && acpi->segments[0].last_bus == 0xff;
}

static void test_good(void)
{
	struct acpi acpi;

	check_begin("acpi: a machine's tables are read whole");
	build();
	acpi = read_tables(RSDP);
	CHECK(is_whole(&acpi) && warnings == 0);

	check_begin("acpi: an RSDP of revision 0 leads through the RSDT, and so does one with a broken XSDT");
	build();
	memory[RSDP + 15] = 0;
	fix_sum(RSDP, 20, 8);
	acpi = read_tables(RSDP);
	CHECK(is_whole(&acpi));
	build();
	memory[XSDT + 9]++;
	acpi = read_tables(RSDP);
	CHECK(is_whole(&acpi) && warnings == 1);

	check_begin("acpi: an extended address of the ACPI timer goes before the old one");
	build();
	put(FADT + 208, 0, 1);
	put(FADT + 212, 0xfed90000, 8);
	table(FADT, "FACP", 244);
	acpi = read_tables(RSDP);
	CHECK(acpi.pm_timer_address == 0xfed90000 && acpi.pm_timer_in_memory);
}

static void test_bad(void)
{
	struct acpi acpi;

	check_begin("acpi: no RSDP, one outside memory and a damaged one give nothing and a warning");
	build();
	acpi = read_tables(0);
	CHECK(!acpi.has_madt && warnings == 1);
	acpi = read_tables(MEMORY_SIZE - 8);
	CHECK(!acpi.has_madt && warnings == 1);
	memory[RSDP + 9]++;
	acpi = read_tables(RSDP);
	CHECK(!acpi.has_madt && warnings == 1);

	check_begin("acpi: a table with a wrong checksum is left out, the others are used");
	build();
	memory[MADT + 50]++;
	acpi = read_tables(RSDP);
	CHECK(!acpi.has_madt && acpi.hpet_address == 0xfed00000 && warnings == 1);

	check_begin("acpi: a table shorter than its head, longer than memory or absurdly long is left out");
	const uint32_t lengths[] = {0, 35, MEMORY_SIZE, 0x7fffffff, 0xffffffff};
	for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		build();
		put(MADT + 4, lengths[i], 4);
		acpi = read_tables(RSDP);
		CHECK(!acpi.has_madt && acpi.hpet_address);
	}

	check_begin("acpi: an entry of the MADT with length 0, 1 or beyond the end stops its reading there");
	const uint8_t entry_lengths[] = {0, 1, 255};
	for (unsigned i = 0; i < sizeof entry_lengths; i++) {
		build();
		memory[MADT + 44 + 8 + 1] = entry_lengths[i];
		table(MADT, "APIC", MADT_LENGTH);
		acpi = read_tables(RSDP);
		CHECK(acpi.cpu_count == 1 && acpi.ioapic_count == 0 && warnings == 1);
	}

	check_begin("acpi: more CPUs, I/O APICs and overrides than there is room for are left out");
	build();
	uint32_t at = MADT + 44;
	for (unsigned i = 0; i < 100; i++, at += 8)
		memcpy(memory + at, "\0\10\0\1\1\0\0\0", 8);
	for (unsigned i = 0; i < 50; i++, at += 12)
		memcpy(memory + at, "\1\14\0\0\0\0\300\376\0\0\0\0", 12);
	for (unsigned i = 0; i < 50; i++, at += 10)
		memcpy(memory + at, "\2\12\0\1\2\0\0\0\0\0", 10);
	put(XSDT + 44, 0, 8); /* the others lay where the MADT reaches now */
	put(XSDT + 52, 0, 8);
	put(XSDT + 60, 0, 8);
	table(XSDT, "XSDT", 68);
	table(MADT, "APIC", at - MADT);
	acpi = read_tables(RSDP);
	CHECK(acpi.cpu_count == ACPI_CPUS_MAX && acpi.ioapic_count == ACPI_IOAPICS_MAX &&
	        acpi.override_count == ACPI_OVERRIDES_MAX);

	check_begin("acpi: an XSDT that lists itself and nonsense ends");
	build();
	put(XSDT + 36, XSDT, 8);
	put(XSDT + 44, UINT64_MAX, 8);
	put(XSDT + 52, MEMORY_SIZE - 1, 8);
	put(XSDT + 60, 0, 8);
	table(XSDT, "XSDT", 68);
	acpi = read_tables(RSDP);
	CHECK(!acpi.has_madt);
}

/* Single bytes changed at random with the sums put right again: whatever comes out, nothing is read that was not mapped. */
static void test_random(void)
{
	check_begin("acpi: tables with random bytes are survived");
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		build();
		for (unsigned i = 0; i < 1 + round % 6; i++)
			memory[RSDT + (unsigned)rand() % (MCFG + 64 - RSDT)] = (uint8_t)rand();
		const uint32_t tables[] = {RSDT, XSDT, MADT, HPET, FADT, MCFG};
		for (unsigned i = 0; i < 6; i++) {
			uint32_t length;
			memcpy(&length, memory + tables[i] + 4, 4);
			if (length >= 36 && length < 4096)
				fix_sum(tables[i], length, 9);
		}
		struct acpi acpi = read_tables(RSDP);
		CHECK(acpi.cpu_count <= ACPI_CPUS_MAX && acpi.segment_count <= ACPI_SEGMENTS_MAX);
	}
}

int main(void)
{
	test_good();
	test_bad();
	test_random();
	return check_result();
}
