#include "user/servers/console/job.h"

#include "user/lib/deadline.h"
#include "user/lib/process.h"

#define PATIENCE_MS 2000u /* pm answers at once; should it hang, the terminal goes on without */

static handle_t pm;

void job_begin(handle_t sender)
{
	pm = sender;
}

static status_t ask(uint32_t process, struct process_place *out)
{
	return pm ? process_get(pm, process, deadline_in_ms(PATIENCE_MS), out) : ERR_NOT_FOUND;
}

/* A group that is gone needs no signal, and pm says so. */
static void send(uint32_t select, uint32_t id, uint32_t signal)
{
	if (pm && id)
		(void)!process_signal(pm, select, id, signal, deadline_in_ms(PATIENCE_MS));
}

void job_signal(struct terminal *terminal, uint32_t signal)
{
	send(PROCESS_SELECT_GROUP, terminal->group, signal);
}

void job_hang_up(struct terminal *terminal)
{
	send(PROCESS_SELECT_ONE, terminal->session, JOB_SIGNAL_HANG_UP);
	send(PROCESS_SELECT_ONE, terminal->session, JOB_SIGNAL_CONTINUE);
	terminal->session = terminal->group = 0;
}

uint32_t job_session(uint32_t process)
{
	struct process_place place;

	return ask(process, &place) ? 0 : place.session;
}

/* A session without a leader has lost its terminal (11.1.3). */
static bool session_lives(uint32_t session)
{
	struct process_place place;

	return session && !ask(session, &place) && place.state != PROCESS_STATE_ZOMBIE;
}

status_t job_check_foreground(const struct terminal *terminal, uint32_t caller)
{
	struct process_place place;

	if (!terminal->session || !terminal->group || ask(caller, &place))
		return ERR_OK;
	return place.session == terminal->session && place.group != terminal->group ? ERR_BACKGROUND : ERR_OK;
}

status_t job_take(struct terminal *terminal, uint32_t caller)
{
	struct process_place place;
	status_t status = ask(caller, &place);

	if (status)
		return status;
	if (place.session != caller)
		return ERR_NO_RIGHT;
	if (terminal->session != caller && session_lives(terminal->session))
		return ERR_NO_RIGHT;
	if (terminal->session != caller) {
		terminal->session = caller;
		terminal->group = place.group;
	}
	return ERR_OK;
}

status_t job_check_session(const struct terminal *terminal, uint32_t caller)
{
	return terminal->session && job_session(caller) == terminal->session ? ERR_OK : ERR_NOT_TERMINAL;
}

status_t job_leave(struct terminal *terminal, uint32_t caller)
{
	status_t status = job_check_session(terminal, caller);

	if (status || caller != terminal->session)
		return status;
	send(PROCESS_SELECT_GROUP, terminal->group, JOB_SIGNAL_HANG_UP);
	send(PROCESS_SELECT_GROUP, terminal->group, JOB_SIGNAL_CONTINUE);
	terminal->session = terminal->group = 0;
	return ERR_OK;
}

/* By the group's leader, or if that has ended, by pm's word that there is anybody in it. */
static bool group_is_of_session(uint32_t group, uint32_t session)
{
	struct process_place place;

	if (!ask(group, &place))
		return place.group == group && place.session == session;
	return !process_signal(pm, PROCESS_SELECT_GROUP, group, 0, deadline_in_ms(PATIENCE_MS));
}

status_t job_set_group(struct terminal *terminal, uint32_t caller, uint32_t group, bool forced)
{
	status_t status = job_check_session(terminal, caller);

	if (status)
		return status;
	if (!group_is_of_session(group, terminal->session))
		return ERR_NO_RIGHT;
	status = forced ? ERR_OK : job_check_foreground(terminal, caller);
	if (!status)
		terminal->group = group;
	return status;
}
