/* Where the imports of a manifest come from. */
#pragma once

#include "user/lib/manifest.h"
#include "user/servers/init/service.h"

/*
 * Adds the import's handles to the service's grants. On an error nothing is added, and *out_why is half a sentence. `above` are
 * the services whose exports can be imported.
 */
MUST_CHECK status_t import_grant(struct service *service, const struct manifest_import *import, const struct service *above,
        uint32_t above_count, const char **out_why);

/* Adds one handle; an owned one is taken in any case. ERR_FULL if the start block has no room for more. */
MUST_CHECK status_t import_add(struct service *service, const char *name, handle_t handle, uint32_t rights, bool owned);
