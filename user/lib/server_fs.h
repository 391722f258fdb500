/*
 * Rows of protocol fs for a server's table (server.h). Whom an operation is offered to and what it needs stands in abi/proto/fs.def; the
 * server's table is the one place that says which of the operations it has, and which function is each. What it has no row for
 * answers ERR_BAD_CALL.
 *
 * `names` is whom the server offers its operations on names to: SERVER_NAMES if it gives leases.
 */
#pragma once

#include "abi/proto/fs.h"
#include "user/lib/server.h"

enum {
#define FS_OP(label, name, audience, handles, readable, writable) \
	FS_AUDIENCE_##name = SERVER_##audience, FS_HANDLES_##name = (handles), FS_READABLE_##name = (readable), \
	FS_WRITABLE_##name = (writable),
#include "abi/proto/fs.def"
#undef FS_OP
};

#define FS_AUDIENCE(names, name) \
	((int)FS_AUDIENCE_##name == (int)SERVER_NAMES ? (names) : (enum server_audience)FS_AUDIENCE_##name)

#define FS_ROW(names, name, handle) FS_ROW_TO(FS_AUDIENCE(names, name), name, handle)

/* Whatever came with the call: for what is refused, or handed on to who will look. */
#define FS_ROW_BARE(names, name, handle) \
	{ \
		FS_##name, #name, handle, FS_AUDIENCE(names, name), 0, 0, 0 \
	}

/* Offered to others than the protocol says. */
#define FS_ROW_TO(audience, name, handle) \
	{ \
		FS_##name, #name, handle, audience, FS_HANDLES_##name, FS_READABLE_##name, FS_WRITABLE_##name \
	}
