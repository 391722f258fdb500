/*
 * What the terminal's output looks like on the screen: plain text and the control sequences of ECMA-48 that line editors and
 * full-screen programs of a plain terminal use. The serial line's terminal gets the same bytes and does this by itself.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/screen.h"

#define VT_PARAMETERS 8

struct vt {
	struct screen *screen;
	uint8_t state;
	uint8_t parameter_count;
	uint16_t parameters[VT_PARAMETERS];
	uint32_t saved_row, saved_column;
};

void vt_init(struct vt *vt, struct screen *screen);
void vt_write(struct vt *vt, const char *bytes, size_t length);
