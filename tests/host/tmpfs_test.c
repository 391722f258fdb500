/*
 * tmpfs by its protocol: what it promises of names, contents, mappings, locks and limits; then at random against the build
 * machine's own file system, which must give the same answers; then nonsense.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c tests/host/fake/calls_child.c */
/* sources: tests/host/tmpfs_main.c user/servers/tmpfs/volume.c user/servers/tmpfs/walk.c user/servers/tmpfs/tree.c */
/* sources: user/servers/tmpfs/state.c user/servers/tmpfs/directory.c user/servers/tmpfs/content.c user/servers/tmpfs/content_window.c */
/* sources: user/servers/tmpfs/clock.c user/servers/tmpfs/locks.c user/servers/tmpfs/lock_calls.c user/lib/pool.c */
/* sources: user/servers/tmpfs/names.c user/servers/tmpfs/files.c user/servers/tmpfs/transfer.c */
/* sources: user/lib/fs.c user/lib/fs_names.c user/lib/fs_call.c user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c */
/* sources: user/lib/request.c user/lib/table.c common/path.c user/linux/errors.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/server_state.c user/lib/found.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lpthread */
#include "user/lib/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "fake/calls.h"
#include "tmpfs_main.h"
#include "user/lib/grants.h"
#include "user/linux/errors.h"
#include "user/servers/tmpfs/directory.h"

#define NEVER DEADLINE_NEVER
#define READ_WRITE (OPEN_READ | OPEN_WRITE)

static struct fake_process *server;
static handle_t receiver, space;

static handle_t open_file(const char *path, uint32_t flags)
{
	struct fs_opened opened;
	return fs_open(space, path, flags, 0644, NEVER, &opened) ? HANDLE_NONE : opened.file;
}

static status_t open_status(const char *path, uint32_t flags)
{
	struct fs_opened opened;
	status_t status = fs_open(space, path, flags, 0644, NEVER, &opened);
	if (!status)
		sys_handle_close(opened.file);
	return status;
}

static status_t put(const char *path, const char *text)
{
	uint64_t bytes;
	handle_t file = open_file(path, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE);
	status_t status = file ? fs_write(file, text, strlen(text), NEVER, &bytes) : ERR_NOT_FOUND;
	if (file)
		sys_handle_close(file);
	return status;
}

static bool holds(const char *path, const char *text)
{
	char *content;
	uint64_t length;
	if (fs_read_all(space, path, 1 << 20, NEVER, &content, &length))
		return false;
	bool same = length == strlen(text) && !memcmp(content, text, length);
	free(content);
	return same;
}

static struct fs_stat stat_of(const char *path)
{
	struct fs_stat stat = {0};
	status_t status = fs_stat(space, path, 0, NEVER, &stat);
	(void)status;
	return stat;
}

static void test_volumes(void)
{
	handle_t other;
	check_begin("tmpfs.each_session_is_a_file_system_of_its_own");
	CHECK(!sys_channel_mint(receiver, 7, RIGHTS_ALL, &other));
	CHECK(!put("/mine", "x") && !fs_mkdir(other, "/theirs", 0700, NEVER));
	CHECK(fs_stat(other, "/mine", 1, NEVER, &(struct fs_stat){0}) == ERR_NOT_FOUND);
	CHECK(open_status("/theirs", OPEN_READ) == ERR_NOT_FOUND);
	struct fs_stat mine = stat_of("/"), theirs;
	CHECK(!fs_stat(other, "/", 1, NEVER, &theirs) && mine.file_system != theirs.file_system && theirs.links == 3);
	size_t before = fake_handle_count(server);
	sys_handle_close(other);
	fake_settle();
	CHECK(fake_handle_count(server) == before && holds("/mine", "x"));
	CHECK(!fs_unlink(space, "/mine", 0, NEVER));
}

