/* Imports by name, from the machine, and from other services. */
#include "user/servers/init/import.h"

#include <stdio.h>
#include <string.h>

#include "abi/bootinfo.h"
#include "user/lib/state.h"
#include "user/servers/init/init.h"

#define PAGE_SIZE 4096ull
#define PASS_ON (RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INSPECT)

status_t import_add(struct service *service, const char *name, handle_t handle, uint32_t rights, bool owned)
{
	uint32_t i = service->grant_count;
	if (i == START_GRANTS) {
		if (owned)
			sys_handle_close(handle);
		return ERR_FULL;
	}
	state_keep(service->names[i], START_NAME);
	snprintf(service->names[i], START_NAME, "%s", name);
	service->grants[i] = (struct spawn_grant){service->names[i], handle, rights};
	service->owned[i] = owned;
	service->grant_count++;
	return ERR_OK;
}

static status_t grant_ioport(struct service *service, const struct manifest_import *import, const char **out_why)
{
	handle_t ports;
	*out_why = "the kernel refuses these ports";
	status_t status = sys_ioport_create(init.machine, import->first, import->count, &ports);
	return status ? status : import_add(service, import->name, ports, RIGHTS_ALL, true);
}

static status_t grant_irq(struct service *service, const struct manifest_import *import, const char **out_why)
{
	handle_t irq;
	*out_why = "the kernel refuses this interrupt";
	status_t status = sys_irq_create(init.machine, IRQ_ISA | import->first, 0, &irq);
	return status ? status : import_add(service, import->name, irq, RIGHTS_ALL, true);
}

static status_t grant_framebuffer(struct service *service, const char **out_why)
{
	struct bootinfo info;
	uint64_t copied = 0;
	handle_t frame;
	*out_why = "bootinfo can not be read";
	status_t status = sys_frame_read(init.bootinfo, 0, &info, sizeof info, &copied);
	if (status || copied != sizeof info)
		return status ? status : ERR_BAD_FORMAT;
	*out_why = "the firmware has set up none";
	const struct boot_framebuffer *screen = &info.framebuffer;
	if (!screen->width || !screen->length)
		return ERR_NOT_FOUND;
	*out_why = "the kernel refuses its memory";
	uint64_t first = screen->start & ~(PAGE_SIZE - 1);
	uint64_t end = (screen->start + screen->length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	status = sys_frame_create_device(init.machine, first, end - first, CACHE_WRITE_COMBINING, &frame);
	return status ? status : import_add(service, "framebuffer", frame, RIGHT_READ | RIGHT_WRITE | RIGHT_INSPECT, true);
}

/* What init hands on of its own. True if the name is one of these. */
static bool grant_own(struct service *service, const char *name, status_t *out_status)
{
	const struct {
		const char *name;
		handle_t handle;
		uint32_t rights;
	} own[] = {
	        {"log", init.log, RIGHT_WRITE | PASS_ON},
	        {"log.read", init.log, RIGHT_READ | RIGHT_INSPECT},
	        {"log.claim", init.log, RIGHT_MANAGE | RIGHT_INSPECT},
	        {"machine", init.machine, RIGHT_CREATE | PASS_ON},
	        {"machine.inspect", init.machine, RIGHT_INSPECT},
	        {"group", init.programs, RIGHT_CREATE | PASS_ON},
	        {"linux", init.linux_image, RIGHT_READ | RIGHT_EXECUTE | RIGHT_INHERIT | PASS_ON},
	        {"time", init.time_page, RIGHT_READ | RIGHT_INHERIT | PASS_ON},
	        {"time.set", init.time_page, RIGHT_READ | RIGHT_WRITE | RIGHT_INSPECT},
	        {"bootinfo", init.bootinfo, RIGHT_READ | PASS_ON},
	        {"initfs", init.archive, RIGHT_READ | PASS_ON},
	        {"vfs", init.vfs, RIGHT_SEND | RIGHT_INHERIT | PASS_ON},
	        {"prompt", init.notify, RIGHT_SIGNAL},
	};
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		if (strcmp(name, own[i].name))
			continue;
		*out_status = import_add(service, name, own[i].handle, own[i].rights, false);
		return true;
	}
	return false;
}

static status_t grant_named(
        struct service *service, const char *name, const struct service *above, uint32_t above_count, const char **out_why)
{
	status_t status;
	*out_why = "it has too many grants";
	if (grant_own(service, name, &status))
		return status;
	if (!strcmp(name, "framebuffer"))
		return grant_framebuffer(service, out_why);
	for (uint32_t i = 0; i < above_count; i++) {
		handle_t sender;
		/* One stamp for each importer, so that the exporter can tell them apart. */
		status = service_mint(&above[i], name, service->number + 1, &sender);
		if (status == ERR_NOT_FOUND)
			continue;
		*out_why = "no sender could be made";
		return status ? status : import_add(service, name, sender, RIGHT_SEND | RIGHT_INHERIT | PASS_ON, true);
	}
	*out_why = "no service above it exports that";
	return ERR_NOT_FOUND;
}

status_t import_grant(struct service *service, const struct manifest_import *import, const struct service *above,
        uint32_t above_count, const char **out_why)
{
	switch (import->kind) {
	case MANIFEST_IOPORT: return grant_ioport(service, import, out_why);
	case MANIFEST_IRQ: return grant_irq(service, import, out_why);
	case MANIFEST_NAMED: break;
	}
	return grant_named(service, import->name, above, above_count, out_why);
}
