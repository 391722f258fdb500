/*
 * root: the first process, and the only one whose end is the machine's.
 *
 * It starts three others and keeps them running: initfsd, which is this same program without its authority and serves the
 * archive of the first file system; vfs, the namespace; and init, which starts everything else. What it holds beyond that it
 * holds for init. It parses nothing but the numbers in its own start block and bootinfo: archive, manifests and configuration
 * are read by others, and what vfs and init are made of is two hard-wired paths in the initfs.
 *
 * An end of one of the three is a line on the log and a restart, later and later if it fails again and again (user/lib/backoff.h):
 *   initfsd  comes back on the same channel with the same files; what was open in the old one fails with an error.
 *   vfs      comes back in its own process, with its mounts and the calls that it had not answered. It mounts the initfs itself where it
 *            has no names; and root tells init, which mounts the rest again, in case that they were lost.
 *   init     comes back in its own process, with what it knows; all that it has started goes on meanwhile. Only where that cannot be, it
 *            comes back after all of that was ended.
 * Only before init runs for the first time is an end of one of them final: then root says why and ends, which the kernel reports
 * as the panic that it is.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/bootinfo.h"
#include "abi/priority.h"
#include "abi/proto/fs.h"
#include "abi/proto/name.h"
#include "abi/proto/supervisor.h"
#include "user/lib/call.h"
#include "user/lib/deadline.h"
#include "user/lib/fs.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/program.h"
#include "user/root/adopted.h"
#include "user/root/child.h"
#include "user/root/entry.h"
#include "user/servers/initfsd/initfsd.h"

_Static_assert(offsetof(struct start_block, linux_image) == ENTRY_BLOCK_LINUX_IMAGE, "entry.S relies on it");
_Static_assert(offsetof(struct start_block, linux_image_size) == ENTRY_BLOCK_LINUX_IMAGE_SIZE, "entry.S relies on it");
_Static_assert(offsetof(struct start_block, program_entry) == ENTRY_BLOCK_PROGRAM_ENTRY, "entry.S relies on it");
_Static_assert(offsetof(struct linux_image_header, size) == ENTRY_HEADER_SIZE, "entry.S relies on it");
_Static_assert(offsetof(struct linux_image_header, start) == ENTRY_HEADER_START, "entry.S relies on it");

#define ARGUMENTS_MAX 64       /* arguments of init: its name and the words of the kernel's command line */
#define BOOT_PATIENCE_MS 30000 /* for a server's first answer */
#define VFS_STATE_MIB 128
#define INIT_STATE_MIB 32

/* Stamps of the senders that root mints; those that servers mint themselves are above (user/lib/server.h). */
#define INITFS_SESSION 1
#define VFS_SESSION 2 /* VFS_ADMIN is 1 */

enum { INITFSD, VFS, INIT, CHILDREN };
#define SIGNAL_OF(child) (1ull << (child))

static struct root {
	/* From the kernel. */
	handle_t machine, group, log, bootinfo, archive, time_page, self;
	uint64_t archive_length; /* of the compressed initfs, in bytes */

	handle_t programs;                                 /* the group that programs are in */
	handle_t linux_image;                              /* the frame that every process's image is mapped from */
	handle_t initfs;                                   /* a sender */
	handle_t vfs, vfs_admin;                           /* senders */
	handle_t initfsd_receiver, vfs_receiver, receiver; /* root's own: `supervisor` */
	handle_t notify;                                   /* ends of children; bound to the receiver */
	handle_t init_notify;
	handle_t supervisor;       /* the sender that init gets */
	handle_t service_receiver; /* and what it serves */
	struct child child[CHILDREN];
} root;

/* Says why, in a line that begins with what was tried. Answers the status, for use in a return statement. */
static status_t failed(const char *what, status_t status)
{
	log_error("cannot %s: %s", what, error_text(status));
	return status;
}

