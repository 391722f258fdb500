/*
 * A service: a program out of /etc/services with what its manifest asks for.
 *
 * It is prepared once: its file opened, its manifest read, a channel made for each export, each import found. All that is kept
 * and given to every instance, so that a restarted service has the same receivers, ports, interrupts and senders as the one
 * before; calls that nobody has taken wait for it. An import comes from what init itself was granted, from the machine, or
 * from a service above it in /etc/services: so the imports never form a circle.
 *
 * One with state is granted a frame for it, and started again in the process that it was, which keeps its handles and the calls that it
 * had not answered. If that can not be, it is started as others are, with its state and without those handles.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/lib/backoff.h"
#include "user/lib/ending.h"
#include "user/lib/manifest.h"
#include "user/lib/program.h"
#include "user/lib/spawn.h"
#include "user/servers/init/config.h"

/* Of senders to services. */
#define SERVICE_SENDER_RIGHTS (RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT)

struct service {
	struct config_service config;
	uint32_t number; /* place in /etc/services, from 0 */
	bool prepared;
	struct manifest manifest;
	struct program program;

	/* Handles for the program, under names kept here; those marked as owned were made for it alone. */
	uint32_t grant_count;
	struct spawn_grant grants[START_GRANTS];
	char names[START_GRANTS][START_NAME];
	bool owned[START_GRANTS];

	handle_t receivers[MANIFEST_EXPORTS];

	handle_t process;             /* HANDLE_NONE: it does not run */
	handle_t resting;             /* what one with state was, until it is started again; its handles are kept in it */
	handle_t there[START_GRANTS]; /* names of the grants in its process */
	bool lost;                    /* what it had open is gone */
	struct backoff backoff;
	uint64_t restart_at; /* ns since boot; DEADLINE_NEVER: it runs, or is not to be started again */

	uint32_t starts;              /* of processes that ran */
	status_t start_status;        /* of the last try */
	bool stopped;                 /* by a call, and not started since */
	bool restarts;                /* a call has ended it so that it begins anew at once */
	char ending[ENDING_TEXT_MAX]; /* how it ended the last time */
};

/* Prepares and starts; on the log is how long it took, or why not. `above` are the services that it may import from. */
void service_start(struct service *service, const struct service *above, uint32_t above_count);

/* If it has ended, says so and plans its restart as the manifest wants. */
void service_notice_end(struct service *service);

/* Whether what it had open was lost since the last time; one with state loses it only if it cannot be started in its place. */
bool service_take_loss(struct service *service);

/* Starts it again if that is due at `now`. */
void service_restart_if_due(struct service *service, uint64_t now);

/*
 * What a call wants of a service: begins it, and service_restart_if_due() and service_notice_end() bring it to its end. ERR_ALREADY if there is
 * nothing to do. One that was never prepared is for service_start().
 */
MUST_CHECK status_t service_want_start(struct service *service);
MUST_CHECK status_t service_want_stop(struct service *service);
MUST_CHECK status_t service_want_restart(struct service *service);

/* Whether that is done, and how it went. */
bool service_is_settled(const struct service *service, status_t *out_status);

/* Whether a prepared service exports something under this name. */
bool service_exports(const struct service *service, const char *export);

/* A sender with this stamp to what a prepared service exports under a name. ERR_NOT_FOUND if it exports no such thing. */
MUST_CHECK status_t service_mint(const struct service *service, const char *export, uint64_t stamp, handle_t *out_sender);
