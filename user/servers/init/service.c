/* Preparing, starting and restarting services. */
#include "user/servers/init/service.h"

#include <string.h>

#include "user/lib/deadline.h"
#include "user/lib/log.h"
#include "user/lib/server.h"
#include "user/lib/state.h"
#include "user/servers/init/import.h"
#include "user/servers/init/init.h"

/* Closes all that was prepared, in this very change: nothing of it was certain. */
static void release(struct service *service)
{
	for (uint32_t i = 0; i < service->grant_count; i++)
		if (service->owned[i])
			sys_handle_close(service->grants[i].handle);
	service->grant_count = 0;
	memset(service->receivers, 0, sizeof service->receivers);
	state_keep(&service->program, sizeof service->program);
	program_close(&service->program);
	service->prepared = false;
}

static status_t open_program(struct service *service)
{
	struct words_problems problems;
	const char *problem;
	const char *path = service->config.path;
	state_keep(&service->program, sizeof service->program);
	state_keep(&service->manifest, sizeof service->manifest);
	status_t status = program_open(init.vfs, path, deadline_in_ms(INIT_PATIENCE_MS), &service->program);
	if (status) {
		log_error("cannot start %s: %s can not be opened: %s", service->config.name, path, error_text(status));
		return status;
	}
	status = program_read_manifest(&service->program, &service->manifest, &problems, &problem);
	if (!status)
		return ERR_OK;
	log_error("cannot start %s: %s %s", service->config.name, path, problem);
	for (uint32_t i = 0; i < problems.count && i < WORDS_PROBLEMS; i++)
		log_error("%s: line %u of its manifest %s", path, problems.list[i].line, problems.list[i].text);
	return status;
}

static status_t make_export(struct service *service, uint32_t i)
{
	char name[START_NAME] = "export.";
	strcat(name, service->manifest.exports[i]);
	status_t status = sys_channel_create(&service->receivers[i]);
	if (!status)
		status = import_add(service, name, service->receivers[i], RIGHT_RECEIVE | RIGHT_MINT | RIGHT_INSPECT, true);
	if (status)
		log_error("cannot start %s: no channel for its export %s: %s", service->config.name,
		        service->manifest.exports[i], error_text(status));
	return status;
}

/* Memory for its state; what is not used of it takes none. */
static status_t make_state(struct service *service)
{
	handle_t frame;
	if (!service->manifest.state_mib)
		return ERR_OK;
	status_t status = sys_frame_create((uint64_t)service->manifest.state_mib << 20, 0, &frame);
	if (!status)
		status = import_add(service, "state", frame, RIGHT_READ | RIGHT_WRITE | RIGHT_INSPECT, true);
	if (status)
		log_error("cannot start %s: no memory for its state: %s", service->config.name, error_text(status));
	return status;
}

static status_t find_import(struct service *service, uint32_t i, const struct service *above, uint32_t above_count)
{
	const struct manifest_import *import = &service->manifest.imports[i];
	const char *why;
	status_t status = import_grant(service, import, above, above_count, &why);
	if (!status)
		return ERR_OK;
	if (import->optional) {
		log_debug("%s starts without %s: %s", service->config.name, import->name, why);
		return ERR_OK;
	}
	log_error("cannot start %s: its import %s is not there: %s (%s)", service->config.name, import->name, why,
	        error_text(status));
	return status;
}

static status_t prepare(struct service *service, const struct service *above, uint32_t above_count)
{
	status_t status = open_program(service);
	for (uint32_t i = 0; i < service->manifest.export_count && !status; i++)
		status = make_export(service, i);
	if (!status)
		status = make_state(service);
	for (uint32_t i = 0; i < service->manifest.import_count && !status; i++)
		status = find_import(service, i, above, above_count);
	service->prepared = !status;
	return status;
}

static bool has_log(const struct service *service)
{
	for (uint32_t i = 0; i < service->grant_count; i++)
		if (!strcmp(service->names[i], "log"))
			return true;
	return false;
}

/* In the process that it was, if there is one, else in a new one. */
static status_t run(struct service *service, const struct spawn *spawn)
{
	uint64_t bits = 1ull << (INIT_FIRST_SERVICE + service->number);
	const char *step = "";
	status_t status = ERR_DEAD;
	if (service->resting) {
		service->process = service->resting;
		service->resting = HANDLE_NONE;
		status = init_start_again(spawn, bits, service->process, &step);
		if (!status)
			return ERR_OK;
		log_error("%s loses what it had open: %s: %s", service->config.name, step, error_text(status));
		status_t killed = sys_process_kill(service->process, PROCESS_STATUS_KILLED);
		(void)killed; /* it has ended, and is let go of */
		state_close(service->process);
		service->process = HANDLE_NONE;
		service->lost = true;
	}
	status = init_start(spawn, bits, &service->process, &step);
	if (status)
		log_error("cannot start %s: %s: %s", service->config.name, step, error_text(status));
	return status;
}

