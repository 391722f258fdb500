/* Reading the FADT and searching the DSDT. */
#include "user/servers/power/acpi.h"

#include <string.h>

/* AML, chapter 20.2 */
#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_NAME 0x08
#define AML_BYTE 0x0a
#define AML_PACKAGE 0x12
#define AML_ROOT '\\'

#define FADT_RESET_SUPPORTED (1u << 10) /* table 5.10 */
#define SPACE_IO 1                      /* 5.2.3.2 */

static uint64_t read_le(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

bool acpi_table_check(const uint8_t *table, size_t size, const char signature[4], uint32_t *out_length)
{
	uint8_t sum = 0;

	if (size < ACPI_HEADER || memcmp(table, signature, 4) != 0)
		return false;
	uint32_t length = (uint32_t)read_le(table + 4, 4);
	if (length < ACPI_HEADER || length > size)
		return false;
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + table[i]);
	*out_length = length;
	return sum == 0;
}

/* A field of the FADT, or 0 where an older table ends before it. */
static uint64_t field(const uint8_t *table, uint32_t length, uint32_t offset, unsigned bytes)
{
	return offset + bytes <= length ? read_le(table + offset, bytes) : 0;
}

static uint16_t port(uint64_t number)
{
	return number < 0xffff ? (uint16_t)number : 0;
}

bool acpi_read_fadt(const uint8_t *table, size_t size, struct acpi_power *out)
{
	uint32_t length;

	if (!acpi_table_check(table, size, "FACP", &length))
		return false;
	*out = (struct acpi_power){
	        .dsdt = field(table, length, 140, 8),
	        .pm1a_control = port(field(table, length, 64, 4)),
	        .pm1b_control = port(field(table, length, 68, 4)),
	        .smi_command = port(field(table, length, 48, 4)),
	        .acpi_enable = (uint8_t)field(table, length, 52, 1),
	};
	if (!out->dsdt)
		out->dsdt = field(table, length, 40, 4);
	if (field(table, length, 112, 4) & FADT_RESET_SUPPORTED && field(table, length, 116, 1) == SPACE_IO) {
		out->reset_port = port(field(table, length, 120, 8));
		out->reset_value = (uint8_t)field(table, length, 128, 1);
	}
	return out->dsdt && out->pm1a_control;
}

/* A small integer at *at, which moves behind it (20.2.3). */
static bool read_integer(const uint8_t *table, uint32_t length, uint32_t *at, uint8_t *out)
{
	if (*at >= length)
		return false;
	uint8_t what = table[(*at)++];
	if (what == AML_ZERO || what == AML_ONE) {
		*out = what;
		return true;
	}
	if (what != AML_BYTE || *at >= length)
		return false;
	*out = table[(*at)++];
	return *out < 8; /* SLP_TYP has three bits */
}

/* A package behind the name: opcode, length of 1 to 4 bytes (20.2.4), count of elements, the elements. */
static bool read_package(const uint8_t *table, uint32_t length, uint32_t at, uint8_t *out_a, uint8_t *out_b)
{
	if (length - at < 3 || table[at] != AML_PACKAGE)
		return false;
	at += 2 + (table[at + 1] >> 6);
	if (at >= length || table[at] < 2)
		return false;
	at++;
	return read_integer(table, length, &at, out_a) && read_integer(table, length, &at, out_b);
}

bool acpi_find_s5(const uint8_t *table, size_t size, uint8_t *out_type_a, uint8_t *out_type_b)
{
	uint32_t length;

	if (!acpi_table_check(table, size, "DSDT", &length))
		return false;
	for (uint32_t at = ACPI_HEADER; at + 4 < length; at++) {
		if (memcmp(table + at, "_S5_", 4) != 0)
			continue;
		bool named = table[at - 1] == AML_NAME || (table[at - 1] == AML_ROOT && table[at - 2] == AML_NAME);
		uint8_t a, b;
		if (named && read_package(table, length, at + 4, &a, &b)) {
			*out_type_a = a;
			*out_type_b = b;
			return true;
		}
	}
	return false;
}
