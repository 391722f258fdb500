/*
 * init starts the services that /etc/services names, with what their manifests ask for, mounts what /etc/mounts lists, starts
 * the shell, and keeps all of them running.
 *
 * It has one thread and waits in one place, as every server: for bits of the notify that root granted, until the next restart is
 * due, and for calls of protocol service (control.c). What it calls meanwhile, it calls with a deadline, so that no server can keep
 * it from noticing the end of another.
 *
 * What it knows outlives it (state.h): a next init finds its services running and goes on with them.
 *
 * Words of the kernel's command line: `guest` leaves the shell out, `shell` starts it then too, `bench` prints boot times,
 * `unknown-calls` logs Linux calls that nobody answers.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/proto/supervisor.h"
#include "user/lib/deadline.h"
#include "user/lib/ending.h"
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
#include "user/servers/init/state.h"

_Static_assert(INIT_FIRST_SERVICE + CONFIG_SERVICES <= 64, "each service has a bit of the notify");

struct init init;
struct init_state *kept;
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

/* An init that ended in the midst of this may have done it. */
status_t init_start_again(const struct spawn *spawn, uint64_t bits, handle_t process, const char **out_step)
{
	struct process_info info;
	bool runs = !sys_process_info(process, &info) && info.state != PROCESS_ENDED;
	status_t status = runs ? ERR_OK : spawn_again(spawn, process, out_step);
	if (!status)
		ending_wait_for_replacement(process);
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
	        {"group.programs", &init.programs},
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

/* Lines of /etc/services that are for this command line. */
static void read_services(void)
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
	free(text);
	for (uint32_t i = 0; i < problems.count && i < WORDS_PROBLEMS; i++)
		log_error("/etc/services: line %u %s", problems.list[i].line, problems.list[i].text);
	for (size_t i = 0; i < count; i++) {
		if (config[i].condition[0] && !init_has_word(config[i].condition))
			continue;
		struct service *service = &kept->services[kept->service_total];
		service->config = config[i];
		service->number = kept->service_total++;
	}
}

/* Each is certain before the next begins: an init that ends among them goes on with the one that it was at. */
static void start_services(void)
{
	while (kept->service_count < kept->service_total) {
		struct service *service = &kept->services[kept->service_count];
		service_start(service, kept->services, kept->service_count);
		mounts_make_of(service);
		kept->service_count++;
		server_commit();
	}
}

/* The shell waits for its terminal and for pm: calling them would keep init from starting them. */
static bool shell_can_start(void)
{
	return console && console->process && (!pm || pm->process);
}

static uint64_t next_restart(void)
{
	uint64_t next = shell_can_start() ? shell_restart_at() : DEADLINE_NEVER;
	for (uint32_t i = 0; i < kept->service_count; i++)
		if (kept->services[i].restart_at < next)
			next = kept->services[i].restart_at;
	return next;
}

/* init's own sender to pm. A pm that was started anew knows no domain of before. */
static void connect_pm(void)
{
	handle_t sender = kept->shell.pm;
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
	for (uint32_t i = 0; i < kept->service_count; i++)
		service_notice_end(&kept->services[i]);
	end_shell_without_services();
	shell_notice_end();
}

static void restart_due(void)
{
	uint64_t now = deadline_now();
	for (uint32_t i = 0; i < kept->service_count; i++)
		service_restart_if_due(&kept->services[i], now);
	end_shell_without_services();
	if (shell_can_start() && shell_restart_at() <= now)
		shell_start();
}

static struct service *find_exporter(const char *export)
{
	for (uint32_t i = 0; i < kept->service_count; i++)
		if (service_exports(&kept->services[i], export))
			return &kept->services[i];
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

/* Whom the shell depends on. */
static void find_services_of_shell(void)
{
	pm = find_exporter("pm");
	console = mounts_service_at(SHELL_TERMINAL, kept->services, kept->service_count);
}

static void begin_shell(void)
{
	find_services_of_shell();
	connect_pm();
	connect_stream();
	kept->has_shell = true;
	if (shell_can_start())
		shell_start();
	else if (console)
		log_error("the shell waits for %s, which does not run", console->process ? "pm" : console->config.name);
	else
		log_error("no shell is started: nothing is mounted at " SHELL_TERMINAL);
}

/* What a predecessor has done of it is done. */
static void boot(void)
{
	if (!kept->has_read) {
		kept->shell.restart_at = DEADLINE_NEVER;
		mounts_read();
		read_services();
		kept->has_read = true;
		server_commit();
	}
	start_services();
	mounts_make_own(CONTROL_EXPORT, grant_find("export." CONTROL_EXPORT));
	mounts_check();
	if (init_has_word("bench"))
		bench_started();
	if (!init_has_word("guest") || init_has_word("shell"))
		begin_shell();
	kept->has_started = true;
	server_commit();
}

static uint64_t attend(uint64_t bits)
{
	static bool looked;
	if (!looked && kept->has_started) /* that vfs was restarted may have been told to a predecessor */
		mounts_make_again();
	looked = true;
	if (!kept->has_started)
		boot();
	notice(bits);
	restart_due();
	return next_restart();
}

int main(int argc, char **argv)
{
	init.word_count = argc > 1 ? argc - 1 : 0;
	init.words = argv + 1;
	if (!take_grants())
		return 1;
	status_t status = control_begin(attend);
	if (!status && kept->has_shell)
		find_services_of_shell();
	if (!status)
		status = control_run();
	log_error("cannot wait for the ends of services: %s", error_text(status));
	return 1;
}
