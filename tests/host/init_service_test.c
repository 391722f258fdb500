/*
 * Services as init prepares, starts and restarts them: what a manifest asks for is granted or the start is refused with a
 * reason; a refusal leaves no handle behind; restarts come when they are due and with the same grants. Programs, their
 * manifests and processes are the test's own.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* sources: user/servers/init/service.c user/servers/init/import.c user/lib/manifest.c user/lib/words.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/table.c user/lib/server_state.c user/lib/found.c user/lib/pool.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c user/lib/request.c common/path.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lpthread */
#include "user/servers/init/service.h"

#include <stdio.h>
#include <string.h>

#include "abi/bootinfo.h"
#include "check.h"
#include "fake/calls.h"
#include "user/lib/ending.h"
#include "user/servers/init/init.h"

struct init init;

static const char *manifest_text; /* of the program that is opened next */
static struct spawn started;      /* what was started last */
static unsigned starts;
static bool ended;     /* the process that was started last */
static handle_t again; /* what was last started again */
static status_t start_error;

status_t program_open(handle_t files, const char *path, uint64_t deadline, struct program *out)
{
	if (files != init.vfs || !path || deadline == DEADLINE_NEVER)
		return ERR_BAD_ARGUMENT;
	if (!manifest_text)
		return ERR_NOT_FOUND;
	*out = (struct program){.length = 4096};
	return sys_frame_create(4096, 0, &out->frame);
}

void program_close(struct program *program)
{
	if (program->frame)
		sys_handle_close(program->frame);
	program->frame = HANDLE_NONE;
}

status_t program_read_manifest(
        const struct program *program, struct manifest *out, struct words_problems *out_problems, const char **out_problem)
{
	*out_problem = "has a manifest with bad lines";
	return program->frame && manifest_parse(manifest_text, strlen(manifest_text), out, out_problems) ? ERR_OK
	                                                                                                 : ERR_BAD_FORMAT;
}

struct spawn init_spawn(const char *name, const char *path)
{
	return (struct spawn){.name = name, .path = path};
}

status_t init_start(const struct spawn *spawn, uint64_t bits, handle_t *out_process, const char **out_step)
{
	*out_step = "its process could not be made";
	if (start_error || !bits)
		return start_error;
	started = *spawn;
	starts++;
	ended = false;
	return sys_notify_create(out_process); /* any handle will do */
}

status_t init_start_again(const struct spawn *spawn, uint64_t bits, handle_t process, const char **out_step)
{
	handle_t other;
	again = process;
	(void)bits;
	return init_start(spawn, bits, &other, out_step);
}

bool ending_text(handle_t process, char text[static ENDING_TEXT_MAX])
{
	snprintf(text, ENDING_TEXT_MAX, "ended with status 3");
	return process && ended;
}

static handle_t some_handle(void)
{
	handle_t handle = HANDLE_NONE;
	CHECK(!sys_notify_create(&handle));
	return handle;
}

static struct service service_of(const char *name, uint32_t number)
{
	struct service service = {.number = number};
	snprintf(service.config.name, sizeof service.config.name, "%s", name);
	snprintf(service.config.path, sizeof service.config.path, "/sbin/%s", name);
	return service;
}

static handle_t granted(const struct service *service, const char *name)
{
	for (uint32_t i = 0; i < service->grant_count; i++)
		if (!strcmp(service->grants[i].name, name))
			return service->grants[i].handle;
	return HANDLE_NONE;
}

static bool log_has(const char *text)
{
	return strstr(fake_log(fake_self()), text) != NULL;
}

static void test_grants(void)
{
	struct service service = service_of("a", 0);
	check_begin("init_service: what init has is granted under the import's name");
	manifest_text = "import log\nimport log.claim\nimport vfs\nexport files\nrestart always\n";
	service_start(&service, &service, 0);
	CHECK(starts == 1 && service.process);
	CHECK(granted(&service, "log") == init.log && granted(&service, "log.claim") == init.log);
	CHECK(granted(&service, "vfs") == init.vfs && !granted(&service, "machine"));
	CHECK(granted(&service, "export.files") == service.receivers[0] && service.receivers[0]);
	CHECK(started.grant_count == 4 && started.grants == service.grants && started.file_count == 2);
	for (uint32_t i = 0; i < service.grant_count; i++) {
		uint32_t rights = service.grants[i].rights;
		CHECK(strcmp(service.grants[i].name, "log") || !(rights & (RIGHT_READ | RIGHT_MANAGE)));
		CHECK(strcmp(service.grants[i].name, "log.claim") || !(rights & (RIGHT_READ | RIGHT_WRITE | RIGHT_DUPLICATE)));
	}
	CHECK(log_has("started a in "));
}

