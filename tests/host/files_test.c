/*
 * initfsd, vfs and the client stubs of protocol fs together: an archive made by initfs_pack and zstd is served, mounted, and
 * used as a program would use it; then every way of being wrong that a client has. Wrong archives are archive_test.c's.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* sources: tests/host/vfs_main.c user/servers/vfs/mounts.c user/servers/vfs/names.c user/servers/vfs/tables.c user/servers/vfs/leases.c user/servers/vfs/listing.c */
/* sources: user/lib/fs.c user/lib/fs_names.c user/lib/fs_call.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c */
/* sources: user/lib/request.c user/lib/table.c user/lib/pool.c common/path.c common/tar.c */
/* sources: user/servers/initfsd/initfsd.c user/servers/initfsd/archive.c user/servers/initfsd/children.c user/servers/initfsd/tree.c user/servers/initfsd/tree_find.c user/servers/initfsd/tree_name.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/server_state.c user/lib/found.c */
/* sources: tests/host/packed.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lzstd -lpthread */
/* needs: build/tools/initfs_pack */
#include "user/lib/fs.h"

#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "packed.h"
#include "user/lib/grants.h"
#include "user/servers/vfs/vfs.h"
#include "vfs_main.h"

#define MANY 3000

static handle_t space; /* vfs, or initfsd itself */
static const char *through = "initfsd";

/* The same tests go through both; their names say which. */
static void begin(const char *what)
{
	static char names[2][200];
	static int used;
	snprintf(names[used ^= 1], sizeof *names, "%s: %s", through, what);
	check_begin(names[used]);
}

static status_t open_path(const char *path, uint32_t flags, struct fs_opened *out)
{
	*out = (struct fs_opened){0};
	return fs_open(space, path, flags, 0, DEADLINE_NEVER, out);
}

static status_t open_status(const char *path, uint32_t flags)
{
	struct fs_opened opened;
	status_t status = open_path(path, flags, &opened);
	if (!status)
		sys_handle_close(opened.file);
	return status;
}

static void test_open_and_read(void)
{
	struct fs_opened opened;
	char buffer[64];
	uint64_t bytes, position;
	begin("a file is opened, read to its end, and sought in");
	CHECK(!open_path("/etc/motd", OPEN_READ, &opened) && opened.kind == FS_KIND_FILE && opened.size == 6);
	CHECK(!fs_read(opened.file, buffer, 4, DEADLINE_NEVER, &bytes) && bytes == 4 && !memcmp(buffer, "hell", 4));
	CHECK(!fs_read(opened.file, buffer, 64, DEADLINE_NEVER, &bytes) && bytes == 2 && !memcmp(buffer, "o\n", 2));
	CHECK(!fs_read(opened.file, buffer, 64, DEADLINE_NEVER, &bytes) && bytes == 0);
	CHECK(!fs_pread(opened.file, buffer, 3, 1, DEADLINE_NEVER, &bytes) && bytes == 3 && !memcmp(buffer, "ell", 3));
	CHECK(!fs_pread(opened.file, buffer, 3, UINT64_MAX, DEADLINE_NEVER, &bytes) && bytes == 0);
	CHECK(!fs_pread(opened.file, buffer, 3, 6, DEADLINE_NEVER, &bytes) && bytes == 0);
	CHECK(!fs_pread(opened.file, buffer, 3, 7, DEADLINE_NEVER, &bytes) && bytes == 0);
	CHECK(!fs_seek(opened.file, -2, FS_SEEK_END, DEADLINE_NEVER, &position) && position == 4);
	CHECK(!fs_seek(opened.file, -3, FS_SEEK_CURRENT, DEADLINE_NEVER, &position) && position == 1);
	CHECK(!fs_read(opened.file, buffer, 1, DEADLINE_NEVER, &bytes) && bytes == 1 && *buffer == 'e');
	CHECK(fs_seek(opened.file, -1, FS_SEEK_SET, DEADLINE_NEVER, &position) == ERR_BAD_ARGUMENT);
	CHECK(fs_seek(opened.file, INT64_MAX, FS_SEEK_CURRENT, DEADLINE_NEVER, &position) == ERR_BAD_ARGUMENT);
	CHECK(fs_seek(opened.file, 0, 3, DEADLINE_NEVER, &position) == ERR_BAD_ARGUMENT);
	CHECK(!fs_seek(opened.file, INT64_MAX, FS_SEEK_SET, DEADLINE_NEVER, &position));
	CHECK(!fs_read(opened.file, buffer, 1, DEADLINE_NEVER, &bytes) && bytes == 0);
	sys_handle_close(opened.file);
	begin("nothing is written, and access is what was asked for");
	CHECK(!open_path("/etc/motd", 0, &opened));
	CHECK(fs_read(opened.file, buffer, 1, DEADLINE_NEVER, &bytes) == ERR_DENIED);
	CHECK(fs_write(opened.file, "x", 1, DEADLINE_NEVER, &bytes) == ERR_DENIED);
	sys_handle_close(opened.file);
	CHECK(open_status("/etc/motd", OPEN_WRITE) == ERR_READ_ONLY);
	CHECK(open_status("/etc/motd", OPEN_READ | OPEN_TRUNCATE) == ERR_READ_ONLY);
	CHECK(open_status("/etc/motd", OPEN_READ | OPEN_CREATE) == ERR_OK);
	CHECK(open_status("/etc/motd", OPEN_READ | OPEN_CREATE | OPEN_EXCLUSIVE) == ERR_EXISTS);
	CHECK(open_status("/etc/dangling", OPEN_READ | OPEN_CREATE | OPEN_EXCLUSIVE) == ERR_EXISTS);
	CHECK(open_status("/etc/new", OPEN_WRITE | OPEN_CREATE) == ERR_READ_ONLY);
	CHECK(open_status("/etc", OPEN_WRITE) == ERR_IS_DIRECTORY);
	CHECK(open_status("/etc/motd", 0x80000000u) == ERR_BAD_ARGUMENT);
}