static status_t take_grants(void)
{
	static const struct {
		const char *name;
		handle_t *to;
	} wanted[] = {
	        {"machine", &root.machine},
	        {"group", &root.group},
	        {"log", &root.log},
	        {"bootinfo", &root.bootinfo},
	        {"initfs", &root.archive},
	        {"time", &root.time_page},
	        {"root", &root.self},
	};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		*wanted[i].to = grant_find(wanted[i].name);
		if (!*wanted[i].to) {
			log_error("the kernel has not granted \"%s\"", wanted[i].name);
			return ERR_NOT_FOUND;
		}
	}
	struct bootinfo info;
	uint64_t copied = 0;
	status_t status = sys_frame_read(root.bootinfo, 0, &info, sizeof info, &copied);
	if (!status && (copied != sizeof info || info.magic != BOOTINFO_MAGIC))
		status = ERR_BAD_FORMAT;
	if (status)
		return failed("read bootinfo", status);
	root.archive_length = info.initfs.length;
	return ERR_OK;
}

/* The image that root runs on is a part of its text; the others' is a frame of its own. */
static status_t make_linux_image(void)
{
	uint64_t size = (uint64_t)(entry_linux_image_end - entry_linux_image), copied = 0;
	status_t status = sys_frame_create(size, 0, &root.linux_image);
	if (!status)
		status = sys_frame_write(root.linux_image, 0, entry_linux_image, size, &copied);
	if (!status && copied != size)
		status = ERR_NO_MEMORY;
	return status ? failed("make a frame of the image of user/linux", status) : ERR_OK;
}

static status_t make_channels(void)
{
	status_t status = sys_channel_create(&root.initfsd_receiver);
	if (!status)
		status = sys_channel_create(&root.vfs_receiver);
	if (!status)
		status = sys_channel_create(&root.receiver);
	if (!status)
		status = sys_channel_create(&root.service_receiver);
	if (!status)
		status = sys_notify_create(&root.notify);
	if (!status)
		status = sys_notify_create(&root.init_notify);
	if (!status)
		status = sys_channel_bind(root.receiver, root.notify);
	const uint32_t rights = RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT;
	if (!status)
		status = sys_channel_mint(root.initfsd_receiver, INITFS_SESSION, rights, &root.initfs);
	if (!status)
		status = sys_channel_mint(root.vfs_receiver, VFS_ADMIN, rights, &root.vfs_admin);
	if (!status)
		status = sys_channel_mint(root.vfs_receiver, VFS_SESSION, rights, &root.vfs);
	if (!status)
		status = sys_channel_mint(root.receiver, 0, rights, &root.supervisor);
	return status ? failed("make channels", status) : ERR_OK;
}

/*
 * Programs take at most all but a sixteenth of what all may have, so that services get more when they need it, and are less urgent
 * than services, which start with the priority above: none can keep a service from running.
 */
#define RESERVE_DIVISOR 16

static status_t make_programs_group(void)
{
	struct group_amounts used, limits;
	status_t status = sys_group_info(root.group, &used, &limits);
	limits.pages -= limits.pages / RESERVE_DIVISOR;
	if (!status)
		status = sys_group_create(root.group, &limits, PRIORITY_PROGRAMS, &root.programs);
	return status ? failed("make the group of programs", status) : ERR_OK;
}

/* A child that is made from these and has nothing else. */
static struct spawn child_of(const char *name, const char *path, const char *const *arguments, const struct program *program,
        const struct spawn_grant *grants, size_t grant_count)
{
	return (struct spawn){.name = name,
	        .path = path,
	        .arguments = arguments,
	        .program = program->frame,
	        .program_offset = program->offset,
	        .program_length = program->length,
	        .group = root.group,
	        .linux_image = root.linux_image,
	        .time_page = root.time_page,
	        .grants = grants,
	        .grant_count = grant_count};
}

/* A frame for state that survives its server, of which only what is used takes memory; HANDLE_NONE: it has none. */
static handle_t make_state(const char *name, uint64_t mib)
{
	handle_t frame = HANDLE_NONE;
	status_t status = sys_frame_create(mib << 20, 0, &frame);
	if (status)
		log_error("%s loses what it has open when it ends: no memory for its state: %s", name, error_text(status));
	return frame;
}

/* It is started again in its process, if it ends, because it has a state. */
static void let_rest(struct child *child, handle_t state)
{
	child->spawn.restartable = state != HANDLE_NONE;
	child->spawn.there = child->there;
}

static status_t start(unsigned which)
{
	if (root.child[which].resting) {
		if (!child_start_again(&root.child[which], root.notify, SIGNAL_OF(which)))
			return ERR_OK;
		if (which == INIT)
			adopted_end_all();
	}
	return child_start(&root.child[which], root.notify, SIGNAL_OF(which));
}

