/*
 * The kernel's beginning, from the loader's handoff to root: what each line needs, the lines before it have made. All of it runs
 * once, on the CPU that booted, with interrupts off; afterwards the kernel is only entered by system calls, faults and interrupts
 * (arch/upcalls.h).
 */
#include "abi/bootinfo.h"
#include "arch/machine.h"
#include "core/build.h"
#include "core/log.h"
#include "core/options.h"
#include "core/panic.h"
#include "core/screen.h"
#include "lib/string.h"
#include "mm/pages.h"
#include "object/group.h"
#include "object/log.h"
#include "object/machine.h"
#include "object/printer.h"
#include "object/reaper.h"
#include "object/upcall.h"
#include "root.h"

_Noreturn void kernel_main(const struct bootinfo *boot);

/* Before anything is believed of it. The machine is not up yet, so a panic gets to COM1 only. */
static void check_handoff(const struct bootinfo *boot)
{
	if (boot->magic != BOOTINFO_MAGIC)
		panic("the loader's handoff does not begin with its magic number: this kernel was entered by something else");
	if (boot->version != BOOTINFO_VERSION)
		panic("the loader's handoff has version %u, and this kernel knows bootinfo version %u: install both from "
		      "one build",
		        boot->version, BOOTINFO_VERSION);
	if (boot->size < sizeof *boot)
		panic("the loader's handoff has %u bytes, and this kernel needs %lu: install both from one build", boot->size,
		        sizeof *boot);
}

static void start_machine(const struct bootinfo *boot)
{
	const char *reason;
	if (!machine_init_cpu(boot, &reason))
		panic("this machine cannot run Hearth: %s", reason);
	log_info("Hearth %s, started by %.31s", build_id, boot->loader);
	options_init(boot);
	panic_init(boot);
	pages_init(boot);
	screen_output_init(boot);
	machine_init_devices(boot);
}

static void start_objects(const struct bootinfo *boot)
{
	group_init(pages_total(), pages_available());
	reaper_init();
	log_object_init();
	upcall_init();
	machine_object_init(boot, kernel_entry_tsc);
}

static const struct log_output serial_output = {.room = serial_room, .write = serial_write};

void kernel_main(const struct bootinfo *boot)
{
	if (serial_init())
		log_add_output(&serial_output);
	check_handoff(boot);
	start_machine(boot);
	start_objects(boot);
	root_start(boot);
	pages_reclaim_loader();
	if (string_equal(options_value("panic"), "now"))
		panic("the command line asked for it (panic=now)");
	log_info("%lu MiB of memory, %lu MiB free; starting root", pages_total() >> 8, pages_available() >> 8);
	printer_start();
	machine_start();
}