static void test_exports(void)
{
	struct service list[3] = {service_of("exporter", 0), service_of("importer", 1), service_of("stranger", 2)};
	check_begin("init_service: an export of a service above is granted as a sender of the importer's own");
	manifest_text = "export disk\n";
	service_start(&list[0], list, 0);
	manifest_text = "import disk\n";
	service_start(&list[1], list, 1);
	CHECK(list[1].process && granted(&list[1], "disk"));
	uint32_t type = 0, rights;
	uint64_t object;
	CHECK(!sys_handle_info(granted(&list[1], "disk"), &type, &rights, &object) && type == OBJECT_SENDER);

	check_begin("init_service: the second importer of an export gets another sender");
	service_start(&list[2], list, 2);
	CHECK(list[2].process && granted(&list[2], "disk") && granted(&list[2], "disk") != granted(&list[1], "disk"));

	check_begin("init_service: what no service above exports can not be imported");
	struct service early = service_of("early", 3);
	unsigned before = starts;
	service_start(&early, list, 0);
	CHECK(starts == before && !early.process && early.restart_at == DEADLINE_NEVER);
	CHECK(log_has("cannot start early: its import disk is not there: no service above it exports that"));
}

/* A refused service has given back everything. */
static void check_refused(const char *manifest, const char *reason)
{
	struct service service = service_of("refused", 5);
	size_t before = fake_handle_count(fake_self());
	unsigned starts_before = starts;
	manifest_text = manifest;
	service_start(&service, &service, 0);
	CHECK(starts == starts_before && !service.process && !service.prepared && !service.grant_count);
	CHECK(fake_handle_count(fake_self()) == before);
	CHECK(log_has(reason));
	/* Nobody can import from it either. */
	handle_t sender;
	CHECK(service_mint(&service, "x", 1, &sender) == ERR_NOT_FOUND);
}

static void test_refusals(void)
{
	check_begin("init_service: a program that is not there is a reason, and leaves nothing behind");
	check_refused(NULL, "cannot start refused: /sbin/refused can not be opened");
	check_begin("init_service: a bad manifest is a reason with its lines, and leaves nothing behind");
	check_refused("export x\nfrobnicate\n", "/sbin/refused: line 2 of its manifest ");
	check_begin("init_service: a missing import is a reason, and leaves nothing behind");
	check_refused("export x\nimport log\nimport nothing\n", "its import nothing is not there");
	check_begin("init_service: ports that the kernel refuses are a reason, and leave nothing behind");
	check_refused("export x\nimport ioport 60 1\n", "its import ioport.60 is not there: the kernel refuses these ports");
	check_begin("init_service: a screen that there is not is a reason, and leaves nothing behind");
	check_refused("import framebuffer\n", "its import framebuffer is not there: the firmware has set up none");
}

static void test_optional(void)
{
	struct service service = service_of("modest", 6);
	check_begin("init_service: a service starts without what it calls optional");
	manifest_text = "import framebuffer optional\nimport nothing optional\nimport irq 4 optional\nimport vfs optional\n";
	service_start(&service, &service, 0);
	CHECK(service.process && service.grant_count == 1 && granted(&service, "vfs"));
	CHECK(started.file_count == 0); /* no log, no output */
}

static void test_restart(void)
{
	struct service service = service_of("often", 7);
	check_begin("init_service: a service that is to be restarted is, when it is due, with the same grants");
	manifest_text = "export x\nrestart always\n";
	service_start(&service, &service, 0);
	handle_t receiver = service.receivers[0];
	unsigned before = starts;
	CHECK(service.restart_at == DEADLINE_NEVER);
	service_notice_end(&service);
	CHECK(service.process && service.restart_at == DEADLINE_NEVER); /* it has not ended */
	ended = true;
	service_notice_end(&service);
	CHECK(!service.process && service.restart_at != DEADLINE_NEVER && log_has("often ended with status 3"));
	uint64_t due = service.restart_at;
	service_restart_if_due(&service, due - 1);
	CHECK(starts == before);
	service_restart_if_due(&service, due);
	CHECK(starts == before + 1 && service.process && service.restart_at == DEADLINE_NEVER);
	CHECK(service.receivers[0] == receiver && granted(&service, "export.x") == receiver);

	check_begin("init_service: a start that fails is tried again later, if restarts are wanted");
	ended = true;
	service_notice_end(&service);
	start_error = ERR_NO_MEMORY;
	due = service.restart_at;
	service_restart_if_due(&service, due);
	start_error = ERR_OK;
	CHECK(!service.process && service.restart_at != DEADLINE_NEVER);
	CHECK(log_has("cannot start often: its process could not be made: "));

	check_begin("init_service: a service that is never to be restarted is not");
	struct service once = service_of("once", 8);
	manifest_text = "restart never\n";
	service_start(&once, &once, 0);
	ended = true;
	service_notice_end(&once);
	CHECK(!once.process && once.restart_at == DEADLINE_NEVER);
}

