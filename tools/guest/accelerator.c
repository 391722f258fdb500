#include "tools/guest/accelerator.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/guest/control.h"
#include "tools/guest/link.h"
#include "tools/guest/outcome.h"
#include "tools/guest/qemu.h"
#include "tools/guest/workdir.h"

#define PROBE_SECONDS 15.0

static const char *cpu_of(const struct options *options)
{
	return options->cpu ? options->cpu : ACCELERATOR_KVM_CPU;
}

/* What the answer depends on, as one line. */
static char *key_of(const struct options *options)
{
	char boot[64] = "";
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
	if (file) {
		if (!fgets(boot, sizeof boot, file))
			boot[0] = 0;
		fclose(file);
	}
	boot[strcspn(boot, "\n")] = 0;
	const char *qemu = getenv("HEARTH_QEMU");
	return format("%s user %d machine %s cpu %s firmware %s qemu %s", boot, (int)getuid(), options->machine,
	        cpu_of(options), qemu_firmware_code(), qemu ? qemu : "");
}

/* The kept answers: a line of the key, then a line with the reason, empty if KVM works. */
static bool recall(const char *path, const char *key, char **out_reason)
{
	char line[1024], reason[1024];
	bool found = false;
	FILE *file = fopen(path, "r");
	while (file && !found && fgets(line, sizeof line, file) && fgets(reason, sizeof reason, file)) {
		line[strcspn(line, "\n")] = reason[strcspn(reason, "\n")] = 0;
		found = !strcmp(line, key);
	}
	if (file)
		fclose(file);
	if (found)
		*out_reason = must_allocate(strdup(reason));
	return found;
}

/* Appended by one write, so that two runs at once do not mix; begun anew when it has become long. */
static void remember(const char *path, const char *key, const char *reason)
{
	struct stat info;
	bool is_long = !stat(path, &info) && info.st_size > 16384;
	FILE *file = fopen(path, is_long ? "w" : "a");
	if (!file)
		return;
	fprintf(file, "%s\n%s\n", key, reason);
	fclose(file);
}

static const char *last_error(const char *path)
{
	static char line[200];
	char next[200];
	FILE *file = fopen(path, "r");
	line[0] = 0;
	while (file && fgets(next, sizeof next, file))
		if (!line[0] && strncmp(next, "qemu-system", 11) == 0)
			strcpy(line, next);
	if (file)
		fclose(file);
	line[strcspn(line, "\n")] = 0;
	const char *text = strchr(line, ' '); /* after "qemu-system-x86_64:" */
	return text ? text + 1 : "QEMU ended";
}

/* Waits for the firmware's first byte. NULL if it came, else why not. */
static const char *await_firmware(int com1, int control_end, const char *error_output)
{
	static struct control control;
	double deadline = clock_seconds() + PROBE_SECONDS;
	control_begin(&control, control_end);
	for (;;) {
		struct pollfd sources[] = {{.fd = com1, .events = POLLIN}, {.fd = control.descriptor, .events = POLLIN}};
		double left = deadline - clock_seconds();
		char byte;
		if (left <= 0 || poll(sources, 2, (int)(left * 1000) + 1) == 0)
			return "the firmware does not come up with it";
		if (sources[0].revents)
			return read(com1, &byte, 1) == 1 ? NULL : last_error(error_output);
		if (sources[1].revents)
			control_read(&control);
		if (control.stopped)
			return "it cannot run the firmware's code";
	}
}

static const char *probe(const struct options *options)
{
	static struct qemu qemu;
	char *error_output = workdir_file("probe.err");
	qemu_begin(&qemu);
	qemu_add_pair(&qemu, "-accel", "kvm");
	qemu_add_pair(&qemu, "-machine", options->machine);
	qemu_add_pair(&qemu, "-cpu", cpu_of(options));
	qemu_add_pair(&qemu, "-m", "256M");
	qemu_add_pair(&qemu, "-display", "none");
	qemu_add(&qemu, "-nodefaults");
	qemu_add(&qemu, "-no-user-config");
	qemu_add_pair(
	        &qemu, "-drive", format("if=pflash,unit=0,format=raw,readonly=on,file=%s", qemu_escape(qemu_firmware_code())));
	int com1 = qemu_add_channel(&qemu, "com1");
	qemu_add_pair(&qemu, "-serial", "chardev:com1");
	int control = qemu_add_channel(&qemu, "control");
	qemu_add_pair(&qemu, "-mon", "chardev=control,mode=control");
	control_ghost_arguments(&qemu);
	qemu_add(&qemu, "-S");
	qemu_start(&qemu, error_output);
	const char *why = await_firmware(com1, control, error_output);
	qemu_end(&qemu);
	close(com1);
	return why ? why : "";
}

bool accelerator_kvm_works(const struct options *options, const char **out_why)
{
	if (access("/dev/kvm", R_OK | W_OK)) {
		*out_why = format("/dev/kvm: %s", strerror(errno));
		return false;
	}
	char *path = workdir_tree_file("build/run/accelerator"), *key = key_of(options), *reason;
	if (!recall(path, key, &reason)) {
		reason = must_allocate(strdup(probe(options)));
		remember(path, key, reason);
	}
	*out_why = reason;
	free(path);
	free(key);
	return !*reason;
}
