/*
 * A grid of characters on a linear framebuffer, for the kernel before and the console server after it has taken over.
 *
 * Writing changes cells in memory; screen_draw brings what changed to the pixels, as many cells as the caller has time for. Video
 * memory is never read: a copy of what it shows says which cells differ, and scrolling turns the ring of rows by one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/bootinfo.h"
#include "common/font.h"

/* What a cell shows: glyph and two colours of the palette. */
struct screen_cell {
	uint16_t glyph;
	uint8_t foreground; /* 0 to 15 */
	uint8_t background;
};

struct screen {
	volatile uint32_t *pixels;
	uint32_t pitch; /* pixels from one line to the next */
	uint32_t scale; /* each pixel of the font is a square of so many */
	uint32_t palette[16];
	const struct font *font;
	uint32_t columns, rows;
	struct screen_cell *cells; /* wanted: a ring of rows that begins at `top` */
	struct screen_cell *shown; /* on the screen, row by row */
	uint32_t top;
	uint32_t row, column; /* of the cursor; column may be `columns`: the next character wraps */
	uint8_t foreground, background;
	bool cursor_visible;
	uint32_t cursor_row, cursor_column; /* where it is drawn now */
	bool cursor_drawn;
	uint32_t dirty_from, dirty_to; /* rows that may differ */
	uint32_t utf8_value;
	uint8_t utf8_missing;
};

/*
 * Starts with a black screen that is wholly drawn later. `memory` holds the cells: a screen that needs more uses its upper left
 * part. False: no framebuffer, or memory for not even one row. Everything given must stay.
 */
bool screen_init(struct screen *screen, volatile uint32_t *pixels, const struct boot_framebuffer *framebuffer,
        const struct font *font, void *memory, size_t memory_size);

/* Bytes of memory that show a whole framebuffer. */
size_t screen_memory(const struct boot_framebuffer *framebuffer, const struct font *font);

/* UTF-8 text; newline goes to the next row's same column, carriage return, tab and backspace move, the rest is shown. */
void screen_write(struct screen *screen, const char *text, size_t length);
void screen_put(struct screen *screen, uint32_t code_point);

/* The cursor, kept inside the grid. */
void screen_move(struct screen *screen, uint32_t row, uint32_t column);

/* Blanks cells from (row, column) up to, not including, (end_row, end_column), in reading order. */
void screen_clear(struct screen *screen, uint32_t row, uint32_t column, uint32_t end_row, uint32_t end_column);

/* One row up: the first is lost, the last is blank. */
void screen_scroll(struct screen *screen);

/* Draws up to `cells` cells that changed; true when nothing is left to draw. */
bool screen_draw(struct screen *screen, uint32_t cells);
