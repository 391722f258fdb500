/*
 * What outlives init (user/lib/state.h): its services with all that was made for them, the mounts, and the shell. A next init finds the
 * processes under the same handles, running, and goes on where this one was: in the midst of starting the services, or of a restart.
 */
#pragma once

#include "user/lib/server.h"
#include "user/servers/init/service.h"

struct init_state {
	bool has_read; /* /etc/services and /etc/mounts */
	bool has_started;
	bool has_shell;         /* one is to be kept running */
	uint32_t service_count; /* that were started, or tried; of so many: */
	uint32_t service_total;
	struct service services[CONFIG_SERVICES];
	handle_t askers[CONFIG_SERVICES]; /* by service: the call that waits until it runs or has ended */

	uint32_t mount_count;
	struct config_mount mounts[CONFIG_MOUNTS];
	handle_t senders[CONFIG_MOUNTS]; /* HANDLE_NONE: there is nothing to mount */

	struct {
		struct program program;
		handle_t process;
		struct backoff backoff;
		uint64_t restart_at;
		handle_t pm;     /* a service's sender to the process manager */
		handle_t domain; /* of it, for all that shells start */
		handle_t stream; /* a session of streamd's */
	} shell;
};
extern struct init_state *kept;

/* Whether what a predecessor left is sound. */
bool check_state(struct server *server);
