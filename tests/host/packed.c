/* An archive made by initfs_pack and zstd, and initfsd serving one. */
#include "packed.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "user/lib/fs.h"
#include "user/servers/initfsd/initfsd.h"

static char staging[] = "/tmp/packed.XXXXXX";

static void run(const char *format, const char *argument)
{
	char command[8192];
	snprintf(command, sizeof command, format, staging, argument);
	if (system(command))
		abort();
}

void packed_make(struct tar_builder *out)
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

struct fake_process *packed_start(const void *bytes, size_t length, size_t announced, handle_t *out_session)
{
	struct fake_process *process = fake_process_create("initfsd", initfsd_main);
	handle_t frame, receiver;
	uint64_t copied;
	char text[32];
	if (sys_frame_create(length, 0, &frame) || sys_frame_write(frame, 0, bytes, length, &copied) ||
	        sys_channel_create(&receiver) || sys_channel_mint(receiver, 1, RIGHTS_ALL, out_session))
		abort();
	fake_grant(process, "initfs", frame);
	fake_grant(process, "export.initfs", receiver);
	snprintf(text, sizeof text, "%zu", announced);
	fake_set_argument(process, text);
	sys_handle_close(frame);
	sys_handle_close(receiver);
	fake_start(process);
	return process;
}

size_t packed_compress(const struct tar_builder *archive, void **out)
{
	size_t bound = ZSTD_compressBound(archive->size);
	*out = malloc(bound);
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	size_t length = ZSTD_compress2(context, *out, bound, archive->bytes, archive->size);
	ZSTD_freeCCtx(context);
	return length;
}
