/*
 * pm, the process manager: knows which processes belong together and tells them of each other.
 *
 * The kernel makes, copies, replaces and ends processes; whose child one is, who waits for it, which group a terminal's ^C is meant
 * for, is kept here. A program makes a copy of itself by process_clone and hands it to pm, which enters it as the
 * caller's child and starts it; from then on pm hears of its end and its faults by its exception channel (watch.h).
 *
 * It trusts no client. Who calls is told by the kernel; what a caller can reach is its domain (abi/proto/process.def); what it
 * hands in is looked at; what it can make pm keep is bounded. Every call costs a bounded amount of work, however many
 * processes there are.
 *
 * The same sender's other face is a file system, /proc (proc.h), by which everybody with a namespace can read of all processes.
 */
#include "user/servers/pm/pm.h"

#include <stdlib.h>

#include "abi/manifest.h"
#include "abi/proto/fs.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/server_fs.h"
#include "user/servers/pm/births.h"
#include "user/servers/pm/group.h"
#include "user/servers/pm/limits.h"
#include "user/servers/pm/proc.h"
#include "user/servers/pm/proc_machine.h"
#include "user/servers/pm/signals.h"
#include "user/servers/pm/state.h"
#include "user/servers/pm/table.h"
#include "user/servers/pm/wait.h"
#include "user/servers/pm/watch.h"

HEARTH_MANIFEST("name pm\n"
                "import log\n"
                "import machine.inspect\n"
                "export pm\n"
                "restart always\n"
                "state 512\n");

#define OBJECTS_MAX (PROC_FILES + PM_DOMAINS)
#define OBJECTS_CLIENT_MAX 256

#define CHILDREN_FLAGS (PROCESS_CHILDREN_FORGET | PROCESS_CHILDREN_NO_STOPS | PROCESS_CHILDREN_SILENT)

/* The domain of the sender that was used; NULL: a service's, which reaches all. Of an open file's it equals no domain. */
static struct domain *domain_of(const struct request *request)
{
	return request->object;
}

static bool is_file(const struct request *request)
{
	return request->object && domain_of(request)->kind != OBJECT_OF_DOMAIN;
}

/* The process of pid word[0], 0 for the caller, that the sender reaches; or NULL. */
static struct process *find_named(const struct request *request)
{
	uint64_t pid = request->word[0] ? request->word[0] : request->caller;
	struct process *process = pid <= UINT32_MAX ? table_process((uint32_t)pid) : NULL;
	return process && (!domain_of(request) || process->domain == domain_of(request)) ? process : NULL;
}

/* The caller, if it is a living process of the sender's domain. */
static struct process *find_caller(const struct request *request)
{
	struct process *process = table_process(request->caller);
	bool is = process && process->domain == domain_of(request) && process->state != PROCESS_STATE_ZOMBIE;
	return is ? process : NULL;
}

static status_t with_caller(struct request *request, status_t (*handle)(struct request *request, struct process *process))
{
	struct process *process = find_caller(request);
	return process ? handle(request, process) : ERR_NO_RIGHT;
}

static status_t handle_domain(struct request *request)
{
	return births_domain(request);
}

static status_t handle_adopt(struct request *request)
{
	return is_file(request) ? ERR_NOT_SUPPORTED : births_adopt(request, domain_of(request));
}

static status_t handle_fork(struct request *request)
{
	return with_caller(request, births_fork);
}

static status_t handle_exec(struct request *request)
{
	return with_caller(request, births_exec);
}

static status_t handle_wait(struct request *request)
{
	return with_caller(request, wait_handle);
}

static status_t handle_signal(struct request *request)
{
	if (is_file(request))
		return ERR_NOT_SUPPORTED;
	return signals_handle(request, domain_of(request) ? find_caller(request) : NULL, domain_of(request));
}

static status_t handle_signal_info(struct request *request)
{
	return with_caller(request, signals_handle_info);
}

static status_t handle_stopped(struct request *request)
{
	return with_caller(request, signals_handle_stopped);
}

static status_t handle_get(struct request *request)
{
	const struct process *process = find_named(request);
	uint64_t *word = request->answer.word;
	if (!process)
		return ERR_NOT_FOUND;
	word[0] = process->pid;
	word[1] = process->parent->pid;
	word[2] = process->group->id;
	word[3] = process->group->session->id;
	word[4] = process->group->session->terminal;
	word[5] = process->state;
	return ERR_OK;
}

static status_t set_group(struct request *request, struct process *caller)
{
	struct process *process = find_named(request);
	if (request->word[1] > UINT32_MAX)
		return ERR_NO_RIGHT;
	return process ? group_set(caller, process, (uint32_t)request->word[1]) : ERR_NOT_FOUND;
}

static status_t handle_set_group(struct request *request)
{
	return with_caller(request, set_group);
}

static status_t set_session(struct request *request, struct process *process)
{
	status_t status = group_set_session(process);
	request->answer.word[0] = process->pid;
	return status;
}

