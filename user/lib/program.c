/* Opening a program and reading what it asks for. */
#include "user/lib/program.h"

#include <string.h>

#include "user/lib/fs.h"

#define PAGE_SIZE 4096ull

status_t program_open(handle_t files, const char *path, uint64_t deadline, struct program *out)
{
	struct fs_opened opened;
	struct fs_mapped mapped;
	status_t status = fs_open(files, path, OPEN_READ | OPEN_EXECUTE, 0, deadline, &opened);
	if (status)
		return status;
	status = fs_map(opened.file, deadline, &mapped);
	sys_handle_close(opened.file);
	if (!status)
		*out = (struct program){mapped.frame, mapped.offset, mapped.length};
	return status;
}

void program_close(struct program *program)
{
	if (program->frame)
		sys_handle_close(program->frame);
	*program = (struct program){0};
}

/* Maps the file read-only; *out_file is where it begins, [*out_base, + *out_size) what must be unmapped. */
static status_t map_file(const struct program *program, const char **out_file, uint64_t *out_base, uint64_t *out_size)
{
	uint64_t before = program->offset % PAGE_SIZE;
	if (!program->length || program->length > USER_TOP || program->offset > USER_TOP)
		return ERR_BAD_FORMAT;
	uint64_t size = (before + program->length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	status_t status = sys_vmem_map(HANDLE_SELF_VMEM, 0, size, MAP_READ, program->frame, program->offset - before, out_base);
	if (status)
		return status;
	*out_file = (const char *)*out_base + before;
	*out_size = size;
	return ERR_OK;
}

static status_t read_manifest(
        const char *file, uint64_t size, struct manifest *out, struct words_problems *out_problems, const char **out_problem)
{
	struct elf_image image;
	char copy[MANIFEST_MAX];
	size_t length;
	enum elf_error error = elf_read(file, size, 0, USER_TOP, &image);
	if (error) {
		*out_problem = elf_error_text(error);
		return ERR_BAD_FORMAT;
	}
	const char *text = manifest_find(file, size, &image, &length);
	if (!text) {
		*out_problem = "has no manifest";
		return ERR_NOT_FOUND;
	}
	memcpy(copy, text, length);
	*out_problem = "has a manifest with bad lines";
	return manifest_parse(copy, length, out, out_problems) ? ERR_OK : ERR_BAD_FORMAT;
}

status_t program_read_manifest(
        const struct program *program, struct manifest *out, struct words_problems *out_problems, const char **out_problem)
{
	const char *file;
	uint64_t base, size;
	*out_problems = (struct words_problems){0};
	*out_problem = "could not be mapped";
	status_t status = map_file(program, &file, &base, &size);
	if (status)
		return status;
	status = read_manifest(file, program->length, out, out_problems, out_problem);
	status_t unmapped = sys_vmem_unmap(HANDLE_SELF_VMEM, base, size);
	(void)unmapped;
	return status;
}
