/*
 * BOOTX64.EFI, the only code of Hearth that knows UEFI: from the firmware's call to the kernel's first instruction. The steps
 * stand in boot() in their order; each is a file of its own. A step that fails says why in a struct failure and answers false;
 * here, in one place, the sentence is printed, everything is given back, and the firmware gets a status of its own for each
 * reason. docs/boot.md is the contract with the kernel.
 */
#include "bootconf.h"
#include "console.h"
#include "cpu.h"
#include "file.h"
#include "firmware.h"
#include "handoff.h"
#include "kernel.h"
#include "memory.h"
#include "panicarea.h"
#include "text.h"
#include "video.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static bool read_conf(struct bootconf *out, struct failure *failure)
{
	struct boot_range file MEMORY_SCOPED = {0};
	char note[160];

	if (!file_read(BOOTCONF_PATH, FAILED_CONF_MISSING, BOOTCONF_SIZE_MAX, BOOT_MEMORY_LOADER, &file, failure))
		return false;
	bootconf_read(memory_at(&file), (uint32_t)file.length, out);
	for (uint32_t i = 0; i < out->note_count && i < BOOTCONF_NOTES_MAX; i++) {
		bootconf_note_text(&out->notes[i], note, sizeof note);
		console_line("%s %s", BOOTCONF_PATH, note);
	}
	if (!out->kernel[0])
		return failure_set(failure, FAILED_CONF_NO_KERNEL, "%s names no kernel; add a line \"kernel = kernel.elf\"",
		        BOOTCONF_PATH);
	if (!out->initfs[0])
		return failure_set(failure, FAILED_CONF_NO_INITFS, "%s names no initfs; add a line \"initfs = initfs.tar.zst\"",
		        BOOTCONF_PATH);
	return true;
}

static void say_what_is_loaded(const struct handoff *handoff)
{
	char screen[32] = "no screen";

	if (handoff->framebuffer.width)
		text_format(screen, sizeof screen, "%ux%u", handoff->framebuffer.width, handoff->framebuffer.height);
	console_line("hearth loader %s: kernel %lu KiB, initfs %lu KiB, %s", LOADER_BUILD_ID,
	        (handoff->kernel->file_size + 1023) / 1024, (handoff->initfs.length + 1023) / 1024, screen);
}

/* Returns only if the boot fails. */
static bool boot(struct bootconf *conf, struct failure *failure)
{
	struct kernel kernel;
	struct handoff handoff = {.conf = conf, .kernel = &kernel};

	if (!cpu_check(failure))
		return false;
	panicarea_allocate(&handoff.panic);
	seed_read(&handoff.seed);
	if (!file_start(failure) || !read_conf(conf, failure))
		return false;
	if (!kernel_load(conf->kernel, handoff.seed.slide, &kernel, failure))
		return false;
	if (!file_read(conf->initfs, FAILED_INITFS_MISSING, MEMMAP_END, BOOT_MEMORY_INITFS, &handoff.initfs, failure))
		return false;
	file_end();
	tables_find(&handoff.tables);
	video_start(conf->width, conf->height, &handoff.framebuffer);
	say_what_is_loaded(&handoff);
	return handoff_run(&handoff, failure);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	struct bootconf conf = {0};
	struct failure failure = {0};

	firmware = (struct firmware){image, system, system->BootServices, system->RuntimeServices};
	console_start();
	if (!boot(&conf, &failure))
		console_line("boot failed: %s", failure.text);
	file_end();
	memory_free_all();
	console_wait(conf.timeout);
	return FAILURE_STATUS(failure.code);
}
