/*
 * The mount table: /etc/mounts, made with senders that init mints once and keeps, so that the same mounts can be made again
 * when vfs has lost them. A service that is restarted keeps its channel, and with it its mounts.
 */
#pragma once

#include "user/servers/init/service.h"

/* Reads /etc/mounts and mounts what the services export; the log says what could not be. */
void mounts_make(const struct service *services, uint32_t count);

/* Mounts all of it a second time. */
void mounts_make_again(void);

/* The service whose export /etc/mounts has at this path; NULL if there is none. */
const struct service *mounts_service_at(const char *path, const struct service *services, uint32_t count);
