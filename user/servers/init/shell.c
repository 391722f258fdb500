/* Starting the shell on the console. */
#include "user/servers/init/shell.h"

#include "abi/proto/fs.h"
#include "user/lib/backoff.h"
#include "user/lib/deadline.h"
#include "user/lib/ending.h"
#include "user/lib/fs.h"
#include "user/lib/log.h"
#include "user/lib/process.h"
#include "user/lib/program.h"
#include "user/servers/init/init.h"

#define SHELL_PATH "/bin/busybox"
#define STREAMS 3

static struct program program;
static handle_t process;
static struct backoff backoff;
static uint64_t restart_at = DEADLINE_NEVER;
static handle_t pm;     /* a service's sender to the process manager */
static handle_t domain; /* of it, for all that shells start */
static handle_t stream; /* a session of streamd's */

static status_t open_program(void)
{
	if (program.frame)
		return ERR_OK;
	status_t status = program_open(init.vfs, SHELL_PATH, deadline_in_ms(INIT_PATIENCE_MS), &program);
	if (status)
		log_error("cannot start the shell: %s can not be opened: %s", SHELL_PATH, error_text(status));
	return status;
}

/* Three senders, so that closing one does not close the others. */
static status_t open_console(struct spawn_file files[static STREAMS])
{
	for (uint32_t i = 0; i < STREAMS; i++) {
		struct fs_opened opened = {0};
		status_t status =
		        fs_open(init.vfs, SHELL_TERMINAL, OPEN_READ | OPEN_WRITE, 0, deadline_in_ms(INIT_PATIENCE_MS), &opened);
		files[i] = (struct spawn_file){.descriptor = i, .handle = opened.file};
		if (status) {
			log_error("cannot start the shell: %s can not be opened: %s", SHELL_TERMINAL, error_text(status));
			return status;
		}
	}
	return ERR_OK;
}

static status_t make_domain(void)
{
	if (domain || !pm)
		return ERR_OK;
	status_t status = process_domain(pm, deadline_in_ms(INIT_PATIENCE_MS), &domain);
	if (status)
		log_error("cannot start the shell: the process manager makes no domain: %s", error_text(status));
	return status;
}

static status_t start_on(const struct spawn_file files[static STREAMS])
{
	static const char *const arguments[] = {"-sh", NULL};
	static const char *const environment[] = {
	        "HOME=/root", "PATH=/bin:/sbin", "TERM=linux", "USER=root", "SHELL=/bin/sh", NULL};
	const struct spawn_grant grants[] = {
	        {"vfs", init.vfs, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT},
	        {"linux", init.linux_image, SPAWN_LINUX_RIGHTS},
	        {"time", init.time_page, SPAWN_TIME_RIGHTS},
	        {"pm", domain, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT},
	        {"stream", stream, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT},
	        {"log", init.log, RIGHT_WRITE | RIGHT_INHERIT | RIGHT_INSPECT},
	};
	const size_t grant_count = sizeof grants / sizeof *grants;
	struct process_adoption adoption = {domain, deadline_in_ms(INIT_PATIENCE_MS)};
	struct spawn spawn = init_spawn("sh", SHELL_PATH);
	const char *step = "";
	spawn.arguments = arguments;
	spawn.environment = environment;
	spawn.program = program.frame;
	spawn.program_offset = program.offset;
	spawn.program_length = program.length;
	spawn.grants = grants;
	spawn.grant_count =
	        spawn.flags & START_LOG_UNKNOWN_CALLS ? grant_count : grant_count - 1; /* the log only where it is asked for */
	spawn.flags |= START_TAKE_TERMINAL;
	spawn.files = files;
	spawn.file_count = STREAMS;
	if (domain)
		spawn.before_start = process_adopt_spawned;
	spawn.context = &adoption;
	status_t status = init_start(&spawn, INIT_SHELL_ENDED, &process, &step);
	if (status)
		log_error("cannot start the shell: %s: %s", step, error_text(status));
	return status;
}

void shell_start(void)
{
	struct spawn_file files[STREAMS] = {0};
	uint64_t before = deadline_now();
	backoff_started(&backoff, before);
	restart_at = DEADLINE_NEVER;
	status_t status = open_program();
	if (!status)
		status = make_domain();
	if (!status)
		status = open_console(files);
	if (!status)
		status = start_on(files);
	for (uint32_t i = 0; i < STREAMS; i++)
		if (files[i].handle)
			sys_handle_close(files[i].handle);
	if (status) {
		shell_set_pm(pm); /* it may have forgotten the domain */
		restart_at = backoff_ended(&backoff, deadline_now());
		return;
	}
	uint64_t us = (deadline_now() - before) / 1000;
	log_info("started the shell in %llu.%03llu ms", (unsigned long long)us / 1000, (unsigned long long)us % 1000);
}

void shell_set_pm(handle_t sender)
{
	if (domain)
		sys_handle_close(domain);
	domain = HANDLE_NONE;
	pm = sender;
}

void shell_set_stream(handle_t session)
{
	stream = session;
}

void shell_notice_end(void)
{
	char text[ENDING_TEXT_MAX];
	if (!process || !ending_text(process, text))
		return;
	log_info("the shell %s; it will be started again", text);
	sys_handle_close(process);
	process = HANDLE_NONE;
	restart_at = backoff_ended(&backoff, deadline_now());
}

void shell_end(void)
{
	if (!process)
		return;
	status_t killed = sys_process_kill(process, PROCESS_STATUS_KILLED);
	(void)killed; /* it may have ended by itself */
}

uint64_t shell_restart_at(void)
{
	return restart_at;
}
