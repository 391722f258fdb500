/* Cells, rows and pixels of screen.h. */
#include "common/screen.h"

#define LARGE_WIDTH 2560u  /* from here on a font pixel is four of the screen */
#define PIXELS_PER_WORK 4u /* drawn in the time in which a cell is compared */

/* Two neighbours in one store; a pixel need not stand at a multiple of 8. */
typedef uint64_t pixel_pair __attribute__((aligned(4), may_alias));

/* The colours of a VGA text screen: bit 0 blue, 1 green, 2 red, 3 bright, in the order of the ANSI sequences. */
static const uint32_t colours[16] = {0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa, 0x555555,
        0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff};

static uint32_t scale_of(const struct boot_framebuffer *framebuffer)
{
	return framebuffer->width >= LARGE_WIDTH ? 2 : 1;
}

static size_t row_memory(uint32_t columns)
{
	return (size_t)columns * 2 * sizeof(struct screen_cell) + sizeof(struct screen_span);
}

size_t screen_memory(const struct boot_framebuffer *framebuffer, const struct font *font)
{
	uint32_t scale = scale_of(framebuffer);

	return row_memory(framebuffer->width / (font->width * scale)) * (framebuffer->height / (font->height * scale));
}

static struct screen_cell *row_cells(struct screen *screen, uint32_t row)
{
	return screen->cells + (size_t)((screen->top + row) % screen->rows) * screen->columns;
}

/* Columns from `from` up to, not including, `to` of a row on the screen are no longer what is wanted, or may not be. */
static void mark_dirty(struct screen *screen, uint32_t row, uint32_t from, uint32_t to)
{
	struct screen_span *span = &screen->dirty[row];

	if (from >= to)
		return;
	if (span->from >= span->to) {
		*span = (struct screen_span){(uint16_t)from, (uint16_t)to};
		screen->dirty_rows++;
		return;
	}
	if (from < span->from)
		span->from = (uint16_t)from;
	if (to > span->to)
		span->to = (uint16_t)to;
}

static void mark_all_dirty(struct screen *screen)
{
	for (uint32_t row = 0; row < screen->rows; row++)
		mark_dirty(screen, row, 0, screen->columns);
}

static struct screen_cell blank(const struct screen *screen)
{
	return (struct screen_cell){screen->font->glyph_of[' '], screen->foreground, screen->background};
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
	        .foreground = 7,
	        .draw_cost = font->width * scale * font->height * scale / PIXELS_PER_WORK};
	if (!framebuffer->width || !screen->columns || screen->columns > UINT16_MAX || !screen->rows)
		return false;
	if (memory_size / row_memory(screen->columns) < screen->rows)
		screen->rows = (uint32_t)(memory_size / row_memory(screen->columns));
	if (!screen->rows)
		return false;
	for (unsigned i = 0; i < 16; i++)
		screen->palette[i] = (colours[i] >> 16) << framebuffer->red_shift |
		        (colours[i] >> 8 & 0xff) << framebuffer->green_shift | (colours[i] & 0xff) << framebuffer->blue_shift;
	screen->cells = memory;
	screen->shown = screen->cells + (size_t)screen->columns * screen->rows;
	screen->dirty = (struct screen_span *)(screen->shown + (size_t)screen->columns * screen->rows);
	for (size_t i = 0; i < (size_t)screen->columns * screen->rows; i++) {
		screen->cells[i] = blank(screen);
		screen->shown[i] = (struct screen_cell){UINT16_MAX, 0, 0};
	}
	for (uint32_t row = 0; row < screen->rows; row++)
		screen->dirty[row] = (struct screen_span){0, 0};
	mark_all_dirty(screen);
	return true;
}

void screen_scroll(struct screen *screen)
{
	struct screen_cell *last = row_cells(screen, 0);

	for (uint32_t i = 0; i < screen->columns; i++)
		last[i] = blank(screen);
	screen->top = (screen->top + 1) % screen->rows;
	mark_all_dirty(screen);
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
	row_cells(screen, screen->row)[screen->column] =
	        (struct screen_cell){(uint16_t)font_glyph(screen->font, code_point), screen->foreground, screen->background};
	mark_dirty(screen, screen->row, screen->column, screen->column + 1);
	screen->column++;
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
		uint32_t start = r == row ? column : 0;
		if (end > screen->columns)
			end = screen->columns;
		for (uint32_t c = start; c < end; c++)
			cells[c] = blank(screen);
		mark_dirty(screen, r, start, end);
	}
}

