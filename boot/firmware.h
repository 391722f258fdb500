/* The firmware, as gnu-efi's headers describe it, and the few names of it that those lack. */
#pragma once

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <efi.h>
#pragma GCC diagnostic pop

#include <stdbool.h>
#include <stdint.h>

/* Set once, by main.c. */
struct firmware {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *system;
	EFI_BOOT_SERVICES *boot;
	EFI_RUNTIME_SERVICES *runtime;
};
extern struct firmware firmware;

/* A few words for what a firmware function answered: "device error". */
const char *firmware_status_text(EFI_STATUS status);

/* The interface of a protocol on a handle, or on any handle where `handle` is NULL; NULL if there is none. */
void *firmware_protocol(EFI_HANDLE handle, const EFI_GUID *protocol);
