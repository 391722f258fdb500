/* Post-processing, the two sinks, and the timer that draws. */
#include "user/servers/console/output.h"

#include <stdlib.h>
#include <string.h>

#include "user/lib/log.h"
#include "user/servers/console/kept.h"

#define DRAW_DELAY_NS 20000000ull /* 50 pictures a second at most */
#define DRAW_STEP 20000u          /* screen_draw's units, before other events get their turn: 0.6 million instructions */

extern const char font_image[], font_image_end[]; /* font_image.S */

static void draw(struct server_timer *timer)
{
	struct output *output = timer->context;

	if (!screen_draw(&output->screen, DRAW_STEP))
		server_timer_set(output->server, timer, server_timer_now());
}

static bool screen_begin(struct output *output, handle_t framebuffer, const struct boot_framebuffer *geometry)
{
	uint64_t address;

	if (!framebuffer || !geometry->width)
		return false;
	if (!font_read(font_image, (size_t)(font_image_end - font_image), &output->font)) {
		log_error("the font is damaged; the screen is not used");
		return false;
	}
	status_t status = sys_vmem_map(HANDLE_SELF_VMEM, 0, (geometry->length + 4095) & ~4095ull, MAP_READ | MAP_WRITE,
	        framebuffer, geometry->start & 4095, &address);
	if (status) {
		log_error("the framebuffer cannot be mapped (%s); the screen is not used", error_text(status));
		return false;
	}
	size_t size = screen_memory(geometry, &output->font);
	void *cells = malloc(size);
	return cells && screen_init(&output->screen, (volatile uint32_t *)address, geometry, &output->font, cells, size);
}

static void send(struct server_timer *timer)
{
	struct output *output = timer->context;

	uart_send(output->uart);
	output->sent();
}

void output_send_soon(struct output *output)
{
	if (!output->send.set)
		server_timer_set(output->server, &output->send, DEADLINE_NOW);
}

void output_init(struct output *output, struct server *server, struct uart *uart, handle_t framebuffer,
        const struct boot_framebuffer *geometry, void (*sent)(void))
{
	output->uart = uart;
	output->server = server;
	output->sent = sent;
	output->send = (struct server_timer){.expired = send, .context = output};
	output->draw = (struct server_timer){.expired = draw, .context = output};
	output->has_screen = screen_begin(output, framebuffer, geometry);
	if (output->has_screen)
		vt_init(&output->vt, &output->screen);
}

size_t output_space(const struct output *output)
{
	return output->uart->present ? uart_space(output->uart) / 2 : UART_QUEUE / 2;
}

static void emit_screen(struct output *output, const char *bytes, size_t length)
{
	if (!output->has_screen)
		return;
	vt_write(&output->vt, bytes, length);
	if (!output->draw.set)
		server_timer_set(output->server, &output->draw, server_timer_now() + DRAW_DELAY_NS);
}

static void queue(struct output *output, const char *bytes, size_t length)
{
	uart_write(output->uart, bytes, length);
	output_send_soon(output);
}

static void emit(struct output *output, const char *bytes, size_t length)
{
	queue(output, bytes, length);
	emit_screen(output, bytes, length);
}

/* Hands `bytes` to a sink in parts, each newline as "\r\n". */
static void post_process(struct output *output, const char *bytes, size_t length,
        void (*sink)(struct output *output, const char *bytes, size_t length))
{
	size_t start = 0;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '\n')
			continue;
		sink(output, bytes + start, i - start);
		sink(output, "\r\n", 2);
		start = i + 1;
	}
	sink(output, bytes + start, length - start);
}

void output_screen_text(struct output *output, const char *bytes, size_t length)
{
	post_process(output, bytes, length, emit_screen);
}

void output_text(struct output *output, const char *bytes, size_t length, bool post)
{
	if (length == 0)
		return;
	if (post)
		post_process(output, bytes, length, emit);
	else
		emit(output, bytes, length);
	kept->at_line_start = bytes[length - 1] == '\n' || bytes[length - 1] == '\r';
}

void output_fresh_line(struct output *output)
{
	if (!kept->at_line_start)
		output_text(output, "\n", 1, true);
}

void output_serial(struct output *output, const char *text)
{
	queue(output, text, strlen(text));
}
