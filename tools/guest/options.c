#include "tools/guest/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/guest/outcome.h"

static const char usage_options[] =
        "  --smp N                CPUs (1)\n"
        "  --memory SIZE          as 512M or 2G (512M)\n"
        "  --machine q35|pc       (q35)\n"
        "  --cpu MODEL            QEMU's name of a CPU (max, or host with KVM)\n"
        "  --disk FILE            a virtio-blk disk with the file's bytes; repeatable\n"
        "  --boot-from virtio|ahci|nvme|usb   what the EFI system partition is on (virtio)\n"
        "  --cmdline TEXT         added to the kernel's command line\n"
        "  --kernel FILE          instead of build/kernel/kernel.elf\n"
        "  --initfs FILE          instead of build/initfs.tar.zst\n"
        "  --esp FOLDER           instead of the files that are built for the EFI system partition\n"
        "  --image FILE           boot this disk image; nothing is added to its command line\n"
        "  --icount               count instructions instead of time: the same in every run\n"
        "  --tty                  run the command line on a pseudo terminal; what it shows comes on stdout\n"
        "  --screenshot FILE      the screen at the run's end, as PNG\n"
        "  --serial-log FILE      what the machine wrote to COM1\n"
        "  --timeout S            seconds (guest: 120, with --icount 900; run: none)\n"
        "  --until TEXT           no command: end with status 0 when TEXT is on COM1\n"
        "  --dialogue FILE        no command: steps on COM1, as `wait TEXT`, `type KEYS` and `line KEYS`\n"
        "  --reboot               a reset starts the machine again instead of ending the run\n"
        "  --reset-after-panic    as --reboot; and the first panic resets the machine\n"
        "  -- QEMU-ARGS           for QEMU as they are\n"
        "environment: HEARTH_QEMU, HEARTH_OVMF_CODE, HEARTH_OVMF_VARS, HEARTH_ACCEL=kvm|tcg\n";

static bool is_run;

static _Noreturn void usage(void)
{
	if (is_run)
		printf("usage: run [options]\nBoots Hearth in this terminal.\n%s", usage_options);
	else
		printf("usage: guest [options] 'command line'\n"
		       "Boots Hearth, runs the line by sh -c and exits with its status; 124 on timeout, 125 when the machine "
		       "failed.\n%s",
		        usage_options);
	exit(0);
}

static _Noreturn void refuse(const char *sentence, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void refuse(const char *sentence, ...)
{
	va_list arguments;
	va_start(arguments, sentence);
	fprintf(stderr, "%s: ", is_run ? "run" : "guest");
	vfprintf(stderr, sentence, arguments);
	fprintf(stderr, " (--help lists the options)\n");
	va_end(arguments);
	exit(STATUS_USAGE);
}

static unsigned processor_count(const char *text)
{
	char *end;
	unsigned long count = strtoul(text, &end, 10);
	if (*end || end == text || count < 1 || count > 255)
		refuse("--smp %s: a number from 1 to 255 is needed", text);
	return (unsigned)count;
}

static const char *memory_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	if (!digits || (text[digits] && (!strchr("MmGg", text[digits]) || text[digits + 1])))
		refuse("--memory %s: a size such as 512M or 2G is needed", text);
	return text;
}

static double seconds(const char *text)
{
	char *end;
	double value = strtod(text, &end);
	if (*end || end == text || !(value > 0 && value < 1e6))
		refuse("--timeout %s: a positive number of seconds is needed", text);
	return value;
}

static const char *machine_name(const char *text)
{
	if (strcmp(text, "q35") && strcmp(text, "pc"))
		refuse("--machine %s: it is q35 or pc", text);
	return text;
}

static enum boot_from medium(const char *text)
{
	static const char *const names[] = {"virtio", "ahci", "nvme", "usb"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(text, names[i]))
			return (enum boot_from)i;
	refuse("--boot-from %s: it is virtio, ahci, nvme or usb", text);
}

static void check_combination(struct options *options, int rest, char **argv)
{
	if (options->interactive) {
		if (rest)
			refuse("%s: it takes no command line; scripts/guest does", argv[0]);
		if (options->until || options->dialogue)
			refuse("--until and --dialogue: only scripts/guest has them");
	} else if (!!options->until + !!options->dialogue + !!rest > 1) {
		refuse("--until or --dialogue take the place of a command line");
	}
	if (options->image &&
	        (options->kernel || options->initfs || options->cmdline || options->esp ||
	                !(options->until || options->dialogue || options->interactive)))
		refuse("--image: a disk image is booted as it is, without --kernel, --initfs, --cmdline, --esp or a command");
}

