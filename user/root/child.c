/* Starting supervised processes and noticing their ends. */
#include "user/root/child.h"

#include "user/lib/deadline.h"
#include "user/lib/ending.h"
#include "user/lib/log.h"

static void plan_restart(struct child *child)
{
	child->restart_at = backoff_ended(&child->backoff, deadline_now());
}

static void log_started(struct child *child, uint64_t before)
{
	uint64_t us = (deadline_now() - before) / 1000;
	log_info("started %s in %llu.%03llu ms", child->spawn.name, (unsigned long long)us / 1000,
	        (unsigned long long)us % 1000);
	child->restart_at = DEADLINE_NEVER;
}

/* Twice: one that rests when it has ended is let go of then. */
static void kill_and_close(handle_t process)
{
	for (unsigned i = 0; i < 2; i++) {
		status_t killed = sys_process_kill(process, PROCESS_STATUS_KILLED);
		(void)killed;
	}
	sys_handle_close(process);
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
		if (status)
			kill_and_close(spawned.process);
	}
	if (status) {
		log_error("cannot start %s: %s: %s", child->spawn.name, step, error_text(status));
		plan_restart(child);
		return status;
	}
	child->process = spawned.process;
	log_started(child, before);
	return ERR_OK;
}

status_t child_start_again(struct child *child, handle_t notify, uint64_t bits)
{
	const char *step = "its end could not be watched";
	uint64_t before = deadline_now();
	backoff_started(&child->backoff, before);
	status_t status = spawn_again(&child->spawn, child->resting, &step);
	if (!status) {
		ending_wait_for_replacement(child->resting);
		status = sys_process_watch(child->resting, notify, bits);
	}
	if (status) {
		log_error("%s loses what it had open: %s: %s", child->spawn.name, step, error_text(status));
		kill_and_close(child->resting);
	} else {
		child->process = child->resting;
		log_started(child, before);
	}
	child->resting = HANDLE_NONE;
	return status;
}

bool child_has_ended(struct child *child)
{
	char text[ENDING_TEXT_MAX];
	if (!child->process || !ending_text(child->process, text))
		return false;
	log_error("%s %s", child->spawn.name, text);
	if (child->spawn.restartable)
		child->resting = child->process;
	else
		sys_handle_close(child->process);
	child->process = HANDLE_NONE;
	plan_restart(child);
	return true;
}