static status_t handle_set_session(struct request *request)
{
	return with_caller(request, set_session);
}

static status_t set_terminal(struct request *request, struct process *process)
{
	return group_set_terminal(process, request->word[0]);
}

static status_t handle_set_terminal(struct request *request)
{
	return with_caller(request, set_terminal);
}

static status_t handle_get_limit(struct request *request)
{
	const struct process *process = find_named(request);
	if (!process)
		return ERR_NOT_FOUND;
	if (request->word[1] >= PROCESS_LIMITS)
		return ERR_BAD_ARGUMENT;
	request->answer.word[0] = process->limits[request->word[1]].soft;
	request->answer.word[1] = process->limits[request->word[1]].hard;
	return ERR_OK;
}

static status_t set_limit(struct request *request, struct process *caller)
{
	if (find_named(request) != caller)
		return ERR_NOT_SUPPORTED;
	return limits_set(caller, request->word[1], request->word[2], request->word[3]);
}

static status_t handle_set_limit(struct request *request)
{
	return with_caller(request, set_limit);
}

static status_t times(struct request *request, struct process *process)
{
	struct process_info info;
	status_t status = sys_process_info(process->handle, &info);
	if (status)
		return status;
	request->answer.word[0] = info.cpu_ns;
	request->answer.word[1] = process->children_cpu_ns;
	return ERR_OK;
}

static status_t handle_times(struct request *request)
{
	return with_caller(request, times);
}

static status_t set_children(struct request *request, struct process *process)
{
	if (request->word[0] & ~(uint64_t)CHILDREN_FLAGS)
		return ERR_BAD_ARGUMENT;
	process->children_flags = (uint32_t)request->word[0];
	return ERR_OK;
}

static status_t handle_set_children(struct request *request)
{
	return with_caller(request, set_children);
}

static status_t set_name(struct request *request, struct process *process)
{
	process_set_name(process, (const char *)request->word, PROCESS_NAME_SIZE);
	return ERR_OK;
}

static status_t handle_set_name(struct request *request)
{
	return with_caller(request, set_name);
}

static status_t tell_signals(struct request *request, struct process *process)
{
	memcpy(process->told_signals, request->word, sizeof process->told_signals);
	process->has_told_signals = true;
	return ERR_OK;
}

static status_t handle_tell_signals(struct request *request)
{
	return with_caller(request, tell_signals);
}

static status_t handle_report(struct request *request)
{
	return with_caller(request, watch_report);
}

static status_t handle_machine(struct request *request)
{
	proc_machine_tell(request->answer.word);
	return ERR_OK;
}

static void close_object(struct server *server, void *object)
{
	const struct domain *domain = object;
	(void)server;
	if (domain->kind == OBJECT_OF_DOMAIN)
		domain_closed(object);
	else
		proc_close(object);
}

static void close_session(struct server *server, uint64_t stamp)
{
	(void)server;
	watch_closed(stamp);
}

#define HAS(name, handle) FS_ROW(SERVER_SESSION, name, handle)
#define BARE(name, handle) FS_ROW_BARE(SERVER_SESSION, name, handle)

static const struct server_operation operations[] = {
#define PROCESS_OP SERVER_ROW
#include "abi/proto/process.def"
#undef PROCESS_OP
        HAS(open, proc_open),
        HAS(stat, proc_stat),
        HAS(readlink, proc_readlink),
        HAS(statfs, proc_statfs),
        BARE(unlink, proc_refuse_change),
        BARE(mkdir, proc_refuse_change),
        BARE(symlink, proc_refuse_change),
        BARE(link, proc_refuse_change),
        BARE(rename, proc_refuse_change),
        BARE(set_attributes, proc_refuse_change),
        HAS(read, proc_read),
        HAS(pread, proc_pread),
        HAS(write, proc_tell),
        HAS(seek, proc_seek),
        HAS(fstat, proc_fstat),
        HAS(fstatfs, proc_statfs),
        HAS(readdir, proc_readdir),
        HAS(sync, proc_sync),
        HAS(watch, proc_watch),
};

static const struct server_state state = {.version = 5,
        .size = sizeof(struct pm),
        .check = check_state,
        .resume = resume_state,
        .processes = SERVER_PROCESSES_END_WITH_STATE};

struct server pm_server = {
        .name = "pm",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
        .objects = OBJECTS_MAX,
        .client_objects = OBJECTS_CLIENT_MAX,
        .close_object = close_object,
        .close_session = close_session,
        .exception = watch_fault,
        .state = &state,
};

int main(void)
{
	handle_t receiver = grant_find("export.pm");
	status_t status = receiver ? server_begin(&pm_server, receiver) : ERR_BAD_HANDLE;
	if (!status) {
		table_begin(pm_server.root);
		status = server_run(&pm_server);
	}
	log_error("pm: cannot serve its receiver \"export.pm\": %s", error_text(status));
	return EXIT_FAILURE;
}
