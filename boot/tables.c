/*
 * ACPI and SMBIOS entry points, by their entries in the firmware's configuration table (UEFI 2.10, 4.6). Of each the newer form
 * is preferred: ACPI 2.0's RSDP has 64-bit addresses, SMBIOS 3's entry point too.
 */
#include "tables.h"

#include "firmware.h"

static uint64_t find(EFI_GUID guid)
{
	for (UINTN i = 0; i < firmware.system->NumberOfTableEntries; i++) {
		const EFI_CONFIGURATION_TABLE *entry = &firmware.system->ConfigurationTable[i];

		if (!__builtin_memcmp(&entry->VendorGuid, &guid, sizeof guid))
			return (uint64_t)entry->VendorTable;
	}
	return 0;
}

void tables_find(struct tables *out)
{
	out->rsdp = find((EFI_GUID)ACPI_20_TABLE_GUID);
	if (!out->rsdp)
		out->rsdp = find((EFI_GUID)ACPI_TABLE_GUID);
	out->smbios = find((EFI_GUID)SMBIOS3_TABLE_GUID);
	if (!out->smbios)
		out->smbios = find((EFI_GUID)SMBIOS_TABLE_GUID);
}
