/* Ends and faults: see watch.h. */
#include "user/servers/pm/watch.h"

#include <string.h>

#include "abi/exception.h"
#include "user/lib/log.h"
#include "user/servers/pm/family.h"
#include "user/servers/pm/pm.h"

#define ASK_AGAIN_NS 10000000ull

static struct list late; /* processes that end, and were still ending when they were looked at */
static struct server_timer timer;

status_t watch_begin(struct process *process)
{
	handle_t sender;
	status_t status = sys_channel_mint(pm_server.receiver, WATCH_STAMP_FIRST + process->pid, RIGHT_SEND, &sender);
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

static void ask_again(struct server_timer *unused)
{
	struct list_link *next;
	(void)unused;
	for (struct list_link *link = list_first(&late); link; link = next) {
		struct process *process = LIST_OF(link, struct process, late);
		next = list_after(&late, link);
		if (process->state == PROCESS_STATE_ZOMBIE || note_end(process))
			list_remove(link);
	}
	if (!list_empty(&late))
		server_timer_set(&pm_server, &timer, server_timer_now() + ASK_AGAIN_NS);
}

static void add_late(struct process *process)
{
	if (list_linked(&process->late))
		return;
	if (!late.ring.next)
		list_begin(&late);
	timer.expired = ask_again;
	list_append(&late, &process->late);
	server_timer_set(&pm_server, &timer, server_timer_now() + ASK_AGAIN_NS);
}

void watch_closed(uint64_t stamp)
{
	struct process *process = stamp >= WATCH_STAMP_FIRST ? table_process((uint32_t)(stamp - WATCH_STAMP_FIRST)) : NULL;
	if (!process || process->state == PROCESS_STATE_ZOMBIE || note_end(process))
		return;
	if (!watch_begin(process)) {
		log_warning("pid %u (%s) has taken its exceptions from pm and is ended", process->pid, process->name);
		status_t killed = sys_process_kill(process->handle, PROCESS_STATUS_SIGNAL + 9);
		(void)killed; /* then it ends by itself */
		return;
	}
	add_late(process);
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
