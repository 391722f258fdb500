/* Finds ACPI's tables in physical memory, from the RSDP on (ACPI Specification 6.5, 5.2.5 to 5.2.9). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/handle.h"
#include "user/servers/power/acpi.h"

/* Fills what powering off and resetting need; false, with a line on the log, if a table is missing or broken. */
bool tables_find(handle_t machine, handle_t bootinfo, struct acpi_power *out_power, uint8_t out_sleep_type[2]);
