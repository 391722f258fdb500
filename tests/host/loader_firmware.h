/*
 * A firmware that is this program: memory, one volume, a console, and whatever of the rest the loader asks for. Everything can be
 * told to fail, and everything that was handed out is counted.
 */
#pragma once

#include "boot/firmware.h"

#include <setjmp.h>

#define FAKE_BASE 0x1f00000ull
#define FAKE_PAGES 8192u /* 32 MiB */

struct fake_file {
	const char *path; /* NULL: end of the table */
	const void *bytes;
	uint64_t size;
	bool folder;
	EFI_STATUS open_status, info_status;
	EFI_STATUS read_status; /* once half of it was read */
};

struct fake {
	/* What the firmware is to do. */
	const struct fake_file *files;
	unsigned fail_allocation; /* the n-th from now on fails; 0: none */
	unsigned exit_refusals;   /* how often ExitBootServices says that the map has changed */
	EFI_STATUS exit_status;   /* and what it says then */
	EFI_STATUS map_status, volume_status, time_status, rng_status;
	bool rng, rng_stuck, rdrand, console_is_com1, has_com1, short_reads, odd_map;
	unsigned map_growth; /* descriptors that every ExitBootServices adds */

	/* What has happened. */
	uint8_t pages[FAKE_PAGES];                     /* EFI_MEMORY_TYPE of each */
	unsigned allocations, held, open_files, exits; /* allocations so far, and not given back */
	char screen[4000], serial[4000];
	bool used_after_exit; /* the console, or a file, after ExitBootServices */
	jmp_buf jump;
	uint64_t entry, bootinfo, page_table_root;
};
extern struct fake fake;

/* Forgets everything and gives back what a boot that went well still holds. */
void fake_reset(void);

/* Runs the loader. True if it entered the kernel, else its status is in *out. */
bool fake_run(EFI_STATUS *out);

/* Pages that belong to the loader, and descriptors that GetMemoryMap would tell. */
unsigned fake_pages_held(void);
