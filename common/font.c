/* Reads a font once: header, sizes, the glyphs of ASCII. Other code points are searched for each time, which is rare. */
#include "common/font.h"

#define PSF1_MAGIC 0x0436u
#define PSF2_MAGIC 0x864ab572u
#define NOT_FOUND UINT32_MAX

static uint32_t read_16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t read_32(const uint8_t *at)
{
	return read_16(at) | read_16(at + 2) << 16;
}

static bool read_header(const uint8_t *bytes, size_t size, struct font *font, size_t *out_glyphs, bool *out_has_map)
{
	if (size >= 32 && read_32(bytes) == PSF2_MAGIC) {
		*out_glyphs = read_32(bytes + 8);
		*out_has_map = read_32(bytes + 12) & 1;
		font->count = read_32(bytes + 16);
		font->glyph_bytes = read_32(bytes + 20);
		font->height = read_32(bytes + 24);
		font->width = read_32(bytes + 28);
		font->map_utf8 = true;
		return true;
	}
	if (size >= 4 && read_16(bytes) == PSF1_MAGIC) {
		*out_glyphs = 4;
		*out_has_map = bytes[2] & 6;
		font->count = bytes[2] & 1 ? 512 : 256;
		font->glyph_bytes = bytes[3];
		font->height = bytes[3];
		font->width = 8;
		return true;
	}
	return false;
}

/* One code point of a version 2 map; marks and broken bytes come back as themselves. */
static uint32_t read_utf8(const struct font *font, size_t *at)
{
	uint8_t first = font->map[(*at)++];
	unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
	uint32_t value = more == 3 ? first & 7u : more == 2 ? first & 15u : more == 1 ? first & 31u : first;

	if (first >= 0xfe)
		return first == 0xff ? NOT_FOUND : NOT_FOUND - 1;
	for (; more && *at < font->map_size && (font->map[*at] & 0xc0) == 0x80; more--)
		value = value << 6 | (font->map[(*at)++] & 63u);
	return value;
}

/* NOT_FOUND ends a glyph's entry, NOT_FOUND - 1 begins its sequences of several code points, which are passed over. */
static uint32_t read_entry(const struct font *font, size_t *at)
{
	if (font->map_utf8)
		return read_utf8(font, at);
	if (font->map_size - *at < 2) {
		*at = font->map_size;
		return NOT_FOUND;
	}
	uint32_t value = read_16(font->map + *at);
	*at += 2;
	return value == 0xffff ? NOT_FOUND : value == 0xfffe ? NOT_FOUND - 1 : value;
}

static uint32_t search_map(const struct font *font, uint32_t code_point)
{
	uint32_t glyph = 0;
	bool sequence = false;

	for (size_t at = 0; at < font->map_size && glyph < font->count;) {
		uint32_t entry = read_entry(font, &at);
		if (entry == NOT_FOUND) {
			glyph++;
			sequence = false;
		} else if (entry == NOT_FOUND - 1) {
			sequence = true;
		} else if (entry == code_point && !sequence) {
			return glyph;
		}
	}
	return NOT_FOUND;
}

static uint32_t search(const struct font *font, uint32_t code_point)
{
	if (font->map)
		return search_map(font, code_point);
	return code_point < font->count ? code_point : NOT_FOUND;
}

bool font_read(const void *bytes, size_t size, struct font *out)
{
	struct font font = {0};
	size_t glyphs = 0;
	bool has_map = false;

	if (!read_header(bytes, size, &font, &glyphs, &has_map) || font.width == 0 || font.width > 64 || font.height == 0 ||
	        font.height > 64 || font.count == 0 || font.count > 65535)
		return false;
	font.row_bytes = (font.width + 7) / 8;
	if (font.glyph_bytes < font.row_bytes * font.height || glyphs > size || font.glyph_bytes > (size - glyphs) / font.count)
		return false;
	font.glyphs = (const uint8_t *)bytes + glyphs;
	size_t map = glyphs + (size_t)font.count * font.glyph_bytes;
	if (has_map && map < size) {
		font.map = (const uint8_t *)bytes + map;
		font.map_size = size - map;
	}
	uint32_t unknown = search(&font, 0xfffd);
	if (unknown == NOT_FOUND)
		unknown = search(&font, '?');
	font.unknown = unknown == NOT_FOUND ? 0 : (uint16_t)unknown;
	for (uint32_t c = 0; c < 128; c++) {
		uint32_t glyph = search(&font, c);
		font.ascii[c] = glyph == NOT_FOUND ? font.unknown : (uint16_t)glyph;
	}
	*out = font;
	return true;
}

uint32_t font_glyph(const struct font *font, uint32_t code_point)
{
	if (code_point < 128)
		return font->ascii[code_point];
	uint32_t glyph = search(font, code_point);
	return glyph == NOT_FOUND ? font->unknown : glyph;
}
