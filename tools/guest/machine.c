#include "tools/guest/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/guest/accelerator.h"
#include "tools/guest/control.h"
#include "tools/guest/outcome.h"
#include "tools/guest/workdir.h"

static void copy_file(const char *from, const char *to)
{
	char buffer[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	ssize_t count = -1;
	while (in >= 0 && out >= 0 && (count = read(in, buffer, sizeof buffer)) > 0)
		if (write(out, buffer, (size_t)count) != count)
			die("cannot write %s: %s", to, strerror(errno));
	if (count < 0)
		die("cannot copy %s to %s: %s", from, to, strerror(errno));
	close(in);
	close(out);
}

/* Runs scripts/esp; what it cannot do it says itself. */
static void make_partition(const struct options *options, const char *image)
{
	const char *list[16] = {workdir_tree_file("scripts/esp"), image};
	unsigned count = 2;
	const char *word = options->cmdline;
	if (options->command)
		word = word ? format("guest %s", word) : "guest";
	const char *const pairs[][2] = {
	        {"--files", options->esp}, {"--kernel", options->kernel}, {"--initfs", options->initfs}, {"--word", word}};
	for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (pairs[i][1]) {
			list[count++] = pairs[i][0];
			list[count++] = pairs[i][1];
		}
	}
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_RDONLY);
		dup2(null, STDIN_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execv(list[0], (char *const *)(uintptr_t)list);
		fprintf(stderr, "guest: cannot run %s: %s\n", list[0], strerror(errno));
		_exit(127);
	}
	int status;
	if (child < 0 || waitpid(child, &status, 0) < 0 || status)
		die("cannot make what the machine boots from");
}

static void add_accelerator(struct qemu *qemu, const struct options *options)
{
	const char *why = "", *wanted = getenv("HEARTH_ACCEL");
	bool kvm = false;
	if (wanted && !*wanted)
		wanted = NULL;
	if (options->icount)
		why = "it counts instructions";
	else if (wanted && !strcmp(wanted, "tcg"))
		why = "HEARTH_ACCEL asks for it";
	else
		kvm = accelerator_kvm_works(options, &why);
	if (wanted && !strcmp(wanted, "kvm") && !kvm)
		die("HEARTH_ACCEL asks for KVM, which does not work here: %s", why);
	if (kvm)
		fprintf(stderr, "accelerator: KVM\n");
	else
		fprintf(stderr, "accelerator: TCG (%s%s)\n", options->icount || wanted ? "" : "no KVM: ", why);
	if (options->icount) {
		qemu_add_pair(qemu, "-accel", "tcg,thread=single");
		qemu_add_pair(qemu, "-icount", "shift=0,sleep=off");
		qemu_add_pair(qemu, "-rtc", "base=2025-01-01,clock=vm");
	} else {
		qemu_add_pair(qemu, "-accel", kvm ? "kvm" : "tcg");
	}
	qemu_add_pair(qemu, "-cpu", options->cpu ? options->cpu : kvm ? ACCELERATOR_KVM_CPU : "max");
}

static void add_board(struct qemu *qemu, const struct options *options)
{
	/* Devices that the firmware would search for seconds under icount, where they are not under test. */
	bool lean = options->icount && !strcmp(options->machine, "q35");
	qemu_add_pair(qemu, "-machine", lean ? "q35,sata=off,smm=off,i8042=off" : options->machine);
	qemu_add_pair(qemu, "-smp", format("%u", options->processors));
	qemu_add_pair(qemu, "-m", options->memory);
	qemu_add(qemu, "-nodefaults");
	qemu_add(qemu, "-no-user-config");
	qemu_add_pair(qemu, "-display", "none");
	qemu_add_pair(qemu, "-vga", "std");
	if (!options->reboot)
		qemu_add(qemu, "-no-reboot");

	char *own_variables = workdir_file("variables.fd");
	copy_file(qemu_firmware_variables(), own_variables);
	qemu_add_pair(
	        qemu, "-drive", format("if=pflash,unit=0,format=raw,readonly=on,file=%s", qemu_escape(qemu_firmware_code())));
	qemu_add_pair(qemu, "-drive", format("if=pflash,unit=1,format=raw,file=%s", qemu_escape(own_variables)));
}

static void add_disks(struct qemu *qemu, const struct options *options)
{
	const char *image = options->image;
	if (!image) {
		image = workdir_file("esp.img");
		make_partition(options, image);
	} else if (access(image, R_OK)) {
		die("--image %s: %s", image, strerror(errno));
	}
	qemu_add_pair(qemu, "-drive", format("if=none,id=boot,format=raw,snapshot=on,file=%s", qemu_escape(image)));
	switch (options->boot_from) {
	case BOOT_VIRTIO: qemu_add_pair(qemu, "-device", "virtio-blk-pci,drive=boot,bootindex=0"); break;
	case BOOT_AHCI:
		qemu_add_pair(qemu, "-device", "ahci,id=hba");
		qemu_add_pair(qemu, "-device", "ide-hd,bus=hba.0,drive=boot,bootindex=0");
		break;
	case BOOT_NVME: qemu_add_pair(qemu, "-device", "nvme,serial=hearth,drive=boot,bootindex=0"); break;
	case BOOT_USB:
		qemu_add_pair(qemu, "-device", "qemu-xhci,id=xhci");
		qemu_add_pair(qemu, "-device", "usb-storage,bus=xhci.0,drive=boot,removable=on,bootindex=0");
		break;
	}
	for (unsigned i = 0; i < options->disk_count; i++) {
		if (access(options->disks[i], R_OK | W_OK))
			die("--disk %s: %s", options->disks[i], strerror(errno));
		qemu_add_pair(
		        qemu, "-drive", format("if=none,id=disk%u,format=raw,file=%s", i, qemu_escape(options->disks[i])));
		qemu_add_pair(qemu, "-device", format("virtio-blk-pci,drive=disk%u", i));
	}
}

static void add_channels(struct machine *machine, const struct options *options)
{
	struct qemu *qemu = &machine->qemu;
	machine->com1 = qemu_add_channel(qemu, "com1");
	qemu_add_pair(qemu, "-serial", "chardev:com1");
	machine->com2 = -1;
	if (options->command) {
		machine->com2 = qemu_add_channel(qemu, "com2");
		qemu_add_pair(qemu, "-serial", "chardev:com2");
	}
	machine->control = qemu_add_channel(qemu, "control");
	qemu_add_pair(qemu, "-mon", "chardev=control,mode=control");
	qemu_add(qemu, "-S");
}

void machine_start(struct machine *machine, const struct options *options)
{
	struct qemu *qemu = &machine->qemu;
	qemu_begin(qemu);
	add_accelerator(qemu, options);
	add_board(qemu, options);
	add_disks(qemu, options);
	add_channels(machine, options);
	control_ghost_arguments(qemu);
	for (unsigned i = 0; options->qemu_arguments[i]; i++)
		qemu_add(qemu, options->qemu_arguments[i]);
	machine->error_output = workdir_file("qemu.err");
	qemu_start(qemu, machine->error_output);
}
