/*
 * console: owner of the UART at COM1 and of the screen, until it ends or the kernel panics. Shows the log, and offers terminals
 * (protocol fs) that programs read from and write to: the console, and pseudo terminals.
 */
#include <stdlib.h>

#include "abi/bootinfo.h"
#include "abi/manifest.h"
#include "user/lib/device.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/servers/console/files.h"
#include "user/servers/console/job.h"
#include "user/servers/console/kept.h"
#include "user/servers/console/output.h"

HEARTH_MANIFEST("name console\n"
                "import log\n"
                "import log.read\n"
                "import log.claim\n"
                "import bootinfo\n"
                "import framebuffer optional\n"
                "import ioport 3f8 8\n"
                "import irq 4 optional\n"
                "import prompt optional\n"
                "import pm optional\n"
                "export console\n"
                "restart always\n"
                "state 32\n");

#define COM1 0x3f8
#define LOG_PART 2048u
#define WINDOW_TIMEOUT_NS 2000000000ull

static struct server server;
static struct output output;
static struct server_timer window_timer;
static handle_t log_reader, serial_irq;

/* Lines of the log go out as long as there is room; the rest follows when the serial line has taken some. */
static void pump_log(void *context)
{
	char text[LOG_PART];
	uint64_t length, lost;

	(void)context;
	while (output_space(&output) >= sizeof text + 64) {
		if (sys_log_read(log_reader, kept->log_cursor, text, sizeof text, &length, &kept->log_cursor, &lost) ||
		        length == 0)
			return;
		output_fresh_line(&output);
		if (lost)
			output_text(&output, "(older lines of the log were overwritten)\n", 42, true);
		output_text(&output, text, length, true);
	}
}

/* The answer to the question for the window's size is taken out of what is typed. */
static void input(const uint8_t *bytes, size_t length)
{
	struct window *window = &kept->window;
	uint8_t passed[sizeof window->held + 1];

	for (size_t i = 0; i < length; i++) {
		size_t count = window_filter(window, bytes[i], passed);
		if (count)
			terminal_input(&kept->console, passed, count);
	}
	if (window->rows)
		terminal_set_size(&kept->console, window->rows, window->columns);
	window->rows = 0;
}

static void window_expired(struct server_timer *timer)
{
	uint8_t typed[sizeof kept->window.held];

	(void)timer;
	terminal_input(&kept->console, typed, window_give_up(&kept->window, typed));
}

/* A byte is gone from the device when it was read, so it is written down at once, and not taken back with a message. */
STATE_QUIET static void receive(void)
{
	while (kept->typed_length < TYPED_MAX && uart_read(&kept->uart, &kept->typed[kept->typed_length], 1))
		*(volatile uint32_t *)&kept->typed_length += 1;
}

static void take_typed(void)
{
	for (receive(); kept->typed_length; receive()) {
		input(kept->typed, kept->typed_length);
		kept->typed_length = 0;
		server_commit();
	}
}

/* There is room again. Lines of the log have theirs behind what programs write. */
static void sent(void)
{
	terminal_drained(&kept->console);
	pump_log(NULL);
}

/* To read takes back the transmitter's interrupt, so that what waits to be sent is looked at behind it. */
static void serial_interrupt(void *context)
{
	(void)context;
	take_typed();
	output_send_soon(&output);
	status_t status = sys_irq_ack(serial_irq);
	if (status)
		log_error("the interrupt of COM1 cannot be acknowledged (%s); nothing typed will arrive", error_text(status));
}

static struct boot_framebuffer framebuffer_geometry(void)
{
	struct bootinfo boot = {0};
	uint64_t copied;

	if (sys_frame_read(grant_find("bootinfo"), 0, &boot, sizeof boot, &copied) || copied != sizeof boot)
		return (struct boot_framebuffer){0};
	return boot.framebuffer;
}

/* The terminal's sink. */

static size_t space(struct terminal *unused)
{
	(void)unused;
	return output_space(&output);
}

static void put(struct terminal *unused, const char *bytes, size_t length, bool post)
{
	(void)unused;
	output_text(&output, bytes, length, post);
}