/* One line of a glyph, from its bits; `ink` has the pairs of pixels for two bits. Widths are nearly always 8. */
static inline void draw_line(volatile uint32_t *pixel, const uint8_t *bits, uint32_t width, const uint64_t ink[4])
{
	volatile pixel_pair *pair = (volatile pixel_pair *)pixel;

	for (; width >= 8; width -= 8, pair += 4) {
		uint32_t byte = *bits++;
		pair[0] = ink[byte >> 6];
		pair[1] = ink[byte >> 4 & 3];
		pair[2] = ink[byte >> 2 & 3];
		pair[3] = ink[byte & 3];
	}
	pixel = (volatile uint32_t *)pair;
	for (uint32_t x = 0; x < width; x++)
		pixel[x] = (uint32_t)ink[*bits << x & 0x80 ? 3 : 0];
}

/* The same with each pixel twice. */
static inline void draw_wide_line(volatile uint32_t *pixel, const uint8_t *bits, uint32_t width, const uint64_t ink[4])
{
	volatile pixel_pair *pair = (volatile pixel_pair *)pixel;

	for (uint32_t x = 0; x < width; x++)
		pair[x] = ink[bits[x / 8] << (x & 7) & 0x80 ? 3 : 0];
}

static void draw_cell(struct screen *screen, uint32_t row, uint32_t column, struct screen_cell cell)
{
	const struct font *font = screen->font;
	const uint8_t *bits = font->glyphs + (size_t)cell.glyph * font->glyph_bytes;
	uint32_t scale = screen->scale;
	uint64_t ground = screen->palette[cell.background & 15], drawn = screen->palette[cell.foreground & 15];
	const uint64_t ink[4] = {ground | ground << 32, ground | drawn << 32, drawn | ground << 32, drawn | drawn << 32};
	volatile uint32_t *line =
	        screen->pixels + (size_t)row * font->height * scale * screen->pitch + (size_t)column * font->width * scale;

	for (uint32_t y = 0; y < font->height; y++, bits += font->row_bytes) {
		for (uint32_t repeat = 0; repeat < scale; repeat++, line += screen->pitch) {
			if (scale == 1)
				draw_line(line, bits, font->width, ink);
			else
				draw_wide_line(line, bits, font->width, ink);
		}
	}
}

static bool same(struct screen_cell a, struct screen_cell b)
{
	return a.glyph == b.glyph && a.foreground == b.foreground && a.background == b.background;
}

static void place_cursor(struct screen *screen)
{
	uint32_t column = screen->column < screen->columns ? screen->column : screen->columns - 1;

	if (screen->cursor_drawn == screen->cursor_visible && screen->cursor_row == screen->row &&
	        screen->cursor_column == column)
		return;
	if (screen->cursor_drawn)
		mark_dirty(screen, screen->cursor_row, screen->cursor_column, screen->cursor_column + 1);
	if (screen->cursor_visible)
		mark_dirty(screen, screen->row, column, column + 1);
	screen->cursor_drawn = screen->cursor_visible;
	screen->cursor_row = screen->row;
	screen->cursor_column = column;
}

/* Does cells of the row from the left while there is work left, and takes them out of its span. */
static void draw_row(struct screen *screen, uint32_t row, uint32_t *work)
{
	struct screen_span *span = &screen->dirty[row];
	struct screen_cell *shown = screen->shown + (size_t)row * screen->columns;
	const struct screen_cell *wanted = row_cells(screen, row);

	for (; *work && span->from < span->to; span->from++) {
		uint32_t column = span->from, cost = 1;
		struct screen_cell cell = wanted[column];
		if (screen->cursor_drawn && row == screen->cursor_row && column == screen->cursor_column)
			cell = (struct screen_cell){cell.glyph, cell.background, cell.foreground};
		if (!same(cell, shown[column])) {
			draw_cell(screen, row, column, cell);
			shown[column] = cell;
			cost += screen->draw_cost;
		}
		*work -= cost < *work ? cost : *work;
	}
	if (span->from >= span->to)
		screen->dirty_rows--;
}

bool screen_draw(struct screen *screen, uint32_t work)
{
	place_cursor(screen);
	work += !work;
	while (work && screen->dirty_rows) {
		uint32_t row = screen->draw_row;
		if (screen->dirty[row].from < screen->dirty[row].to)
			draw_row(screen, row, &work);
		else
			work--;
		if (screen->dirty[row].from >= screen->dirty[row].to)
			screen->draw_row = row + 1 < screen->rows ? row + 1 : 0;
	}
	return screen->dirty_rows == 0;
}
