/*
 * A script begins with "#!", an interpreter's path and perhaps one argument, in its first 256 bytes (Linux's fs/binfmt_script.c): it
 * is run as `interpreter [argument] script arguments...`. An interpreter can be a script too; more than five in a row are refused.
 *
 * A file is run from its server's frame where it has one that can be executed, else from a copy.
 */
#include "user/linux/exec_file.h"

#include <string.h>

#include "common/path.h"
#include "user/linux/descriptors.h"
#include "user/linux/directory.h"
#include "user/linux/errors.h"
#include "user/linux/load.h"
#include "user/linux/native.h"
#include "user/linux/proc.h"

#define HEAD 1024u       /* bytes in which the headers of most programs are */
#define SCRIPT_HEAD 256u /* bytes in which a script names its interpreter */
#define INTERPRETERS_MAX 5
#define EXECUTE_BITS 0111u
#define COPY_MAX (1ull << 30) /* of a file without a frame */

/* Reads a whole file into a frame of its own. */
static status_t copy_file(handle_t file, uint64_t length, handle_t *out_frame)
{
	uint64_t address = 0, at = 0;
	if (!length || length > COPY_MAX)
		return ERR_BAD_FORMAT;
	status_t status = sys_frame_create(page_up(length), 0, out_frame);
	if (status)
		return status;
	status = sys_vmem_map(HANDLE_SELF_VMEM, 0, page_up(length), MAP_READ | MAP_WRITE, *out_frame, 0, &address);
	while (!status && at < length) {
		uint64_t bytes = 0;
		status = remote_fetch(file, FS_pread, address + at, length - at, at, &bytes);
		if (!status && !bytes)
			status = ERR_BAD_FORMAT;
		at += bytes;
	}
	if (address) {
		status_t unmapped = sys_vmem_unmap(HANDLE_SELF_VMEM, address, page_up(length));
		(void)unmapped;
	}
	if (status)
		sys_handle_close(*out_frame);
	return status;
}

/* The frame of an open file that may be executed. */
static int64_t take_frame(handle_t file, struct exec_file *out)
{
	struct fs_stat stat;
	status_t status = remote_fstat(file, &stat);
	if (status)
		return errors_to_linux(status);
	if (stat.kind != FS_KIND_FILE || !(stat.mode & EXECUTE_BITS))
		return -EACCES;
	status = remote_map(file, &out->frame, &out->offset, &out->length);
	if (status == ERR_BAD_CALL || status == ERR_NOT_SUPPORTED) {
		out->offset = 0;
		out->length = stat.size;
		status = copy_file(file, stat.size, &out->frame);
	}
	return errors_to_linux(status);
}

static int64_t path_error(status_t status)
{
	return status == ERR_IS_DIRECTORY || status == ERR_NO_RIGHT ? -EACCES : errors_to_linux(status);
}

/* From a server that has no frames. */
static __attribute__((noinline)) int64_t open_and_copy(struct path *path, uint32_t flags, struct exec_file *out)
{
	handle_t file;
	uint32_t kind;
	status_t status = remote_open(process_self()->vfs, path, OPEN_READ | OPEN_EXECUTE | flags, 0, &file, &kind);
	if (status)
		return path_error(status);
	int64_t error = kind == FS_KIND_FILE ? take_frame(file, out) : -EACCES;
	sys_handle_close(file);
	return error;
}

static int64_t open_path(struct path *path, uint32_t flags, struct exec_file *out)
{
	struct remote_program program;
	status_t status = remote_program(process_self()->vfs, path, !(flags & OPEN_NO_FOLLOW), &program);
	if (status == ERR_BAD_CALL || status == ERR_NOT_SUPPORTED)
		return open_and_copy(path, flags, out);
	if (status)
		return path_error(status);
	out->frame = program.frame;
	out->offset = program.offset;
	out->length = program.length;
	if (program.mode & EXECUTE_BITS)
		return 0;
	sys_handle_close(program.frame);
	return -EACCES;
}

static int64_t open_descriptor(int fd, struct exec_file *out)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t error = file->handle ? take_frame(file->handle, out) : -EACCES;
	descriptors_drop(file);
	return error;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The interpreter and its argument in a script's head, cut out with NULs; NULL: it names none. */
static char *read_line(char *head, char **out_argument)
{
	char *end = head + 2;
	while (*end && *end != '\n')
		end++;
	bool whole = *end == '\n';
	*end = 0;
	while (end > head + 2 && blank(end[-1]))
		*--end = 0;
	char *name = head + 2;
	while (blank(*name))
		name++;
	char *at = name;
	while (*at && !blank(*at))
		at++;
	if (!*name || (!*at && !whole))
		return NULL; /* nothing, or cut off in the middle of the name */
	if (*at)
		*at++ = 0;
	while (blank(*at))
		at++;
	*out_argument = *at ? at : NULL;
	return name;
}

/*
 * [interpreter, argument, script] in the place of the first argument. `script` is NULL where the prefix begins with it already, as the
 * interpreter of another script.
 */
