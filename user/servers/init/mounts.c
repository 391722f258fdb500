/* Mounting the exports of services. */
#include "user/servers/init/mounts.h"

#include <stdlib.h>
#include <string.h>

#include "user/lib/deadline.h"
#include "user/lib/fs.h"
#include "user/lib/log.h"
#include "user/servers/init/init.h"
#include "user/servers/init/state.h"

#define FIRST_STAMP 0x1000u /* of senders for mounts; those of importing services are below */

static void mount(size_t i)
{
	status_t status = fs_mount(init.vfs_admin, kept->mounts[i].path, kept->senders[i], deadline_in_ms(INIT_PATIENCE_MS));
	if (status)
		log_error("%s is not mounted: vfs refuses: %s", kept->mounts[i].path, error_text(status));
}

void mounts_read(void)
{
	struct words_problems problems = {0};
	char *text;
	uint64_t length;
	status_t status =
	        fs_read_all(init.vfs, "/etc/mounts", CONFIG_TEXT_MAX, deadline_in_ms(INIT_PATIENCE_MS), &text, &length);
	if (status) {
		log_error("nothing is mounted: /etc/mounts can not be read: %s", error_text(status));
		return;
	}
	state_keep(kept->mounts, sizeof kept->mounts);
	kept->mount_count = (uint32_t)config_read_mounts(text, length, kept->mounts, &problems);
	free(text);
	for (uint32_t i = 0; i < problems.count && i < WORDS_PROBLEMS; i++)
		log_error("/etc/mounts: line %u %s", problems.list[i].line, problems.list[i].text);
}

/* With the sender of mount i that was minted, or why there is none. */
static void mount_minted(size_t i, status_t status)
{
	if (status)
		log_error("%s is not mounted: no sender to %s: %s", kept->mounts[i].path, kept->mounts[i].export,
		        error_text(status));
	else
		mount(i);
}

void mounts_make_of(const struct service *service)
{
	for (size_t i = 0; i < kept->mount_count; i++)
		if (!kept->senders[i] && service_exports(service, kept->mounts[i].export))
			mount_minted(i, service_mint(service, kept->mounts[i].export, FIRST_STAMP + i, &kept->senders[i]));
}

void mounts_make_own(const char *export, handle_t receiver)
{
	for (size_t i = 0; i < kept->mount_count; i++)
		if (!kept->senders[i] && !strcmp(kept->mounts[i].export, export))
			mount_minted(i, sys_channel_mint(receiver, FIRST_STAMP + i, SERVICE_SENDER_RIGHTS, &kept->senders[i]));
}

void mounts_check(void)
{
	for (size_t i = 0; i < kept->mount_count; i++)
		if (!kept->senders[i])
			log_error("%s is not mounted: no service that was started exports %s", kept->mounts[i].path,
			        kept->mounts[i].export);
}

void mounts_make_again(void)
{
	for (size_t i = 0; i < kept->mount_count; i++)
		if (kept->senders[i])
			mount(i);
}

struct service *mounts_service_at(const char *path, struct service *services, uint32_t count)
{
	for (size_t i = 0; i < kept->mount_count; i++) {
		if (strcmp(kept->mounts[i].path, path))
			continue;
		for (uint32_t s = 0; s < count; s++)
			if (service_exports(&services[s], kept->mounts[i].export))
				return &services[s];
	}
	return NULL;
}