static void test_names(void)
{
	char text[64];
	struct fs_stat stat;
	begin("names, links and what is wrong with them");
	CHECK(open_status("/", OPEN_READ | OPEN_DIRECTORY) == ERR_OK);
	CHECK(open_status("/etc/nothing", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(open_status("/nothing/motd", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(open_status("/etc/motd/x", OPEN_READ) == ERR_NOT_DIRECTORY);
	CHECK(open_status("/etc/motd", OPEN_READ | OPEN_DIRECTORY) == ERR_NOT_DIRECTORY);
	CHECK(open_status("/etc/link", OPEN_READ) == ERR_OK);
	CHECK(open_status("/etc/link", OPEN_READ | OPEN_NO_FOLLOW) == ERR_LINK_LOOP);
	CHECK(open_status("/etc/absolute/er/file", OPEN_READ) == ERR_OK);
	CHECK(open_status("/etc/absolute/er/file", OPEN_READ | OPEN_NO_FOLLOW) == ERR_OK);
	CHECK(open_status("/etc/deep/up", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(open_status("/etc/loop", OPEN_READ) == ERR_LINK_LOOP);
	CHECK(open_status("/etc/slash", OPEN_READ) == ERR_NOT_DIRECTORY);
	CHECK(open_status("/etc/dangling", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(!fs_stat(space, "/etc/link", 1, DEADLINE_NEVER, &stat) && stat.kind == FS_KIND_FILE && stat.size == 6 &&
	        stat.mode == 0644);
	CHECK(!fs_stat(space, "/etc/link", 0, DEADLINE_NEVER, &stat) && stat.kind == FS_KIND_SYMLINK && stat.size == 4);
	CHECK(!fs_stat(space, "/bin/program", 1, DEADLINE_NEVER, &stat) && stat.mode == 0755 && stat.size == 10000 &&
	        stat.blocks == 20);
	CHECK(!fs_stat(space, "/etc", 1, DEADLINE_NEVER, &stat) && stat.kind == FS_KIND_DIRECTORY && stat.links == 3);
	CHECK(!fs_readlink(space, "/etc/absolute", text, sizeof text, DEADLINE_NEVER) && !strcmp(text, "/etc/deep"));
	CHECK(fs_readlink(space, "/etc/absolute", text, 9, DEADLINE_NEVER) == ERR_TOO_LARGE);
	CHECK(!fs_readlink(space, "/etc/absolute", text, 10, DEADLINE_NEVER));
	CHECK(fs_readlink(space, "/etc/motd", text, sizeof text, DEADLINE_NEVER) == ERR_NO_LINK);
	begin("paths that are not in normal form are refused");
	CHECK(open_status("etc/motd", OPEN_READ) == ERR_BAD_ARGUMENT);
	CHECK(open_status("/etc/../etc/motd", OPEN_READ) == ERR_BAD_ARGUMENT);
	CHECK(open_status("/etc//motd", OPEN_READ) == ERR_BAD_ARGUMENT);
	CHECK(open_status("/etc/", OPEN_READ) == ERR_BAD_ARGUMENT);
	char *path = calloc(1, FS_PATH_MAX + 2);
	memset(path, 'n', FS_NAME_MAX + 2);
	*path = '/';
	CHECK(open_status(path, OPEN_READ) == ERR_NAME_TOO_LONG);
	path[FS_NAME_MAX + 1] = 0;
	CHECK(open_status(path, OPEN_READ) == ERR_NOT_FOUND);
	for (int i = 0; i < FS_PATH_MAX; i += 2)
		memcpy(path + i, "/n", 3);
	CHECK(open_status(path, OPEN_READ) == ERR_NAME_TOO_LONG);
	path[FS_PATH_MAX - 2] = 0;
	CHECK(open_status(path, OPEN_READ) == ERR_NOT_FOUND);
	free(path);
}

/* Lists with a buffer of `size` bytes; the names that were seen. */
static unsigned list(handle_t directory, size_t size, bool *seen)
{
	char *entries = malloc(size);
	const struct fs_entry *entry;
	uint64_t bytes, place;
	unsigned count = 0, number;
	while (CHECK(!fs_readdir(directory, entries, size, DEADLINE_NEVER, &bytes)) && bytes)
		for (place = 0; (entry = fs_entry_next(entries, bytes, &place)); count++) {
			CHECK(entry->kind == FS_KIND_FILE && entry->file);
			if (CHECK(sscanf(entry->name, "entry%u", &number) == 1 && number < MANY))
				CHECK(!seen[number]);
			seen[number] = true;
		}
	free(entries);
	return count;
}

static void test_directories(void)
{
	static bool seen[MANY];
	struct fs_opened opened;
	char buffer[64];
	uint64_t bytes, position;
	begin("a directory of thousands is listed once, in parts, and again from where one wants");
	CHECK(!open_path("/many", OPEN_READ | OPEN_DIRECTORY, &opened) && opened.kind == FS_KIND_DIRECTORY);
	CHECK(list(opened.file, 100, seen) == MANY);
	CHECK(!fs_seek(opened.file, 0, FS_SEEK_CURRENT, DEADLINE_NEVER, &position) && position == MANY);
	memset(seen, 0, sizeof seen);
	CHECK(!fs_seek(opened.file, 0, FS_SEEK_SET, DEADLINE_NEVER, &position) && list(opened.file, 65536, seen) == MANY);
	memset(seen, 0, sizeof seen);
	CHECK(!fs_seek(opened.file, MANY - 7, FS_SEEK_SET, DEADLINE_NEVER, &position) && list(opened.file, 65536, seen) == 7);
	CHECK(!fs_seek(opened.file, 0, FS_SEEK_SET, DEADLINE_NEVER, &position));
	CHECK(fs_readdir(opened.file, buffer, 8, DEADLINE_NEVER, &bytes) == ERR_TOO_LARGE);
	CHECK(fs_read(opened.file, buffer, 8, DEADLINE_NEVER, &bytes) == ERR_IS_DIRECTORY);
	sys_handle_close(opened.file);
	CHECK(!open_path("/dev", OPEN_READ, &opened) && !fs_readdir(opened.file, buffer, 8, DEADLINE_NEVER, &bytes) && !bytes);
	sys_handle_close(opened.file);
	CHECK(!open_path("/etc/motd", OPEN_READ, &opened));
	CHECK(fs_readdir(opened.file, buffer, 64, DEADLINE_NEVER, &bytes) == ERR_NOT_DIRECTORY);
	sys_handle_close(opened.file);
}

static void test_map(void)
{
	struct fs_opened opened;
	struct fs_mapped mapped;
	uint32_t type, rights;
	uint64_t object, copied, address;
	begin("a mapped file is its bytes, at a page, then zeros to the page's end, and cannot be written");
	CHECK(!open_path("/bin/program", OPEN_READ, &opened) && !fs_map(opened.file, DEADLINE_NEVER, &mapped));
	CHECK(mapped.length == 10000 && mapped.offset % 4096 == 0);
	CHECK(!sys_vmem_map(HANDLE_SELF_VMEM, 0, 12288, MAP_READ, mapped.frame, mapped.offset, &address));
	const char *bytes = (const char *)(uintptr_t)address;
	for (unsigned i = 0; i < 12288; i++)
		CHECK(bytes[i] == (i < 10000 ? 'b' : 0));
	CHECK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 4096, MAP_READ | MAP_WRITE, mapped.frame, 0, &address) == ERR_NO_RIGHT);
	CHECK(sys_frame_write(mapped.frame, 0, "x", 1, &copied) == ERR_NO_RIGHT);
	CHECK(!sys_handle_info(mapped.frame, &type, &rights, &object) && type == OBJECT_FRAME);
	CHECK(!(rights & (RIGHT_EXECUTE | RIGHT_WRITE | RIGHT_MANAGE)));
	CHECK(!sys_vmem_unmap(HANDLE_SELF_VMEM, address, 12288));
	sys_handle_close(mapped.frame);
	CHECK(!fs_content(opened.file, DEADLINE_NEVER, &mapped) && mapped.length == 10000);
	char some[8];
	CHECK(!sys_frame_read(mapped.frame, mapped.offset + 9996, some, 4, &copied) && copied == 4 && !memcmp(some, "bbbb", 4));
	CHECK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 4096, MAP_READ | MAP_WRITE, mapped.frame, 0, &address) == ERR_NO_RIGHT);
	sys_handle_close(mapped.frame);
	sys_handle_close(opened.file);
	CHECK(!open_path("/bin/program", OPEN_READ | OPEN_EXECUTE, &opened) && !fs_map(opened.file, DEADLINE_NEVER, &mapped));
	CHECK(!sys_handle_info(mapped.frame, &type, &rights, &object) && rights & RIGHT_EXECUTE && !(rights & RIGHT_WRITE));
	sys_handle_close(mapped.frame);
	sys_handle_close(opened.file);
	CHECK(!open_path("/etc/empty", OPEN_READ, &opened) && !fs_map(opened.file, DEADLINE_NEVER, &mapped) && !mapped.length &&
	        !mapped.offset);
	sys_handle_close(mapped.frame);
	sys_handle_close(opened.file);
	CHECK(!open_path("/etc", OPEN_READ, &opened) && fs_map(opened.file, DEADLINE_NEVER, &mapped) == ERR_IS_DIRECTORY);
	sys_handle_close(opened.file);
	uint32_t mode;
	begin("a program's frame is told without opening it, to be executed and not written, and a directory is none");
	CHECK(!fs_program(space, "/bin/program", 1, DEADLINE_NEVER, &mapped, &mode) && mapped.length == 10000 && mode & 0111);
	CHECK(!sys_handle_info(mapped.frame, &type, &rights, &object) && rights & RIGHT_EXECUTE && !(rights & RIGHT_WRITE));
	sys_handle_close(mapped.frame);
	CHECK(fs_program(space, "/etc", 1, DEADLINE_NEVER, &mapped, &mode) == ERR_IS_DIRECTORY);
	CHECK(fs_program(space, "/etc/nothing", 1, DEADLINE_NEVER, &mapped, &mode) == ERR_NOT_FOUND);
	begin("a file is always ready, and what it cannot do it says");
	uint32_t ready;
	CHECK(!open_path("/etc/motd", OPEN_READ, &opened));
	CHECK(!fs_watch(opened.file, FS_READY_READ | FS_READY_HANGUP, HANDLE_NONE, 0, DEADLINE_NEVER, &ready) &&
	        ready == FS_READY_READ);
	CHECK(fs_truncate(opened.file, 0, DEADLINE_NEVER) == ERR_DENIED);
	CHECK(!fs_sync(opened.file, DEADLINE_NEVER));
	CHECK(open_status("/etc/motd", OPEN_READ) == ERR_OK &&
	        fs_stat(opened.file, "/etc", 1, DEADLINE_NEVER, &(struct fs_stat){0}) == ERR_NOT_DIRECTORY);
	sys_handle_close(opened.file);
}

static void test_read_all(void)
{
	char *text;
	uint64_t length;
	begin("all of a file is read at once, if it is not larger than allowed");
	CHECK(!fs_read_all(space, "/etc/motd", 100, DEADLINE_NEVER, &text, &length) && length == 6 && !strcmp(text, "hello\n"));
	free(text);
	CHECK(!fs_read_all(space, "/etc/motd", 6, DEADLINE_NEVER, &text, &length) && length == 6);
	free(text);
	CHECK(fs_read_all(space, "/etc/motd", 5, DEADLINE_NEVER, &text, &length) == ERR_TOO_LARGE);
	CHECK(!fs_read_all(space, "/etc/empty", 0, DEADLINE_NEVER, &text, &length) && !length && !*text);
	free(text);
	CHECK(fs_read_all(space, "/etc", 5, DEADLINE_NEVER, &text, &length) == ERR_IS_DIRECTORY);
}

static void test_limits(struct fake_process *initfsd)
{
	struct fs_opened opened;
	status_t status;
	unsigned count = 0;
	size_t before = fake_handle_count(initfsd);
	begin("a client can have a thousand open files, and its death closes them");
	struct fake_process *client = fake_process_create("client", NULL), *test = fake_self();
	fake_grant(client, "initfs", space);
	fake_become(client);
	handle_t mine = space;
	space = grant_find("initfs");
	while (!(status = open_path("/etc/motd", OPEN_READ, &opened)) && count < 5000)
		count++;
	CHECK(status == ERR_QUOTA && count == 1024);
	fake_close_handles(client);
	fake_become(test);
	space = mine;
	fake_settle();
	CHECK(open_status("/etc/motd", OPEN_READ) == ERR_OK && fake_handle_count(initfsd) == before);
}

/* Whether a directory has a name once. */
static bool lists(const char *path, const char *name)
{
	_Alignas(8) char entries[4096];
	struct fs_opened opened;
	uint64_t bytes, place;
	const struct fs_entry *entry;
	unsigned count = 0;
	if (open_path(path, OPEN_READ | OPEN_DIRECTORY, &opened))
		return false;
	while (!fs_readdir(opened.file, entries, sizeof entries, DEADLINE_NEVER, &bytes) && bytes)
		for (place = 0; (entry = fs_entry_next(entries, bytes, &place));)
			count += !strcmp(entry->name, name);
	sys_handle_close(opened.file);
	return count == 1;
}

/* What a lease of a path's file system answers for a name below the mount point. */
static status_t stat_by(handle_t lease, const char *name)
{
	struct fs_stat stat;
	return fs_stat(lease, name, 1, DEADLINE_NEVER, &stat);
}

static void mount_copy(handle_t admin, const char *path, handle_t file_system)
{
	handle_t copy;
	CHECK(!sys_handle_duplicate(file_system, RIGHTS_ALL, &copy));
	CHECK(!fs_mount(admin, path, copy, DEADLINE_NEVER));
}

/* /dev/file/deeper is below /dev/file here, and nothing below itself. */
static void test_leases(handle_t admin, handle_t plain, handle_t initfs, struct fake_process *process)
{
	handle_t lease, second, own, none;
	size_t length = 0, handles = fake_handle_count(process);
	uint32_t type, rights;
	uint64_t object;
	check_begin("vfs: a lease answers for what is below its mount point, and can neither be copied nor passed on");
	CHECK(!fs_name_lease(plain, "/dev/file/deeper/etc/motd", DEADLINE_NEVER, &lease, &length) && length == 16);
	CHECK(!stat_by(lease, "/etc/motd") && stat_by(lease, "/etc/none") == ERR_NOT_FOUND);
	CHECK(!sys_handle_info(lease, &type, &rights, &object) && rights == RIGHT_SEND);
	CHECK(fs_lease(lease, DEADLINE_NEVER, &second, &none) == ERR_NOT_SUPPORTED);
	CHECK(fs_name_lease(plain, "/dev/file/deeper", DEADLINE_NEVER, &second, &length) == ERR_NOT_SUPPORTED);
	CHECK(!fs_name_lease(plain, "/dev/file/deeper/etc", DEADLINE_NEVER, &second, &length) && length == 16);
	CHECK(!stat_by(second, "/etc/motd") && fake_handle_count(process) == handles + 2);
	sys_handle_close(second);

	check_begin("vfs: where something is mounted below there is no lease");
	CHECK(fs_name_lease(plain, "/etc/motd", DEADLINE_NEVER, &second, &length) == ERR_NOT_SUPPORTED);
	CHECK(fs_name_lease(plain, "/dev/file/etc/motd", DEADLINE_NEVER, &second, &length) == ERR_NOT_SUPPORTED);
	CHECK(fs_name_lease(plain, "", DEADLINE_NEVER, &second, &length) == ERR_NOT_FOUND);

	check_begin("vfs: a mount elsewhere leaves a lease, one below it ends it");
	mount_copy(admin, "/dev/other", initfs);
	mount_copy(admin, "/dev/file/deeperx", initfs);
	CHECK(!stat_by(lease, "/etc/motd"));
	mount_copy(admin, "/dev/file/deeper/etc", initfs);
	CHECK(stat_by(lease, "/etc/motd") == ERR_DEAD);
	sys_handle_close(lease);
	CHECK(fs_name_lease(plain, "/dev/file/deeper/bin", DEADLINE_NEVER, &lease, &length) == ERR_NOT_SUPPORTED);
	CHECK(!fs_unmount(admin, "/dev/file/deeper/etc", DEADLINE_NEVER));
	CHECK(!fs_name_lease(plain, "/dev/file/deeper/bin", DEADLINE_NEVER, &lease, &length) && !stat_by(lease, "/etc/motd"));

	check_begin("vfs: another file system in its place ends a lease, and unmounting does");
	mount_copy(admin, "/dev/file/deeper", initfs);
	CHECK(stat_by(lease, "/etc/motd") == ERR_DEAD);
	sys_handle_close(lease);
	CHECK(!fs_name_lease(plain, "/dev/other/etc", DEADLINE_NEVER, &lease, &length) && !stat_by(lease, "/etc/motd"));
	CHECK(!fs_unmount(admin, "/dev/other", DEADLINE_NEVER) && stat_by(lease, "/etc/motd") == ERR_DEAD);
	sys_handle_close(lease);
	CHECK(!fs_unmount(admin, "/dev/file/deeperx", DEADLINE_NEVER) && fake_handle_count(process) == handles);

	check_begin("vfs: of what holders have mounted in a table of their own there is no lease");
	CHECK(!fs_new_table(plain, DEADLINE_NEVER, &own) && !fs_bind(own, "/etc/deep", "/mine", DEADLINE_NEVER));
	CHECK(fs_name_lease(own, "/mine/er", DEADLINE_NEVER, &lease, &length) == ERR_NOT_SUPPORTED);
	sys_handle_close(own);
	fake_settle();

	check_begin("vfs: a lease of a bound directory begins there, and ends with it");
	CHECK(!fs_bind(admin, "/etc/deep", "/mine", DEADLINE_NEVER));
	CHECK(!fs_name_lease(plain, "/mine/er", DEADLINE_NEVER, &lease, &length) && length == 5);
	CHECK(!stat_by(lease, "/er/file") && stat_by(lease, "/etc/motd") == ERR_NOT_FOUND &&
	        stat_by(lease, "/motd") == ERR_NOT_FOUND);
	CHECK(stat_by(lease, "/../motd") == ERR_BAD_ARGUMENT);
	CHECK(!fs_unmount(admin, "/mine", DEADLINE_NEVER));
	CHECK(stat_by(lease, "/er/file") == ERR_DEAD);
	sys_handle_close(lease);

	check_begin("vfs: a lease that its file system has forgotten is given anew");
	CHECK(!fs_name_lease(plain, "/dev/file/deeper/bin", DEADLINE_NEVER, &lease, &length));
	const struct mount *mount = mounts_leased(vfs_mounts, "/dev/file/deeper");
	CHECK(mount);
	struct fake_process *self = fake_self();
	fake_become(process); /* vfs itself, as its file system sees it */
	CHECK(!fs_end_lease(mount->keeper, DEADLINE_NEVER));
	fake_become(self);
	CHECK(stat_by(lease, "/etc/motd") == ERR_DEAD);
	sys_handle_close(lease);
	CHECK(!fs_name_lease(plain, "/dev/file/deeper/bin", DEADLINE_NEVER, &lease, &length) && !stat_by(lease, "/etc/motd"));
	sys_handle_close(lease);
	CHECK(!fs_unmount(admin, "/dev/file/deeper", DEADLINE_NEVER));
	mount_copy(admin, "/dev/file/deeper", initfs);
	CHECK(fake_handle_count(process) == handles);
}

static void test_vfs(handle_t initfs)
{
	struct fake_process *process = fake_process_create("vfs", vfs_main);
	handle_t receiver, admin, plain, copy, notify;
	struct fs_stat stat;
	struct fs_opened opened;
	check_begin("vfs: nothing is found before something is mounted, and not everybody mounts");
	CHECK(!sys_channel_create(&receiver));
	CHECK(!sys_channel_mint(receiver, VFS_ADMIN, RIGHTS_ALL, &admin));
	CHECK(!sys_channel_mint(receiver, 2, RIGHTS_ALL, &plain));
	fake_grant(process, "export.vfs", receiver);
	sys_handle_close(receiver);
	fake_start(process);
	space = plain;
	CHECK(open_status("/etc/motd", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(!sys_handle_duplicate(initfs, RIGHTS_ALL, &copy));
	CHECK(fs_mount(plain, "/", copy, DEADLINE_NEVER) == ERR_NO_RIGHT);
	CHECK(!sys_notify_create(&notify));
	CHECK(fs_mount(admin, "/", notify, DEADLINE_NEVER) == ERR_WRONG_TYPE);
	const char *points[] = {"/", "/scheme/initfs", "/dev/file", "/dev/file/deeper"};
	for (unsigned i = 0; i < 4; i++) {
		CHECK(!sys_handle_duplicate(initfs, RIGHTS_ALL, &copy));
		CHECK(!fs_mount(admin, points[i], copy, DEADLINE_NEVER));
	}
	CHECK(!sys_handle_duplicate(initfs, RIGHTS_ALL, &copy));
	size_t handles = fake_handle_count(process);
	CHECK(!fs_mount(admin, "/dev/file", copy, DEADLINE_NEVER)); /* in place of the first */
	CHECK(fake_handle_count(process) == handles);
	CHECK(!sys_handle_duplicate(initfs, RIGHTS_ALL, &copy));
	CHECK(fs_mount(admin, "dev", copy, DEADLINE_NEVER) == ERR_BAD_ARGUMENT);
	CHECK(strstr(fake_log(process), "mounted /scheme/initfs"));

	check_begin("vfs: a path goes to its longest mount point, names taken whole");
	CHECK(open_status("/dev/file", OPEN_READ | OPEN_DIRECTORY) == ERR_OK);
	CHECK(open_status("/dev/file/etc/motd", OPEN_READ) == ERR_OK);
	CHECK(open_status("/dev/file/deeper/etc/motd", OPEN_READ) == ERR_OK);
	CHECK(open_status("/dev/file/deepe", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(open_status("/dev/filed/etc/motd", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(open_status("/scheme/initfs", OPEN_READ) == ERR_OK);
	CHECK(open_status("/scheme/other", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(open_status("", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(!fs_stat(space, "/scheme/initfs/bin/program", 1, DEADLINE_NEVER, &stat) && stat.size == 10000);

	check_begin("vfs: an open file is its server's, and no operation of vfs's");
	CHECK(!open_path("/etc/motd", OPEN_READ, &opened));
	CHECK(fs_sync(space, DEADLINE_NEVER) == ERR_NOT_SUPPORTED && !fs_sync(opened.file, DEADLINE_NEVER));
	sys_handle_close(opened.file);
	through = "vfs";
	test_open_and_read();
	test_names();
	check_begin("vfs: directories above mount points are listed with them");
	CHECK(lists("/", "scheme") && lists("/", "etc") && lists("/dev", "file") && lists("/scheme", "initfs"));
	CHECK(!fs_stat(space, "/scheme", 1, DEADLINE_NEVER, &stat) && stat.kind == FS_KIND_DIRECTORY);
	CHECK(open_status("/scheme", OPEN_WRITE) == ERR_IS_DIRECTORY);
	CHECK(open_status("/scheme", OPEN_READ | OPEN_CREATE | OPEN_EXCLUSIVE) == ERR_EXISTS);
	CHECK(fs_mkdir(space, "/scheme", 0755, DEADLINE_NEVER) == ERR_EXISTS);
	CHECK(fs_mkdir(space, "/new", 0755, DEADLINE_NEVER) == ERR_READ_ONLY);
	CHECK(fs_unlink(space, "/dev/file", 0, DEADLINE_NEVER) == ERR_BUSY);
	CHECK(fs_rename(space, "/etc/motd", "/dev", 0, DEADLINE_NEVER) == ERR_BUSY);
	CHECK(fs_rename(space, "/etc/motd", "/scheme/initfs/x", 0, DEADLINE_NEVER) == ERR_CROSS_DEVICE);
	check_begin("vfs: a table of one's own is changed by nobody else, and not by others' rights");
	handle_t own;
	CHECK(fs_bind(plain, "/etc", "/mine", DEADLINE_NEVER) == ERR_NO_RIGHT);
	CHECK(fs_unmount(plain, "/dev/file", DEADLINE_NEVER) == ERR_NO_RIGHT);
	size_t before = fake_handle_count(process);
	CHECK(!fs_new_table(plain, DEADLINE_NEVER, &own) && !fs_bind(own, "/etc", "/mine", DEADLINE_NEVER));
	CHECK(!fs_bind(own, "/etc/motd", "/one", DEADLINE_NEVER) && !fs_unmount(own, "/dev/file", DEADLINE_NEVER));
	CHECK(fs_unmount(own, "/dev/file", DEADLINE_NEVER) == ERR_NOT_FOUND &&
	        fs_unmount(own, "/", DEADLINE_NEVER) == ERR_BUSY);
	CHECK(open_status("/mine/motd", OPEN_READ) == ERR_NOT_FOUND && open_status("/dev/file", OPEN_READ) == ERR_OK);
	space = own;
	CHECK(open_status("/mine/motd", OPEN_READ) == ERR_OK && open_status("/one", OPEN_READ) == ERR_OK);
	CHECK(open_status("/mine/deep/er/file", OPEN_READ) == ERR_OK &&
	        open_status("/dev/file/etc", OPEN_READ) == ERR_NOT_FOUND);
	CHECK(open_status("/mine/absolute/er/file", OPEN_READ) == ERR_OK && lists("/", "mine"));
	space = plain;
	sys_handle_close(own);
	fake_settle();
	CHECK(fake_handle_count(process) == before);
	test_leases(admin, plain, initfs, process);
	check_begin("vfs: a full mount table says so");
	char point[32];
	for (unsigned i = 4; i <= 64; i++) {
		snprintf(point, sizeof point, "/mnt/%u", i);
		CHECK(!sys_handle_duplicate(initfs, RIGHTS_ALL, &copy));
		CHECK(fs_mount(admin, point, copy, DEADLINE_NEVER) == (i < 64 ? ERR_OK : ERR_FULL));
	}
	fake_settle();
	CHECK(fake_handle_count(process) == 1 + 64);
	fake_stop(process);
	space = initfs;
}

int main(void)
{
	struct tar_builder archive = {0};
	void *compressed;
	handle_t initfs;
	begin("it serves what was packed");
	packed_make(&archive);
	size_t length = packed_compress(&archive, &compressed);
	struct fake_process *initfsd = packed_start(compressed, length, length, &initfs);
	space = initfs;
	CHECK(open_status("", OPEN_READ | OPEN_DIRECTORY) == ERR_OK);
	CHECK(strstr(fake_log(initfsd), "serves 30"));
	test_open_and_read();
	test_names();
	test_directories();
	test_map();
	test_read_all();
	test_limits(initfsd);
	test_vfs(initfs);
	fake_close_handles(fake_self());
	CHECK(fake_stop(initfsd) == EXIT_FAILURE);
	free(compressed);
	tar_builder_free(&archive);
	return check_result();
}