static int64_t put_before(struct exec_file *file, const char *name, const char *argument, const char *script)
{
	const char *parts[] = {name, argument, script};
	uint64_t size = 0;
	for (unsigned i = 0; i < 3; i++)
		size += parts[i] ? strlen(parts[i]) + 1 : 0;
	if (size + file->prefix_size > sizeof file->prefix)
		return -E2BIG;
	memmove(file->prefix + size, file->prefix, file->prefix_size);
	char *to = file->prefix;
	for (unsigned i = 0; i < 3; i++) {
		if (!parts[i])
			continue;
		memcpy(to, parts[i], strlen(parts[i]) + 1);
		to += strlen(parts[i]) + 1;
		file->prefix_count++;
	}
	file->prefix_size += (uint32_t)size;
	file->dropped = true;
	return 0;
}

/* What a script's interpreter is: its path, relative to the working directory, in file->path. */
static int64_t follow_script(struct exec_file *file, char *head, const char *script)
{
	char *argument, *name = read_line(head, &argument);
	if (!name)
		return -ENOEXEC;
	int64_t error = put_before(file, name, argument, script);
	return error ? error : directory_resolve_text(LINUX_AT_FDCWD, file->prefix, &file->path);
}

/* Whether the image can start it, so that execve fails while there is somebody to be told. */
static int64_t check_program(struct exec_file *file, const char *head, uint64_t head_size)
{
	struct elf_image *image = &file->image;
	enum elf_error wrong;
	if (!file->length || file->length > INT64_MAX || file->offset > INT64_MAX)
		return -ENOEXEC;
	if (elf_read_headers(head, head_size, file->length, 0, USER_TOP, image)) {
		status_t status = load_read_headers(file->frame, file->offset, file->length, image, &wrong);
		if (status || wrong)
			return status ? errors_to_linux(status) : -ENOEXEC;
	}
	if (image->interpreter_size)
		return -ENOENT; /* there is no dynamic linker, as Linux says where the one that a program names is missing */
	return !image->position_independent && image->lowest < USER_BOTTOM ? -ENOEXEC : 0;
}

/* Reads the first bytes, with a NUL behind them. */
static int64_t read_head(const struct exec_file *file, char head[static HEAD + 1], uint64_t *out_size)
{
	uint64_t want = file->length < HEAD ? file->length : HEAD;
	*out_size = 0;
	status_t status = want ? sys_frame_read(file->frame, file->offset, head, want, out_size) : ERR_OK;
	head[*out_size] = 0;
	return errors_to_linux(status);
}

static int64_t follow(struct exec_file *file, const char *said, int64_t error)
{
	char head[HEAD + 1];
	uint64_t size;
	for (unsigned level = 0; !error; level++) {
		error = read_head(file, head, &size);
		if (!error && (head[0] != '#' || head[1] != '!')) {
			error = check_program(file, head, size);
			if (!error)
				return 0;
		}
		if (size > SCRIPT_HEAD)
			head[SCRIPT_HEAD] = 0;
		if (!error && level == INTERPRETERS_MAX)
			error = -ELOOP;
		if (!error)
			error = follow_script(file, head, level ? NULL : said);
		sys_handle_close(file->frame);
		if (!error)
			error = open_path(&file->path, 0, file);
	}
	return error;
}

/* The name as a script's argument and as AT_EXECFN: that of a descriptor is /dev/fd/N. */
static void name_descriptor(int fd, struct path *out)
{
	char digits[12], *at = digits + sizeof digits - 1;
	*at = 0;
	do
		*--at = (char)('0' + fd % 10);
	while (fd /= 10);
	memcpy(out->text, "/dev/fd/", 8);
	memcpy(out->text + 8, at, strlen(at) + 1);
	out->length = (uint32_t)strlen(out->text);
	out->directory = false;
}

int64_t exec_file_open(int dirfd, uint64_t said, uint32_t flags, struct exec_file *out)
{
	struct process *process = process_self();
	const char *name = user_pointer(said);
	int fd = -1;
	out->prefix_count = out->prefix_size = 0;
	out->dropped = false;
	int64_t error = 0;
	if ((flags & LINUX_AT_EMPTY_PATH) && !*name)
		fd = dirfd;
	else if ((error = directory_resolve(dirfd, said, &out->path)))
		return error;
	else
		fd = proc_descriptor(out->path.text);
	if (fd >= 0) {
		name_descriptor(fd, &out->path);
		error = open_descriptor(fd, out);
		char text[24];
		memcpy(text, out->path.text, sizeof text);
		return error ? error : follow(out, text, 0);
	}
	if ((flags & LINUX_AT_EMPTY_PATH) && !*name)
		return -ENOENT;
	if (!strcmp(out->path.text, "/proc/self/exe")) {
		const struct start_block *start = process->start;
		uint32_t executable = start->executable ? start->executable : start->program_name;
		error = directory_resolve_text(LINUX_AT_FDCWD, (const char *)start + executable, &out->path);
	}
	if (!error)
		error = open_path(&out->path, flags & LINUX_AT_SYMLINK_NOFOLLOW ? OPEN_NO_FOLLOW : 0, out);
	return follow(out, name, error);
}
