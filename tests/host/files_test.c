/*
 * initfsd, vfs and the client stubs of protocol fs together: an archive made by initfs_pack and zstd is served, mounted, and
 * used as a program would use it; then every way of being wrong that a client or an archive has.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* sources: tests/host/vfs_main.c user/servers/vfs/mounts.c user/servers/vfs/names.c user/servers/vfs/tables.c user/servers/vfs/listing.c */
/* sources: user/lib/fs.c user/lib/fs_names.c user/lib/fs_call.c */
/* sources: user/lib/server.c user/lib/server_timer.c */
/* sources: user/lib/request.c user/lib/table.c user/lib/pool.c common/path.c common/tar.c */
/* sources: user/servers/initfsd/initfsd.c user/servers/initfsd/archive.c user/servers/initfsd/children.c user/servers/initfsd/tree.c user/servers/initfsd/tree_find.c user/servers/initfsd/tree_name.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/server_state.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lzstd -lpthread */
/* needs: build/tools/initfs_pack */
#include "user/lib/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "check.h"
#include "fake/calls.h"
#include "tar_builder.h"
#include "user/lib/grants.h"
#include "user/servers/initfsd/initfsd.h"
#include "vfs_main.h"

#define MANY 3000

static char staging[] = "/tmp/files_test.XXXXXX";

static void run(const char *format, const char *argument)
{
	char command[8192];
	snprintf(command, sizeof command, format, staging, argument);
	if (system(command))
		abort();
}

/* The folder that is packed, and the archive of it. */
static void make_archive(struct tar_builder *out)
{
	char path[300];
	if (!mkdtemp(staging))
		abort();
	run("cd %s && mkdir -p bin etc/deep/er dev many && printf 'hello\\n' >etc/motd && printf x >etc/deep/er/file%s", "");
	run("cd %s && head -c 10000 /dev/zero | tr '\\0' 'b' >bin/program && chmod 755 bin/program && : >etc/empty%s", "");
	run("cd %s && ln -s motd etc/link && ln -s /etc/deep etc/absolute && ln -s ../../link etc/deep/up%s", "");
	run("cd %s && ln -s loop2 etc/loop && ln -s loop etc/loop2 && ln -s nowhere etc/dangling && ln -s motd/ etc/slash%s",
	        "");
	run("cd %s && i=0; while [ $i -lt 3000 ]; do : >many/entry$i; i=$((i+1)); done%s", "");
	run("build/tools/initfs_pack %s.tar %s", staging);
	snprintf(path, sizeof path, "%s.tar", staging);
	FILE *file = fopen(path, "rb");
	struct stat stat;
	if (!file || fstat(fileno(file), &stat))
		abort();
	if (fread(tar_builder_room(out, (size_t)stat.st_size), 1, (size_t)stat.st_size, file) != (size_t)stat.st_size)
		abort();
	fclose(file);
	run("rm -r %s %s.tar", staging);
}

/* initfsd with these compressed bytes, and a session with it; `announced` is the length that it is told. */
static struct fake_process *start_initfsd(const void *bytes, size_t length, size_t announced, handle_t *out_session)
{
	struct fake_process *process = fake_process_create("initfsd", initfsd_main);
	handle_t frame, receiver;
	uint64_t copied;
	char text[32];
	CHECK(!sys_frame_create(length, 0, &frame));
	CHECK(!sys_frame_write(frame, 0, bytes, length, &copied));
	CHECK(!sys_channel_create(&receiver));
	CHECK(!sys_channel_mint(receiver, 1, RIGHTS_ALL, out_session));
	fake_grant(process, "initfs", frame);
	fake_grant(process, "export.initfs", receiver);
	snprintf(text, sizeof text, "%zu", announced);
	fake_set_argument(process, text);
	sys_handle_close(frame);
	sys_handle_close(receiver);
	fake_start(process);
	return process;
}

static size_t compress(const struct tar_builder *archive, void **out)
{
	size_t bound = ZSTD_compressBound(archive->size);
	*out = malloc(bound);
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	size_t length = ZSTD_compress2(context, *out, bound, archive->bytes, archive->size);
	ZSTD_freeCCtx(context);
	return length;
}

/* What initfsd says before it ends: its log, once it has answered with failure; else NULL. */
static const char *refusal(const void *bytes, size_t length, size_t announced)
{
	handle_t session;
	struct fake_process *process = start_initfsd(bytes, length, announced, &session);
	int result = fake_stop(process);
	sys_handle_close(session);
	return result == EXIT_FAILURE ? fake_log(process) : NULL;
}

