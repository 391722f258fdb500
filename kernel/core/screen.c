/*
 * Lines change cells at once and pixels in steps (log.h), so that a full screen costs no log line more than its share; what is not
 * drawn when the console server takes over, it draws again.
 */
#include "core/screen.h"

#include "arch/paging.h"
#include "common/screen.h"
#include "core/log.h"

#define CELLS_MAX (256u * 96u)
#define DRAW_STEP 300u /* screen_draw's units: some 9,000 instructions */

extern const char font_image[] __attribute__((visibility("hidden"))); /* font_image.S */
extern const char font_image_end[] __attribute__((visibility("hidden")));

static struct font font;
static struct screen screen;
static struct screen_cell cells[CELLS_MAX * 2];
static bool present;

static size_t room(void)
{
	return SIZE_MAX;
}

static void write(const char *text, size_t length)
{
	screen_write(&screen, text, length);
}

static bool draw_step(void)
{
	return screen_draw(&screen, DRAW_STEP);
}

static const struct log_output output = {.room = room, .write = write, .settle = draw_step};

void screen_output_init(const struct bootinfo *boot)
{
	const struct boot_framebuffer *framebuffer = &boot->framebuffer;

	if (framebuffer->width == 0)
		return;
	if (!font_read(font_image, (size_t)(font_image_end - font_image), &font)) {
		log_warning("the built-in font is damaged; the screen stays dark");
		return;
	}
	volatile void *pixels = device_map(paddr(framebuffer->start), framebuffer->length, PAGE_CACHE_COMBINING);
	if (!pixels || !screen_init(&screen, pixels, framebuffer, &font, cells, sizeof cells)) {
		log_warning("the framebuffer at 0x%lx cannot be used", framebuffer->start);
		return;
	}
	present = true;
	log_add_output(&output);
}

void screen_output_finish(void)
{
	if (present)
		screen_draw(&screen, UINT32_MAX);
}
