/*
 * init starts the services that /etc/services names, with what their manifests ask for, mounts what /etc/mounts lists, starts
 * the shell, and keeps all of them running.
 *
 * It has one thread and waits in one place, as every server: for bits of the notify that root granted, until the next restart is
 * due, and for calls of protocol service (control.c). What it calls meanwhile, it calls with a deadline, so that no server can keep
 * it from noticing the end of another.
 *
 * Words of the kernel's command line: `guest` leaves the shell out, `shell` starts it then too, `bench` prints boot times,
 * `unknown-calls` logs Linux calls that nobody answers.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/proto/supervisor.h"
#include "user/lib/deadline.h"
#include "user/lib/fs.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/servers/init/bench.h"
#include "user/servers/init/config.h"
#include "user/servers/init/control.h"
#include "user/servers/init/init.h"
#include "user/servers/init/mounts.h"
#include "user/servers/init/service.h"
#include "user/servers/init/shell.h"

_Static_assert(INIT_FIRST_SERVICE + CONFIG_SERVICES <= 64, "each service has a bit of the notify");

struct init init;
static struct service services[CONFIG_SERVICES];
static uint32_t service_count;
static struct service *pm;      /* that exports "pm"; NULL: what the shell starts has no children */
static struct service *console; /* whose export is mounted where the shell's terminal is; NULL: no shell is started */

bool init_has_word(const char *word)
{
	for (int i = 0; i < init.word_count; i++)
		if (!strcmp(init.words[i], word))
			return true;
	return false;
}

struct spawn init_spawn(const char *name, const char *path)
{
	return (struct spawn){.name = name,
	        .path = path,
	        .flags = init_has_word("unknown-calls") ? START_LOG_UNKNOWN_CALLS : 0,
	        .group = init.group,
	        .linux_image = init.linux_image,
	        .time_page = init.time_page};
}

/* Tells root of a process, which it ends if init ends. */
static status_t adopt(handle_t process)
{
	struct message message = {.label = SUPERVISOR_adopt};
	struct message_extras *send = extras_begin();
	send->deadline = deadline_in_ms(INIT_PATIENCE_MS);
	extras_add_handle(send, process, RIGHT_MANAGE | RIGHT_INSPECT | RIGHT_WAIT, 0);
	status_t status = sys_channel_call_x(init.supervisor, &message);
	return status ? status : message.label;
}

/* It runs; on an error it is ended. */
static status_t take_care(handle_t process, uint64_t bits, const char **out_step)
{
	*out_step = "root does not take it into its care";
	status_t status = adopt(process);
	if (!status) {
		*out_step = "its end could not be watched";
		status = sys_process_watch(process, init.notify, bits);
	}
	if (status) {
		status_t killed = sys_process_kill(process, PROCESS_STATUS_KILLED);
		(void)killed;
	}
	return status;
}

status_t init_start(const struct spawn *spawn, uint64_t bits, handle_t *out_process, const char **out_step)
{
	struct spawned spawned;
	status_t status = spawn_process(spawn, &spawned, out_step);
	if (status)
		return status;
	status = take_care(spawned.process, bits, out_step);
	if (status)
		sys_handle_close(spawned.process);
	else
		*out_process = spawned.process;
	return status;
}

status_t init_start_again(const struct spawn *spawn, uint64_t bits, handle_t process, const char **out_step)
{
	status_t status = spawn_again(spawn, process, out_step);
	return status ? status : take_care(process, bits, out_step);
}

static bool take_grants(void)
{
	static const struct {
		const char *name;
		handle_t *to;
	} wanted[] = {
	        {"log", &init.log},
	        {"machine", &init.machine},
	        {"group", &init.group},
	        {"linux", &init.linux_image},
	        {"time", &init.time_page},
	        {"bootinfo", &init.bootinfo},
	        {"initfs", &init.archive},
	        {"vfs", &init.vfs},
	        {"vfs.admin", &init.vfs_admin},
	        {"supervisor", &init.supervisor},
	        {"supervisor.notify", &init.notify},
	};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		*wanted[i].to = grant_find(wanted[i].name);
		if (!*wanted[i].to) {
			log_error("root has not granted \"%s\"", wanted[i].name);
			return false;
		}
	}
	return true;
}

