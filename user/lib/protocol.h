/* How a client asks for the version of a protocol (abi/proto/protocols.def). */
#pragma once

#include "abi/proto/protocols.h"
#include "user/lib/call.h"

/* The version of the protocol (PROTOCOL_NUMBER_*) that the server speaks. ERR_NOT_SUPPORTED: it does not. */
MUST_CHECK status_t protocol_version(handle_t server, uint32_t number, uint64_t deadline, uint32_t *out_version);
