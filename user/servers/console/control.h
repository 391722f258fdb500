/* The operations of an open terminal that are no file's: attributes, size, session, foreground group, pseudo terminals. */
#pragma once

#include "user/lib/server.h"

enum {
	CONTROL_OPERATIONS = 0
#define TTY_OP(...) +1
#include "abi/proto/tty.def"
#undef TTY_OP
};

extern const struct server_operation control_operations[CONTROL_OPERATIONS];
