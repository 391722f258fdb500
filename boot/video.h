/* The framebuffer. */
#pragma once

#include <stdint.h>

#include "abi/bootinfo.h"

/* Sets the wanted mode where there is one (0: none wanted), and describes the framebuffer; width 0 where there is none. */
void video_start(uint32_t wanted_width, uint32_t wanted_height, struct boot_framebuffer *out);
