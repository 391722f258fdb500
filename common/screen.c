/* Cells, rows and pixels of screen.h. */
#include "common/screen.h"

#define LARGE_WIDTH 2560u /* from here on a font pixel is four of the screen */

/* The colours of a VGA text screen: bit 0 blue, 1 green, 2 red, 3 bright, in the order of the ANSI sequences. */
static const uint32_t colours[16] = {0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa, 0x555555,
        0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff};

static uint32_t scale_of(const struct boot_framebuffer *framebuffer)
{
	return framebuffer->width >= LARGE_WIDTH ? 2 : 1;
}

size_t screen_memory(const struct boot_framebuffer *framebuffer, const struct font *font)
{
	size_t scale = scale_of(framebuffer);

	return framebuffer->width / (font->width * scale) * (framebuffer->height / (font->height * scale)) * 2 *
	        sizeof(struct screen_cell);
}

static struct screen_cell *row_cells(struct screen *screen, uint32_t row)
{
	return screen->cells + (size_t)((screen->top + row) % screen->rows) * screen->columns;
}

static void mark_dirty(struct screen *screen, uint32_t from, uint32_t to)
{
	if (from < screen->dirty_from)
		screen->dirty_from = from;
	if (to > screen->dirty_to)
		screen->dirty_to = to;
}

static struct screen_cell blank(const struct screen *screen)
{
	return (struct screen_cell){screen->font->ascii[' '], screen->foreground, screen->background};
}

bool screen_init(struct screen *screen, volatile uint32_t *pixels, const struct boot_framebuffer *framebuffer,
        const struct font *font, void *memory, size_t memory_size)
{
	uint32_t scale = scale_of(framebuffer);

	*screen = (struct screen){.pixels = pixels,
	        .pitch = framebuffer->pitch / 4,
	        .scale = scale,
	        .font = font,
	        .columns = framebuffer->width / (font->width * scale),
	        .rows = framebuffer->height / (font->height * scale),
	        .foreground = 7};
	if (!framebuffer->width || !screen->columns || !screen->rows)
		return false;
	size_t row_size = (size_t)screen->columns * 2 * sizeof(struct screen_cell);
	if (memory_size / row_size < screen->rows)
		screen->rows = (uint32_t)(memory_size / row_size);
	if (!screen->rows)
		return false;
	for (unsigned i = 0; i < 16; i++)
		screen->palette[i] = (colours[i] >> 16) << framebuffer->red_shift |
		        (colours[i] >> 8 & 0xff) << framebuffer->green_shift | (colours[i] & 0xff) << framebuffer->blue_shift;
	screen->cells = memory;
	screen->shown = screen->cells + (size_t)screen->columns * screen->rows;
	for (size_t i = 0; i < (size_t)screen->columns * screen->rows; i++) {
		screen->cells[i] = blank(screen);
		screen->shown[i] = (struct screen_cell){UINT16_MAX, 0, 0};
	}
	mark_dirty(screen, 0, screen->rows);
	return true;
}

void screen_scroll(struct screen *screen)
{
	struct screen_cell *last = row_cells(screen, 0);

	for (uint32_t i = 0; i < screen->columns; i++)
		last[i] = blank(screen);
	screen->top = (screen->top + 1) % screen->rows;
	mark_dirty(screen, 0, screen->rows);
}

static void next_row(struct screen *screen)
{
	if (screen->row + 1 < screen->rows)
		screen->row++;
	else
		screen_scroll(screen);
}

void screen_put(struct screen *screen, uint32_t code_point)
{
	if (screen->column >= screen->columns) {
		screen->column = 0;
		next_row(screen);
	}
	row_cells(screen, screen->row)[screen->column++] =
	        (struct screen_cell){(uint16_t)font_glyph(screen->font, code_point), screen->foreground, screen->background};
	mark_dirty(screen, screen->row, screen->row + 1);
}

static void control(struct screen *screen, uint8_t byte)
{
	switch (byte) {
	case '\n': next_row(screen); break;
	case '\r': screen->column = 0; break;
	case '\b': screen->column -= screen->column > 0; break;
	case '\t': screen_move(screen, screen->row, (screen->column | 7) + 1); break;
	default: break;
	}
}

