/* What a predecessor of init left, looked at as if a stranger had sent it: see state.h. */
#include "user/servers/init/state.h"

#include <string.h>

#include "user/lib/device.h"

#define ENDS(text) (memchr(text, 0, sizeof(text)) != NULL)

static bool has(handle_t handle, uint32_t type)
{
	return !handle || server_has_handle(handle, type);
}

static bool check_manifest(const struct manifest *manifest)
{
	if (manifest->import_count > MANIFEST_IMPORTS || manifest->export_count > MANIFEST_EXPORTS || !ENDS(manifest->name))
		return false;
	for (uint32_t i = 0; i < manifest->import_count; i++)
		if (!ENDS(manifest->imports[i].name))
			return false;
	for (uint32_t i = 0; i < manifest->export_count; i++)
		if (!ENDS(manifest->exports[i]))
			return false;
	return true;
}

/* What was not made for the service alone is init's own, and granted. */
static bool check_grants(const struct service *service)
{
	if (service->grant_count > START_GRANTS)
		return false;
	for (uint32_t i = 0; i < service->grant_count; i++)
		if (service->grants[i].name != service->names[i] || !ENDS(service->names[i]) ||
		        (service->grants[i].handle && !server_has_any_handle(service->grants[i].handle)))
			return false;
	return true;
}

static bool check_service(const struct service *service, uint32_t number)
{
	if (service->number != number || !ENDS(service->config.name) || !ENDS(service->config.path) || !ENDS(service->ending))
		return false;
	if (!has(service->process, OBJECT_PROCESS) || !has(service->resting, OBJECT_PROCESS))
		return false;
	if (!service->prepared)
		return true;
	for (uint32_t i = 0; i < MANIFEST_EXPORTS; i++)
		if (!has(service->receivers[i], OBJECT_RECEIVER))
			return false;
	return check_manifest(&service->manifest) && check_grants(service) && has(service->program.frame, OBJECT_FRAME);
}

static bool check_mounts(const struct init_state *state)
{
	if (state->mount_count > CONFIG_MOUNTS)
		return false;
	for (uint32_t i = 0; i < state->mount_count; i++)
		if (!ENDS(state->mounts[i].path) || !ENDS(state->mounts[i].export) || !has(state->senders[i], OBJECT_SENDER))
			return false;
	return true;
}

bool check_state(struct server *server)
{
	const struct init_state *state = server->root;
	if (state->service_total > CONFIG_SERVICES || state->service_count > state->service_total)
		return false;
	for (uint32_t i = 0; i < state->service_total; i++)
		if (!check_service(&state->services[i], i) || !has(state->askers[i], OBJECT_REPLY))
			return false;
	return check_mounts(state) && has(state->shell.program.frame, OBJECT_FRAME) &&
	        has(state->shell.process, OBJECT_PROCESS) && has(state->shell.pm, OBJECT_SENDER) &&
	        has(state->shell.domain, OBJECT_SENDER) && has(state->shell.stream, OBJECT_SENDER) &&
	        server_check_objects(server, device_check);
}