/*
 * Opens a program as long as the server that it comes from lives. The waits grow, so that a server that is slow, as initfsd is
 * while it unpacks, gets its time, and one that has ended is noticed soon.
 */
static status_t open_program(unsigned server, handle_t files, const char *path, struct program *out)
{
	uint64_t end = deadline_in_ms(BOOT_PATIENCE_MS);
	for (uint64_t ms = 250;; ms *= 2) {
		status_t status = program_open(files, path, deadline_in_ms(ms), out);
		if (status == ERR_TIMED_OUT && child_has_ended(&root.child[server]))
			status = ERR_PEER_CLOSED;
		else if (status == ERR_TIMED_OUT && deadline_now() < end)
			continue;
		if (status)
			log_error("cannot open %s: %s", path, error_text(status));
		return status;
	}
}

static status_t start_initfsd(void)
{
	static char length[24];
	static const char *const arguments[] = {"initfsd", length, NULL};
	static struct spawn_grant grants[3];
	struct program program = {root.self, 0, grants_block()->program_length};
	snprintf(length, sizeof length, "%llu", (unsigned long long)root.archive_length);
	grants[0] = (struct spawn_grant){"log", root.log, RIGHT_WRITE | RIGHT_INSPECT};
	grants[1] = (struct spawn_grant){"initfs", root.archive, RIGHT_READ | RIGHT_INSPECT};
	grants[2] = (struct spawn_grant){"export.initfs", root.initfsd_receiver, RIGHT_RECEIVE | RIGHT_MINT | RIGHT_INSPECT};
	root.child[INITFSD].spawn = child_of("initfsd", "/sbin/root", arguments, &program, grants, 3);
	return start(INITFSD);
}

static status_t start_vfs(void)
{
	static const char *const arguments[] = {"vfs", NULL};
	static struct spawn_grant grants[4];
	struct program program;
	uint64_t before = deadline_now();
	status_t status = open_program(INITFSD, root.initfs, "/sbin/vfs", &program);
	if (status)
		return status;
	uint64_t us = (deadline_now() - before) / 1000;
	log_info("initfsd answered after %llu.%03llu ms", (unsigned long long)us / 1000, (unsigned long long)us % 1000);
	grants[0] = (struct spawn_grant){"log", root.log, RIGHT_WRITE | RIGHT_INSPECT};
	grants[1] = (struct spawn_grant){"export.vfs", root.vfs_receiver, RIGHT_RECEIVE | RIGHT_MINT | RIGHT_INSPECT};
	handle_t state = make_state("vfs", VFS_STATE_MIB);
	grants[2] = (struct spawn_grant){"initfs", root.initfs, RIGHTS_ALL};
	grants[3] = (struct spawn_grant){"state", state, RIGHT_READ | RIGHT_WRITE | RIGHT_INSPECT};
	root.child[VFS].spawn = child_of("vfs", "/sbin/vfs", arguments, &program, grants, 4);
	let_rest(&root.child[VFS], state);
	return start(VFS);
}

static status_t start_init(const char *const *arguments)
{
	static char tsc[40];
	static const char *const environment[] = {tsc, NULL};
	static struct spawn_grant grants[14];
	const uint32_t pass = RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INSPECT;
	struct program program;
	status_t status = open_program(VFS, root.vfs, "/sbin/init", &program);
	if (status)
		return status;
	handle_t state = make_state("init", INIT_STATE_MIB);
	snprintf(tsc, sizeof tsc, "ROOT_TSC=%llu", (unsigned long long)entry_tsc);
	const struct spawn_grant list[] = {
	        {"log", root.log, RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE | RIGHT_INHERIT | pass},
	        {"machine", root.machine, RIGHT_CREATE | pass},
	        {"group", root.group, RIGHT_CREATE | pass},
	        {"group.programs", root.programs, RIGHT_CREATE | pass},
	        {"linux", root.linux_image, RIGHT_READ | RIGHT_EXECUTE | RIGHT_INHERIT | pass},
	        {"time", root.time_page, RIGHT_READ | RIGHT_WRITE | RIGHT_INHERIT | pass},
	        {"bootinfo", root.bootinfo, RIGHT_READ | pass},
	        {"initfs", root.archive, RIGHT_READ | pass},
	        {"vfs", root.vfs, RIGHT_SEND | RIGHT_INHERIT | pass},
	        {"vfs.admin", root.vfs_admin, RIGHT_SEND},
	        {"supervisor", root.supervisor, RIGHT_SEND},
	        {"supervisor.notify", root.init_notify, RIGHT_WAIT | RIGHT_SIGNAL | pass},
	        {"export.service", root.service_receiver, RIGHT_RECEIVE | RIGHT_MINT | RIGHT_INSPECT},
	        {"state", state, RIGHT_READ | RIGHT_WRITE | RIGHT_INSPECT},
	};
	_Static_assert(sizeof list == sizeof grants, "all of them are kept");
	memcpy(grants, list, sizeof list);
	root.child[INIT].spawn = child_of("init", "/sbin/init", arguments, &program, grants, sizeof list / sizeof *list);
	root.child[INIT].spawn.environment = environment;
	let_rest(&root.child[INIT], state);
	return start(INIT);
}

