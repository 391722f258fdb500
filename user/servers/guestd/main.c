/*
 * guestd: runs one command line for a host that has no keyboard here (scripts/guest). It comes over COM2; `sh -c` runs it with an
 * empty standard input; what it writes goes back as records, and at last its exit status.
 *
 * Standard input, output and error of the command are three objects of this server, which is also how it knows that nothing
 * will follow: the exit status goes out when the shell has ended and everything that was written has been sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/manifest.h"
#include "abi/proto/fs.h"
#include "user/lib/deadline.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/process.h"
#include "user/lib/program.h"
#include "user/lib/server_fs.h"
#include "user/lib/spawn.h"
#include "user/lib/writes.h"
#include "user/servers/guestd/link.h"

HEARTH_MANIFEST("name guestd\n"
                "import log\n"
                "import vfs\n"
                "import stream\n"
                "import group\n"
                "import linux\n"
                "import time\n"
                "import pm\n"
                "import ioport 2f8 8\n"
                "import irq 3\n"
                "export guestd\n"
                "restart never\n");

#define COM2 0x2f8
#define SHELL "/bin/busybox"
#define STAMP_FIRST_FILE 16u /* sessions with the stamps of the three files */
#define START_TIMEOUT_MS 10000u
#define WAITING_MAX 64u

static struct server server;
static struct link link_to_host;
static handle_t irq;
static bool started;
static handle_t shell;
static bool shell_ended;
static uint32_t shell_status;
static bool status_sent;

static size_t room(void *context)
{
	return link_space(context);
}

static void put(void *context, uint64_t stamp, const char *bytes, size_t length)
{
	link_send(context, stamp == STAMP_FIRST_FILE + 1 ? GUEST_STDOUT : GUEST_STDERR, bytes, length);
}

static struct writes writes = {.room = room, .put = put, .context = &link_to_host, .waiting = {.most = WAITING_MAX}};

/* What Linux' wait would tell of a status of abi/syscalls.h, as a shell says it: 0 to 255. */
static uint32_t exit_code(uint32_t status)
{
	if (status < PROCESS_STATUS_FAULT)
		return status & 0xff;
	if (status >= PROCESS_STATUS_SIGNAL)
		return 128 + (status - PROCESS_STATUS_SIGNAL) % 128;
	return status < PROCESS_STATUS_KILLED ? 128 + 11 : 128 + 9;
}

static void send_status(void)
{
	if (!shell_ended || status_sent || writes_wait(&writes) || link_space(&link_to_host) < 4)
		return;
	uint32_t code = exit_code(shell_status);
	uint8_t bytes[4] = {(uint8_t)code, (uint8_t)(code >> 8), 0, 0};
	link_send(&link_to_host, GUEST_EXIT, bytes, sizeof bytes);
	status_sent = true;
}

/* 0 is standard input, 1 output, 2 error. */
static uint64_t file_number(const struct request *request)
{
	return request->stamp - STAMP_FIRST_FILE;
}

static status_t handle_write(struct request *request)
{
	uint64_t file = file_number(request);

	return file == 1 || file == 2 ? writes_add(&writes, request, true) : ERR_DENIED;
}

/* Standard input is empty: its end is read at once. */
static status_t handle_read(struct request *request)
{
	return file_number(request) == 0 ? ERR_OK : ERR_DENIED;
}

static status_t handle_unseekable(struct request *request)
{
	(void)request;
	return ERR_NOT_SEEKABLE;
}

static status_t handle_fstat(struct request *request)
{
	struct fs_stat stat = {
	        .kind = FS_KIND_STREAM, .file = file_number(request) + 1, .mode = 0600, .links = 1, .block_size = 4096};

	return request_write(request, 0, &stat, sizeof stat);
}

static status_t handle_watch(struct request *request)
{
	uint32_t ready = file_number(request) == 0 ? FS_READY_READ : FS_READY_WRITE;

	request->answer.word[0] = request->word[0] & ready;
	return ERR_OK;
}

#define HAS(name, handle) FS_ROW_TO(SERVER_SESSION, name, handle) /* its files are sessions */

static const struct server_operation operations[] = {
        HAS(read, handle_read),
        HAS(pread, handle_unseekable),
        HAS(write, handle_write),
        HAS(pwrite, handle_unseekable),
        HAS(seek, handle_unseekable),
        HAS(fstat, handle_fstat),
        HAS(watch, handle_watch),
};

static void shell_signalled(void *context)
{
	struct process_info info;

	(void)context;
	if (sys_process_info(shell, &info) || info.state != PROCESS_ENDED)
		return;
	shell_ended = true;
	shell_status = info.status;
	send_status();
}

