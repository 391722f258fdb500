/* Starting supervised processes and noticing their ends. */
#include "user/root/child.h"

#include "user/lib/deadline.h"
#include "user/lib/ending.h"
#include "user/lib/log.h"

static void plan_restart(struct child *child)
{
	child->restart_at = backoff_ended(&child->backoff, deadline_now());
}

status_t child_start(struct child *child, handle_t notify, uint64_t bits)
{
	const char *step = "its end could not be watched";
	struct spawned spawned;
	uint64_t before = deadline_now();
	backoff_started(&child->backoff, before);
	status_t status = spawn_process(&child->spawn, &spawned, &step);
	if (!status) {
		status = sys_process_watch(spawned.process, notify, bits);
		if (status) {
			status_t killed = sys_process_kill(spawned.process, PROCESS_STATUS_KILLED);
			(void)killed;
			sys_handle_close(spawned.process);
		}
	}
	if (status) {
		log_error("cannot start %s: %s: %s", child->spawn.name, step, error_text(status));
		plan_restart(child);
		return status;
	}
	uint64_t us = (deadline_now() - before) / 1000;
	log_info("started %s in %llu.%03llu ms", child->spawn.name, (unsigned long long)us / 1000,
	        (unsigned long long)us % 1000);
	child->process = spawned.process;
	child->restart_at = DEADLINE_NEVER;
	return ERR_OK;
}

bool child_has_ended(struct child *child)
{
	char text[ENDING_TEXT_MAX];
	if (!child->process || !ending_text(child->process, text))
		return false;
	log_error("%s %s", child->spawn.name, text);
	sys_handle_close(child->process);
	child->process = HANDLE_NONE;
	plan_restart(child);
	return true;
}

void child_end(struct child *child)
{
	if (!child->process)
		return;
	status_t killed = sys_process_kill(child->process, PROCESS_STATUS_KILLED);
	(void)killed;
	sys_handle_close(child->process);
	child->process = HANDLE_NONE;
	plan_restart(child);
}