static void test_links(void)
{
	char text[64];
	check_begin("tmpfs.a_link_that_leads_out_is_the_clients_to_follow");
	CHECK(!fs_mkdir(space, "/d", 0755, NEVER) && !put("/f", "file") && !put("/d/g", "inner"));
	CHECK(!fs_symlink(space, "/d/up", "../f", NEVER) && holds("/d/up", "file"));
	CHECK(!fs_symlink(space, "/abs", "/d", NEVER) && holds("/abs/g", "inner"));
	CHECK(!fs_symlink(space, "/out", "../../f", NEVER) && holds("/out", "file"));
	CHECK(!fs_symlink(space, "/two", "abs/g", NEVER) && holds("/two", "inner"));
	CHECK(!fs_readlink(space, "/abs", text, sizeof text, NEVER) && !strcmp(text, "/d"));
	struct message message = {.label = FS_open, .word = {0, 8, OPEN_READ, 0}};
	extras_begin()->readable = (struct message_buffer){(uintptr_t) "/abs/g/x", 8};
	CHECK(!sys_channel_call_x(space, &message) && message.label == ERR_REDIRECT && message.word[0] == 4 &&
	        !message.word[1]);
	CHECK(!fs_symlink(space, "/loop", "loop", NEVER) && open_status("/loop", OPEN_READ) == ERR_LINK_LOOP);
	CHECK(!fs_symlink(space, "/absloop", "/absloop", NEVER) && open_status("/absloop", OPEN_READ) == ERR_LINK_LOOP);
	CHECK(!fs_symlink(space, "/none", "nothing", NEVER) && open_status("/none", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(!fs_rename(space, "/abs/g", "/abs/h", 0, NEVER) && holds("/d/h", "inner"));
	check_begin("tmpfs.operations_begin_at_an_open_directory_too");
	handle_t directory = open_file("/d", OPEN_READ | OPEN_DIRECTORY);
	struct fs_stat stat;
	CHECK(!fs_stat(directory, "/h", 1, NEVER, &stat) && stat.size == 5 && !fs_stat(directory, "", 1, NEVER, &stat));
	CHECK(stat.kind == FS_KIND_DIRECTORY && fs_stat(directory, "/f", 1, NEVER, &stat) == ERR_NOT_FOUND);
	CHECK(!fs_mkdir(directory, "/new", 0700, NEVER) && stat_of("/d/new").mode == 0700);
	sys_handle_close(directory);
}

static status_t call_plain(handle_t to, uint32_t operation)
{
	struct message message = {.label = operation};
	extras_begin();
	status_t status = sys_channel_call_x(to, &message);
	return status ? status : message.label;
}

static status_t reopen(handle_t file, const char *path, uint32_t flags)
{
	struct message message = {.label = FS_reopen, .word = {0, strlen(path), flags, 0600}};
	extras_set_words(extras_begin(), path, strlen(path));
	status_t status = sys_channel_call_x(file, &message);
	return status ? status : message.label;
}

static void test_content(void)
{
	char buffer[100] = {0};
	uint64_t bytes;
	struct fs_mapped mapped;
	uint64_t address = 0, copied;
	check_begin("tmpfs.a_mapping_is_the_file");
	handle_t file = open_file("/c", READ_WRITE | OPEN_CREATE);
	CHECK(!fs_write(file, "0123456789", 10, NEVER, &bytes) && !fs_map(file, NEVER, &mapped));
	CHECK(mapped.length == 10 && !sys_vmem_map(HANDLE_SELF_VMEM, 0, 4096, MAP_READ | MAP_WRITE, mapped.frame, 0, &address));
	char *shared = (char *)(uintptr_t)address;
	CHECK(!memcmp(shared, "0123456789", 11));
	shared[0] = 'm';
	CHECK(!fs_pwrite(file, "W", 1, 9, NEVER, &bytes) && shared[9] == 'W');
	CHECK(!fs_pread(file, buffer, 10, 0, NEVER, &bytes) && bytes == 10 && !memcmp(buffer, "m12345678W", 10));
	shared[20] = 'b';
	CHECK(!fs_pwrite(file, "e", 1, 30, NEVER, &bytes) && !fs_pread(file, buffer, 31, 0, NEVER, &bytes) && !buffer[20]);
	CHECK(!fs_truncate(file, 5, NEVER) && !shared[9] && !fs_truncate(file, 10, NEVER));
	CHECK(!fs_truncate(file, 0, NEVER) && !shared[0] && stat_of("/c").blocks == 0);
	sys_handle_close(mapped.frame);
	sys_vmem_unmap(HANDLE_SELF_VMEM, address, 4096) ? abort() : (void)0;
	check_begin("tmpfs.a_program_is_its_file_and_a_link_is_none");
	uint32_t mode = 0;
	CHECK(!fs_write(file, "x", 1, NEVER, &bytes) && !fs_program(space, "/c", 1, NEVER, &mapped, &mode));
	CHECK(mapped.length == stat_of("/c").size && !mapped.offset && mode == stat_of("/c").mode);
	CHECK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 4096, MAP_READ | MAP_WRITE, mapped.frame, 0, &address) == ERR_NO_RIGHT);
	sys_handle_close(mapped.frame);
	CHECK(!fs_symlink(space, "/program-link", "c", NEVER) && !fs_program(space, "/program-link", 1, NEVER, &mapped, &mode));
	sys_handle_close(mapped.frame);
	CHECK(fs_program(space, "/program-link", 0, NEVER, &mapped, &mode) == ERR_LINK_LOOP &&
	        !fs_unlink(space, "/program-link", 0, NEVER));
	check_begin("tmpfs.a_frame_that_is_read_ends_where_the_file_does");
	CHECK(!fs_truncate(file, 0, NEVER) && !fs_pwrite(file, "0123456789", 10, 0, NEVER, &bytes));
	CHECK(!fs_content(file, NEVER, &mapped) && !mapped.offset && mapped.length == UINT64_MAX);
	CHECK(!sys_frame_read(mapped.frame, 4, buffer, 100, &copied) && copied == 6 && !memcmp(buffer, "456789", 6));
	CHECK(!sys_frame_read(mapped.frame, 10, buffer, 100, &copied) && !copied);
	CHECK(!fs_pwrite(file, "abc", 3, 9, NEVER, &bytes));
	CHECK(!sys_frame_read(mapped.frame, 9, buffer, 100, &copied) && copied == 3 && !memcmp(buffer, "abc", 3));
	CHECK(!fs_truncate(file, 5, NEVER) && !sys_frame_read(mapped.frame, 0, buffer, 100, &copied) && copied == 5);
	CHECK(!fs_truncate(file, 7, NEVER) && !sys_frame_read(mapped.frame, 0, buffer, 100, &copied) && copied == 7);
	CHECK(!memcmp(buffer, "01234\0\0", 7));
	CHECK(!fs_truncate(file, 0, NEVER) && !sys_frame_read(mapped.frame, 0, buffer, 100, &copied) && !copied);
	CHECK(!fs_pwrite(file, "new", 3, 0, NEVER, &bytes) && !sys_frame_read(mapped.frame, 0, buffer, 100, &copied));
	CHECK(copied == 3 && !memcmp(buffer, "new", 3));
	CHECK(!fs_allocate(file, 0, 20000, 0, NEVER) && !sys_frame_read(mapped.frame, 19990, buffer, 100, &copied) &&
	        copied == 10);
	CHECK(sys_frame_resize(mapped.frame, 4096) == ERR_NO_RIGHT);
	sys_handle_close(mapped.frame);
	handle_t small = open_file("/small", READ_WRITE | OPEN_CREATE), writer = open_file("/small", OPEN_WRITE);
	CHECK(!fs_write(small, "x", 1, NEVER, &bytes) && fs_content(small, NEVER, &mapped) == ERR_NOT_SUPPORTED);
	CHECK(fs_content(writer, NEVER, &mapped) == ERR_DENIED && !fs_unlink(space, "/small", 0, NEVER));
	sys_handle_close(small);
	sys_handle_close(writer);
	CHECK(!fs_truncate(file, 4, NEVER));
	check_begin("tmpfs.a_sender_that_rests_serves_for_the_next_file_of_its_lease");
	handle_t lease, keeper, former = space;
	struct fs_opened opened;
	CHECK(call_plain(file, FS_rest) == ERR_NOT_SUPPORTED); /* not by a lease */
	CHECK(!fs_mkdir(space, "/sub", 0700, NEVER) && !fs_open(space, "/sub", 0, 0, NEVER, &opened));
	handle_t base = opened.file;
	CHECK(!fs_lease(base, NEVER, &lease, &keeper));
	space = lease;
	handle_t first = open_file("/inner", READ_WRITE | OPEN_CREATE);
	CHECK(!fs_write(first, "inner", 5, NEVER, &bytes) && reopen(first, "/inner", OPEN_READ) == ERR_NOT_SUPPORTED);
	CHECK(!call_plain(first, FS_rest) && fs_read(first, buffer, 9, NEVER, &bytes) == ERR_NOT_SUPPORTED);
	CHECK(call_plain(first, FS_rest) == ERR_NOT_SUPPORTED &&
	        fs_open(first, "/inner", 0, 0, NEVER, &opened) == ERR_NOT_SUPPORTED);
	CHECK(reopen(first, "/none", OPEN_READ) == ERR_NOT_FOUND && reopen(first, "/c", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(!reopen(first, "/inner", OPEN_READ) && !fs_read(first, buffer, 9, NEVER, &bytes) && bytes == 5);
	CHECK(fs_write(first, "x", 1, NEVER, &bytes) == ERR_DENIED);
	CHECK(!call_plain(first, FS_rest) && !reopen(first, "/inner", OPEN_WRITE | OPEN_TRUNCATE));
	CHECK(fs_read(first, buffer, 9, NEVER, &bytes) == ERR_DENIED && !fs_write(first, "x", 1, NEVER, &bytes));
	CHECK(!call_plain(first, FS_rest) && !fs_unlink(space, "/inner", 0, NEVER));
	CHECK(!fs_end_lease(keeper, NEVER) && reopen(first, "/inner", OPEN_READ | OPEN_CREATE) == ERR_DEAD);
	space = former;
	sys_handle_close(first);
	sys_handle_close(lease);
	sys_handle_close(keeper);
	sys_handle_close(base);
	CHECK(!fs_unlink(space, "/sub", FS_UNLINK_DIRECTORY, NEVER));
	check_begin("tmpfs.what_was_not_asked_for_is_not_given");
	handle_t reader = open_file("/c", OPEN_READ);
	CHECK(fs_write(reader, "x", 1, NEVER, &bytes) == ERR_DENIED && fs_truncate(reader, 0, NEVER) == ERR_DENIED);
	CHECK(!fs_map(reader, NEVER, &mapped));
	CHECK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 4096, MAP_READ | MAP_WRITE, mapped.frame, 0, &address) == ERR_NO_RIGHT);
	sys_handle_close(mapped.frame);
	sys_handle_close(reader);
	sys_handle_close(file);
}

