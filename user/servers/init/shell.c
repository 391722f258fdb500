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
#include "user/servers/init/state.h"

#define SHELL_PATH "/bin/busybox"
#define STREAMS 3

static status_t open_program(void)
{
	if (kept->shell.program.frame)
		return ERR_OK;
	state_keep(&kept->shell.program, sizeof kept->shell.program);
	status_t status = program_open(init.vfs, SHELL_PATH, deadline_in_ms(INIT_PATIENCE_MS), &kept->shell.program);
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
	if (kept->shell.domain || !kept->shell.pm)
		return ERR_OK;
	state_keep(&kept->shell.domain, sizeof kept->shell.domain);
	status_t status = process_domain(kept->shell.pm, deadline_in_ms(INIT_PATIENCE_MS), &kept->shell.domain);
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
	        {"pm", kept->shell.domain, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT},
	        {"stream", kept->shell.stream, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT},
	        {"log", init.log, RIGHT_WRITE | RIGHT_INHERIT | RIGHT_INSPECT},
	};
	const size_t grant_count = sizeof grants / sizeof *grants;
	struct process_adoption adoption = {kept->shell.domain, deadline_in_ms(INIT_PATIENCE_MS)};
	struct spawn spawn = init_spawn("sh", SHELL_PATH);
	const char *step = "";
	spawn.group = init.programs;
	spawn.arguments = arguments;
	spawn.environment = environment;
	spawn.program = kept->shell.program.frame;
	spawn.program_offset = kept->shell.program.offset;
	spawn.program_length = kept->shell.program.length;
	spawn.grants = grants;
	spawn.grant_count =
	        spawn.flags & START_LOG_UNKNOWN_CALLS ? grant_count : grant_count - 1; /* the log only where it is asked for */
	spawn.flags |= START_TAKE_TERMINAL;
	spawn.files = files;
	spawn.file_count = STREAMS;
	if (kept->shell.domain)
		spawn.before_start = process_adopt_spawned;
	spawn.context = &adoption;
	status_t status = init_start(&spawn, INIT_SHELL_ENDED, &kept->shell.process, &step);
	if (status)
		log_error("cannot start the shell: %s: %s", step, error_text(status));
	return status;
}

void shell_start(void)
{
	struct spawn_file files[STREAMS] = {0};
	uint64_t before = deadline_now();
	backoff_started(&kept->shell.backoff, before);
	kept->shell.restart_at = DEADLINE_NEVER;
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
		shell_set_pm(kept->shell.pm); /* it may have forgotten the domain */
		kept->shell.restart_at = backoff_ended(&kept->shell.backoff, deadline_now());
		return;
	}
	uint64_t us = (deadline_now() - before) / 1000;
	log_info("started the shell in %llu.%03llu ms", (unsigned long long)us / 1000, (unsigned long long)us % 1000);
}

void shell_set_pm(handle_t sender)
{
	if (kept->shell.domain)
		state_close(kept->shell.domain);
	kept->shell.domain = HANDLE_NONE;
	kept->shell.pm = sender;
}

void shell_set_stream(handle_t session)
{
	kept->shell.stream = session;
}

void shell_notice_end(void)
{
	char text[ENDING_TEXT_MAX];
	if (!kept->shell.process || !ending_text(kept->shell.process, text))
		return;
	log_info("the shell %s; it will be started again", text);
	state_close(kept->shell.process);
	kept->shell.process = HANDLE_NONE;
	kept->shell.restart_at = backoff_ended(&kept->shell.backoff, deadline_now());
}

void shell_end(void)
{
	if (!kept->shell.process)
		return;
	status_t killed = sys_process_kill(kept->shell.process, PROCESS_STATUS_KILLED);
	(void)killed; /* it may have ended by itself */
}

uint64_t shell_restart_at(void)
{
	return kept->shell.restart_at;
}
