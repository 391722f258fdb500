/*
 * The guest link of abi/guest_link.h, host's side: says the command once the guest is there, passes output on, and learns the
 * status. Whatever the guest sends, it can only end the run. The firmware writes its console to every serial port that it finds,
 * so bytes before the greeting are passed over.
 */
#pragma once

#include <stdint.h>

#include "abi/guest_link.h"
#include "tools/guest/outcome.h"

struct link {
	int descriptor; /* -1: none, or closed */
	const char *command;
	bool greeted;
	double deadline; /* for writing output, in seconds of clock_seconds, 0: none */
	unsigned have;   /* bytes of the record being received */
	uint8_t record[5 + GUEST_RECORD_MAX];
};

void link_begin(struct link *link, int descriptor, const char *command, double deadline);

/* Reads what has come; not blocking but for output that nobody takes, and that until the deadline. */
void link_read(struct link *link, struct outcome *outcome);

/* Seconds of a clock that never goes back. */
double clock_seconds(void);
