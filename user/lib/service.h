/* Protocol service (abi/proto/service.def) from the client's side. `init` is /dev/services, open. Names are NUL-ended. */
#pragma once

#include "abi/proto/service.h"
#include "user/lib/call.h"

/* `list` holds `room`; *out_count of them follow `first`. */
MUST_CHECK status_t service_list(
        handle_t init, uint64_t first, struct service_info *list, uint64_t room, uint64_t deadline, uint64_t *out_count);
MUST_CHECK status_t service_status(handle_t init, const char *name, uint64_t deadline, struct service_info *out);

/* One of SERVICE_start, SERVICE_stop and SERVICE_restart. */
MUST_CHECK status_t service_change(handle_t init, uint32_t operation, const char *name, uint64_t deadline);
