/*
 * The handoff from the loader to the kernel: the whole contract is docs/boot.md.
 *
 * The loader enters the kernel at its ELF entry in 64-bit mode with interrupts off, rdi = address of this block in the direct
 * map, CR3 = page_table_root, CR0.WP and EFER.NXE set, the direction flag clear, no usable stack, and the firmware's GDT, which
 * is gone as soon as LOADER memory is freed. Addresses are physical unless a name says otherwise; everything named here lies in
 * RAM and is reached through the direct map.
 */
#pragma once

#include <stdint.h>

#define BOOTINFO_MAGIC 0x4f464e49544f4f42ull /* "BOOTINFO" */
#define BOOTINFO_VERSION 1

/* The kernel's half: where the loader puts what. Both are random within these ranges. */
#define KERNEL_VIRTUAL_BASE 0xffffffff80000000ull /* + slide; multiple of 2 MiB; everything ends below the last GiB's end */
#define KERNEL_SLIDE_MAX 0x38000000ull
#define DIRECT_MAP_LOWEST 0xffff800000000000ull /* the direct map starts at a multiple of 1 GiB in [lowest, highest) */
#define DIRECT_MAP_HIGHEST 0xffffc00000000000ull

enum boot_memory_type {
	BOOT_MEMORY_FREE = 1,
	BOOT_MEMORY_LOADER, /* bootinfo, memory map, command line, loader itself: free once the kernel has copied them */
	BOOT_MEMORY_KERNEL, /* the kernel's segments and the page tables in use */
	BOOT_MEMORY_INITFS,
	BOOT_MEMORY_ACPI, /* tables: readable, kept */
	BOOT_MEMORY_ACPI_NVS,
	BOOT_MEMORY_PANIC,    /* the last panic's report (bootinfo.panic_*) */
	BOOT_MEMORY_FIRMWARE, /* runtime services: not touched */
	BOOT_MEMORY_RESERVED,
	BOOT_MEMORY_DEVICE, /* not RAM, not in the direct map */
	BOOT_MEMORY_BAD,
};

/* Sorted by start, page-aligned, not overlapping, neighbours of one type merged. */
struct boot_memory {
	uint64_t start;
	uint64_t length;
	uint32_t type; /* enum boot_memory_type */
	uint32_t reserved;
};

struct boot_range {
	uint64_t start;
	uint64_t length;
};

/* Linear, little-endian pixels of 32 bits; width is 0 where there is no framebuffer. */
struct boot_framebuffer {
	uint64_t start;
	uint64_t length;
	uint32_t width;
	uint32_t height;
	uint32_t pitch; /* bytes from one line to the next */
	uint8_t red_shift;
	uint8_t green_shift;
	uint8_t blue_shift;
	uint8_t reserved;
};

enum { SEED_NONE, SEED_EFI_RNG, SEED_RDRAND };

/* Layout of the panic area, which survives a warm reset: the report's text follows. */
#define PANIC_MAGIC 0x54524f5045524f4eull
struct panic_area {
	uint64_t magic;    /* PANIC_MAGIC: a report is there that no boot has printed */
	uint32_t length;   /* of the text */
	uint32_t checksum; /* sum of the text's bytes, each times its position plus one, modulo 2^32 */
};

struct bootinfo {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* of this structure as the loader knows it */

	uint64_t direct_map;        /* virtual address of physical address 0 */
	uint64_t direct_map_length; /* end of the highest RAM mapped */
	uint64_t kernel_virtual;    /* address of the image's first byte */
	uint64_t kernel_slide;      /* what was added to the ELF's addresses */
	struct boot_range kernel;   /* in physical memory, contiguous */
	uint64_t page_table_root;   /* its lower half holds nothing that the kernel needs */

	uint64_t memory_map; /* struct boot_memory[memory_count] */
	uint32_t memory_count;
	uint32_t seed_source; /* SEED_* */
	uint8_t seed[64];

	struct boot_range initfs;       /* the compressed archive; length as in the file */
	struct boot_range command_line; /* text, a NUL follows */
	struct boot_range panic;        /* length 0: none */
	struct boot_framebuffer framebuffer;

	uint64_t rsdp;         /* 0: none found */
	uint64_t smbios;       /* of the entry point structure, 0: none */
	uint64_t tsc_entry;    /* rdtsc at the loader's first instruction */
	uint64_t tsc_exit;     /* and at its jump to the kernel */
	uint64_t wall_seconds; /* since 1970-01-01 UTC at tsc_exit by the firmware's clock, 0: unknown */
	char loader[32];       /* its name and version */
};
