#include "tools/guest/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/guest/outcome.h"
#include "tools/guest/workdir.h"

#define SCREENSHOT_ID "screenshot"
#define GHOST_SLOT 0x1eu
#define GHOST_ADDRESS 0xfed40000u
#define GHOST_SIZE 65536
/* PCI Local Bus Specification 3.0, 3.2.2.3.2 (configuration address), 6.1 (command and BAR registers). */
#define CONFIG_ADDRESS(reg) (0x80000000u | GHOST_SLOT << 11 | (reg))
#define CONFIG_BAR2 0x18u
#define CONFIG_COMMAND 0x04u
#define COMMAND_MEMORY 0x2u

void control_ghost_arguments(struct qemu *qemu)
{
	static uint8_t page[GHOST_SIZE];
	memset(page, 0xff, sizeof page);
	char *path = workdir_file("ghost");
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (file < 0 || write(file, page, sizeof page) != (ssize_t)sizeof page)
		die("cannot write %s: %s", path, strerror(errno));
	close(file);
	qemu_add_pair(qemu, "-object",
	        format("memory-backend-file,id=ghost,size=%d,share=on,mem-path=%s", GHOST_SIZE, qemu_escape(path)));
	qemu_add_pair(qemu, "-device", format("ivshmem-plain,memdev=ghost,addr=%x.0", GHOST_SLOT));
	free(path);
}

/* Commands are so few and small that the socket always takes them; if it is closed, reading will tell. */
static void say(struct control *control, const char *text)
{
	if (control->descriptor >= 0 && send(control->descriptor, text, strlen(text), MSG_NOSIGNAL) < 0)
		return;
}

static void monitor(struct control *control, const char *command)
{
	char *text = format("{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}\n", command);
	say(control, text);
	free(text);
}

static void write_config(struct control *control, uint32_t reg, char width, uint32_t value)
{
	char command[64];
	snprintf(command, sizeof command, "o/w 0xcf8 %#x", CONFIG_ADDRESS(reg));
	monitor(control, command);
	snprintf(command, sizeof command, "o/%c 0xcfc %#x", width, value);
	monitor(control, command);
}

static void place_ghost(struct control *control)
{
	write_config(control, CONFIG_BAR2, 'w', GHOST_ADDRESS);
	write_config(control, CONFIG_COMMAND, 'h', COMMAND_MEMORY);
}

void control_begin(struct control *control, int descriptor)
{
	memset(control, 0, sizeof *control);
	control->descriptor = descriptor;
	say(control, "{\"execute\":\"qmp_capabilities\"}\n");
	place_ghost(control);
	say(control, "{\"execute\":\"cont\"}\n");
}

void control_reset(struct control *control)
{
	say(control, "{\"execute\":\"system_reset\"}\n");
}

bool control_screenshot(struct control *control, const char *path)
{
	if (strpbrk(path, "\"\\")) {
		snprintf(control->error, sizeof control->error, "a quote or backslash in the file's name");
		return false;
	}
	char *command = format("{\"execute\":\"screendump\",\"arguments\":{\"filename\":\"%s\",\"format\":\"png\"},"
	                       "\"id\":\"" SCREENSHOT_ID "\"}\n",
	        path);
	control->answered = false;
	control->error[0] = 0;
	say(control, command);
	free(command);
	for (int tries = 0; tries < 100 && !control->answered && control->descriptor >= 0; tries++) {
		struct pollfd wait = {.fd = control->descriptor, .events = POLLIN};
		if (poll(&wait, 1, 100) > 0)
			control_read(control);
	}
	return control->answered && !control->error[0];
}

/* Copies the string that follows KEY in a line of JSON, as far as it fits. */
static void take(char *to, size_t size, const char *line, const char *key)
{
	const char *from = strstr(line, key);
	if (!from)
		return;
	from += strlen(key);
	size_t length = strcspn(from, "\"");
	if (length >= size)
		length = size - 1;
	memcpy(to, from, length);
	to[length] = 0;
}

static void look_at(struct control *control, const char *line)
{
	if (strstr(line, "\"id\": \"" SCREENSHOT_ID "\""))
		control->answered = true;
	if (strstr(line, "\"event\": \"STOP\""))
		control->stopped = true;
	if (strstr(line, "\"event\": \"SHUTDOWN\""))
		take(control->reason, sizeof control->reason, line, "\"reason\": \"");
	if (strstr(line, "\"error\": {"))
		take(control->error, sizeof control->error, line, "\"desc\": \"");
}

void control_read(struct control *control)
{
	char buffer[4096];
	ssize_t count = read(control->descriptor, buffer, sizeof buffer);
	if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
		close(control->descriptor);
		control->descriptor = -1;
	}
	for (ssize_t i = 0; i < count; i++) {
		if (buffer[i] != '\n' && control->length < sizeof control->line - 1) {
			control->line[control->length++] = buffer[i];
		} else if (buffer[i] == '\n') {
			control->line[control->length] = 0;
			control->length = 0;
			look_at(control, control->line);
		}
	}
}
