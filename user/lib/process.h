/*
 * Protocol process (abi/proto/process.def) for those who start programs and serve terminals: making a domain, putting a process
 * that spawn_process() builds into it, signals to groups. What programs themselves ask of pm, user/linux asks for them.
 *
 * Every call has a deadline, ns since boot.
 */
#pragma once

#include "abi/proto/process.h"
#include "user/lib/call.h"

/* A sender for a new domain, to be granted as "pm"; `pm` is what a service imports under that name. */
MUST_CHECK status_t process_domain(handle_t pm, uint64_t deadline, handle_t *out_domain);

/*
 * Has pm take care of a process that has not started yet. `arguments` end with NULL, `path` is that of its file; both are
 * for those who look at /proc. The caller keeps its handle.
 */
MUST_CHECK status_t process_adopt(
        handle_t domain, handle_t process, uint32_t flags, const char *const *arguments, const char *path, uint64_t deadline);

/* `select` is PROCESS_SELECT_*. */
MUST_CHECK status_t process_signal(handle_t pm, uint32_t select, uint32_t id, uint32_t signal, uint64_t deadline);

/* Where a process is in its families. */
struct process_place {
	uint32_t parent, group, session;
	uint32_t terminal; /* its number, 0: none */
	uint32_t state;    /* PROCESS_STATE_* */
};

MUST_CHECK status_t process_get(handle_t pm, uint32_t process, uint64_t deadline, struct process_place *out);

/* For `struct spawn`: adopts a process as leader of a session before it starts; the context is a struct process_adoption. */
struct process_adoption {
	handle_t domain;
	uint64_t deadline;
};

struct spawn;
MUST_CHECK status_t process_adopt_spawned(const struct spawn *spawn, handle_t process, void *context);
