/* Offsets into the start block and the image's header that entry.S shares with C, which asserts them. */
#pragma once

#define ENTRY_BLOCK_LINUX_IMAGE 24
#define ENTRY_BLOCK_LINUX_IMAGE_SIZE 32
#define ENTRY_BLOCK_PROGRAM_ENTRY 176
#define ENTRY_HEADER_SIZE 12
#define ENTRY_HEADER_START 16

#ifndef __ASSEMBLER__
#include <stdint.h>

/* The image of user/linux that root carries; its header says how long it is. */
extern const unsigned char entry_linux_image[];
extern const unsigned char entry_linux_image_end[];

/* rdtsc at root's first instruction; 0 in initfsd. */
extern uint64_t entry_tsc;
#endif