static void start_services(void)
{
	static struct config_service config[CONFIG_SERVICES];
	struct words_problems problems = {0};
	char *text;
	uint64_t length;
	status_t status =
	        fs_read_all(init.vfs, "/etc/services", CONFIG_TEXT_MAX, deadline_in_ms(INIT_PATIENCE_MS), &text, &length);
	if (status) {
		log_error("no services are started: /etc/services can not be read: %s", error_text(status));
		return;
	}
	size_t count = config_read_services(text, length, config, &problems);
	for (uint32_t i = 0; i < problems.count && i < WORDS_PROBLEMS; i++)
		log_error("/etc/services: line %u %s", problems.list[i].line, problems.list[i].text);
	for (size_t i = 0; i < count; i++) {
		if (config[i].condition[0] && !init_has_word(config[i].condition))
			continue;
		struct service *service = &services[service_count];
		service->config = config[i];
		service->number = service_count;
		service_start(service, services, service_count);
		mounts_make_of(service);
		service_count++;
	}
	free(text);
}

/* The shell waits for its terminal and for pm: calling them would keep init from starting them. */
static bool shell_can_start(void)
{
	return console && console->process && (!pm || pm->process);
}

static uint64_t next_restart(void)
{
	uint64_t next = shell_can_start() ? shell_restart_at() : DEADLINE_NEVER;
	for (uint32_t i = 0; i < service_count; i++)
		if (services[i].restart_at < next)
			next = services[i].restart_at;
	return next;
}

/* init's own sender to pm. A pm that was started anew knows no domain of before. */
static void connect_pm(void)
{
	static handle_t sender;
	if (pm && !sender && service_mint(pm, "pm", INIT_STAMP, &sender))
		log_error("the shell can have no children: there is no sender to pm");
	shell_set_pm(sender);
}

/* The shell's files were open in the console that is gone, and it may wait for one of them for ever; or pm forgot it. */
static void end_shell_without_services(void)
{
	bool forgotten = pm && service_take_loss(pm);
	if (forgotten)
		connect_pm();
	if ((console && service_take_loss(console)) || forgotten)
		shell_end();
}

static void notice(uint64_t bits)
{
	if (bits & INIT_PROMPT && init_has_word("bench"))
		bench_prompt();
	if (bits & SUPERVISOR_VFS_RESTARTED) {
		log_info("vfs was restarted: mounting again");
		mounts_make_again();
	}
	for (uint32_t i = 0; i < service_count; i++)
		service_notice_end(&services[i]);
	end_shell_without_services();
	shell_notice_end();
}

static void restart_due(void)
{
	uint64_t now = deadline_now();
	for (uint32_t i = 0; i < service_count; i++)
		service_restart_if_due(&services[i], now);
	end_shell_without_services();
	if (shell_can_start() && shell_restart_at() <= now)
		shell_start();
}

static uint64_t attend(uint64_t bits)
{
	notice(bits);
	restart_due();
	return next_restart();
}

static struct service *find_exporter(const char *export)
{
	for (uint32_t i = 0; i < service_count; i++)
		if (service_exports(&services[i], export))
			return &services[i];
	return NULL;
}

static void connect_stream(void)
{
	handle_t session = HANDLE_NONE;
	const struct service *streamd = find_exporter("stream");
	if (streamd && service_mint(streamd, "stream", INIT_STAMP, &session))
		log_error("the shell can have no pipes: there is no sender to %s", streamd->config.name);
	shell_set_stream(session);
}

static void begin_shell(void)
{
	pm = find_exporter("pm");
	connect_pm();
	connect_stream();
	console = mounts_service_at(SHELL_TERMINAL, services, service_count);
	if (shell_can_start())
		shell_start();
	else if (console)
		log_error("the shell waits for %s, which does not run", console->process ? "pm" : console->config.name);
	else
		log_error("no shell is started: nothing is mounted at " SHELL_TERMINAL);
}

int main(int argc, char **argv)
{
	init.word_count = argc > 1 ? argc - 1 : 0;
	init.words = argv + 1;
	if (!take_grants())
		return 1;
	mounts_read();
	handle_t receiver;
	status_t status = control_begin(services, &service_count, attend, &receiver);
	if (status) {
		log_error("cannot wait for the ends of services: %s", error_text(status));
		return 1;
	}
	start_services();
	mounts_make_own(CONTROL_EXPORT, receiver);
	mounts_check();
	if (init_has_word("bench"))
		bench_started();
	if (!init_has_word("guest") || init_has_word("shell"))
		begin_shell();
	log_error("cannot wait for the ends of services: %s", error_text(control_run()));
	return 1;
}