/* Should vfs have lost its mounts, init makes them again; root itself calls no server whose next end it has to see. */
static void restart_vfs(void)
{
	if (start(VFS))
		return;
	status_t status = sys_notify_signal(root.init_notify, SUPERVISOR_VFS_RESTARTED);
	if (status)
		failed("tell init that vfs was restarted", status);
}

static void start_again(unsigned which)
{
	status_t status = start(which);
	(void)status; /* said and planned again by child_start */
}

static void restart_due(void)
{
	uint64_t now = deadline_now();
	for (unsigned i = 0; i < CHILDREN; i++) {
		if (root.child[i].restart_at > now)
			continue;
		if (i == VFS)
			restart_vfs();
		else
			start_again(i);
	}
}

static void notice_ends(void)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		if (child_has_ended(&root.child[i]) && i == INIT && !root.child[i].resting)
			adopted_end_all();
}

static uint64_t next_restart(void)
{
	uint64_t next = DEADLINE_NEVER;
	for (unsigned i = 0; i < CHILDREN; i++)
		if (root.child[i].restart_at < next)
			next = root.child[i].restart_at;
	return next;
}

/* A call by init: the handles that came with it are taken or closed. */
static void serve(const struct message *call)
{
	const struct message_extras *received = &control_block()->received;
	uint32_t count = call->info & RECEIVED_EXTRAS ? received->handle_count : 0;
	handle_t handles[MESSAGE_HANDLES];
	memcpy(handles, received->handles, sizeof handles);
	struct message answer = {.label = ERR_BAD_CALL};
	uint32_t taken = 0;
	if (call->label == SUPERVISOR_adopt) {
		answer.label = count ? adopted_add(handles[0]) : ERR_BAD_ARGUMENT;
		taken = 1;
	}
	for (uint32_t i = taken; i < count && i < MESSAGE_HANDLES; i++)
		sys_handle_close(handles[i]);
	status_t status = sys_reply_send(HANDLE_SELF_REPLY, &answer);
	(void)status; /* the caller may have ended meanwhile */
}

/* Returns only if the receiver fails. */
static status_t supervise(void)
{
	for (;;) {
		struct message message;
		status_t status = sys_channel_recv(root.receiver, next_restart(), &message);
		if (status && status != ERR_TIMED_OUT)
			return failed("wait for children and calls", status);
		if (!status && RECEIVED_KIND(message.info) == RECEIVED_CALL)
			serve(&message);
		notice_ends();
		restart_due();
	}
}

static status_t boot(const char *const *arguments)
{
	status_t status = take_grants();
	if (!status)
		status = make_linux_image();
	if (!status)
		status = make_programs_group();
	if (!status)
		status = make_channels();
	for (unsigned i = 0; i < CHILDREN; i++)
		root.child[i].restart_at = DEADLINE_NEVER;
	if (!status)
		status = start_initfsd();
	if (!status)
		status = start_vfs();
	if (!status)
		status = start_init(arguments);
	return status;
}

int main(int argc, char **argv)
{
	static const char *arguments[ARGUMENTS_MAX + 1] = {"init"};
	if (grant_find("export.initfs"))
		return initfsd_main();
	for (int i = 1; i < argc && i < ARGUMENTS_MAX; i++)
		arguments[i] = argv[i];
	if (boot(arguments)) {
		for (unsigned i = 0; i < CHILDREN; i++)
			child_has_ended(&root.child[i]); /* says how */
		log_error("the machine can not start");
		return EXIT_FAILURE;
	}
	supervise();
	return EXIT_FAILURE;
}
