/*
 * Console fonts in the PSF formats, versions 1 and 2 (the layout is documented with the kbd tools): glyphs as bitmaps, row by row,
 * each row padded to bytes, most significant bit leftmost; behind them optionally which code points each glyph shows.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FONT_CODE_POINTS 0x2900u /* what lies above, no console font has: private use and East Asian scripts */

struct font {
	const uint8_t *glyphs;
	uint32_t width, height; /* in pixels: at most 64 */
	uint32_t row_bytes, glyph_bytes, count;
	uint16_t unknown;                    /* glyph for what the font lacks */
	uint16_t glyph_of[FONT_CODE_POINTS]; /* for each code point */
};

/* False if the bytes are no font that is wholly there. The bytes must stay. *out is 20 KiB: not for the kernel's stack. */
bool font_read(const void *bytes, size_t size, struct font *out);

/* The number of the glyph that shows a code point. */
static inline uint32_t font_glyph(const struct font *font, uint32_t code_point)
{
	return code_point < FONT_CODE_POINTS ? font->glyph_of[code_point] : font->unknown;
}
