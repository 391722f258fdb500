/*
 * The mount table: /etc/mounts, made with senders that init mints once and keeps, so that the same mounts can be made again
 * when vfs has lost them. A service that is restarted keeps its channel, and with it its mounts.
 */
#pragma once

#include "user/servers/init/service.h"

/* Reads /etc/mounts; the log says what is wrong with it, as it does of all that follows. */
void mounts_read(void);

/* Mounts what a service exports that was started, so that those after it find it there. */
void mounts_make_of(const struct service *service);

/* The same of what init itself serves. */
void mounts_make_own(const char *export, handle_t receiver);

/* Once all services were started: says of which mounts there is no sender. */
void mounts_check(void);

/* Mounts all of it a second time. */
void mounts_make_again(void);

/* The service whose export /etc/mounts has at this path; NULL if there is none. */
struct service *mounts_service_at(const char *path, struct service *services, uint32_t count);
