/*
 * What powering off and resetting need of ACPI's tables (ACPI Specification 6.5). Pure: bytes that the firmware left and nobody
 * vouches for, every length checked; allocates nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACPI_HEADER 36u /* 5.2.6: of each system description table */

/* 5.2.9, the FADT's fields in use; 0 where the firmware has none. */
struct acpi_power {
	uint64_t dsdt;         /* physical address */
	uint16_t pm1a_control; /* ports, 4.8.3.2.1 */
	uint16_t pm1b_control;
	uint16_t smi_command;
	uint8_t acpi_enable;
	uint16_t reset_port; /* 0: no reset register, or not a port */
	uint8_t reset_value;
};

/* Whether `size` bytes hold a table with this signature, whole and with a right checksum; *out_length is its own length. */
bool acpi_table_check(const uint8_t *table, size_t size, const char signature[4], uint32_t *out_length);

bool acpi_read_fadt(const uint8_t *table, size_t size, struct acpi_power *out);

/*
 * The values of \_S5 (7.4.2.6): the table's AML is not run but searched for the name's package, as other systems without an
 * interpreter do. False if it is not there or not two small constants.
 */
bool acpi_find_s5(const uint8_t *table, size_t size, uint8_t *out_type_a, uint8_t *out_type_b);