static void opened(struct terminal *unused, bool to_read)
{
	(void)unused;
	if (!to_read || kept->console.rows || kept->window.asked || !kept->uart.present)
		return;
	kept->window.asked = true;
	output_serial(&output, WINDOW_QUESTION);
	server_timer_set(&server, &window_timer, server_timer_now() + WINDOW_TIMEOUT_NS);
}

/* When a program first waits for input the system is up. */
static void read_waits(struct terminal *unused)
{
	static bool said;

	(void)unused;
	if (!said && grant_find("prompt") && sys_notify_signal(grant_find("prompt"), MANIFEST_PROMPT_BIT))
		log_warning("cannot tell init that a program waits for input");
	said = true;
}

static const struct terminal_sink sink = {.space = space, .put = put, .opened = opened, .read_waits = read_waits};

static void fail(const char *what, status_t status)
{
	log_error("cannot %s: %s", what, error_text(status));
	exit(1);
}

/* Without its interrupt the serial line still shows the log; typing and long outputs need it. */
static void begin_serial_interrupts(void)
{
	handle_t notify;
	uint64_t bits;

	serial_irq = grant_find("irq.4");
	if (!serial_irq) {
		log_warning("COM1 has no interrupt; nothing typed will arrive");
		return;
	}
	status_t status = server_add_bit(&server, serial_interrupt, NULL, &notify, &bits);
	if (!status)
		status = sys_irq_bind(serial_irq, notify, bits);
	/* Unmasked before anything is read: an edge that came before it is lost, and the line falls only when all is read. */
	if (!status)
		status = sys_irq_ack(serial_irq);
	if (status)
		fail("wait for the interrupt of COM1", status);
	serial_interrupt(NULL); /* takes what has come already */
}

/* The screen begins anew: it shows once more what the kernel has printed. */
static void show_past_log(void)
{
	char text[LOG_PART];
	uint64_t cursor = 0, length = 1, lost;

	while (cursor < kept->log_cursor && length) {
		uint64_t most = kept->log_cursor - cursor < sizeof text ? kept->log_cursor - cursor : sizeof text;
		if (sys_log_read(log_reader, cursor, text, most, &length, &cursor, &lost))
			return;
		output_screen_text(&output, text, length);
	}
}

static void begin_log(void)
{
	handle_t notify;
	uint64_t bits;
	status_t status = server_add_bit(&server, pump_log, NULL, &notify, &bits);

	if (!status)
		status = sys_log_watch(log_reader, notify, bits);
	if (status)
		fail("be told of new lines of the log", status);
	show_past_log();
	pump_log(NULL);
}

/* In a further life the log goes on where it was: what the kernel has printed meanwhile is shown again, and nothing is missing. */
static void begin_devices(void)
{
	struct boot_framebuffer geometry = framebuffer_geometry();
	uint64_t cursor;

	log_reader = grant_find("log.read");
	status_t status = sys_log_claim(grant_find("log.claim"), &cursor);
	if (status)
		fail("take over the serial line and the screen from the kernel", status);
	if (!kept->log_cursor)
		kept->log_cursor = cursor;
	bool serial = uart_init(&kept->uart, COM1);
	output_init(&output, &server, &kept->uart, grant_find("framebuffer"), &geometry, sent);
	if (serial)
		begin_serial_interrupts();
	else if (output.has_screen)
		terminal_set_size(&kept->console, output.screen.rows, output.screen.columns);
	begin_log();
}

/* A server that finds nothing left comes by here as well. */
static void resume(struct server *unused)
{
	(void)unused;
	if (!log_reader)
		begin_devices();
	kept_resume();
	if (kept->window.asked)
		server_timer_set(&server, &window_timer, server_timer_now() + WINDOW_TIMEOUT_NS);
}

static const struct server_state state = {.version = 1, .size = sizeof(struct kept), .check = kept_check, .resume = resume};

int main(void)
{
	window_timer.expired = window_expired;
	files_begin(&server, &state);
	job_begin(grant_find("pm"));
	status_t status = server_begin(&server, grant_find("export.console"));
	if (status)
		fail("serve on the receiver that was granted", status);
	bool further = ((const struct kept *)server.root)->began;
	kept_bind(&server, &sink);
	if (!further) {
		begin_devices();
		server_commit();
	}
	status = server_run(&server);
	fail("receive", status);
}
