/* The text screen: what is written is what is shown, in bounded steps, inside the framebuffer; damaged fonts are refused. */
/* sources: common/screen.c common/font.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/screen.h"

enum { WIDTH = 83, HEIGHT = 50, PITCH = 96, GLYPHS = 256, GLYPH_HEIGHT = 4 };

static int failed;

static void verdict(bool holds, const char *name)
{
	printf("%s %s\n", holds ? "ok" : "not ok", name);
	failed |= !holds;
}

/* A version 1 font whose glyph n is n in each row, with no map: code points are glyphs. */
static uint8_t psf[4 + GLYPHS * GLYPH_HEIGHT] = {0x36, 0x04, 0, GLYPH_HEIGHT};

static const struct boot_framebuffer framebuffer = {
        .width = WIDTH, .height = HEIGHT, .pitch = PITCH * 4, .red_shift = 16, .green_shift = 8, .blue_shift = 0};

static uint32_t pixels[PITCH * HEIGHT];
static struct font font;

static char shown_at(const struct screen *screen, uint32_t row, uint32_t column)
{
	uint8_t bits = 0;

	for (unsigned x = 0; x < 8; x++)
		bits |= (uint8_t)((pixels[row * GLYPH_HEIGHT * PITCH + column * 8 + x] != screen->palette[0]) << (7 - x));
	return (char)bits;
}

static bool row_shows(const struct screen *screen, uint32_t row, const char *text)
{
	for (uint32_t column = 0; column < strlen(text); column++) {
		if (shown_at(screen, row, column) != text[column])
			return false;
	}
	return true;
}

static void start(struct screen *screen, void *memory, size_t size)
{
	memset(pixels, 0x11, sizeof pixels);
	if (!screen_init(screen, pixels, &framebuffer, &font, memory, size))
		abort();
}

static void check_text(void *memory, size_t size)
{
	struct screen screen;

	start(&screen, memory, size);
	verdict(screen.columns == 10 && screen.rows == 12, "screen_has_as_many_cells_as_fit");
	screen_write(&screen, "hello\r\nthere", 12);
	verdict(screen_draw(&screen, 1000) && row_shows(&screen, 0, "hello") && row_shows(&screen, 1, "there"),
	        "screen_shows_what_was_written");
	screen_write(&screen, "0123456789", 10);
	screen_draw(&screen, 1000);
	verdict(row_shows(&screen, 1, "there01234") && row_shows(&screen, 2, "56789"), "screen_wraps_long_lines");
	for (unsigned i = 0; i < 30; i++)
		screen_write(&screen, "\r\nrow", 5);
	screen_write(&screen, "\r\nlast", 6);
	screen_draw(&screen, 1000);
	verdict(row_shows(&screen, 11, "last") && row_shows(&screen, 10, "row"), "screen_scrolls");
}

static void check_steps(void *memory, size_t size)
{
	struct screen screen;
	unsigned steps = 0;

	start(&screen, memory, size);
	while (!screen_draw(&screen, 7) && steps < 1000)
		steps++;
	verdict(steps == 120 / 7, "screen_draw_draws_no_more_than_it_may");
}

/* After any writes and partial drawings the pixels are those of a screen drawn at once. */
static void check_random(void *memory, size_t size)
{
	static uint32_t stepwise[PITCH * HEIGHT];
	struct screen screen;
	bool same = true;

	srand(1);
	for (unsigned round = 0; round < 200 && same; round++) {
		start(&screen, memory, size);
		screen.cursor_visible = round & 1;
		for (unsigned i = 0; i < 40; i++) {
			char text[24];
			for (unsigned j = 0; j < sizeof text; j++)
				text[j] = (char)(rand() % 12 ? 32 + rand() % 90 : rand());
			screen_write(&screen, text, sizeof text);
			if (rand() % 5 == 0)
				screen_clear(&screen, (uint32_t)rand() % 14, (uint32_t)rand() % 12, (uint32_t)rand() % 14, 5);
			if (rand() % 5 == 0)
				screen_move(&screen, (uint32_t)rand() % 20, (uint32_t)rand() % 20);
			screen_draw(&screen, (uint32_t)rand() % 40);
		}
		screen_draw(&screen, 10000);
		memcpy(stepwise, pixels, sizeof pixels);
		for (uint32_t i = 0; i < screen.columns * screen.rows; i++)
			screen.shown[i].glyph = UINT16_MAX;
		screen.dirty_from = 0;
		screen.dirty_to = screen.rows;
		screen_draw(&screen, 10000);
		same = memcmp(stepwise, pixels, sizeof pixels) == 0;
	}
	verdict(same, "screen_drawn_in_steps_equals_screen_drawn_at_once");
	verdict(pixels[80] == 0x11111111 && pixels[48 * PITCH] == 0x11111111, "screen_leaves_pixels_outside_the_grid_alone");
}

static void check_fonts(void)
{
	struct font out;
	uint8_t *copy = malloc(sizeof psf - 1);

	memcpy(copy, psf, sizeof psf - 1);
	verdict(!font_read(copy, sizeof psf - 1, &out), "truncated_font_is_refused");
	verdict(!font_read(copy, 3, &out), "three_bytes_are_no_font");
	free(copy);
	srand(2);
	for (unsigned i = 0; i < 20000; i++) {
		size_t size = (size_t)(rand() % 200) + 4;
		uint8_t *bytes = malloc(size);
		for (size_t j = 0; j < size; j++)
			bytes[j] = (uint8_t)rand();
		memcpy(bytes, i & 1 ? "\x36\x04\x02\x00" : "\x72\xb5\x4a\x86", 4);
		if (font_read(bytes, size, &out))
			font_glyph(&out, (uint32_t)rand());
		free(bytes);
	}
	verdict(true, "random_fonts_are_read_within_bounds");
}

int main(void)
{
	for (unsigned i = 0; i < GLYPHS * GLYPH_HEIGHT; i++)
		psf[4 + i] = (uint8_t)(i / GLYPH_HEIGHT);
	for (unsigned i = 0; i < GLYPH_HEIGHT; i++)
		psf[4 + ' ' * GLYPH_HEIGHT + i] = 0;
	if (!font_read(psf, sizeof psf, &font))
		return 1;
	size_t size = screen_memory(&framebuffer, &font);
	void *memory = malloc(size);
	check_text(memory, size);
	check_steps(memory, size);
	check_random(memory, size);
	check_fonts();
	free(memory);
	return failed;
}
