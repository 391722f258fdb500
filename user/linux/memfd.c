/*
 * memfd_create: a file in memory without a name. Every file system gives names, so it has one for a moment, in /tmp; a process in whose
 * namespace no such directory is gets ENOENT. There are no seals (MFD_ALLOW_SEALING is EINVAL) and no large pages.
 */
#include <string.h>

#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/file.h"
#include "user/linux/random.h"
#include "user/linux/remote.h"

#define MFD_CLOEXEC 1u
#define NAME_MAX 249u
#define FOLDER "/tmp/.memfd-"
#define DIGITS 16u

/* What /proc/self/fd shows. */
static int64_t take_name(uint64_t name, struct path *out)
{
	static const char prefix[] = "/memfd:";
	char *at = out->text + sizeof prefix - 1;
	memcpy(out->text, prefix, sizeof prefix - 1);
	for (unsigned i = 0; i <= NAME_MAX; i++) {
		if (!access_read(&at[i], name + i, 1))
			return -EFAULT;
		if (!at[i]) {
			out->length = (uint32_t)(sizeof prefix - 1 + i);
			return 0;
		}
	}
	return -EINVAL;
}

static __attribute__((noinline)) status_t open_nameless(struct open_file *file)
{
	handle_t vfs = process_self()->vfs;
	struct path path = {.length = sizeof FOLDER - 1 + DIGITS};
	uint8_t random[DIGITS / 2];
	random_fill(random, sizeof random);
	memcpy(path.text, FOLDER, sizeof FOLDER - 1);
	for (unsigned i = 0; i < DIGITS; i++)
		path.text[sizeof FOLDER - 1 + i] = "0123456789abcdef"[random[i / 2] >> (i % 2 * 4) & 15];
	path.text[path.length] = 0;
	status_t status = remote_open(
	        vfs, &path, OPEN_READ | OPEN_WRITE | OPEN_CREATE | OPEN_EXCLUSIVE, 0600, &file->handle, &file->kind);
	if (status)
		return status;
	status = remote_change(vfs, FS_unlink, &path, 0, 0, 0);
	if (status)
		sys_handle_close(file->handle);
	return status;
}

int64_t file_memfd_create(uint64_t name, uint32_t flags)
{
	struct open_file file = {.flags = LINUX_O_RDWR | LINUX_O_LARGEFILE};
	struct path shown;
	if (flags & ~MFD_CLOEXEC)
		return -EINVAL;
	int64_t error = take_name(name, &shown);
	if (error)
		return error;
	status_t status = open_nameless(&file);
	if (status)
		return errors_to_linux(status);
	return descriptors_add(&file, (flags & MFD_CLOEXEC) != 0, &shown);
}