static void test_limits(void)
{
	char buffer[4096] = {1};
	uint64_t bytes, written = 0;
	struct fs_info before, full, after;
	status_t status;
	check_begin("tmpfs.a_full_file_system_says_so_and_gets_room_again");
	CHECK(!fs_statfs(space, "/", NEVER, &before) && before.blocks > 1000 && !strcmp(before.type, "tmpfs"));
	handle_t file = open_file("/full", READ_WRITE | OPEN_CREATE);
	CHECK(fs_allocate(file, 0, (before.blocks + 1) * 4096, 0, NEVER) == ERR_DISK_FULL);
	while (!(status = fs_write(file, buffer, sizeof buffer, NEVER, &bytes)))
		written += bytes;
	CHECK(status == ERR_DISK_FULL && !fs_statfs(space, "/", NEVER, &full) && full.blocks_free == 0);
	CHECK(written / 4096 == before.blocks_free && put("/one-more", "x") == ERR_DISK_FULL);
	CHECK(!fs_pwrite(file, "y", 1, 5, NEVER, &bytes)); /* what is there can be written */
	CHECK(!fs_unlink(space, "/full", 0, NEVER) && !fs_unlink(space, "/one-more", 0, NEVER));
	CHECK(!fs_fstatfs(file, NEVER, &full) && full.blocks_free == 0);
	sys_handle_close(file);
	fake_settle();
	CHECK(!fs_statfs(space, "/", NEVER, &after) && after.blocks_free == before.blocks_free &&
	        after.files_free == before.files_free);
	check_begin("tmpfs.no_memory_is_a_full_disk_and_not_the_end");
	file = open_file("/short", READ_WRITE | OPEN_CREATE);
	CHECK(!fs_pwrite(file, "x", 1, 1 << 22, NEVER, &bytes));
	fake_limit_pages(0);
	CHECK(fs_truncate(file, 1 << 23, NEVER) == ERR_OK && fs_write(file, "", 0, NEVER, &bytes) == ERR_OK);
	fake_limit_pages(SIZE_MAX);
	CHECK(fs_pwrite(file, "x", 1, UINT64_MAX - 5, NEVER, &bytes) == ERR_FILE_TOO_LARGE);
	CHECK(fs_truncate(file, UINT64_MAX, NEVER) == ERR_FILE_TOO_LARGE);
	CHECK(fs_allocate(file, UINT64_MAX - 5, 10, 0, NEVER) == ERR_FILE_TOO_LARGE);
	sys_handle_close(file);
	CHECK(!fs_unlink(space, "/short", 0, NEVER));
}