static void test_state(void)
{
	struct service service = service_of("stateful", 9);
	uint64_t length = 0, resident;
	uint32_t flags;
	check_begin("init_service: a service with state is granted it, and is started again in the process that it was");
	manifest_text = "export x\nstate 64\nrestart always\n";
	service_start(&service, &service, 0);
	CHECK(service.process && started.restartable && started.there == service.there);
	CHECK(!sys_frame_info(granted(&service, "state"), &length, &resident, &flags) && length == 64u << 20);
	handle_t process = service.process, state = granted(&service, "state");
	ended = true;
	service_notice_end(&service);
	CHECK(!service.process && service.resting == process && !again);
	service_restart_if_due(&service, service.restart_at);
	CHECK(again == process && service.process == process && !service.resting && granted(&service, "state") == state);

	check_begin("init_service: and in another with the same state where that can not be");
	ended = true;
	service_notice_end(&service);
	start_error = ERR_DEAD;
	service_restart_if_due(&service, service.restart_at);
	CHECK(!service.process && !service.resting && log_has("stateful loses what it had open"));
	start_error = ERR_OK;
	unsigned before = starts;
	service_restart_if_due(&service, service.restart_at);
	CHECK(starts == before + 1 && service.process && granted(&service, "state") == state);
}

static void test_wanted(void)
{
	struct service service = service_of("wanted", 10);
	status_t status;
	check_begin("init_service: one that is stopped is not started again until that is asked for");
	manifest_text = "export x\nrestart always\n";
	service_start(&service, &service, 0);
	CHECK(service_want_start(&service) == ERR_ALREADY && service_is_settled(&service, &status) && !status);
	CHECK(!service_want_stop(&service) && !service_is_settled(&service, &status));
	ended = true;
	service_notice_end(&service);
	CHECK(!service.process && service.restart_at == DEADLINE_NEVER && service_is_settled(&service, &status) && !status);
	CHECK(service_want_stop(&service) == ERR_ALREADY && log_has("wanted was ended, as was asked for"));
	CHECK(!service_want_start(&service) && !service_is_settled(&service, &status));
	service_restart_if_due(&service, 1);
	CHECK(service.process && service.starts == 2 && service_is_settled(&service, &status) && !status);

	check_begin("init_service: the last that is asked for is what happens, be it that a restart was not done yet");
	CHECK(!service_want_restart(&service) && !service_want_stop(&service));
	ended = true;
	service_notice_end(&service);
	CHECK(!service.process && service.restart_at == DEADLINE_NEVER && service_is_settled(&service, &status) && !status);

	check_begin("init_service: a restart that is asked for waits for no time, whatever the manifest says");
	struct service once = service_of("at-once", 11);
	manifest_text = "restart never\n";
	service_start(&once, &once, 0);
	CHECK(!service_want_restart(&once) && !service_is_settled(&once, &status));
	ended = true;
	service_notice_end(&once);
	CHECK(!service_is_settled(&once, &status));
	service_restart_if_due(&once, 1);
	CHECK(once.process && once.starts == 2 && service_is_settled(&once, &status) && !status);
	CHECK(!strcmp(once.ending, "ended with status 3"));

	check_begin("init_service: a start that is asked for and fails says why");
	ended = true;
	service_notice_end(&once);
	start_error = ERR_NO_MEMORY;
	CHECK(!service_want_start(&once));
	service_restart_if_due(&once, 1);
	CHECK(!once.process && service_is_settled(&once, &status) && status == ERR_NO_MEMORY);
	start_error = ERR_OK;
}

int main(void)
{
	static const struct bootinfo no_screen = {.magic = BOOTINFO_MAGIC};
	uint64_t copied;
	check_begin("init_service: the test begins");
	init.log = some_handle();
	init.vfs = some_handle();
	init.machine = some_handle();
	init.notify = some_handle();
	CHECK(!sys_frame_create(4096, 0, &init.bootinfo));
	CHECK(!sys_frame_write(init.bootinfo, 0, &no_screen, sizeof no_screen, &copied));
	test_grants();
	test_exports();
	test_refusals();
	test_optional();
	test_restart();
	test_state();
	test_wanted();
	return check_result();
}
