/*
 * execve is what spawn does (user/lib/spawn.h), done by a process to itself: an address space without a process is filled with the
 * image of user/linux, the time page, a first stack and a start block, and process_replace changes to it. Until then everything is
 * beside this program, so that an error leaves it as it was. Memory is one mapping, with pages only where something is written: the
 * program's stack, the image's stack, the block right above it in the same page, and room for the new image's state.
 *
 * A failure of pm to take the new name does not stop anything: it is told right before the change, because afterwards nobody could.
 */
#include "user/linux/exec.h"

#include <string.h>

#include "abi/linux_image.h"
#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/exec_block.h"
#include "user/linux/log.h"
#include "user/linux/native.h"
#include "user/linux/pm.h"
#include "user/linux/signal.h"
#include "user/linux/stack.h"
#include "user/linux/thread.h"

#define STACK_SIZE (64 * 1024ull)
/* That the program's stack is larger, so that the top of it is in the same leaf of the frame's tree as what lies above it. */
#define STACK_MORE (128 * 1024ull)
#define KEEP_MAX (START_GRANTS + START_FILES + 3)

static status_t map_frame(
        struct exec_building *b, uint64_t *at, uint64_t size, uint32_t flags, handle_t frame, uint64_t *out_address)
{
	status_t status = sys_vmem_map(b->vmem, *at, size, flags | MAP_FIXED_EMPTY, frame, 0, out_address);
	*at += size + PAGE_SIZE;
	return status;
}

/*
 * The new address space, with what every process has, side by side at a random place: each place of its own would take three pages of
 * page tables, and each mapping objects, which are copied with every fork. Memory is the program's stack, the image's, the block, room for
 * the image's state.
 */
static status_t map_all(struct exec_building *b, struct start_block *block)
{
	const struct process *process = process_self();
	const struct linux_image_header *header = (const struct linux_image_header *)process->start->linux_image;
	uint64_t below = STACK_SIZE_PROGRAM + STACK_MORE, stack = page_up(STACK_SIZE + b->block_size);
	uint64_t memory = below + stack + page_up(thread_room(process)), at = 0;
	status_t status = sys_vmem_create(&b->vmem);
	if (!status)
		status = sys_vmem_map(b->vmem, 0, memory, MAP_READ | MAP_WRITE, HANDLE_NONE, 0, &at);
	if (status)
		return status;
	block->program_stack = at;
	block->stack_base = at + below;
	at += memory + PAGE_SIZE;
	block->stack_size = stack - ((b->block_size + 63) & ~63ull);
	block->room = block->stack_base + stack + thread_state_size(process);
	b->block_address = b->stack = block->stack_base + block->stack_size;
	status = map_frame(
	        b, &at, page_up(header->size), MAP_READ | MAP_EXECUTE | MAP_READY, process->linux_image, &block->linux_image);
	b->entry = block->linux_image + header->start;
	if (status || !process->time_frame)
		return status;
	return map_frame(b, &at, PAGE_SIZE, MAP_READ | MAP_READY, process->time_frame, &block->time_page);
}

static __attribute__((noinline)) status_t make(struct exec_building *b)
{
	struct exec_writer writer;
	struct start_block *block = &writer.block;
	exec_block_fill(b, block);
	status_t status = map_all(b, block);
	if (!status)
		status = exec_block_write(b, &writer);
	memset(block->seed, 0, sizeof block->seed);
	memset(block->chances, 0, sizeof block->chances);
	__asm__ volatile("" : : "r"(block->seed) : "memory");
	return status;
}

static void fill_name(struct exec_building *b)
{
	uint64_t at = b->name, size = b->name_size - 1;
	const char *text = b->name ? user_pointer(at) : b->file->path.text;
	if (!b->name)
		size = b->file->path.length;
	uint64_t from = size;
	while (from && text[from - 1] != '/')
		from--;
	for (unsigned i = 0; i < 31 && from + i < size; i++)
		b->process_name[i] = text[from + i];
}

