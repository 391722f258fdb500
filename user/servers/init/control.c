/* Protocol service. */
#include "user/servers/init/control.h"

#include <stdio.h>
#include <string.h>

#include "abi/proto/service.h"
#include "user/lib/device.h"
#include "user/lib/grants.h"
#include "user/servers/init/config.h"
#include "user/servers/init/init.h"
#include "user/servers/init/mounts.h"
#include "user/servers/init/state.h"

_Static_assert(SERVICE_NAME_SIZE > MANIFEST_NAME_MAX && SERVICE_ENDING_SIZE >= ENDING_TEXT_MAX, "texts fit");

static struct server server;
static struct server_timer timer;
static uint64_t (*attend)(uint64_t bits);

static void answer_askers(void)
{
	for (uint32_t i = 0; i < kept->service_count; i++) {
		status_t status;
		if (!kept->askers[i] || !service_is_settled(&kept->services[i], &status))
			continue;
		answer_send(kept->askers[i], status, NULL);
		kept->askers[i] = HANDLE_NONE;
	}
}

static void look(uint64_t bits)
{
	uint64_t next = attend(bits);
	answer_askers();
	if (next == DEADLINE_NEVER)
		server_timer_cancel(&server, &timer);
	else
		server_timer_set(&server, &timer, next);
}

static void timer_expired(struct server_timer *unused)
{
	(void)unused;
	look(0);
}

/* The service whose name is the first word's bytes of the readable buffer. */
static status_t find(struct request *request, struct service **out)
{
	char name[SERVICE_NAME_SIZE] = {0};
	if (request->word[0] >= sizeof name)
		return ERR_NOT_FOUND;
	status_t status = request_read(request, 0, name, request->word[0]);
	if (status)
		return status;
	for (uint32_t i = 0; i < kept->service_count; i++) {
		if (strcmp(kept->services[i].config.name, name))
			continue;
		*out = &kept->services[i];
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

static uint32_t state_of(const struct service *service)
{
	if (service->process)
		return SERVICE_RUNS;
	if (service->stopped)
		return SERVICE_STOPPED;
	if (!service->prepared)
		return SERVICE_REFUSED;
	return service->restart_at == DEADLINE_NEVER ? SERVICE_ENDED : SERVICE_WAITS;
}

static struct service_info describe(const struct service *service)
{
	struct process_info process;
	struct service_info info = {
	        .state = state_of(service),
	        .starts = service->starts,
	        .flags = (service->manifest.restart ? SERVICE_FLAG_RESTARTS : 0) |
	                (service->manifest.state_mib ? SERVICE_FLAG_STATE : 0),
	};
	snprintf(info.name, sizeof info.name, "%s", service->config.name);
	snprintf(info.ending, sizeof info.ending, "%s", service->ending);
	if (service->process && !sys_process_info(service->process, &process)) {
		info.process = process.number;
		info.since = service->backoff.started_ns;
	}
	return info;
}

static status_t handle_list(struct request *request)
{
	uint64_t first = request->word[0], room = request->writable / sizeof(struct service_info), count = 0;
	for (; first < kept->service_count && count < room; first++, count++) {
		struct service_info info = describe(&kept->services[first]);
		status_t status = request_write(request, count * sizeof info, &info, sizeof info);
		if (status)
			return status;
	}
	request->answer.word[0] = count;
	return ERR_OK;
}

static status_t handle_status(struct request *request)
{
	struct service *service;
	status_t status = find(request, &service);
	if (status)
		return status;
	struct service_info info = describe(service);
	return request_write(request, 0, &info, sizeof info);
}

/* The service that a call may change. */
static status_t find_to_change(struct request *request, struct service **out)
{
	const struct device_open *open = request->object;
	if (!(open->access & OPEN_WRITE))
		return ERR_NO_RIGHT;
	status_t status = find(request, out);
	return !status && kept->askers[(*out)->number] ? ERR_BUSY : status;
}

static void interrupted(void *context)
{
	handle_t *asker = context;
	answer_send(*asker, ERR_INTERRUPTED, NULL);
	*asker = HANDLE_NONE;
}

/* What was asked for is begun, and the call is answered once it has come about. */
static status_t answer_later(struct request *request, const struct service *service)
{
	handle_t *asker = &kept->askers[service->number];
	server_timer_set(&server, &timer, 0);
	status_t status = request_save(request, asker);
	if (!status)
		reply_on_interrupt(*asker, interrupted, asker);
	return status;
}

/* What was missing when the machine was started may be there now. */
static status_t prepare_again(struct service *service)
{
	service_start(service, kept->services, service->number);
	mounts_make_of(service);
	server_timer_set(&server, &timer, 0); /* it may have to be tried again */
	return service->process ? ERR_OK : service->start_status;
}

static status_t handle_start(struct request *request)
{
	struct service *service;
	status_t status = find_to_change(request, &service);
	if (!status && !service->prepared)
		return prepare_again(service);
	if (!status)
		status = service_want_start(service);
	return status ? status : answer_later(request, service);
}

static status_t handle_stop(struct request *request)
{
	struct service *service;
	status_t status = find_to_change(request, &service);
	if (!status)
		status = service_want_stop(service);
	return status ? status : answer_later(request, service);
}

static status_t handle_restart(struct request *request)
{
	struct service *service;
	status_t status = find_to_change(request, &service);
	if (!status && !service->prepared)
		return prepare_again(service);
	if (!status)
		status = service_want_restart(service);
	return status ? status : answer_later(request, service);
}

static const struct device devices[] = {{.name = "",
        .mode = 0600,
        .number = DEVICE_NUMBER(10, 1),
        .read = device_transfer_nothing,
        .write = device_transfer_nothing}};

static const struct server_operation operations[] = {
#define SERVICE_OP SERVER_ROW
#include "abi/proto/service.def"
#undef SERVICE_OP
        DEVICE_ROWS,
};

/* Bits that a predecessor has taken may be lost with it: everything is looked at. */
static void resume(struct server *unused)
{
	(void)unused;
	for (uint32_t i = 0; i < kept->service_count; i++)
		if (kept->askers[i])
			reply_on_interrupt(kept->askers[i], interrupted, &kept->askers[i]);
}

static const struct server_state state = {.version = 1,
        .size = sizeof(struct init_state),
        .check = check_state,
        .resume = resume,
        .processes = SERVER_PROCESSES_END};

status_t control_begin(uint64_t (*attend_to)(uint64_t bits))
{
	handle_t receiver = grant_find("export." CONTROL_EXPORT);
	attend = attend_to;
	timer.expired = timer_expired;
	device_begin(devices, sizeof devices / sizeof *devices);
	server = (struct server){
	        .name = "init",
	        .operations = operations,
	        .operation_count = sizeof operations / sizeof *operations,
	        .objects = 256,
	        .client_objects = 16,
	        .close_object = device_close,
	        .state = &state,
	};
	status_t status = receiver ? server_begin(&server, receiver) : ERR_BAD_HANDLE;
	kept = server.root;
	return status ? status : server_listen(&server, init.notify, look);
}

status_t control_run(void)
{
	server_timer_set(&server, &timer, DEADLINE_NOW);
	return server_run(&server);
}
