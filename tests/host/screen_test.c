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
	verdict(screen_draw(&screen, 10000) && row_shows(&screen, 0, "hello") && row_shows(&screen, 1, "there"),
	        "screen_shows_what_was_written");
	screen_write(&screen, "0123456789", 10);
	screen_draw(&screen, 10000);
	verdict(row_shows(&screen, 1, "there01234") && row_shows(&screen, 2, "56789"), "screen_wraps_long_lines");
	for (unsigned i = 0; i < 30; i++)
		screen_write(&screen, "\r\nrow", 5);
	screen_write(&screen, "\r\nlast", 6);
	screen_draw(&screen, 10000);
	verdict(row_shows(&screen, 11, "last") && row_shows(&screen, 10, "row"), "screen_scrolls");
}

/* How many steps of this much work a drawing takes; 1,000: more than it ever may. */
static unsigned draw_steps(struct screen *screen, uint32_t work)
{
	unsigned steps = 1;

	while (!screen_draw(screen, work) && steps < 1000)
		steps++;
	return steps;
}

static unsigned drawn_cells(const struct screen *screen)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < screen->columns * screen->rows; i++)
		count += screen->shown[i].glyph != UINT16_MAX;
	return count;
}

static void check_steps(void *memory, size_t size)
{
	struct screen screen;
	bool bounded = true;

	start(&screen, memory, size);
	uint32_t cell = 1 + screen.draw_cost; /* compared and drawn */
	for (unsigned cells = 7; cells < 120; cells += 7)
		bounded &= !screen_draw(&screen, cell * 7) && drawn_cells(&screen) == cells;
	verdict(bounded && screen_draw(&screen, cell * 7), "screen_draw_draws_no_more_than_it_may");
	for (unsigned i = 0; i < 12; i++)
		screen_write(&screen, "0123456789", 10);
	draw_steps(&screen, 1000);
	screen_write(&screen, "0123456789", 10);
	verdict(draw_steps(&screen, 7) == 120 / 7 + 1, "screen_draw_compares_no_more_than_it_may");
	verdict(screen_draw(&screen, 0), "screen_with_nothing_new_needs_no_work");
	screen_move(&screen, 5, 4);
	screen_write(&screen, "ab", 2);
	screen.draw_row = 5;
	verdict(draw_steps(&screen, 2 * cell) == 1, "screen_draw_looks_only_at_what_was_written");
}

/* A line that scrolls before each step starts the drawing over, and still every row gets its turn. */
static void check_fairness(void *memory, size_t size)
{
	struct screen screen;

	start(&screen, memory, size);
	for (unsigned i = 0; i < 12 * 4; i++) {
		screen_scroll(&screen);
		screen_draw(&screen, screen.columns * (1 + screen.draw_cost) / 2);
	}
	verdict(drawn_cells(&screen) == 120, "screen_that_always_scrolls_draws_every_row");
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
			screen_draw(&screen, (uint32_t)rand() % 300);
		}
		screen_draw(&screen, 10000);
		memcpy(stepwise, pixels, sizeof pixels);
		for (uint32_t i = 0; i < screen.columns * screen.rows; i++)
			screen.shown[i].glyph = UINT16_MAX;
		for (uint32_t row = 0; row < screen.rows; row++)
			screen.dirty[row] = (struct screen_span){0, (uint16_t)screen.columns};
		screen.dirty_rows = screen.rows;
		screen_draw(&screen, 10000);
		same = memcmp(stepwise, pixels, sizeof pixels) == 0;
	}
	verdict(same, "screen_drawn_in_steps_equals_screen_drawn_at_once");
	verdict(pixels[80] == 0x11111111 && pixels[48 * PITCH] == 0x11111111, "screen_leaves_pixels_outside_the_grid_alone");
}

/* Two glyphs of one line: the first shows A and a sequence that begins with B, the second U+2500, A once more, and U+FFFD. */
static const uint8_t mapped[] = {0x72, 0xb5, 0x4a, 0x86, 0, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0,
        0, 8, 0, 0, 0, 0xaa, 0x55, 'A', 0xfe, 'B', 'C', 0xff, 0xe2, 0x94, 0x80, 'A', 0xef, 0xbf, 0xbd, 0xff};

static void check_map(void)
{
	static struct font out;

	verdict(font_read(mapped, sizeof mapped, &out) && font_glyph(&out, 'A') == 0 && font_glyph(&out, 0x2500) == 1,
	        "font_map_leads_code_points_to_their_first_glyph");
	verdict(font_glyph(&out, 'B') == 1 && font_glyph(&out, 0x2501) == 1 && font_glyph(&out, 0x1f600) == 1,
	        "font_shows_what_it_lacks_by_its_replacement");
}

static void check_fonts(void)
{
	static struct font out;
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
	check_fairness(memory, size);
	check_random(memory, size);
	check_map();
	check_fonts();
	free(memory);
	return failed;
}
