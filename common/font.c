/* Reads a font once, from its beginning to its end: header, sizes, and which glyph shows which code point. */
#include "common/font.h"

#define PSF1_MAGIC 0x0436u
#define PSF2_MAGIC 0x864ab572u
#define NO_GLYPH UINT16_MAX
#define REPLACEMENT 0xfffdu /* the code point that stands for what cannot be shown */

/* What read_entry finds besides code points. */
#define END_OF_GLYPH UINT32_MAX
#define SEQUENCE (UINT32_MAX - 1) /* of several code points that one glyph shows: passed over */

struct font_map {
	const uint8_t *bytes;
	size_t size, at;
	bool utf8; /* version 2; version 1 has 16-bit little-endian code points */
};

static uint32_t read_16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t read_32(const uint8_t *at)
{
	return read_16(at) | read_16(at + 2) << 16;
}

/* The map comes back with its kind only, and the size 1 if there is one. */
static bool read_header(const uint8_t *bytes, size_t size, struct font *font, size_t *out_glyphs, struct font_map *map)
{
	if (size >= 32 && read_32(bytes) == PSF2_MAGIC) {
		*out_glyphs = read_32(bytes + 8);
		*map = (struct font_map){.size = read_32(bytes + 12) & 1, .utf8 = true};
		font->count = read_32(bytes + 16);
		font->glyph_bytes = read_32(bytes + 20);
		font->height = read_32(bytes + 24);
		font->width = read_32(bytes + 28);
		return true;
	}
	if (size >= 4 && read_16(bytes) == PSF1_MAGIC) {
		*out_glyphs = 4;
		*map = (struct font_map){.size = (bytes[2] & 6) != 0};
		font->count = bytes[2] & 1 ? 512 : 256;
		font->glyph_bytes = bytes[3];
		font->height = bytes[3];
		font->width = 8;
		return true;
	}
	return false;
}

static uint32_t read_utf8(struct font_map *map)
{
	uint8_t first = map->bytes[map->at++];
	unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
	uint32_t value = more == 3 ? first & 7u : more == 2 ? first & 15u : more == 1 ? first & 31u : first;

	if (first >= 0xfe)
		return first == 0xff ? END_OF_GLYPH : SEQUENCE;
	for (; more && map->at < map->size && (map->bytes[map->at] & 0xc0) == 0x80; more--)
		value = value << 6 | (map->bytes[map->at++] & 63u);
	return value;
}

/* The next code point or mark; the map is not at its end. */
static uint32_t read_entry(struct font_map *map)
{
	if (map->utf8)
		return read_utf8(map);
	if (map->size - map->at < 2) {
		map->at = map->size;
		return END_OF_GLYPH;
	}
	uint32_t value = read_16(map->bytes + map->at);
	map->at += 2;
	return value == 0xffff ? END_OF_GLYPH : value == 0xfffe ? SEQUENCE : value;
}

/* The first glyph that names a code point shows it. */
static void assign(struct font *font, uint32_t code_point, uint32_t glyph)
{
	uint16_t *place = &font->unknown;

	if (code_point < FONT_CODE_POINTS)
		place = &font->glyph_of[code_point];
	else if (code_point != REPLACEMENT)
		return;
	if (*place == NO_GLYPH)
		*place = (uint16_t)glyph;
}

static void read_map(struct font *font, struct font_map *map)
{
	bool sequence = false;

	for (uint32_t glyph = 0; map->at < map->size && glyph < font->count;) {
		uint32_t entry = read_entry(map);
		if (entry == END_OF_GLYPH) {
			glyph++;
			sequence = false;
		} else if (entry == SEQUENCE) {
			sequence = true;
		} else if (!sequence) {
			assign(font, entry, glyph);
		}
	}
}

/* What no glyph shows gets the one for that. */
static void fill_gaps(struct font *font)
{
	if (font->unknown == NO_GLYPH)
		font->unknown = font->glyph_of['?'] == NO_GLYPH ? 0 : font->glyph_of['?'];
	for (uint32_t c = 0; c < FONT_CODE_POINTS; c++) {
		if (font->glyph_of[c] == NO_GLYPH)
			font->glyph_of[c] = font->unknown;
	}
}

bool font_read(const void *bytes, size_t size, struct font *out)
{
	struct font_map map;
	size_t glyphs;

	if (!read_header(bytes, size, out, &glyphs, &map) || out->width == 0 || out->width > 64 || out->height == 0 ||
	        out->height > 64 || out->count == 0 || out->count > 65535)
		return false;
	out->row_bytes = (out->width + 7) / 8;
	if (out->glyph_bytes < out->row_bytes * out->height || glyphs > size || out->glyph_bytes > (size - glyphs) / out->count)
		return false;
	out->glyphs = (const uint8_t *)bytes + glyphs;
	out->unknown = NO_GLYPH;
	for (uint32_t c = 0; c < FONT_CODE_POINTS; c++)
		out->glyph_of[c] = NO_GLYPH;
	size_t map_at = glyphs + (size_t)out->count * out->glyph_bytes;
	if (map.size && map_at < size) {
		map.bytes = (const uint8_t *)bytes + map_at;
		map.size = size - map_at;
		read_map(out, &map);
	} else {
		for (uint32_t c = 0; c < FONT_CODE_POINTS && c < out->count; c++)
			assign(out, c, c);
	}
	fill_gaps(out);
	return true;
}