static bool refused(const void *bytes, size_t length, size_t announced, const char *sentence)
{
	const char *log = refusal(bytes, length, announced);
	bool ok = log && !strncmp(log, "initfsd: cannot", 15) && strstr(log, sentence);
	if (!ok)
		printf("# %s\n", log ? log : "no failure");
	return ok;
}

static bool archive_refused(struct tar_builder *archive, const char *sentence)
{
	void *compressed;
	size_t length = compress(archive, &compressed);
	bool ok = refused(compressed, length, length, sentence);
	free(compressed);
	tar_builder_free(archive);
	return ok;
}

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

static void test_bad_compression(const struct tar_builder *archive)
{
	char *compressed;
	size_t length = compress(archive, (void **)&compressed);
	char *broken = calloc(1, length + 8);
	check_begin("initfsd: what is no whole zstd file ends it with a sentence");
	CHECK(refused("x", 1, 0, "has not said its length"));
	CHECK(refused("x", 1, 1, "not a zstd file"));
	CHECK(refused("nothing that zstd made", 22, 22, "not a zstd file"));
	CHECK(refused(compressed, length, 1u << 30, "were announced"));
	for (size_t cut = 1; cut < length; cut += 1 + length / 50)
		CHECK(refused(compressed, cut, cut, cut < 18 ? "it is" : "cut short"));
	memcpy(broken, compressed, length);
	CHECK(refused(broken, length + 8, length + 8, "8 bytes follow"));
	check_begin("initfsd: any damaged byte is found before anything is served");
	for (size_t place = 0; place < length; place += 1 + length / 100) {
		memcpy(broken, compressed, length);
		broken[place] ^= 0x10;
		CHECK(refused(broken, length, length, "initfs.tar.zst"));
	}
	check_begin("initfsd: what is larger than the limit or the memory is refused");
	/* Single segment, content size of 8 bytes (RFC 8878, 3.1.1.1), an empty last block: 2^40 bytes are promised, then 256 MiB. */
	CHECK(refused("\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\1\0\0\1\0\0", 16, 16, "larger than 512 MiB"));
	fake_limit_pages(1000);
	CHECK(refused("\x28\xb5\x2f\xfd\xe0\0\0\0\x10\0\0\0\0\1\0\0", 16, 16, "there are no 262144 KiB of memory"));
	fake_limit_pages(SIZE_MAX);
	CHECK(refused("\x28\xb5\x2f\xfd\xe0\0\0\0\x10\0\0\0\0\1\0\0", 16, 16, "cut short or corrupt"));
	free(compressed);
	free(broken);
}

/* As `zstd` does with a pipe, which cannot write the size into the header: `repeat` times the archive. */
static size_t compress_stream(const struct tar_builder *archive, unsigned repeat, void **out)
{
	ZSTD_outBuffer to = {malloc(1u << 20), 1u << 20, 0};
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t left = 0;
	for (unsigned i = 0; i < repeat; i++) {
		ZSTD_inBuffer from = {archive->bytes, archive->size, 0};
		while (from.pos < from.size)
			ZSTD_compressStream2(context, &to, &from, ZSTD_e_continue);
	}
	while ((left = ZSTD_compressStream2(context, &to, &(ZSTD_inBuffer){0}, ZSTD_e_end)) && !ZSTD_isError(left))
		;
	ZSTD_freeCCtx(context);
	*out = to.dst;
	return to.pos;
}

static void test_streamed(const struct tar_builder *archive)
{
	void *compressed;
	handle_t session;
	struct fs_stat stat;
	check_begin("initfsd: an archive that was compressed from a pipe is served too");
	size_t length = compress_stream(archive, 1, &compressed);
	CHECK(ZSTD_getFrameContentSize(compressed, length) == ZSTD_CONTENTSIZE_UNKNOWN);
	struct fake_process *process = start_initfsd(compressed, length, length, &session);
	CHECK(!fs_stat(session, "/bin/program", 1, DEADLINE_NEVER, &stat) && stat.size == 10000);
	sys_handle_close(session);
	fake_stop(process);
	check_begin("initfsd: and is refused if it is cut short, or too large");
	for (size_t cut = 20; cut < length; cut += 1 + length / 20)
		CHECK(refused(compressed, cut, cut, "cut short"));
	free(compressed);
	struct tar_builder zeros = {0};
	tar_builder_room(&zeros, 64u << 20);
	length = compress_stream(&zeros, 9, &compressed);
	CHECK(refused(compressed, length, length, "larger than 512 MiB"));
	free(compressed);
	tar_builder_free(&zeros);
}

