/*
 * tmpfs and its state where there is much of it: a directory of more slots than one message could change, over ends of the server, and a
 * volume that goes with all its names, in steps.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c tests/host/fake/calls_life.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c tests/host/fake/calls_child.c */
/* sources: user/lib/fs.c user/lib/fs_names.c user/lib/fs_call.c user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c */
/* sources: user/lib/request.c user/lib/table.c common/path.c user/lib/pool.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/state_stores.c user/lib/server_state.c user/lib/found.c */
/* sources: user/servers/tmpfs/clock.c user/servers/tmpfs/directory.c user/servers/tmpfs/names.c user/servers/tmpfs/transfer.c */
/* sources: user/servers/tmpfs/walk.c */
/* state: tests/host/tmpfs_main.c user/servers/tmpfs/volume.c user/servers/tmpfs/tree.c user/servers/tmpfs/state.c */
/* state: user/servers/tmpfs/content.c user/servers/tmpfs/content_window.c user/servers/tmpfs/locks.c */
/* state: user/servers/tmpfs/lock_calls.c user/servers/tmpfs/files.c */
/* The address sanitizer and ends of threads in the midst of functions do not go together. */
/* flags: -DCALL_TO_FAKE_KERNEL -fno-sanitize=address */
/* libraries: -fno-sanitize=address -lpthread -Wl,--wrap=state_commit */
#include "user/lib/fs.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "fake/calls_internal.h"
#include "tmpfs_main.h"
#include "user/lib/grants.h"
#include "user/servers/tmpfs/tmpfs.h"

#define NEVER DEADLINE_NEVER
#define FILES 140000u /* more than 131,072 */
#define FOLDER "/many"

void __real_state_commit(void);
void __wrap_state_commit(void);

static struct fake_process *server;
static handle_t space, other;
static uint64_t commits, end_at;

/* Ends before the commit of a change that has the log as full as it gets. */
void __wrap_state_commit(void)
{
	if (++commits == end_at)
		fake_end_here();
	__real_state_commit();
}

/* A machine of so much memory that it is no limit. */
static status_t machine_stats(uint32_t number, handle_t handle, uint64_t *word)
{
	struct machine_stats stats = {.pages_total = 1u << 20};
	(void)handle;
	if (number != SYS_machine_stats)
		return ERR_BAD_CALL;
	memcpy((void *)(uintptr_t)word[0], &stats, sizeof stats < word[1] ? sizeof stats : word[1]);
	return ERR_OK;
}

static void begin(void)
{
	handle_t receiver = HANDLE_NONE, frame = HANDLE_NONE;
	fake_more_calls = machine_stats;
	server = fake_process_create("tmpfs", tmpfs_main);
	fake_make_mortal();
	CHECK(!sys_channel_create(&receiver) && !sys_frame_create(1ull << 30, 0, &frame));
	CHECK(!sys_channel_mint(receiver, 7, RIGHTS_ALL, &space) && !sys_channel_mint(receiver, 8, RIGHTS_ALL, &other));
	fake_grant(server, "export.tmpfs", receiver);
	fake_grant(server, "state", frame);
	fake_grant(server, "machine.inspect", frame);
	sys_handle_close(receiver);
	sys_handle_close(frame);
	fake_start(server);
}

static status_t make(uint32_t number)
{
	char path[32];
	struct fs_opened opened;
	snprintf(path, sizeof path, FOLDER "/%u", number);
	status_t status = fs_open(space, path, OPEN_WRITE | OPEN_CREATE | OPEN_EXCLUSIVE, 0600, NEVER, &opened);
	if (!status)
		sys_handle_close(opened.file);
	return status;
}

static bool is_there(uint32_t number)
{
	char path[32];
	struct fs_stat stat;
	snprintf(path, sizeof path, FOLDER "/%u", number);
	return !fs_stat(space, path, 0, NEVER, &stat);
}

static status_t take_away(uint32_t number)
{
	char path[32];
	snprintf(path, sizeof path, FOLDER "/%u", number);
	return fs_unlink(space, path, 0, NEVER);
}

/* The file that was closed last may have one yet to come. */
static uint64_t next_commit(void)
{
	fake_settle();
	return commits + 1;
}

static void grows(void)
{
	check_begin("a directory grows beyond 131,072 slots, and the server may end in the very message");
	CHECK(!fs_mkdir(space, FOLDER, 0700, NEVER));
	unsigned ends = 0;
	for (uint32_t i = 0; i < FILES; i++) {
		/* Each growth of the slots or the buckets: behind a power of two. */
		bool grown = i >= 4096 && !(i & (i - 1));
		end_at = grown ? next_commit() : 0;
		ends += grown;
		if (!CHECK(make(i) == ERR_OK))
			return;
	}
	CHECK(fake_ends(server) == ends && ends == 6);
	CHECK(is_there(0) && is_there(131072) && is_there(FILES - 1) && !is_there(FILES));
	CHECK(make(77) == ERR_EXISTS && !strstr(fake_log(server), "starts empty"));
}

static void shrinks(void)
{
	check_begin("it gives its slots back when most of the names are gone");
	for (uint32_t i = 0; i < FILES; i++)
		if (i % 8 && !CHECK(take_away(i) == ERR_OK))
			return;
	end_at = next_commit();
	CHECK(take_away(0) == ERR_OK && !is_there(0) && is_there(8) && !is_there(7));
	CHECK(!strstr(fake_log(server), "log can hold"));
}

static uint64_t nodes(void)
{
	uint64_t count = 0;
	for (const struct volume *volume = tmpfs->volumes; volume; volume = volume->next)
		count += volume->nodes;
	return count;
}

static void goes(void)
{
	check_begin("a volume of many names goes in steps, and the server may end in any of them");
	CHECK(!fs_mkdir(other, "/here", 0700, NEVER));
	CHECK(!fs_mkdir(space, FOLDER "/below", 0700, NEVER) && !fs_mkdir(space, FOLDER "/below/deeper", 0700, NEVER));
	for (uint32_t i = 0; i < 10000; i++)
		if (!CHECK(make(FILES + i) == ERR_OK))
			return;
	unsigned ends = fake_ends(server);
	end_at = commits + 17;
	sys_handle_close(space);
	for (unsigned i = 0; i < 1000 && nodes() != 2; i++)
		CHECK(!fs_mkdir(other, "/again", 0700, NEVER) && !fs_unlink(other, "/again", FS_UNLINK_DIRECTORY, NEVER));
	fake_settle();
	CHECK(nodes() == 2 && fake_ends(server) == ends + 1);
	CHECK(!strstr(fake_log(server), "log can hold") && !strstr(fake_log(server), "starts empty"));
}

int main(void)
{
	begin();
	grows();
	shrinks();
	goes();
	fake_stop(server);
	return check_result();
}
