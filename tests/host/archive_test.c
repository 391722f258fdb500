/* initfsd with archives that are cut, damaged, wrong, too large, or another packer's. */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
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
#include <zstd.h>

#include "check.h"
#include "packed.h"

/* What initfsd says before it ends: its log, once it has answered with failure; else NULL. */
static const char *refusal(const void *bytes, size_t length, size_t announced)
{
	handle_t session;
	struct fake_process *process = packed_start(bytes, length, announced, &session);
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
	size_t length = packed_compress(archive, &compressed);
	bool ok = refused(compressed, length, length, sentence);
	free(compressed);
	tar_builder_free(archive);
	return ok;
}

static void test_bad_compression(const struct tar_builder *archive)
{
	char *compressed;
	size_t length = packed_compress(archive, (void **)&compressed);
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
	struct fake_process *process = packed_start(compressed, length, length, &session);
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
	handle_t session;
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
	size_t size = packed_compress(&archive, &compressed);
	struct fake_process *process = packed_start(compressed, size, size, &session);
	CHECK(!fs_read_all(session, "/one", 100, DEADLINE_NEVER, &text, &length) && !strcmp(text, "again"));
	free(text);
	CHECK(!fs_read_all(session, "/three", 100, DEADLINE_NEVER, &text, &length) && !strcmp(text, "second"));
	free(text);
	for (int i = 0; i < 2; i++) {
		char content[4096], expected[4096] = "second";
		uint64_t copied;
		CHECK(!fs_open(session, "/sub/two", OPEN_READ, 0, DEADLINE_NEVER, &opened) &&
		        !fs_map(opened.file, DEADLINE_NEVER, &mapped));
		CHECK(mapped.offset == 0 && mapped.length == 6);
		CHECK(!sys_frame_read(mapped.frame, 0, content, 4096, &copied) && !memcmp(content, expected, 4096));
		CHECK(sys_frame_write(mapped.frame, 0, "x", 1, &copied) == ERR_NO_RIGHT);
		sys_handle_close(mapped.frame);
		sys_handle_close(opened.file);
		fake_settle();
		handles[i] = fake_handle_count(process);
	}
	CHECK(handles[0] == handles[1]);
	sys_handle_close(session);
	fake_stop(process);
	free(compressed);
	tar_builder_free(&archive);
}

int main(void)
{
	struct tar_builder archive = {0};

	packed_make(&archive);
	test_foreign_archive();
	test_bad_compression(&archive);
	test_streamed(&archive);
	test_bad_archives();
	tar_builder_free(&archive);
	return check_result();
}