static status_t lock(handle_t file, uint32_t kind, uint64_t start, uint64_t length, uint32_t flags, handle_t *out_locks)
{
	return fs_lock(file, &(struct fs_lock){kind, 0, start, length}, flags, NEVER, NULL, out_locks);
}

static void test_locks(void)
{
	struct fake_process *client = fake_process_create("client", NULL), *test = fake_self();
	struct fs_opened theirs;
	struct fs_lock conflict;
	handle_t locks = HANDLE_NONE, their_locks = HANDLE_NONE;
	check_begin("tmpfs.ranges_are_locked_by_processes");
	handle_t file = open_file("/lock", READ_WRITE | OPEN_CREATE);
	fake_grant(client, "space", space);
	CHECK(!lock(file, FS_LOCK_EXCLUSIVE, 10, 10, 0, &locks) && locks);
	CHECK(!lock(file, FS_LOCK_EXCLUSIVE, 20, 10, 0, NULL) && !lock(file, FS_LOCK_NONE, 14, 2, 0, NULL));
	uint32_t number = fake_number(test);
	fake_become(client);
	handle_t their_space = grant_find("space");
	CHECK(!fs_open(their_space, "/lock", READ_WRITE, 0, NEVER, &theirs));
	CHECK(lock(theirs.file, FS_LOCK_SHARED, 13, 1, 0, NULL) == ERR_WOULD_BLOCK);
	CHECK(!fs_lock(theirs.file, &(struct fs_lock){FS_LOCK_SHARED, 0, 0, 0}, FS_LOCK_TEST, NEVER, &conflict, NULL));
	CHECK(conflict.kind == FS_LOCK_EXCLUSIVE && conflict.process == number);
	CHECK(!lock(theirs.file, FS_LOCK_EXCLUSIVE, 14, 2, 0, &their_locks) && their_locks);
	fake_become(test);
	CHECK(lock(file, FS_LOCK_EXCLUSIVE, 0, 0, 0, NULL) == ERR_WOULD_BLOCK);
	check_begin("tmpfs.the_end_of_a_process_unlocks_what_it_had");
	fake_become(client);
	fake_close_handles(client);
	fake_become(test);
	fake_settle();
	CHECK(!lock(file, FS_LOCK_EXCLUSIVE, 0, 0, 0, NULL));
	sys_handle_close(locks);
	fake_settle();
	check_begin("tmpfs.whole_files_are_locked_by_open_files");
	handle_t second = open_file("/lock", OPEN_READ);
	CHECK(!lock(file, FS_LOCK_EXCLUSIVE, 0, 0, FS_LOCK_WHOLE, NULL));
	CHECK(lock(second, FS_LOCK_SHARED, 0, 0, FS_LOCK_WHOLE, NULL) == ERR_WOULD_BLOCK);
	sys_handle_close(file);
	fake_settle();
	CHECK(!lock(second, FS_LOCK_EXCLUSIVE, 0, 0, FS_LOCK_WHOLE, NULL));
	sys_handle_close(second);
}

