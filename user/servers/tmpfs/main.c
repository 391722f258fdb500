/* The server: its table, its limits, and its volumes. See tmpfs.h. */
#include <stdlib.h>
#include <sys/random.h>

#include "abi/manifest.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/server_fs.h"
#include "user/servers/tmpfs/clock.h"
#include "user/servers/tmpfs/tmpfs.h"

HEARTH_MANIFEST("name tmpfs\n"
                "import log\n"
                "import time\n"
                "import machine.inspect\n"
                "export tmpfs\n"
                "restart always\n"
                "state 1024\n");

#define PAGES_WITHOUT_NUMBERS 16384u /* of a machine that does not say how large it is */
#define ROOT_MODE 01777u
#define NO_SESSION UINT64_MAX

struct tmpfs *tmpfs;
static uint64_t machine_pages;

/* Files may take half of the machine's memory, and those of one volume three quarters of that, so that one leaves others some. */
static void set_limits(void)
{
	struct machine_stats stats = {0};
	handle_t machine = grant_find("machine.inspect");
	status_t status = machine ? sys_machine_stats(machine, &stats) : ERR_BAD_HANDLE;
	if (status)
		log_warning("tmpfs: does not know how much memory the machine has: %s", error_text(status));
	machine_pages = !status && stats.pages_total ? stats.pages_total : PAGES_WITHOUT_NUMBERS;
	content_begin(&tmpfs->pool, machine_pages / 2);
}

status_t tmpfs_volume(uint64_t session, struct volume **out)
{
	struct volume *volume = tmpfs->volumes;
	while (volume && volume->session != session)
		volume = volume->next;
	if (!volume) {
		/* No two servers that live have the same number of a process; the session is below 2^32. */
		uint64_t number = session << 32 | control_block()->process_number;
		status_t status = volume_create(number, machine_pages, machine_pages * 3 / 8, ROOT_MODE, &volume);
		if (status)
			return status;
		volume->session = session;
		volume->next = tmpfs->volumes;
		volume->link = &tmpfs->volumes;
		if (volume->next)
			volume->next->link = &volume->next;
		tmpfs->volumes = volume;
	}
	*out = volume;
	return ERR_OK;
}

static struct server server;
static struct server_timer destroying;

/* A step of the first that is being destroyed; the next when what came meanwhile was served. */
static void destroy_more(struct server_timer *timer)
{
	struct volume *volume = tmpfs->volumes;
	while (volume && !volume->condemned)
		volume = volume->next;
	if (!volume)
		return;
	bool more = volume_destroy_more(volume);
	(void)more; /* there may be others */
	server_timer_set(&server, timer, DEADLINE_NOW);
}

void tmpfs_go_on_destroying(void)
{
	destroying.expired = destroy_more;
	server_timer_set(&server, &destroying, DEADLINE_NOW);
}

/* Nobody can ask for the volume any more; it goes with the last of its files. */
static void close_session(struct server *unused, uint64_t stamp)
{
	(void)unused;
	struct volume *volume = tmpfs->volumes;
	while (volume && volume->session != stamp)
		volume = volume->next;
	if (!volume)
		return;
	volume->session = NO_SESSION;
	volume_destroy(volume);
	tmpfs_go_on_destroying();
}

static void close_object(struct server *unused, void *object)
{
	(void)unused;
	if (*(enum object_kind *)object == OBJECT_LOCKS)
		lock_calls_close(object);
	else
		files_close(object);
}

#define HAS(name, handle) FS_ROW(SERVER_NAMES, name, handle)

static const struct server_operation operations[] = {
        HAS(open, names_open),
        HAS(stat, names_stat),
        HAS(readlink, names_readlink),
        HAS(program, names_program),
        HAS(unlink, names_unlink),
        HAS(mkdir, names_mkdir),
        HAS(symlink, names_symlink),
        HAS(link, names_link),
        HAS(rename, names_rename),
        HAS(set_attributes, names_set_attributes),
        HAS(statfs, names_statfs),
        HAS(mknod, names_mknod),
        HAS(lease, server_lease),
        HAS(read, transfer_read),
        HAS(pread, transfer_pread),
        HAS(write, transfer_write),
        HAS(pwrite, transfer_pwrite),
        HAS(seek, files_seek),
        HAS(fstat, files_fstat),
        HAS(readdir, files_readdir),
        HAS(map, files_map),
        HAS(rest, files_rest),
        HAS(reopen, names_reopen),
        HAS(content, files_content),
        HAS(truncate, files_truncate),
        HAS(sync, files_sync),
        HAS(watch, files_watch),
        HAS(fset_attributes, files_set_attributes),
        HAS(fstatfs, files_statfs),
        HAS(allocate, files_allocate),
        HAS(lock, lock_calls_lock),
        HAS(token, files_token),
        HAS(available, files_available),
};

static const struct server_state state = {
        .version = 3, .size = sizeof(struct tmpfs), .check = check_state, .resume = resume_state};

static struct server server = {
        .name = "tmpfs",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
        .objects = TMPFS_OPEN_FILES,
        .client_objects = TMPFS_CLIENT_OPEN_FILES,
        .close_object = close_object,
        .close_session = close_session,
        .state = &state,
};

/* Names are found by the same secret in all lives. */
static void begin_secret(void)
{
	uint64_t secret = 0;
	if (!tmpfs->secret && getrandom(&secret, sizeof secret, 0) == sizeof secret)
		tmpfs->secret = secret;
	directory_set_secret(tmpfs->secret);
}

int main(void)
{
	handle_t receiver = grant_find("export.tmpfs");
	destroying = (struct server_timer){0};
	status_t status = receiver ? server_begin(&server, receiver) : ERR_BAD_HANDLE;
	if (!status) {
		tmpfs = server.root;
		clock_begin();
		set_limits();
		begin_secret();
		status = server_run(&server);
	}
	log_error("tmpfs: cannot serve its receiver \"export.tmpfs\": %s", error_text(status));
	return EXIT_FAILURE;
}
