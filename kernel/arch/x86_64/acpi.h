/*
 * What the firmware's static ACPI tables say of CPUs, interrupt controllers and timers (ACPI 6.5, chapter 5). Pure but for
 * acpi_map: everything in the tables is checked, for firmware is not always right.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ACPI_CPUS_MAX 64
#define ACPI_IOAPICS_MAX 16
#define ACPI_OVERRIDES_MAX 32
#define ACPI_SEGMENTS_MAX 8

/* MPS INTI flags: ACPI table 5.26. */
#define MADT_POLARITY(flags) ((flags)&3)
#define MADT_TRIGGER(flags) ((flags) >> 2 & 3)
enum { MADT_POLARITY_HIGH = 1, MADT_POLARITY_LOW = 3, MADT_TRIGGER_EDGE = 1, MADT_TRIGGER_LEVEL = 3 };

struct acpi_ioapic {
	uint64_t address;
	uint32_t first_pin; /* global system interrupt of its pin 0 */
};

struct acpi_override {
	uint32_t pin;
	uint16_t flags;
	uint8_t line; /* of the ISA bus */
};

/* A range of PCI Express configuration space. */
struct acpi_segment {
	uint64_t address;
	uint16_t segment;
	uint8_t first_bus, last_bus;
};

struct acpi {
	bool has_madt;
	bool legacy_pics; /* which must be masked */
	uint32_t cpu_count, cpus_disabled;
	uint32_t cpu_apic_ids[ACPI_CPUS_MAX];
	uint32_t ioapic_count;
	struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
	uint32_t override_count;
	struct acpi_override overrides[ACPI_OVERRIDES_MAX];
	uint8_t nmi_inputs; /* bit n: input n of the local APIC is NMI */
	uint64_t hpet_address;
	uint64_t pm_timer_address; /* 0: none */
	bool pm_timer_in_memory;   /* else a port */
	bool pm_timer_32;          /* counts 32 bits, else 24 */
	uint32_t segment_count;
	struct acpi_segment segments[ACPI_SEGMENTS_MAX];
};

/* Reads the tables that the RSDP at this physical address leads to; what is broken is logged and left out. 0: no RSDP. */
void acpi_read(uint64_t rsdp, struct acpi *out);

/* Makes physical memory readable; 0: cannot. Supplied by machine.c. */
const void *acpi_map(uint64_t physical, uint64_t length);