static void test_bad_archives(void)
{
	struct tar_builder archive = {0};
	check_begin("initfsd: an archive that is wrong ends it with member, place and reason");
	tar_builder_add_file(&archive, "good", "content");
	tar_builder_add_file(&archive, "bad", "content");
	archive.bytes[1024 + 3] = 'x';
	tar_builder_end(&archive);
	CHECK(archive_refused(&archive, "the member behind good, at byte 1024, has a header with a wrong checksum"));
	tar_builder_add_file(&archive, "good", "content");
	CHECK(archive_refused(&archive, "at byte 1024, is missing"));
	tar_builder_add_file(&archive, "a/../b", "content");
	tar_builder_end(&archive);
	CHECK(archive_refused(&archive, "a/../b, at byte 0, has \"..\""));
	tar_builder_add_file(&archive, "a", "content");
	tar_builder_add_file(&archive, "a/b", "content");
	tar_builder_end(&archive);
	CHECK(archive_refused(&archive, "a/b, at byte 1024, lies beneath"));
	tar_builder_add_file(&archive, "a/b", "content");
	tar_builder_add_file(&archive, "a", "content");
	tar_builder_end(&archive);
	CHECK(archive_refused(&archive, "is there twice"));
	tar_builder_add(&archive, '1', "h", "none", "", 0);
	tar_builder_end(&archive);
	CHECK(archive_refused(&archive, "is a hard link to"));
	tar_builder_add(&archive, '2', "s", "", "", 0);
	tar_builder_end(&archive);
	CHECK(archive_refused(&archive, "is a symbolic link to nothing"));
	tar_builder_add(&archive, '3', "null", "", "", 0);
	tar_builder_end(&archive);
	CHECK(archive_refused(&archive, "is neither file"));
}

/* An archive of another packer's: contents are not at pages. */
static void test_foreign_archive(void)
{
	struct tar_builder archive = {0};
	struct fs_mapped mapped;
	struct fs_opened opened;
	void *compressed;
	char *text;
	uint64_t length;
	size_t handles[2];
	check_begin("initfsd: an archive of another packer is read, and mapped by copies; of equal names the last counts");
	tar_builder_add_file(&archive, "./one", "first");
	tar_builder_add_file(&archive, "/sub//two", "second");
	tar_builder_add_file(&archive, "one", "again");
	tar_builder_add(&archive, '1', "three", "./sub/two", "", 0);
	tar_builder_end(&archive);
	size_t size = compress(&archive, &compressed);
	struct fake_process *process = start_initfsd(compressed, size, size, &space);
	CHECK(!fs_read_all(space, "/one", 100, DEADLINE_NEVER, &text, &length) && !strcmp(text, "again"));
	free(text);
	CHECK(!fs_read_all(space, "/three", 100, DEADLINE_NEVER, &text, &length) && !strcmp(text, "second"));
	free(text);
	for (int i = 0; i < 2; i++) {
		char content[4096], expected[4096] = "second";
		uint64_t copied;
		CHECK(!open_path("/sub/two", OPEN_READ, &opened) && !fs_map(opened.file, DEADLINE_NEVER, &mapped));
		CHECK(mapped.offset == 0 && mapped.length == 6);
		CHECK(!sys_frame_read(mapped.frame, 0, content, 4096, &copied) && !memcmp(content, expected, 4096));
		CHECK(sys_frame_write(mapped.frame, 0, "x", 1, &copied) == ERR_NO_RIGHT);
		sys_handle_close(mapped.frame);
		sys_handle_close(opened.file);
		fake_settle();
		handles[i] = fake_handle_count(process);
	}
	CHECK(handles[0] == handles[1]);
	sys_handle_close(space);
	fake_stop(process);
	free(compressed);
	tar_builder_free(&archive);
}

int main(void)
{
	struct tar_builder archive = {0};
	void *compressed;
	handle_t initfs;
	begin("it serves what was packed");
	make_archive(&archive);
	size_t length = compress(&archive, &compressed);
	struct fake_process *initfsd = start_initfsd(compressed, length, length, &initfs);
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
	test_foreign_archive();
	test_bad_compression(&archive);
	test_streamed(&archive);
	test_bad_archives();
	tar_builder_free(&archive);
	return check_result();
}
