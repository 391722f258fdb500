/* Ends and faults: see watch.h. */
#include "user/servers/pm/watch.h"

#include <string.h>

#include "abi/exception.h"
#include "user/lib/log.h"
#include "user/servers/pm/family.h"
#include "user/servers/pm/pm.h"

#define ASK_AGAIN_NS 10000000ull
#define ASKED_AT_ONCE 64u

static struct server_timer timer;

status_t watch_begin(struct process *process)
{
	handle_t sender;
	status_t status = sys_channel_mint(pm_server.receiver, WATCH_STAMP_FIRST + process->pid, RIGHT_SEND, &sender);
	if (status == ERR_EXISTS && server_serves_again()) {
		process->is_doubtful = true;
		return ERR_OK;
	}
	if (status)
		return status;
	status = sys_process_set_exception(process->handle, sender);
	sys_handle_close(sender);
	return status;
}

/* True if it had ended. */
static bool note_end(struct process *process)
{
	struct process_info info;
	status_t status = sys_process_info(process->handle, &info);
	if (!status && info.state != PROCESS_ENDED)
		return false;
	family_ended(process, status ? PROCESS_STATUS_KILLED : info.status, status ? 0 : info.cpu_ns);
	return true;
}

/* It is given the channel again, and ended if it had taken it. False: it is ending already. */
static bool watch_again(struct process *process)
{
	if (watch_begin(process))
		return false;
	if (process->is_doubtful) { /* a predecessor's sender is gone that had not become its channel yet */
		process->is_doubtful = false;
		return true;
	}
	log_warning("pid %u (%s) has taken its exceptions from pm and is ended", process->pid, process->name);
	status_t killed = sys_process_kill(process->handle, PROCESS_STATUS_SIGNAL + 9);
	(void)killed; /* then it ends by itself */
	return true;
}

static void ask_again(struct server_timer *unused);

static void set_timer(void)
{
	timer.expired = ask_again;
	if (!list_empty(&pm->late))
		server_timer_set(&pm_server, &timer, server_timer_now() + ASK_AGAIN_NS);
}

/* Those that are still ending come to the end of the list. */
static void ask_again(struct server_timer *unused)
{
	struct list_link *link;
	(void)unused;
	for (unsigned i = 0; i < ASKED_AT_ONCE && (link = list_first(&pm->late)); i++) {
		struct process *process = LIST_OF(link, struct process, late);
		list_remove(link);
		if (process->state == PROCESS_STATE_ZOMBIE || note_end(process))
			continue;
		bool watched = process->is_unwatched && watch_again(process);
		process->is_unwatched = false;
		if (watched)
			continue;
		list_append(&pm->late, link);
	}
	set_timer();
}

static void add_late(struct process *process)
{
	if (list_linked(&process->late))
		return;
	list_append(&pm->late, &process->late);
	set_timer();
}

void watch_closed(uint64_t stamp)
{
	struct process *process = stamp >= WATCH_STAMP_FIRST ? table_process((uint32_t)(stamp - WATCH_STAMP_FIRST)) : NULL;
	if (!process || process->state == PROCESS_STATE_ZOMBIE || note_end(process))
		return;
	if (!watch_again(process))
		add_late(process);
}

void watch_resume(void)
{
	timer = (struct server_timer){0};
	for (size_t i = 0; i < pm->processes.capacity; i++) {
		struct process *process = pm->processes.slots[i].value;
		if (!process || process->state == PROCESS_STATE_ZOMBIE || server_stamp_lives(WATCH_STAMP_FIRST + process->pid))
			continue;
		process->is_unwatched = true;
		if (!list_linked(&process->late))
			list_append(&pm->late, &process->late);
	}
	if (!list_empty(&pm->late))
		ask_again(NULL);
}

/*
 * The kernel reports it, also that of a process which a pm before this one took care of. Answered here, because the kit takes a
 * label that is no success for an error, which has no words.
 */
status_t watch_fault(struct request *request)
{
	struct message message = {
	        .label = EXCEPTION_REPORT, .word = {PROCESS_STATUS_SIGNAL + family_fault_signal((uint32_t)request->word[0])}};
	if (!sys_reply_send(request->reply, &message))
		request->reply = HANDLE_NONE;
	return EXCEPTION_END;
}

status_t watch_report(struct request *request, struct process *process)
{
	static char text[PROCESS_REPORT_MAX + 1];
	uint64_t length = request->word[0];
	if (length > PROCESS_REPORT_MAX)
		return ERR_TOO_LARGE;
	if (process->has_reported)
		return ERR_EXISTS;
	status_t status = request_read(request, 0, text, length);
	if (status)
		return status;
	process->has_reported = true;
	text[length] = 0;
	for (uint64_t i = 0; i < length; i++)
		text[i] = text[i] == '\n' || (text[i] >= ' ' && text[i] < 0x7f) ? text[i] : '?';
	char *next;
	for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next))
		log_error("pid %u (%s): %s", process->pid, process->name, line);
	return ERR_OK;
}
