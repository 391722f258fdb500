/*
 * scripts/run: this terminal as the machine's serial line. Every key goes to the machine, ^C and ^Z too; ^A x leaves and ^A ^A
 * sends ^A, as in QEMU's own console. The terminal is given back as it was on every way out that a process can notice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct terminal {
	bool raw;    /* stdin is a terminal and was changed */
	bool escape; /* ^A was the last key */
	bool at_end; /* nothing more comes from stdin */
};

void terminal_begin(struct terminal *terminal);
void terminal_end(void);

/* Passes what was typed to the machine. True when the person wants to leave. */
bool terminal_read(struct terminal *terminal, int machine);

/* Sends keys to the machine, as fast as it takes them. */
void terminal_send(int machine, const char *keys, size_t count);

/* Shows what the machine wrote. */
void terminal_show(const char *bytes, size_t count);
