/*
 * power: turns the machine off and resets it: protocol power, on one device, to which "poweroff" and "reboot" can be written too.
 *
 * The authority over the hardware that it starts with is used once, to find the tables and to take the ports they name, and
 * then given up: from there on the server can do nothing but this.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/bootinfo.h"
#include "abi/manifest.h"
#include "abi/proto/power.h"
#include "user/lib/device.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/server.h"
#include "user/servers/power/acpi.h"
#include "user/servers/power/tables.h"

HEARTH_MANIFEST("name power\n"
                "import log\n"
                "import machine\n"
                "import bootinfo\n"
                "export power\n"
                "restart always\n");

#define RESET_CONTROL 0xcf9 /* of most chipsets since the PIIX3 */
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET 0xfe
#define SLEEP_ENABLE (1u << 13) /* 4.8.3.2.1: PM1 control */
#define SCI_ENABLE 1u
#define LOG_DELAY_NS 50000000ull /* so that the log's last lines get out */
#define ENABLE_TRIES 300

enum intent { NOTHING, POWER_OFF, REBOOT };

static struct server server;
static struct acpi_power power;
static uint8_t sleep_type[2];
static bool can_power_off, can_reset_8042;
static enum intent intent;
static struct server_timer timer;

static void out_8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void out_16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static uint16_t in_16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* 16.3.2: legacy mode ends when the firmware answers ACPI_ENABLE with SCI_EN. */
static void enable_acpi(void)
{
	if (in_16(power.pm1a_control) & SCI_ENABLE || !power.smi_command || !power.acpi_enable)
		return;
	out_8(power.smi_command, power.acpi_enable);
	for (unsigned i = 0; i < ENABLE_TRIES && !(in_16(power.pm1a_control) & SCI_ENABLE); i++)
		sleep_ms(10);
}

/* 7.4.2.6 and 16.1.7: writing the sleep type with SLP_EN enters S5. */
static void power_off(void)
{
	enable_acpi();
	out_16(power.pm1a_control, (uint16_t)(sleep_type[0] << 10 | SLEEP_ENABLE));
	if (power.pm1b_control)
		out_16(power.pm1b_control, (uint16_t)(sleep_type[1] << 10 | SLEEP_ENABLE));
	sleep_ms(1000);
	log_error("the machine did not power off when it was told to; switch it off by hand");
}

static void reboot(void)
{
	if (power.reset_port) {
		out_8(power.reset_port, power.reset_value);
		sleep_ms(100);
	}
	out_8(RESET_CONTROL, 0x02);
	out_8(RESET_CONTROL, 0x06);
	sleep_ms(100);
	if (can_reset_8042)
		out_8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	sleep_ms(1000);
	log_error("the machine did not reset when it was told to; reset it by hand");
}

static void act(struct server_timer *unused)
{
	enum intent what = intent;

	(void)unused;
	intent = NOTHING;
	if (what == POWER_OFF)
		power_off();
	else if (what == REBOOT)
		reboot();
}

static bool word_is(const char *text, uint64_t length, const char *word)
{
	while (length && (text[length - 1] == '\n' || text[length - 1] == ' '))
		length--;
	return length == strlen(word) && memcmp(text, word, length) == 0;
}

static status_t intend(enum intent what)
{
	if (what == POWER_OFF && !can_power_off)
		return ERR_NOT_SUPPORTED;
	intent = what;
	log_info(intent == POWER_OFF ? "powering off" : "resetting");
	server_timer_set(&server, &timer, server_timer_now() + LOG_DELAY_NS);
	return ERR_OK;
}

static bool may_act(const struct request *request)
{
	const struct device_open *open = request->object;
	return open->access & OPEN_WRITE;
}

static status_t handle_off(struct request *request)
{
	return may_act(request) ? intend(POWER_OFF) : ERR_NO_RIGHT;
}

static status_t handle_restart(struct request *request)
{
	return may_act(request) ? intend(REBOOT) : ERR_NO_RIGHT;
}

static status_t write_word(struct request *request, uint64_t length)
{
	char text[16];

	if (length > sizeof text)
		return ERR_BAD_ARGUMENT;
	status_t status = request_read(request, 0, text, length);
	if (status)
		return status;
	request->answer.word[0] = length;
	if (word_is(text, length, "poweroff"))
		return intend(POWER_OFF);
	return word_is(text, length, "reboot") ? intend(REBOOT) : ERR_BAD_ARGUMENT;
}

static const struct device devices[] = {
        {.name = "", .mode = 0200, .number = DEVICE_NUMBER(10, 2), .read = NULL, .write = write_word}};

static const struct server_operation operations[] = {
#define POWER_OP SERVER_ROW
#include "abi/proto/power.def"
#undef POWER_OP
        DEVICE_ROWS,
};

/* The ioport handles stay in this process's table for good: holding them is what lets it use the ports. */
static bool take_ports(handle_t machine, uint32_t first, uint32_t count)
{
	handle_t ports;

	return first && sys_ioport_create(machine, first, count, &ports) == ERR_OK;
}

static void prepare(handle_t machine)
{
	if (tables_find(machine, grant_find("bootinfo"), &power, sleep_type)) {
		can_power_off = take_ports(machine, power.pm1a_control, 2);
		if (power.pm1b_control && !take_ports(machine, power.pm1b_control, 2))
			can_power_off = false;
		if (power.smi_command && !take_ports(machine, power.smi_command, 1))
			power.smi_command = 0;
	}
	if (!can_power_off)
		log_warning("no way to power off was found in the firmware's tables; only reboot works");
	if (power.reset_port != RESET_CONTROL && !take_ports(machine, power.reset_port, 1))
		power.reset_port = 0;
	if (!take_ports(machine, RESET_CONTROL, 1))
		log_warning("port 0x%x for resets cannot be had", RESET_CONTROL);
	can_reset_8042 = take_ports(machine, KEYBOARD_COMMAND, 1);
}

int main(void)
{
	handle_t machine = grant_find("machine");

	prepare(machine);
	sys_handle_close(machine);
	server = (struct server){.name = "power",
	        .operations = operations,
	        .operation_count = sizeof operations / sizeof *operations,
	        .objects = 64,
	        .client_objects = 8,
	        .close_object = device_close};
	device_begin(devices, sizeof devices / sizeof *devices);
	timer.expired = act;
	status_t status = server_begin(&server, grant_find("export.power"));
	if (!status)
		status = server_run(&server);
	log_error("cannot receive: %s", error_text(status));
	return 1;
}
