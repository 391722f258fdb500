/* A server for server_test.c: its operations do what a server can do with a call. */
#pragma once

#include "user/lib/server.h"

enum {
	OP_ADD = 0x101,
	OP_OPEN,
	OP_VALUE,
	OP_ECHO,
	OP_SAVE,
	OP_RELEASE,
	OP_FORWARD,
	OP_TAKE,
	OP_WAKE,
	OP_LATER,
	OP_FAIL_OPEN,
	OP_BAD_ANSWER,
	OP_WHO
};

extern int sample_objects; /* that are open */
extern uint64_t sample_closed_session;
extern unsigned sample_bits, sample_interrupts;
extern handle_t sample_taken, sample_saved; /* a handle; a reply */
extern struct server sample_server;

int sample_main(void);
int sample_next_main(void); /* of another server, to which OP_FORWARD forwards */
