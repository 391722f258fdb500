/* The operations of an open terminal that are no file's: attributes, size, session, foreground group, pseudo terminals. */
#pragma once

#include "user/lib/server.h"

#define CONTROL_OPERATIONS 10

extern const struct server_operation control_operations[CONTROL_OPERATIONS];