/* Tells pm the arguments, as many as it keeps, and the path; all of them are in the block. */
static __attribute__((noinline)) void tell_pm(const struct exec_building *b)
{
	struct process *process = process_self();
	char text[PROCESS_ARGUMENTS_MAX + PROCESS_PATH_MAX];
	uint64_t size = b->file->prefix_size, copied;
	if (!process->pm)
		return;
	memcpy(text, b->file->prefix, size);
	for (uint32_t i = b->file->dropped; i < b->arguments.count && size + 1 < PROCESS_ARGUMENTS_MAX; i++) {
		uint64_t string;
		if (!access_read(&string, b->arguments.pointers + 8ull * i, 8))
			break;
		size += exec_take_string(text + size, string, PROCESS_ARGUMENTS_MAX - size);
	}
	copied = b->file->path.length + 1;
	memcpy(text + size, b->file->path.text, copied);
	process->children_flags = b->children_flags;
	status_t status = pm_exec(process->pm, text, size, copied - 1, process->children_flags, b->process_name);
	(void)status;
}

static uint32_t fill_keep(const struct exec_building *b, handle_t keep[static KEEP_MAX], bool check)
{
	struct process *process = process_self();
	const struct start_block *start = process->start;
	uint32_t count = 0;
	keep[count++] = b->file->frame;
	if (process->alarm)
		keep[count++] = process->alarm;
	if (process->trace && process->trace_output)
		keep[count++] = process->trace_output;
	for (uint32_t i = 0; i < start->grant_count; i++) {
		uint32_t type, rights;
		uint64_t object;
		handle_t handle = exec_grant(process, &start->grants[i]);
		/* A copy of a process has not those grants that are without INHERIT. */
		if (handle && !(check && sys_handle_info(handle, &type, &rights, &object)))
			keep[count++] = handle;
	}
	for (uint32_t fd = 0; fd < process->descriptors_high; fd++) {
		if (!descriptor_at(process, fd)->file || descriptor_at(process, fd)->close_on_exec ||
		        exec_earlier(process, fd) != START_FILE_ITS_OWN)
			continue;
		handle_t handle = process->files[descriptor_at(process, fd)->file - 1].handle;
		if (handle)
			keep[count++] = handle;
	}
	return count;
}

/* Does not come back but with an error. */
static __attribute__((noinline)) status_t replace(const struct exec_building *b)
{
	handle_t keep[KEEP_MAX];
	struct process_replacement replacement = {
	        .vmem = b->vmem, .entry = b->entry, .stack = b->stack, .argument = b->block_address, .keep = (uintptr_t)keep};
	memcpy(replacement.name, b->process_name, sizeof replacement.name);
	replacement.keep_count = fill_keep(b, keep, false);
	status_t status = sys_process_replace(HANDLE_SELF_PROCESS, &replacement);
	if (status == ERR_BAD_HANDLE) {
		replacement.keep_count = fill_keep(b, keep, true);
		status = sys_process_replace(HANDLE_SELF_PROCESS, &replacement);
	}
	return status;
}

static void close_if_any(handle_t handle)
{
	if (handle)
		sys_handle_close(handle);
}

static status_t run(struct exec_building *b)
{
	struct process *process = process_self();
	status_t status = make(b);
	if (!status) {
		fill_name(b);
		for (unsigned i = 0; i < LOG_STREAMS; i++)
			log_stream_flush(&process->log_streams[i]);
		tell_pm(b);
		signal_give_back();
		status = replace(b);
		signal_tell_children(); /* as it was before */
		signal_look_later(thread_self());
	}
	close_if_any(b->vmem);
	return status;
}

int64_t exec_execveat(int dirfd, uint64_t name, uint64_t arguments, uint64_t environment, uint32_t flags)
{
	struct process *process = process_self();
	struct exec_file file;
	struct exec_building b = {.file = &file, .name = name, .children_flags = signal_children_flags_after_exec()};
	if (flags & ~(LINUX_AT_EMPTY_PATH | LINUX_AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	if (!process->linux_image)
		return -ENOSYS; /* not granted, so no process can be built */
	int64_t error = exec_measure_string(name, &b.name_size);
	if (!error)
		error = exec_measure(arguments, &b.arguments);
	if (!error)
		error = exec_measure(environment, &b.environment);
	if (!error)
		error = exec_file_open(dirfd, name, flags, &file);
	if (error)
		return error;
	if (b.name_size == 1)
		b.name = 0; /* by its descriptor: the path says which */
	b.block_size = exec_block_size(&b);
	error = b.block_size > START_SIZE_MAX ? -E2BIG : errors_to_linux(run(&b));
	sys_handle_close(file.frame);
	return error;
}

int64_t exec_execve(uint64_t name, uint64_t arguments, uint64_t environment)
{
	return exec_execveat(LINUX_AT_FDCWD, name, arguments, environment, 0);
}