/* Many names: made, listed, half of them removed while they are listed, and all gone. */
static void test_many(void)
{
	enum { MANY = 16000 };
	static unsigned char seen[MANY];
	static _Alignas(8) char entries[16384];
	char name[32];
	uint64_t bytes, place;
	const struct fs_entry *entry;
	unsigned twice = 0, missing = 0, count = 0;
	check_begin("tmpfs.names_that_stay_are_listed_once_while_others_go");
	CHECK(!fs_mkdir(space, "/many", 0755, NEVER));
	handle_t directory = open_file("/many", OPEN_READ | OPEN_DIRECTORY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "/%u", i);
		if (fs_mknod(directory, name, FS_KIND_FIFO, 0600, NEVER))
			missing++;
	}
	CHECK(!missing);
	while (!fs_readdir(directory, entries, sizeof entries, NEVER, &bytes) && bytes)
		for (place = 0; (entry = fs_entry_next(entries, bytes, &place));) {
			unsigned number = (unsigned)atoi(entry->name);
			twice += seen[number]++ != 0;
			snprintf(name, sizeof name, "/%u", number ^ 1); /* the neighbour, told already or not */
			count += !fs_unlink(directory, name, 0, NEVER);
		}
	CHECK(!twice);
	for (unsigned i = 0; i < MANY; i += 2)
		missing += !seen[i] && !seen[i + 1];
	CHECK(!missing && count > 0);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "/%u", i);
		count += !fs_unlink(directory, name, 0, NEVER);
	}
	CHECK(count == MANY && !fs_unlink(space, "/many", FS_UNLINK_DIRECTORY, NEVER));
	CHECK(fs_mknod(directory, "/x", FS_KIND_FIFO, 0600, NEVER) == ERR_NOT_FOUND);
	sys_handle_close(directory);
}

