/*
 * Console fonts in the PSF formats, versions 1 and 2 (the layout is documented with the kbd tools): glyphs as bitmaps, row by row,
 * each row padded to bytes, most significant bit leftmost; behind them optionally which code points each glyph shows.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct font {
	const uint8_t *glyphs;
	uint32_t width, height; /* in pixels: at most 64 */
	uint32_t row_bytes, glyph_bytes, count;
	const uint8_t *map; /* 0: glyph numbers are code points */
	size_t map_size;
	bool map_utf8;       /* version 2; version 1 has 16-bit little-endian code points */
	uint16_t ascii[128]; /* glyph of each, found once */
	uint16_t unknown;    /* glyph for what the font lacks */
};

/* False if the bytes are no font that is wholly there. The bytes must stay. */
bool font_read(const void *bytes, size_t size, struct font *out);

/* The number of the glyph that shows a code point. */
uint32_t font_glyph(const struct font *font, uint32_t code_point);
