/*
 * A grid of characters on a linear framebuffer, for the kernel before and the console server after it has taken over.
 *
 * Writing changes cells in memory and notes where; screen_draw brings what changed to the pixels, as far as the caller has time.
 * Video memory is never read: a copy of what it shows says which cells differ, and scrolling turns the ring of rows by one.
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

/* The columns of a row on the screen that may differ from what is wanted; none when from >= to. */
struct screen_span {
	uint16_t from, to;
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
	struct screen_span *dirty; /* for each row on the screen */
	uint32_t dirty_rows;       /* rows whose span is not empty */
	uint32_t draw_row;         /* the next one to look at: drawing goes round, so that no row waits for ever */
	uint32_t draw_cost;        /* of a cell, in screen_draw's units */
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

/*
 * Brings a part of what changed to the pixels; true when nothing is left. `work` bounds the time: comparing a cell costs 1, some
 * thirty instructions, and drawing it as many more as its pixels take. The last cell is finished: 0 draws one.
 */
bool screen_draw(struct screen *screen, uint32_t work);
