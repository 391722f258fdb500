/* Building a process; the rules are in the header. */
#include "user/lib/spawn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "user/lib/call.h"

#define PAGE_SIZE 4096ull

/* What has been made of the new process so far. */
struct building {
	const struct spawn *spawn;
	const char *step; /* the one that would fail now */
	struct start_block *block;
	size_t block_size;
	handle_t process;
	handle_t vmem;
	handle_t thread;
	uint64_t block_address; /* in the new process, as are all addresses here */
	uint64_t entry;
};

static uint64_t pages(uint64_t size)
{
	return (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static status_t make_process(struct building *b)
{
	b->step = "its process could not be made";
	return sys_process_create_flags(b->spawn->group, b->spawn->name, b->spawn->restartable ? PROCESS_RESTARTABLE : 0,
	        &b->process, &b->vmem, &b->block->process_number);
}

/* The process is there; what it gets is another address space. */
static status_t make_vmem(struct building *b)
{
	struct process_info info = {0};
	b->step = "its address space could not be made";
	status_t status = sys_process_info(b->process, &info);
	b->block->process_number = info.number;
	return status ? status : sys_vmem_create(&b->vmem);
}

/* Reads the header of the image, which is the starter's own and yet checked: a wrong frame must not become an entry. */
static status_t map_linux_image(struct building *b)
{
	struct linux_image_header header;
	uint64_t copied = 0;
	b->step = "the image of user/linux could not be read";
	status_t status = sys_frame_read(b->spawn->linux_image, 0, &header, sizeof header, &copied);
	if (status)
		return status;
	if (copied != sizeof header || header.magic != LINUX_IMAGE_MAGIC || header.version != LINUX_IMAGE_VERSION ||
	        header.start >= header.size)
		return ERR_BAD_FORMAT;
	b->step = "the image of user/linux could not be mapped";
	status = sys_vmem_map(
	        b->vmem, 0, pages(header.size), MAP_READ | MAP_EXECUTE, b->spawn->linux_image, 0, &b->block->linux_image);
	b->block->linux_image_size = header.size;
	b->entry = b->block->linux_image + header.start;
	return status;
}

static status_t map_time_page(struct building *b)
{
	b->step = "its time page could not be mapped";
	if (!b->spawn->time_page)
		return ERR_OK;
	/* A mapping may be given what the handle that made it may: the starter's may write. */
	handle_t readable;
	status_t status = sys_handle_duplicate(b->spawn->time_page, RIGHT_READ, &readable);
	if (status)
		return status;
	status = sys_vmem_map(b->vmem, 0, PAGE_SIZE, MAP_READ, readable, 0, &b->block->time_page);
	sys_handle_close(readable);
	return status;
}

static status_t map_stack(struct building *b)
{
	uint64_t address;
	b->step = "its stack could not be mapped";
	status_t status =
	        sys_vmem_map(b->vmem, 0, PAGE_SIZE + SPAWN_STACK_SIZE, MAP_READ | MAP_WRITE, HANDLE_NONE, 0, &address);
	if (status)
		return status;
	b->block->stack_base = address + PAGE_SIZE;
	b->block->stack_size = SPAWN_STACK_SIZE;
	/* The guard stays mapped, without access, so that no later mapping can come to lie there. */
	return sys_vmem_protect(b->vmem, address, PAGE_SIZE, 0);
}

static status_t make_thread(struct building *b)
{
	uint32_t number;
	b->step = "its first thread could not be made";
	return sys_thread_create(b->process, &b->thread, &b->block->control_block, &number);
}

static status_t give(struct building *b, handle_t handle, uint32_t rights, handle_t *out_there)
{
	return sys_process_give(b->process, handle, rights, out_there);
}

static status_t give_program(struct building *b)
{
	b->step = "its program's file could not be given to it";
	return give(b, b->spawn->program, RIGHT_READ | RIGHT_EXECUTE | RIGHT_INSPECT, &b->block->program_frame);
}

static status_t give_grants(struct building *b)
{
	const struct spawn *spawn = b->spawn;
	status_t status = ERR_OK;
	b->step = "a grant could not be given to it";
	for (size_t i = 0; i < spawn->grant_count && !status; i++) {
		if (spawn->grants[i].handle)
			status = give(b, spawn->grants[i].handle, spawn->grants[i].rights, &b->block->grants[i].handle);
		if (spawn->there)
			spawn->there[i] = b->block->grants[i].handle;
	}
	return status;
}

/* It has them already. */
static status_t name_grants(struct building *b)
{
	for (size_t i = 0; i < b->spawn->grant_count; i++)
		b->block->grants[i].handle = b->spawn->there[i];
	return ERR_OK;
}

static status_t give_files(struct building *b)
{
	const struct spawn *spawn = b->spawn;
	status_t status = ERR_OK;
	b->step = "an open file could not be given to it";
	struct start_file *files = (struct start_file *)((char *)b->block + b->block->files);
	for (size_t i = 0; i < spawn->file_count && !status; i++)
		if (spawn->files[i].handle)
			status = give(b, spawn->files[i].handle,
			        RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT,
			        &files[i].handle);
	return status;
}

static status_t make_seed(struct building *b)
{
	b->step = "no random bytes could be had for it";
	return getrandom(b->block->seed, sizeof b->block->seed, 0) == sizeof b->block->seed ? ERR_OK : ERR_NO_MEMORY;
}

/* The block is written through its frame: the new process's memory is not the starter's. */
static status_t map_block(struct building *b)
{
	handle_t frame;
	uint64_t copied = 0;
	b->step = "its start block could not be made";
	status_t status = sys_frame_create(pages(b->block_size), 0, &frame);
	if (status)
		return status;
	status = sys_frame_write(frame, 0, b->block, b->block_size, &copied);
	if (!status && copied != b->block_size)
		status = ERR_NO_MEMORY;
	if (!status)
		status = sys_vmem_map(b->vmem, 0, pages(b->block_size), MAP_READ | MAP_WRITE, frame, 0, &b->block_address);
	sys_handle_close(frame);
	return status;
}

static status_t prepare_start(struct building *b)
{
	b->step = "the process manager does not take it";
	return b->spawn->before_start ? b->spawn->before_start(b->spawn, b->process, b->spawn->context) : ERR_OK;
}

static status_t start_thread(struct building *b)
{
	b->step = "its first thread could not be started";
	return sys_thread_start(b->thread, b->entry, b->block->stack_base + b->block->stack_size, b->block_address, 0, 0);
}

static status_t replace(struct building *b)
{
	const struct process_replacement how = {.vmem = b->vmem,
	        .keep_count = PROCESS_KEEP_ALL,
	        .entry = b->entry,
	        .stack = b->block->stack_base + b->block->stack_size,
	        .argument = b->block_address};
	b->step = "it could not be put into its predecessor's place";
	return sys_process_replace(b->process, &how);
}

typedef status_t build_step(struct building *b);

static status_t build(struct building *b, build_step *const *steps)
{
	b->step = "its start block could not be made";
	status_t status = spawn_block_build(b->spawn, &b->block, &b->block_size);
	for (; *steps && !status; steps++)
		status = (*steps)(b);
	return status;
}

static void close_if_any(handle_t handle)
{
	if (handle)
		sys_handle_close(handle);
}

static void forget(struct building *b)
{
	close_if_any(b->thread);
	close_if_any(b->vmem);
	if (b->block)
		explicit_bzero(b->block->seed, sizeof b->block->seed);
	free(b->block);
}

status_t spawn_process(const struct spawn *spawn, struct spawned *out, const char **out_step)
{
	static build_step *const steps[] = {make_process, map_linux_image, map_time_page, map_stack, make_thread, give_program,
	        give_grants, give_files, make_seed, map_block, prepare_start, start_thread, NULL};
	struct building b = {.spawn = spawn};
	status_t status = build(&b, steps);
	if (!status)
		*out = (struct spawned){b.process, b.block->process_number};
	if (status && out_step)
		*out_step = b.step;
	if (status && b.process) {
		status_t killed = sys_process_kill(b.process, PROCESS_STATUS_KILLED);
		(void)killed;
		sys_handle_close(b.process);
	}
	forget(&b);
	return status;
}

status_t spawn_again(const struct spawn *spawn, handle_t process, const char **out_step)
{
	static build_step *const steps[] = {make_vmem, map_linux_image, map_time_page, map_stack, give_program, name_grants,
	        give_files, make_seed, map_block, replace, NULL};
	struct building b = {.spawn = spawn, .process = process};
	status_t status = build(&b, steps);
	if (status && out_step)
		*out_step = b.step;
	forget(&b);
	return status;
}