/* The same without a server in between, for the sizes and times of a large one. */
static void test_hundred_thousand(void)
{
	enum { MANY = 100000 };
	struct directory directory = {0};
	struct node *node = (struct node *)&directory; /* only stands there */
	char name[16];
	unsigned found = 0, listed = 0;
	check_begin("tmpfs.a_directory_of_a_hundred_thousand_names");
	for (unsigned i = 0; i < MANY; i++)
		found += directory_add(&directory, name, (size_t)snprintf(name, sizeof name, "n%u", i), node) != NULL;
	CHECK(found == MANY && directory.count == MANY);
	struct entry *entry;
	for (uint64_t position = 0; (entry = directory_at(&directory, position)); position = entry->position + 1)
		listed++;
	CHECK(listed == MANY);
	for (unsigned i = 0; i < MANY; i += 3) {
		entry = directory_find(&directory, name, (size_t)snprintf(name, sizeof name, "n%u", i));
		if (CHECK(entry && entry->position == i))
			directory_remove(&directory, entry);
	}
	listed = 0;
	for (uint64_t position = 0; (entry = directory_at(&directory, position)); position = entry->position + 1)
		listed += entry->position % 3 != 0;
	CHECK(listed == MANY - (MANY + 2) / 3 && directory.count == listed);
	while ((entry = directory_at(&directory, 0)))
		directory_remove(&directory, entry);
	CHECK(!directory.count && !directory_find(&directory, "n1", 2));
	directory_free(&directory);
}

/* Random operations here and in a folder of the build machine. */

static unsigned long random_state = 88172645463325252ul;

static unsigned random_below(unsigned limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % limit;
}

static char root[] = "/tmp/tmpfs_test.XXXXXX";

struct name {
	char path[64];  /* here */
	char host[128]; /* there */
};

static struct name random_name(void)
{
	struct name name = {"/r", {0}}; /* in a folder, so that ".." leads to the same nothing on both sides */
	unsigned depth = 1 + random_below(3);
	for (unsigned i = 0; i < depth; i++) {
		size_t length = strlen(name.path);
		snprintf(name.path + length, sizeof name.path - length, "/%c", 'a' + (int)random_below(4));
	}
	snprintf(name.host, sizeof name.host, "%s%s", root, name.path);
	return name;
}

/* Which errno an answer of ours stands for. */
static int errno_of(status_t status)
{
	return (int)-errors_to_linux(status);
}

static int result(long value)
{
	return value < 0 ? errno : 0;
}

/* Both must give one answer; on a difference the test tells the operation. */
static bool same(const char *what, const struct name *a, const struct name *b, int ours, int theirs)
{
	if (ours == theirs)
		return true;
	printf("# %s %s %s: %d, and on the host %d\n", what, a->path, b ? b->path : "", ours, theirs);
	return false;
}

static bool step_write(const struct name *name)
{
	static char data[9000];
	unsigned position = random_below(3) ? random_below(200) : random_below(20000), length = 1 + random_below(sizeof data);
	uint64_t bytes = 0;
	struct fs_opened opened;
	uint32_t flags = OPEN_WRITE | (random_below(2) ? OPEN_CREATE : 0) | (random_below(4) ? 0 : OPEN_TRUNCATE);
	if (random_below(3))
		length = length % 100 + 1;
	memset(data, 'A' + (int)random_below(26), length);
	int host =
	        open(name->host, O_WRONLY | (flags & OPEN_CREATE ? O_CREAT : 0) | (flags & OPEN_TRUNCATE ? O_TRUNC : 0), 0644);
	int theirs = result(host), ours = errno_of(fs_open(space, name->path, flags, 0644, NEVER, &opened));
	bool ok = same("open", name, NULL, ours, theirs);
	if (!theirs && pwrite(host, data, length, position) != (ssize_t)length)
		ok = false;
	if (!ours && (fs_pwrite(opened.file, data, length, position, NEVER, &bytes) || bytes != length))
		ok = false;
	if (!theirs)
		close(host);
	if (!ours)
		sys_handle_close(opened.file);
	return ok;
}