static void send_failure(const char *what, status_t status)
{
	char text[256];
	int length = snprintf(text, sizeof text, "the command was not started: %s: %s", what, error_text(status));

	log_error("%s", text);
	link_send(&link_to_host, GUEST_FAILED, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

/* Senders for the three files; those that were made stay with the caller even on an error. */
static status_t make_files(struct spawn_file files[3])
{
	for (uint32_t i = 0; i < 3; i++) {
		files[i] = (struct spawn_file){.descriptor = i};
		status_t status =
		        sys_channel_mint(server.receiver, STAMP_FIRST_FILE + i, SERVER_SENDER_RIGHTS, &files[i].handle);
		if (status)
			return status;
	}
	return ERR_OK;
}

static status_t start_shell(const char *command, const struct spawn_file files[3], handle_t domain, const char **out_step)
{
	const char *const arguments[] = {"sh", "-c", command, NULL};
	const char *const environment[] = {"PATH=/bin:/sbin", "HOME=/root", "TERM=dumb", NULL};
	const struct spawn_grant grants[] = {
	        {"vfs", grant_find("vfs"), RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT},
	        {"linux", grant_find("linux"), SPAWN_LINUX_RIGHTS}, {"time", grant_find("time"), SPAWN_TIME_RIGHTS},
	        {"stream", grant_find("stream"), RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT},
	        {"pm", domain, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT}};
	struct process_adoption adoption = {domain, deadline_in_ms(START_TIMEOUT_MS)};
	struct program program;
	struct spawned spawned;

	*out_step = "its file " SHELL " could not be opened";
	status_t status = program_open(grant_find("vfs"), SHELL, deadline_in_ms(START_TIMEOUT_MS), &program);
	if (status)
		return status;
	status = spawn_process(&(struct spawn){.name = "sh",
	                               .path = SHELL,
	                               .arguments = arguments,
	                               .environment = environment,
	                               .program = program.frame,
	                               .program_offset = program.offset,
	                               .program_length = program.length,
	                               .group = grant_find("group"),
	                               .linux_image = grant_find("linux"),
	                               .time_page = grant_find("time"),
	                               .grants = grants,
	                               .grant_count = sizeof grants / sizeof *grants,
	                               .files = files,
	                               .file_count = 3,
	                               .before_start = process_adopt_spawned,
	                               .context = &adoption},
	        &spawned, out_step);
	program_close(&program);
	if (!status)
		shell = spawned.process;
	return status;
}

static void run_command(const char *command)
{
	struct spawn_file files[3] = {0};
	const char *step = "there are no senders for its files";
	handle_t notify, domain = HANDLE_NONE;
	uint64_t bits;

	started = true;
	status_t status = make_files(files);
	if (!status) {
		step = "the process manager makes no domain for it";
		status = process_domain(grant_find("pm"), deadline_in_ms(START_TIMEOUT_MS), &domain);
	}
	if (!status)
		status = start_shell(command, files, domain, &step);
	if (domain)
		sys_handle_close(domain); /* the command has its own, and the domain is to end with it */
	for (uint32_t i = 0; i < 3; i++) {
		if (files[i].handle)
			sys_handle_close(files[i].handle);
	}
	if (!status) {
		step = "its end cannot be watched";
		status = server_add_bit(&server, shell_signalled, NULL, &notify, &bits);
	}
	if (!status)
		status = sys_process_watch(shell, notify, bits);
	if (status)
		send_failure(step, status);
}

static void serial_interrupt(void *context)
{
	(void)context;
	if (link_receive_command(&link_to_host) && !started)
		run_command(link_to_host.content);
	uart_send(&link_to_host.uart);
	writes_continue(&writes);
	send_status();
	status_t status = sys_irq_ack(irq);
	if (status)
		log_error("the interrupt of COM2 cannot be acknowledged: %s", error_text(status));
}

static int fail(const char *what, status_t status)
{
	log_error("cannot %s: %s", what, error_text(status));
	return 1;
}

int main(void)
{
	const uint8_t version = GUEST_LINK_VERSION;
	handle_t notify;
	uint64_t bits;

	server = (struct server){
	        .name = "guestd", .operations = operations, .operation_count = sizeof operations / sizeof *operations};
	status_t status = server_begin(&server, grant_find("export.guestd"));
	if (status)
		return fail("serve on the receiver that was granted", status);
	if (!link_init(&link_to_host, COM2)) {
		log_error("there is no serial port at COM2, where the host's command was to come from");
		return 1;
	}
	irq = grant_find("irq.3");
	status = server_add_bit(&server, serial_interrupt, NULL, &notify, &bits);
	if (!status)
		status = sys_irq_bind(irq, notify, bits);
	/* Unmasked before anything is read: an edge that came before it is lost, and the line falls only when all is read. */
	if (!status)
		status = sys_irq_ack(irq);
	if (status)
		return fail("wait for the interrupt of COM2", status);
	link_send(&link_to_host, GUEST_HELLO, &version, sizeof version);
	serial_interrupt(NULL); /* takes what has come already */
	return fail("receive", server_run(&server));
}
