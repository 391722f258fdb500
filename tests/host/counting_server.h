/* A server with state for server_state_test.c: it counts, and ends where it is told to. */
#pragma once

#include "user/lib/server.h"

enum {
	COUNTING_add = 0x101, /* a number → the sum of all */
	COUNTING_end,         /* 0: it ends once and answers; 1: it ends each time */
	COUNTING_open,        /* → handle 0: an object */
};

enum counting_end { COUNTING_ENDS_NOWHERE, COUNTING_ENDS_IN_CHECK, COUNTING_ENDS_IN_RESUME, COUNTING_ENDS_IN_CLOSE };
extern volatile enum counting_end counting_ends_in;

int counting_main(void);
