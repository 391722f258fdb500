/* Signals to many: see job.h. */
#include "user/servers/pm/job.h"

#include "user/servers/pm/group.h"
#include "user/servers/pm/pm.h"
#include "user/servers/pm/signals.h"

static struct server_timer timer;

/* Sends to at most `most` members behind the marker and moves it on; true if none is left. */
static bool advance(struct job *job, uint32_t most)
{
	struct list_link *next;
	for (uint32_t i = 0; i < most && (next = list_after(job->members, &job->marker.link)); i++) {
		struct process *process = LIST_OF(next, struct member, link)->process;
		list_remove(&job->marker.link);
		list_insert_behind(next, &job->marker.link);
		for (uint32_t s = 0; process && process->pid != job->except && s < job->count; s++)
			signals_send(process, &job->sent[s]);
	}
	return !list_after(job->members, &job->marker.link);
}

static void hold_members(struct job *job)
{
	list_prepend(job->members, &job->marker.link);
	if (job->group)
		job->group->jobs++;
	else
		job->domain->jobs++;
}

static void unhold_members(struct job *job)
{
	list_remove(&job->marker.link);
	if (job->group) {
		job->group->jobs--;
		group_unhold(job->group);
	} else {
		job->domain->jobs--;
		domain_unhold(job->domain);
	}
}

static void finish(struct job *job)
{
	list_remove(&job->link);
	unhold_members(job);
	if (job->reply) {
		answer_send(job->reply, ERR_OK, NULL);
		pm->jobs_waited_for--;
	}
	state_free(job);
}

/* A part of the first job, which then goes behind the others. */
static void go_on(struct server_timer *unused)
{
	(void)unused;
	struct list_link *link = list_first(&pm->jobs);
	struct job *job = LIST_OF(link, struct job, link);
	list_remove(link);
	list_append(&pm->jobs, link);
	if (advance(job, JOB_AT_ONCE))
		finish(job);
	if (!list_empty(&pm->jobs))
		server_timer_set(&pm_server, &timer, DEADLINE_NOW);
}

static void begin(struct job *job)
{
	timer.expired = go_on;
	list_append(&pm->jobs, &job->link);
	server_timer_set(&pm_server, &timer, DEADLINE_NOW);
}

status_t job_start(struct request *request, struct list *members, struct group *group, struct domain *domain,
        const struct sent_signal *sent, uint32_t except)
{
	struct job first = {
	        .members = members, .group = group, .domain = domain, .except = except, .count = 1, .sent = {*sent}};
	if (pm->jobs_waited_for == JOBS_MAX)
		return ERR_FULL;
	struct job *job = state_alloc(sizeof *job);
	if (!job)
		return ERR_NO_MEMORY;
	*job = first;
	hold_members(job);
	if (advance(job, JOB_AT_ONCE)) {
		unhold_members(job);
		state_free(job);
		return ERR_OK;
	}
	status_t status = request_save(request, &job->reply);
	if (status) { /* what was sent is sent; the rest follows without an answer's waiting for it */
		job->reply = HANDLE_NONE;
		begin(job);
		return ERR_OK;
	}
	pm->jobs_waited_for++;
	begin(job);
	return ERR_OK;
}

void job_for_group(struct group *group, const struct sent_signal *sent, uint32_t count)
{
	struct job *job = state_alloc(sizeof *job);
	if (!job)
		return;
	*job = (struct job){.members = &group->members, .group = group, .count = count};
	memcpy(job->sent, sent, count * sizeof *sent);
	hold_members(job);
	begin(job);
}

void job_resume(void)
{
	timer = (struct server_timer){.expired = go_on};
	if (!list_empty(&pm->jobs))
		server_timer_set(&pm_server, &timer, DEADLINE_NOW);
}