/* Arguments after the first "--" are QEMU's. Returns how many there are before it. */
static int split_at_dashes(struct options *options, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			options->qemu_arguments = argv + i + 1;
			return i;
		}
	}
	options->qemu_arguments = argv + argc;
	return argc;
}

/* The command line stands before "--"; where nothing does, it is what comes last. */
static const char *command_line(char **rest, int count, char **after, int after_count)
{
	if (count == 1)
		return rest[0];
	if (count || after_count < 1)
		refuse("one command line is needed, quoted");
	const char *last = after[after_count - 1];
	after[after_count - 1] = NULL;
	return last;
}

void options_read(struct options *options, int argc, char **argv)
{
	enum {
		SMP = 1,
		MEMORY,
		MACHINE,
		CPU,
		DISK,
		BOOT_FROM,
		CMDLINE,
		KERNEL,
		INITFS,
		ESP,
		IMAGE,
		ICOUNT,
		SERIAL_LOG,
		TIMEOUT,
		UNTIL,
		DIALOGUE,
		REBOOT,
		RESET_AFTER_PANIC,
		TTY,
		SCREENSHOT,
		HELP,
	};
	static const struct option known[] = {
	        {"smp", 1, NULL, SMP},
	        {"memory", 1, NULL, MEMORY},
	        {"machine", 1, NULL, MACHINE},
	        {"cpu", 1, NULL, CPU},
	        {"disk", 1, NULL, DISK},
	        {"boot-from", 1, NULL, BOOT_FROM},
	        {"cmdline", 1, NULL, CMDLINE},
	        {"kernel", 1, NULL, KERNEL},
	        {"initfs", 1, NULL, INITFS},
	        {"esp", 1, NULL, ESP},
	        {"image", 1, NULL, IMAGE},
	        {"icount", 0, NULL, ICOUNT},
	        {"serial-log", 1, NULL, SERIAL_LOG},
	        {"timeout", 1, NULL, TIMEOUT},
	        {"until", 1, NULL, UNTIL},
	        {"dialogue", 1, NULL, DIALOGUE},
	        {"reboot", 0, NULL, REBOOT},
	        {"reset-after-panic", 0, NULL, RESET_AFTER_PANIC},
	        {"tty", 0, NULL, TTY},
	        {"screenshot", 1, NULL, SCREENSHOT},
	        {"help", 0, NULL, HELP},
	        {NULL, 0, NULL, 0},
	};

	memset(options, 0, sizeof *options);
	options->processors = 1;
	options->memory = "512M";
	options->machine = "q35";
	if (argc < 2 || (strcmp(argv[1], "guest") && strcmp(argv[1], "run")))
		refuse("the first argument is guest or run");
	is_run = options->interactive = !strcmp(argv[1], "run");
	argv++, argc--;
	int all = argc;
	argc = split_at_dashes(options, argc, argv);

	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "+", known, NULL)) != -1;) {
		switch (option) {
		case SMP: options->processors = processor_count(optarg); break;
		case MEMORY: options->memory = memory_size(optarg); break;
		case MACHINE: options->machine = machine_name(optarg); break;
		case CPU: options->cpu = optarg; break;
		case DISK:
			if (options->disk_count == OPTIONS_DISKS)
				refuse("--disk: no more than %d", OPTIONS_DISKS);
			options->disks[options->disk_count++] = optarg;
			break;
		case BOOT_FROM: options->boot_from = medium(optarg); break;
		case CMDLINE: options->cmdline = options->cmdline ? format("%s %s", options->cmdline, optarg) : optarg; break;
		case KERNEL: options->kernel = optarg; break;
		case INITFS: options->initfs = optarg; break;
		case ESP: options->esp = optarg; break;
		case IMAGE: options->image = optarg; break;
		case ICOUNT: options->icount = true; break;
		case SERIAL_LOG: options->serial_log = optarg; break;
		case TIMEOUT: options->timeout = seconds(optarg); break;
		case SCREENSHOT: options->screenshot = optarg; break;
		case UNTIL: options->until = optarg; break;
		case DIALOGUE: options->dialogue = optarg; break;
		case REBOOT: options->reboot = true; break;
		case RESET_AFTER_PANIC: options->reboot = options->reset_after_panic = true; break;
		case TTY: options->tty = true; break;
		case HELP: usage();
		default: refuse("%s: no such option, or it lacks its value", argv[optind - 1]);
		}
	}
	check_combination(options, argc - optind, argv + optind);
	if (!options->interactive && !options->until && !options->dialogue)
		options->command = command_line(argv + optind, argc - optind, argv + argc + 1, all - argc - 1);
	if (!options->timeout && !options->interactive)
		options->timeout = options->icount ? 900 : 120;
}
