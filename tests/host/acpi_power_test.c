/* What the power server reads of ACPI's tables: right ones are understood, damaged ones refused, nothing is read beyond them. */
/* sources: user/servers/power/acpi.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/servers/power/acpi.h"

static int failed;

static void verdict(bool holds, const char *name)
{
	printf("%s %s\n", holds ? "ok" : "not ok", name);
	failed |= !holds;
}

/* Puts header and checksum on a table of `length` bytes. */
static void seal(uint8_t *table, const char *signature, uint32_t length)
{
	uint8_t sum = 0;

	memcpy(table, signature, 4);
	memcpy(table + 4, &length, 4);
	table[9] = 0;
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
}

static bool finds(const void *aml, size_t aml_size, uint8_t a, uint8_t b)
{
	size_t size = ACPI_HEADER + aml_size;
	uint8_t *table = calloc(1, size), got_a = 99, got_b = 99;

	memcpy(table + ACPI_HEADER, aml, aml_size);
	seal(table, "DSDT", (uint32_t)size);
	bool found = acpi_find_s5(table, size, &got_a, &got_b);
	free(table);
	return found && got_a == a && got_b == b;
}

static void check_s5(void)
{
	verdict(finds("\x10\x08_S5_\x12\x06\x04\x00\x00\x00\x00", 13, 0, 0), "s5_of_zeros_is_found");
	verdict(finds("\x08_S5_\x12\x08\x04\x0a\x07\x0a\x05\x00\x00", 13, 7, 5), "s5_of_byte_constants_is_found");
	verdict(finds("\x08\\_S5_\x12\x06\x02\x01\x0a\x05zz", 13, 1, 5), "s5_below_the_root_is_found");
	verdict(finds("\x08_S5_\x12\x47\x00\x02\x01\x01", 11, 1, 1), "package_lengths_of_two_bytes_are_understood");
	verdict(finds("_S5_\x08_S5_\x12\x06\x02\x01\x01", 14, 1, 1), "a_name_that_is_only_used_is_passed_over");
	verdict(!finds("\x08_S5_\x12\x06\x02\x0a\x09\x01", 11, 9, 1), "values_of_more_than_three_bits_are_refused");
	verdict(!finds("\x08_S5_\x12\x06\x02\x0a", 8, 0, 0), "a_package_that_is_cut_is_refused");
	verdict(!finds("nothing of that kind", 20, 0, 0), "no_s5_is_no_s5");
}

static void check_fadt(void)
{
	uint8_t table[244] = {0};
	struct acpi_power power;
	uint32_t pm1a = 0x604, dsdt = 0x12345, flags = 1u << 10;
	uint64_t reset = 0xcf9;

	memcpy(table + 64, &pm1a, 4);
	memcpy(table + 40, &dsdt, 4);
	memcpy(table + 112, &flags, 4);
	table[116] = 1;
	memcpy(table + 120, &reset, 8);
	table[128] = 0x0f;
	seal(table, "FACP", sizeof table);
	bool read = acpi_read_fadt(table, sizeof table, &power);
	verdict(read && power.dsdt == dsdt && power.pm1a_control == pm1a, "the_fadt_gives_dsdt_and_control_port");
	verdict(read && power.reset_port == 0xcf9 && power.reset_value == 0x0f, "the_fadt_gives_the_reset_register");
	verdict(!acpi_read_fadt(table, sizeof table - 1, &power), "a_truncated_fadt_is_refused");
	table[70] ^= 1;
	verdict(!acpi_read_fadt(table, sizeof table, &power), "a_wrong_checksum_is_refused");
	table[70] ^= 1;
	seal(table, "FACP", 116);
	verdict(acpi_read_fadt(table, sizeof table, &power) && power.reset_port == 0,
	        "an_old_short_fadt_has_no_reset_register");
}

static void check_random(void)
{
	srand(4);
	for (unsigned i = 0; i < 50000; i++) {
		size_t size = ACPI_HEADER + (size_t)(rand() % 60);
		uint8_t *table = malloc(size), a, b;
		struct acpi_power power;
		for (size_t j = 0; j < size; j++)
			table[j] = (uint8_t)rand();
		if (size > ACPI_HEADER + 8)
			memcpy(table + ACPI_HEADER + (size_t)rand() % (size - ACPI_HEADER - 6), "\x08_S5_\x12", 6);
		seal(table, i & 1 ? "DSDT" : "FACP", (uint32_t)size);
		acpi_find_s5(table, size, &a, &b);
		(void)!acpi_read_fadt(table, size, &power);
		free(table);
	}
	verdict(true, "random_tables_are_read_within_bounds");
}

int main(void)
{
	check_s5();
	check_fadt();
	check_random();
	return failed;
}
