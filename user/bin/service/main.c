/*
 * service list | status NAME | start NAME | stop NAME | restart NAME: what runs on the machine, and starting and stopping it.
 *
 * It asks init by /dev/services: who has no such name in its namespace can not, and who may not open it for writing can only look.
 * The status is 0, 1 if what was asked for could not be done (a sentence says why), 2 if nothing was understood.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "abi/manifest.h"
#include "user/lib/deadline.h"
#include "user/lib/fs.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/protocol.h"
#include "user/lib/service.h"

HEARTH_MANIFEST("name service\n"
                "import vfs\n");

#define DEVICE "/dev/services"
#define PATIENCE_MS 10000u /* a start reads the program's file; everything else is done at once */
#define PAGE 16u

static const char *const states[] = {
        [SERVICE_RUNS] = "runs",
        [SERVICE_WAITS] = "will be started again",
        [SERVICE_ENDED] = "has ended",
        [SERVICE_STOPPED] = "is stopped",
        [SERVICE_REFUSED] = "could not be started; the log says why",
};

static const char *state_text(const struct service_info *info)
{
	return info->state && info->state < sizeof states / sizeof *states ? states[info->state] : "is in an unknown state";
}

static int explain(void)
{
	fputs("usage: service list\n       service status|start|stop|restart NAME\n", stderr);
	return 2;
}

/* *out is the device, which init answers. */
static bool connect(uint32_t access, handle_t *out)
{
	struct fs_opened opened;
	uint32_t version;
	status_t status = fs_open(grant_find("vfs"), DEVICE, access, 0, deadline_in_ms(PATIENCE_MS), &opened);
	if (status) {
		fprintf(stderr, "service: init cannot be reached: " DEVICE " can not be opened: %s\n", error_text(status));
		return false;
	}
	status = protocol_version(opened.file, PROTOCOL_NUMBER_service, deadline_in_ms(PATIENCE_MS), &version);
	if (!status && version >= PROTOCOL_VERSION_service) {
		*out = opened.file;
		return true;
	}
	if (status)
		fprintf(stderr, "service: what is at " DEVICE " can not be asked for services: %s\n", error_text(status));
	else
		fprintf(stderr, "service: init speaks version %u of protocol service, and this command needs %u\n", version,
		        PROTOCOL_VERSION_service);
	return false;
}

static int list(void)
{
	struct service_info services[PAGE];
	handle_t init;
	uint64_t count = 0;
	if (!connect(OPEN_READ, &init))
		return 1;
	for (uint64_t first = 0;; first += count) {
		status_t status = service_list(init, first, services, PAGE, deadline_in_ms(PATIENCE_MS), &count);
		if (status) {
			fprintf(stderr, "service: the services can not be listed: %s\n", error_text(status));
			return 1;
		}
		if (!count)
			return 0;
		for (uint64_t i = 0; i < count; i++)
			printf("%s\t%s\n", services[i].name, state_text(&services[i]));
	}
}

static void show(const struct service_info *info)
{
	printf("%s %s\n", info->name, state_text(info));
	if (info->process) {
		uint64_t ms = (deadline_now() - info->since) / 1000000;
		printf("process %u, since %llu.%03llu s\n", info->process, (unsigned long long)ms / 1000,
		        (unsigned long long)ms % 1000);
	}
	printf("started %u time%s%s%s\n", info->starts, info->starts == 1 ? "" : "s",
	        info->flags & SERVICE_FLAG_RESTARTS ? "; it is started again when it ends" : "",
	        info->flags & SERVICE_FLAG_STATE ? ", with its state" : "");
	if (*info->ending)
		printf("the last one %s\n", info->ending);
}

static int status_of(const char *name)
{
	struct service_info info;
	handle_t init;
	if (!connect(OPEN_READ, &init))
		return 1;
	status_t status = service_status(init, name, deadline_in_ms(PATIENCE_MS), &info);
	if (!status)
		show(&info);
	else if (status == ERR_NOT_FOUND)
		fprintf(stderr, "service: there is no service %s\n", name);
	else
		fprintf(stderr, "service: init does not tell of %s: %s\n", name, error_text(status));
	return status ? 1 : 0;
}

static const char *reason(status_t status, uint32_t operation)
{
	switch (status) {
	case ERR_NOT_FOUND: return "there is no such service, or its file is missing";
	case ERR_ALREADY: return operation == SERVICE_start ? "it runs already" : "it does not run";
	case ERR_BUSY: return "somebody else is starting or stopping it";
	case ERR_NO_RIGHT: return "nobody may change services by this name of init's";
	}
	return error_text(status);
}

static int change(const char *verb, uint32_t operation, const char *name)
{
	handle_t init;
	if (!connect(OPEN_READ | OPEN_WRITE, &init))
		return 1;
	status_t status = service_change(init, operation, name, deadline_in_ms(PATIENCE_MS));
	if (status)
		fprintf(stderr, "service: cannot %s %s: %s\n", verb, name, reason(status, operation));
	return status ? 1 : 0;
}

int main(int count, char **arguments)
{
	static const struct {
		const char *verb;
		uint32_t operation;
	} changes[] = {{"start", SERVICE_start}, {"stop", SERVICE_stop}, {"restart", SERVICE_restart}};
	if (count == 2 && !strcmp(arguments[1], "list"))
		return list();
	if (count != 3)
		return explain();
	if (!strcmp(arguments[1], "status"))
		return status_of(arguments[2]);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		if (!strcmp(arguments[1], changes[i].verb))
			return change(changes[i].verb, changes[i].operation, arguments[2]);
	return explain();
}