void screen_write(struct screen *screen, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = (uint8_t)text[i];
		if (screen->utf8_missing && (byte & 0xc0) == 0x80) {
			screen->utf8_value = screen->utf8_value << 6 | (byte & 63u);
			if (--screen->utf8_missing == 0)
				screen_put(screen, screen->utf8_value);
			continue;
		}
		screen->utf8_missing = 0;
		if (byte >= 0xc2 && byte < 0xf5) {
			screen->utf8_missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
			screen->utf8_value = byte & (0x3fu >> screen->utf8_missing);
		} else if (byte >= 0x80) {
			screen_put(screen, 0xfffd);
		} else if (byte >= 0x20 && byte != 0x7f) {
			screen_put(screen, byte);
		} else {
			control(screen, byte);
		}
	}
}

void screen_move(struct screen *screen, uint32_t row, uint32_t column)
{
	screen->row = row < screen->rows ? row : screen->rows - 1;
	screen->column = column < screen->columns ? column : screen->columns - 1;
}

void screen_clear(struct screen *screen, uint32_t row, uint32_t column, uint32_t end_row, uint32_t end_column)
{
	for (uint32_t r = row; r < screen->rows && r <= end_row; r++) {
		uint32_t end = r < end_row ? screen->columns : end_column;
		struct screen_cell *cells = row_cells(screen, r);
		for (uint32_t c = r == row ? column : 0; c < end && c < screen->columns; c++)
			cells[c] = blank(screen);
		mark_dirty(screen, r, r + 1);
	}
}

static void draw_cell(struct screen *screen, uint32_t row, uint32_t column, struct screen_cell cell)
{
	const struct font *font = screen->font;
	const uint8_t *glyph = font->glyphs + (size_t)cell.glyph * font->glyph_bytes;
	uint32_t scale = screen->scale;
	uint32_t foreground = screen->palette[cell.foreground & 15], background = screen->palette[cell.background & 15];
	volatile uint32_t *start =
	        screen->pixels + (size_t)row * font->height * scale * screen->pitch + (size_t)column * font->width * scale;

	for (uint32_t y = 0; y < font->height * scale; y++) {
		const uint8_t *bits = glyph + y / scale * font->row_bytes;
		volatile uint32_t *pixel = start + (size_t)y * screen->pitch;
		for (uint32_t x = 0; x < font->width; x++) {
			uint32_t colour = bits[x / 8] & 0x80u >> (x & 7) ? foreground : background;
			for (uint32_t s = 0; s < scale; s++)
				*pixel++ = colour;
		}
	}
}

static bool same(struct screen_cell a, struct screen_cell b)
{
	return a.glyph == b.glyph && a.foreground == b.foreground && a.background == b.background;
}

static struct screen_cell wanted_cell(struct screen *screen, uint32_t row, uint32_t column)
{
	struct screen_cell cell = row_cells(screen, row)[column];

	if (screen->cursor_drawn && row == screen->cursor_row && column == screen->cursor_column)
		return (struct screen_cell){cell.glyph, cell.background, cell.foreground};
	return cell;
}

static void place_cursor(struct screen *screen)
{
	uint32_t column = screen->column < screen->columns ? screen->column : screen->columns - 1;

	if (screen->cursor_drawn == screen->cursor_visible && screen->cursor_row == screen->row &&
	        screen->cursor_column == column)
		return;
	mark_dirty(screen, screen->cursor_row, screen->cursor_row + 1);
	mark_dirty(screen, screen->row, screen->row + 1);
	screen->cursor_drawn = screen->cursor_visible;
	screen->cursor_row = screen->row;
	screen->cursor_column = column;
}

bool screen_draw(struct screen *screen, uint32_t cells)
{
	place_cursor(screen);
	for (uint32_t row = screen->dirty_from; row < screen->dirty_to; row++) {
		struct screen_cell *shown = screen->shown + (size_t)row * screen->columns;
		for (uint32_t column = 0; column < screen->columns; column++) {
			struct screen_cell cell = wanted_cell(screen, row, column);
			if (same(cell, shown[column]))
				continue;
			if (cells-- == 0)
				return false;
			draw_cell(screen, row, column, cell);
			shown[column] = cell;
		}
		screen->dirty_from = row + 1;
	}
	screen->dirty_from = screen->rows;
	screen->dirty_to = 0;
	return true;
}
