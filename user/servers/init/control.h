/*
 * init as a server: the device /dev/services, by which services are listed, started and stopped (protocol service). Whoever can open
 * it may ask; to change anything it must be open for writing. Nobody waits for init longer than the service takes, and init waits for
 * nobody: calls are answered when what they asked for has come about.
 */
#pragma once

#include <stdint.h>

#include "user/lib/call.h"

#define CONTROL_EXPORT "service" /* its name in /etc/mounts */

/*
 * Begins with the state that a predecessor left, if there is one (state.h), on the channel that root has made. `attend` is called at first, with bits of init's notify whenever there are any, when a restart is due, and when a call
 * has asked for something, and answers when it is to be called next.
 */
MUST_CHECK status_t control_begin(uint64_t (*attend)(uint64_t bits));

/* Serves until the receiver fails, and answers why. */
status_t control_run(void);
