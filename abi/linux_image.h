/*
 * The image of user/linux: position-independent text and constants, no data, no relocations; mapped read and execute at a
 * random base in every process. All its state hangs on GS. It begins with this header.
 */
#pragma once

#define LINUX_IMAGE_MAGIC 0x58554e494c524548 /* "HERLINUX" */
#define LINUX_IMAGE_VERSION 1

/*
 * What every thread finds at GS, whose remainder is the image's own: native stubs use the control block from there.
 *   mov %gs:LINUX_GS_SELF, reg           address of this structure
 *   mov %gs:LINUX_GS_CONTROL_BLOCK, reg  address of the thread's control block
 */
#define LINUX_GS_SELF 0
#define LINUX_GS_CONTROL_BLOCK 8

#ifndef __ASSEMBLER__
#include <stdint.h>

struct linux_image_header {
	uint64_t magic;
	uint32_t version;
	uint32_t size;  /* of the image, in bytes */
	uint32_t start; /* offset of the entry of a process's first thread: rdi = start block, rsi = control block */
	uint32_t reserved;
};
#endif