static bool step_truncate(const struct name *name)
{
	uint64_t size = random_below(2) ? random_below(10) : random_below(30000);
	struct fs_attributes attributes = {.size = size};
	int theirs = result(truncate(name->host, (off_t)size));
	return same("truncate", name, NULL, errno_of(fs_set_attributes(space, name->path, 1, FS_SET_SIZE, &attributes, NEVER)),
	        theirs);
}

static bool compare_content(const struct name *name)
{
	static char theirs[70000];
	char *ours;
	uint64_t length;
	int host = open(name->host, O_RDONLY);
	if (host < 0)
		return true;
	ssize_t bytes = read(host, theirs, sizeof theirs);
	close(host);
	if (bytes < 0)
		return true;
	if (fs_read_all(space, name->path, sizeof theirs, NEVER, &ours, &length))
		return false;
	bool equal = length == (uint64_t)bytes && !memcmp(ours, theirs, length);
	free(ours);
	return equal;
}

static bool compare_stat(const struct name *name)
{
	struct stat theirs;
	struct fs_stat ours;
	int error = result(lstat(name->host, &theirs));
	if (!same("stat", name, NULL, errno_of(fs_stat(space, name->path, 0, NEVER, &ours)), error) || error)
		return error != 0;
	uint32_t kind = S_ISDIR(theirs.st_mode) ? FS_KIND_DIRECTORY : S_ISLNK(theirs.st_mode) ? FS_KIND_SYMLINK : FS_KIND_FILE;
	if (ours.kind != kind)
		return false;
	if (kind == FS_KIND_DIRECTORY)
		return true;
	return ours.size == (uint64_t)theirs.st_size && ours.links == theirs.st_nlink;
}

static unsigned count_host(const char *path)
{
	unsigned count = 0;
	DIR *directory = opendir(path);
	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count < 2 ? 0 : count - 2;
}

static bool compare_listing(const struct name *name)
{
	static _Alignas(8) char entries[4096];
	uint64_t bytes, place = 0;
	struct stat stat;
	unsigned count = 0;
	const struct fs_entry *entry;
	if (lstat(name->host, &stat) || !S_ISDIR(stat.st_mode))
		return true;
	handle_t directory = open_file(name->path, OPEN_READ | OPEN_DIRECTORY);
	if (!directory || fs_readdir(directory, entries, sizeof entries, NEVER, &bytes))
		return false;
	while ((entry = fs_entry_next(entries, bytes, &place))) {
		char path[200];
		snprintf(path, sizeof path, "%s/%s", name->host, entry->name);
		count += !lstat(path, &stat);
	}
	sys_handle_close(directory);
	return count == count_host(name->host);
}

static bool random_step(void)
{
	static const char *const targets[] = {"a", "b", "c/a", "./d", "a/./c", "a/b/c", "../a"};
	struct name a = random_name(), b = random_name();
	unsigned flags = random_below(3);
	switch (random_below(12)) {
	case 0:
	case 1: return same("mkdir", &a, NULL, errno_of(fs_mkdir(space, a.path, 0755, NEVER)), result(mkdir(a.host, 0755)));
	case 2: return same("unlink", &a, NULL, errno_of(fs_unlink(space, a.path, 0, NEVER)), result(unlink(a.host)));
	case 3: {
		status_t status = fs_unlink(space, a.path, FS_UNLINK_DIRECTORY, NEVER);
		return same("rmdir", &a, NULL, errno_of(status), result(rmdir(a.host)));
	}
	case 4:
	case 5: {
		status_t status = fs_rename(space, a.path, b.path, flags, NEVER);
		return same("rename", &a, &b, errno_of(status),
		        result(syscall(SYS_renameat2, AT_FDCWD, a.host, AT_FDCWD, b.host, flags)));
	}
	case 6: {
		status_t status = fs_link(space, a.path, b.path, 0, NEVER);
		int ours = status == ERR_NO_RIGHT ? EPERM : errno_of(status);
		return same("link", &a, &b, ours, result(link(a.host, b.host)));
	}
	case 7: {
		const char *target = targets[random_below(7)];
		return same("symlink", &a, NULL, errno_of(fs_symlink(space, a.path, target, NEVER)),
		        result(symlink(target, a.host)));
	}
	case 8:
	case 9: return step_write(&a);
	case 10: return step_truncate(&a);
	default: return compare_stat(&a) && compare_content(&a) && compare_listing(&a);
	}
}

