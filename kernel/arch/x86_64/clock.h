/* How fast the TSC and the local APIC's timer count. */
#pragma once

#include <stdint.h>

#include "arch/x86_64/acpi.h"

struct clock_rates {
	uint64_t tsc_hz;
	uint64_t lapic_hz;  /* of its timer as divided; 0 when it was not measured */
	const char *source; /* what the TSC was compared with */
};

/* Takes about 5 ms. The local APIC must be ready, with its timer's interrupt held back (interrupts off). */
void clock_measure(const struct acpi *acpi, struct clock_rates *out);