static status_t start(struct service *service)
{
	static const struct spawn_file outputs[] = {{.descriptor = 1}, {.descriptor = 2}};
	const char *const arguments[] = {service->config.name, NULL};
	struct spawn spawn = init_spawn(service->config.name, service->config.path);
	spawn.arguments = arguments;
	spawn.program = service->program.frame;
	spawn.program_offset = service->program.offset;
	spawn.program_length = service->program.length;
	spawn.grants = service->grants;
	spawn.grant_count = service->grant_count;
	spawn.files = outputs;
	spawn.file_count = has_log(service) ? 2 : 0;
	spawn.restartable = service->manifest.state_mib != 0;
	spawn.there = service->there;
	state_keep(service->there, sizeof service->there);
	backoff_started(&service->backoff, deadline_now());
	service->start_status = run(service, &spawn);
	service->starts += !service->start_status;
	return service->start_status;
}

/* One that a call has ended begins anew without delay, or not at all. */
static void plan_restart(struct service *service)
{
	if (service->stopped)
		return;
	if (service->restarts) {
		service->restarts = false;
		service->backoff = (struct backoff){0};
		service->restart_at = 0;
	} else if (service->manifest.restart)
		service->restart_at = backoff_ended(&service->backoff, deadline_now());
}

static void log_started(const struct service *service, uint64_t since)
{
	uint64_t us = (deadline_now() - since) / 1000;
	log_info("started %s in %llu.%03llu ms", service->config.name, (unsigned long long)us / 1000,
	        (unsigned long long)us % 1000);
}

void service_start(struct service *service, const struct service *above, uint32_t above_count)
{
	uint64_t before = deadline_now();
	service->restart_at = DEADLINE_NEVER;
	service->start_status = prepare(service, above, above_count);
	if (service->start_status) {
		release(service);
		return;
	}
	if (start(service))
		plan_restart(service);
	else
		log_started(service, before);
}

static void log_ended(const struct service *service)
{
	if (service->stopped || service->restarts)
		log_info("%s was ended, as was asked for", service->config.name);
	else
		log_warning("%s %s%s", service->config.name, service->ending,
		        service->manifest.restart ? "; it will be started again" : "");
}

void service_notice_end(struct service *service)
{
	char text[ENDING_TEXT_MAX];
	if (!service->process || !ending_text(service->process, text))
		return;
	memcpy(service->ending, text, sizeof text);
	if (service->manifest.state_mib && service->manifest.restart)
		service->resting = service->process;
	else
		state_close(service->process);
	service->lost = !service->resting;
	service->process = HANDLE_NONE;
	log_ended(service);
	plan_restart(service);
}

bool service_take_loss(struct service *service)
{
	bool lost = service->lost;
	service->lost = false;
	return lost;
}

void service_restart_if_due(struct service *service, uint64_t now)
{
	if (service->restart_at > now)
		return;
	if (service->resting)
		server_commit(); /* that it has ended, and is due: a next init may find it running again */
	service->restart_at = DEADLINE_NEVER;
	if (start(service))
		plan_restart(service);
	else
		log_started(service, now);
}

/* One that has ended already, of which an init before this one was not told, rests: killed once more it would be let go of. */
static void kill(const struct service *service)
{
	status_t killed = sys_process_kill_running(service->process, PROCESS_STATUS_KILLED);
	(void)killed; /* it may have ended by itself */
}

status_t service_want_start(struct service *service)
{
	if (service->process)
		return ERR_ALREADY;
	service->stopped = false;
	service->backoff = (struct backoff){0};
	service->restart_at = 0;
	return ERR_OK;
}

status_t service_want_stop(struct service *service)
{
	if (!service->process && service->restart_at == DEADLINE_NEVER)
		return ERR_ALREADY;
	service->stopped = true;
	service->restarts = false;
	service->restart_at = DEADLINE_NEVER;
	if (service->process)
		kill(service);
	return ERR_OK;
}

status_t service_want_restart(struct service *service)
{
	if (!service->process)
		return service_want_start(service);
	service->stopped = false;
	service->restarts = true;
	kill(service);
	return ERR_OK;
}

bool service_is_settled(const struct service *service, status_t *out_status)
{
	if (service->restarts || !service->restart_at || (service->stopped && service->process))
		return false;
	*out_status = service->process || service->stopped ? ERR_OK : service->start_status;
	return true;
}

/* The receiver behind an export, or HANDLE_NONE. */
static handle_t receiver_of(const struct service *service, const char *export)
{
	for (uint32_t i = 0; service->prepared && i < service->manifest.export_count; i++)
		if (!strcmp(service->manifest.exports[i], export))
			return service->receivers[i];
	return HANDLE_NONE;
}

bool service_exports(const struct service *service, const char *export)
{
	return receiver_of(service, export) != HANDLE_NONE;
}

status_t service_mint(const struct service *service, const char *export, uint64_t stamp, handle_t *out_sender)
{
	handle_t receiver = receiver_of(service, export);
	return receiver ? sys_channel_mint(receiver, stamp, SERVICE_SENDER_RIGHTS, out_sender) : ERR_NOT_FOUND;
}
