/* The CPUs that the firmware did not start. */
#pragma once

#include "abi/bootinfo.h"
#include "arch/x86_64/acpi.h"

/*
 * Starts all that the tables name, one after the other; each sets itself up and then idles. One that does not answer is left and
 * said. Answers how many run, the one that boots included.
 */
uint32_t cpus_start(const struct bootinfo *boot, const struct acpi *acpi);
