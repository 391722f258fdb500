/*
 * Watches: "set these bits in that notify when it happens". A list of them hangs on what is watched; each also hangs on its
 * notify, which it does not keep alive: when the notify goes, its watches go. Each is paid for by the group of the notify.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"

struct notify;
struct watch;

struct watch_list {
	struct watch *first;
	uint32_t count;
};

#define WATCHES_MAX 8u /* on one list, so that signalling all is bounded */

/* The same notify again on the same list: the bits are added to its watch. QUOTA, NO_MEMORY, FULL. */
uint32_t watch_add(struct watch_list *list, struct notify *notify, uint64_t bits) __attribute__((warn_unused_result));

/* Signals all; they stay. */
void watch_signal(struct watch_list *list);

/* Signals at most `budget` and takes them off the list; true when none is left. */
bool watch_signal_step(struct watch_list *list, unsigned budget);

/* For the end of a notify: takes at most `budget` of its watches off their lists; true when none is left. */
bool watch_forget_notify(struct notify *notify, unsigned budget);
