/*
 * New processes: see births.h. Everything is checked and made before the child's thread starts, which is the last step; whatever
 * fails before is undone, and the child, of which nobody keeps a handle, goes without having run.
 *
 * The caller holds what it hands in with all rights, so it gains nothing by a process that is not its copy; pm asks only what
 * keeps its own books right: that it is a process, new, unknown, and runs once its thread was started.
 *
 * A call that is served again, because pm ended in it, may find the child running, or ended: pm has started it then. Its end is told by
 * the close of its stamp, which waits.
 */
#include "user/servers/pm/births.h"

#include "user/servers/pm/family.h"
#include "user/servers/pm/group.h"
#include "user/servers/pm/limits.h"
#include "user/servers/pm/watch.h"

#define CHILDREN_FLAGS (PROCESS_CHILDREN_FORGET | PROCESS_CHILDREN_NO_STOPS | PROCESS_CHILDREN_SILENT)

status_t births_domain(struct request *request)
{
	struct domain *domain = domain_new();
	if (!domain)
		return ERR_FULL;
	status_t status = server_open(request, domain);
	if (status)
		domain_closed(domain);
	return status;
}

/* Takes handle 0 of the request for a process that is not known yet. */
static status_t take_process(
        struct request *request, struct domain *domain, struct process *parent, struct process **out, uint32_t *out_state)
{
	struct process_info info;
	struct process *process;
	if ((request->rights[0] & WATCH_RIGHTS) != WATCH_RIGHTS)
		return ERR_NO_RIGHT;
	status_t status = sys_process_info(request->handles[0], &info);
	if (status)
		return status;
	if (info.state == PROCESS_ENDED && !server_serves_again())
		return ERR_DEAD;
	if (info.number > WATCH_PIDS)
		return ERR_NOT_SUPPORTED;
	status = process_new(domain, info.number, &process);
	if (status)
		return status;
	process->handle = request_take_handle(request, 0);
	process->started_ns = server_timer_now();
	family_add(parent, process);
	*out_state = info.state;
	*out = process;
	return ERR_OK;
}

/* The message that its stamp is free comes before any further call. */
static void give_up(struct process *process)
{
	status_t status = sys_process_set_exception(process->handle, HANDLE_NONE);
	(void)status; /* it ends, or pm was not its channel yet */
	family_forget(process);
}

static status_t join_family(struct process *process, struct process *parent, bool leader)
{
	family_inherit(process, parent);
	status_t status = ERR_OK;
	if (leader || !parent->group)
		status = group_lead_session(process);
	else
		group_join(process, parent->group);
	return status ? status : watch_begin(process);
}

/* The name that a program has by its path. */
static void name_by_path(struct process *process, const char *path, size_t length)
{
	size_t at = length;
	while (at && path[at - 1] != '/')
		at--;
	process_set_name(process, path + at, length - at);
}

/* What the process is started by: word[0] bytes of arguments, word[1] of a path behind them. */
static status_t read_image(struct request *request, const uint64_t word[static 2], struct process *process)
{
	static char text[PROCESS_ARGUMENTS_MAX + PROCESS_PATH_MAX];
	uint64_t arguments = word[0], path = word[1];
	if (path >= PROCESS_PATH_MAX)
		return ERR_BAD_ARGUMENT;
	uint32_t kept = arguments < PROCESS_ARGUMENTS_MAX ? (uint32_t)arguments : PROCESS_ARGUMENTS_MAX;
	/* In one piece, but where arguments in between are not kept. */
	status_t status = request_read(request, 0, text, kept == arguments ? kept + path : kept);
	if (!status && kept != arguments)
		status = request_read(request, arguments, text + kept, path);
	if (status)
		return status;
	struct image *image = image_new(text, kept, (uint32_t)path);
	if (!image)
		return ERR_NO_MEMORY;
	if (kept)
		image->text[kept - 1] = 0;
	image_drop(process->image);
	process->image = image;
	name_by_path(process, text + kept, path);
	return ERR_OK;
}

status_t births_adopt(struct request *request, struct domain *domain)
{
	struct process *process, *parent = table_process(request->caller);
	uint32_t state;
	if (request->word[0] & ~(uint64_t)PROCESS_ADOPT_LEADER)
		return ERR_BAD_ARGUMENT;
	if (parent && parent->domain != domain)
		return ERR_NO_RIGHT;
	if (!parent) {
		parent = &domain->starter;
		parent->pid = request->caller;
	}
	status_t status = limits_check_fork(parent);
	if (!status)
		status = take_process(request, domain, parent, &process, &state);
	if (status)
		return status;
	status = join_family(process, parent, request->word[0] & PROCESS_ADOPT_LEADER);
	process->children_flags = PROCESS_CHILDREN_SILENT; /* its program begins with the default */
	if (!status && (request->word[1] || request->word[2]))
		status = read_image(request, &request->word[1], process);
	if (status) {
		give_up(process);
		return status;
	}
	request->answer.word[0] = process->pid;
	return ERR_OK;
}

/* Starts the thread that came with the process. One of another process's would leave this one waiting for ever. */
static status_t start(const struct request *request, const struct process *process)
{
	const uint64_t *word = request->word;
	struct process_info info;
	bool again = server_serves_again() && !sys_process_info(process->handle, &info) && info.state != PROCESS_NEW;
	if (again)
		return ERR_OK;
	status_t status = sys_thread_start(request->handles[1], word[1], word[2], word[3], word[4], word[5]);
	if (!status)
		status = sys_process_info(process->handle, &info);
	if (!status && info.state == PROCESS_NEW)
		status = ERR_BAD_ARGUMENT;
	return status;
}

status_t births_fork(struct request *request, struct process *parent)
{
	struct process *process;
	uint32_t state;
	bool shared = request->word[0] & PROCESS_FORK_SHARED;
	if (request->word[0] & ~(uint64_t)PROCESS_FORK_SHARED || shared != (request->word[1] != 0))
		return ERR_BAD_ARGUMENT;
	status_t status = limits_check_fork(parent);
	if (!status)
		status = take_process(request, parent->domain, parent, &process, &state);
	if (status)
		return status;
	status = state == PROCESS_NEW || server_serves_again() ? join_family(process, parent, false) : ERR_BAD_STATE;
	if (!status)
		status = start(request, process);
	if (status) {
		give_up(process);
		return status;
	}
	request->answer.word[0] = process->pid;
	return ERR_OK;
}

status_t births_exec(struct request *request, struct process *process)
{
	if (request->word[2] & ~(uint64_t)CHILDREN_FLAGS)
		return ERR_BAD_ARGUMENT;
	status_t status = read_image(request, request->word, process);
	if (status)
		return status;
	if (request->word[3])
		process_set_name(process, (const char *)&request->word[3], PROCESS_NAME_SIZE);
	process->has_called_exec = true;
	process->has_reported = false;
	process->children_flags = (uint32_t)request->word[2];
	return ERR_OK;
}