static void test_random(void)
{
	char command[128];
	const char *seed = getenv("TMPFS_TEST_SEED");
	if (seed)
		random_state = strtoul(seed, NULL, 0) * 2 + 1;
	if (!mkdtemp(root))
		abort();
	for (unsigned round = 0; round < 5; round++) {
		check_begin(round ? "tmpfs.and_again_from_nothing"
		                  : "tmpfs.random_operations_have_the_answers_of_the_hosts_file_system");
		CHECK(!sys_channel_mint(receiver, 100 + round, RIGHTS_ALL, &space));
		snprintf(command, sizeof command, "rm -rf %s && mkdir -p %s/r", root, root);
		CHECK(!system(command));
		CHECK(!fs_mkdir(space, "/r", 0755, NEVER));
		for (unsigned i = 0; i < 3000; i++)
			if (!CHECK(random_step())) {
				printf("# step %u of round %u\n", i, round);
				break;
			}
		sys_handle_close(space);
	}
	snprintf(command, sizeof command, "rm -rf %s", root);
	CHECK(!system(command));
}

/* Calls without sense, on a session and on open files; the server must live, and lose nothing. */
static void test_nonsense(void)
{
	static char readable[9000], writable[9000];
	handle_t targets[4];
	check_begin("tmpfs.nonsense_is_refused_and_does_no_harm");
	CHECK(!sys_channel_mint(receiver, 200, RIGHTS_ALL, &space));
	CHECK(!fs_mkdir(space, "/d", 0755, NEVER) && !put("/f", "some text"));
	size_t handles = fake_handle_count(server);
	targets[0] = targets[1] = space;
	targets[2] = open_file("/f", READ_WRITE);
	targets[3] = open_file("/d", OPEN_READ);
	for (unsigned i = 0; i < 60000; i++) {
		static const char *const texts[] = {"/f", "/d", "/d/x/y", "//", "", "/d/../f", "relative", "/f/", "/g"};
		struct message message = {.label = random_below(4) ? 0x0101 + random_below(0x20) : random_below(0x10000)};
		struct message_extras *send = extras_begin();
		const char *text = texts[random_below(9)];
		memcpy(readable, text, strlen(text) + 1);
		memcpy(readable + 20, "/a", 3);
		for (unsigned word = 0; word < MESSAGE_WORDS; word++)
			message.word[word] = random_below(3) ? random_below(40)
			        : random_below(2)            ? ~0ull << random_below(64)
			                                     : 1ull << random_below(64);
		if (message.label == FS_lock)
			message.word[3] &= ~(uint64_t)FS_LOCK_WAIT; /* it would wait for ever, as it should */
		if (random_below(4))
			message.word[1] = strlen(text), message.word[0] = 0;
		send->readable =
		        (struct message_buffer){(uintptr_t)readable, random_below(5) ? sizeof readable : random_below(30)};
		send->writable =
		        (struct message_buffer){(uintptr_t)writable, random_below(5) ? sizeof writable : random_below(30)};
		if (CHECK(!sys_channel_call_x(targets[random_below(4)], &message)) && (message.info & RECEIVED_EXTRAS))
			for (unsigned handle = 0; handle < control_block()->received.handle_count; handle++)
				sys_handle_close(control_block()->received.handles[handle]);
	}
	sys_handle_close(targets[2]);
	sys_handle_close(targets[3]);
	fake_settle();
	CHECK(open_status("/d", OPEN_READ) == ERR_OK || open_status("/d", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(!fs_mkdir(space, "/alive", 0755, NEVER));
	sys_handle_close(space);
	fake_settle();
	CHECK(fake_handle_count(server) <= handles);
}

int main(void)
{
	server = fake_process_create("tmpfs", tmpfs_main);
	if (sys_channel_create(&receiver) || sys_channel_mint(receiver, 5, RIGHTS_ALL, &space))
		return 1;
	fake_grant(server, "export.tmpfs", receiver);
	fake_start(server);
	test_volumes();
	test_links();
	test_content();
	test_limits();
	test_locks();
	test_many();
	test_hundred_thousand();
	sys_handle_close(space);
	test_random();
	test_nonsense();
	fake_settle();
	check_begin("tmpfs.nothing_is_left_when_all_sessions_are_gone");
	CHECK(fake_handle_count(server) <= 2);
	fake_stop(server);
	return check_result();
}
