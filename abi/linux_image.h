/*
 * The image of user/linux: position-independent text and constants, no data, no relocations; mapped read and execute at a
 * random base in every process. All its state hangs on GS. It begins with this header.
 */
#pragma once

#include <stdint.h>

#define LINUX_IMAGE_MAGIC 0x58554e494c524548ull
#define LINUX_IMAGE_VERSION 1

struct linux_image_header {
	uint64_t magic;
	uint32_t version;
	uint32_t size;  /* of the image, in bytes */
	uint32_t start; /* offset of the entry of a process's first thread: rdi = start block */
	uint32_t reserved;
};
