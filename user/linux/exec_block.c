/* Gathering the start block: exec_block.h. The strings stand behind it, and are written with it in one piece if they are not long. */
#include "user/linux/exec_block.h"

#include <string.h>

#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/log.h"
#include "user/linux/native.h"
#include "user/linux/random.h"
#include "user/linux/signal.h"
#include "user/linux/thread.h"

#define STRING_MAX (128 * 1024ull) /* MAX_ARG_STRLEN */
#define STRING_SHORT 64u           /* most are, and are copied in one piece */

_Static_assert(offsetof(struct start_block, chances) == offsetof(struct start_block, seed) + 32, "they are filled together");
_Static_assert(sizeof(struct start_block) % 8 == 0, "the buffer continues the block");

/* Reads the program's memory as it is: a bad address ends the call here, where nothing has been made yet. */
int64_t exec_measure_string(uint64_t address, uint64_t *out_size)
{
	const char *text = user_pointer(address);
	uint64_t size = 0;
	if (!user_range(address, 1))
		return -EFAULT;
	do {
		if (size == STRING_MAX)
			return -E2BIG;
	} while (text[size++]);
	*out_size = size;
	return 0;
}

int64_t exec_measure(uint64_t pointers, struct exec_strings *out)
{
	*out = (struct exec_strings){.pointers = pointers};
	for (uint64_t at = pointers; pointers; at += 8) {
		if (!user_range(at, 8))
			return -EFAULT;
		uint64_t string = *(const uint64_t *)user_pointer(at), size;
		if (!string)
			break;
		int64_t error = exec_measure_string(string, &size);
		if (error)
			return error;
		out->count++;
		out->size += size;
		if (out->size > START_SIZE_MAX)
			return -E2BIG;
	}
	return 0;
}

uint64_t exec_take_string(char *to, uint64_t address, uint64_t most)
{
	uint64_t part = most < STRING_SHORT ? most : STRING_SHORT, size = 0;
	char c = 0;
	if (!access_copy(to, user_pointer(address), part)) {
		while (size < part && to[size])
			size++;
		if (size < part)
			return size + 1;
	}
	size = size == most ? most - 1 : size;
	while (size + 1 < most && access_read(&c, address + size, 1) && c)
		to[size++] = c;
	to[size] = 0;
	return size + 1;
}

static void put(struct exec_writer *writer, uint64_t offset, const void *from, uint64_t size)
{
	uint64_t copied = size;
	if (!writer->status && size)
		writer->status = sys_vmem_write(writer->vmem, writer->address + offset, from, size, &copied);
	if (!writer->status && copied != size)
		writer->status = ERR_NO_MEMORY;
}

static void flush(struct exec_writer *writer)
{
	put(writer, writer->written, writer->buffer, writer->used);
	writer->written += writer->used;
	writer->used = 0;
}

/* The block, with all that is behind it where that is still in the buffer. */
static void write_block(struct exec_writer *writer)
{
	bool whole = writer->written == sizeof writer->block;
	if (!whole)
		flush(writer);
	put(writer, 0, &writer->block, sizeof writer->block + writer->used);
}

/* `from` may be the program's memory; what can not be read of it becomes zero. */
static void write_bytes(struct exec_writer *writer, const void *from, uint64_t size)
{
	const char *at = from;
	while (size) {
		uint64_t part = sizeof writer->buffer - writer->used;
		if (part > size)
			part = size;
		if (access_copy(writer->buffer + writer->used, at, part))
			memset(writer->buffer + writer->used, 0, part);
		writer->used += (uint32_t)part;
		at += part;
		size -= part;
		if (writer->used == sizeof writer->buffer)
			flush(writer);
	}
}

/* The same straight into the buffer, if there is room. */
static uint64_t write_string(struct exec_writer *writer, uint64_t address, uint64_t most)
{
	uint64_t room = sizeof writer->buffer - writer->used, part = most < room ? most : room;
	uint64_t size = exec_take_string(writer->buffer + writer->used, address, part);
	char c = 0;
	if (size < part || part == most) {
		writer->used += (uint32_t)size;
		if (writer->used == sizeof writer->buffer)
			flush(writer);
		return size;
	}
	for (size = 0; size + 1 < most && access_read(&c, address + size, 1) && c; size++)
		write_bytes(writer, &c, 1);
	write_bytes(writer, "", 1);
	return size + 1;
}

/* The strings of a list but for the first `skip`, in exactly the bytes that were measured for them. */
static void write_list(struct exec_writer *writer, const struct exec_strings *list, uint32_t skip, uint64_t size)
{
	uint64_t left = size;
	for (uint32_t i = skip; i < list->count; i++) {
		uint64_t string = 0, most = left - (list->count - i - 1);
		if (!access_read(&string, list->pointers + 8ull * i, 8))
			string = 0;
		left -= write_string(writer, string, most);
	}
	for (; left; left--)
		write_bytes(writer, "", 1);
}

/* The bytes of the first argument, which a script's interpreter stands in the place of. */
static uint64_t first_argument_size(const struct exec_building *b)
{
	uint64_t string, size;
	if (!b->arguments.count || !access_read(&string, b->arguments.pointers, 8) || exec_measure_string(string, &size))
		return 0;
	return size < b->arguments.size ? size : 0;
}

/* What the files of the block are: those that stay open, and their paths behind them. */
static uint32_t count_files(const struct process *process)
{
	uint32_t count = 0;
	for (uint32_t fd = 0; fd < process->descriptors_high; fd++)
		count += descriptor_at(process, fd)->file && !descriptor_at(process, fd)->close_on_exec;
	return count;
}

/* Another descriptor of the same open file below `fd` that stays open: its index in the table, START_FILE_ITS_OWN if none. */
uint32_t exec_earlier(const struct process *process, uint32_t fd)
{
	uint32_t index = 0, file = descriptor_at(process, fd)->file;
	if (process->files[file - 1].references == 1)
		return START_FILE_ITS_OWN;
	for (uint32_t i = 0; i < fd; i++) {
		if (!descriptor_at(process, i)->file || descriptor_at(process, i)->close_on_exec)
			continue;
		if (descriptor_at(process, i)->file == file)
			return index;
		index++;
	}
	return START_FILE_ITS_OWN;
}

/* Writes the table; the paths of open files begin at `paths`. Returns where they end. */
static uint64_t write_files(struct exec_writer *writer, const struct process *process, uint64_t paths)
{
	for (uint32_t fd = 0; fd < process->descriptors_high; fd++) {
		if (!descriptor_at(process, fd)->file || descriptor_at(process, fd)->close_on_exec)
			continue;
		const struct open_file *from = &process->files[descriptor_at(process, fd)->file - 1];
		struct start_file to = {fd, from->handle, from->flags, from->kind, exec_earlier(process, fd), 0};
		if (from->server_never_waits)
			to.flags |= START_FILE_NEVER_WAITS;
		if (from->log_stream == LOG_STREAM_ERRORS)
			to.flags |= START_FILE_LOG_ERRORS;
		if (from->path_length && to.same_as == START_FILE_ITS_OWN) {
			to.path = (uint32_t)paths;
			paths += from->path_length + 1u;
		}
		write_bytes(writer, &to, sizeof to);
	}
	return paths;
}

static void write_paths(struct exec_writer *writer, const struct process *process)
{
	for (uint32_t fd = 0; fd < process->descriptors_high; fd++) {
		if (!descriptor_at(process, fd)->file || descriptor_at(process, fd)->close_on_exec)
			continue;
		const struct open_file *from = &process->files[descriptor_at(process, fd)->file - 1];
		if (from->path_length && exec_earlier(process, fd) == START_FILE_ITS_OWN)
			write_bytes(writer, descriptors_path_of(process, from), from->path_length + 1u);
	}
}

static uint64_t ignored_signals(const struct process *process)
{
	uint64_t ignored = process->signals_ignored;
	for (uint64_t left = process->signals_changed; left; left &= left - 1) {
		if (process->signal_actions[__builtin_ctzll(left)].handler == LINUX_SIG_IGN)
			ignored |= left & -left;
	}
	return ignored;
}

void exec_block_fill(const struct exec_building *b, struct start_block *block)
{
	const struct process *process = process_self();
	const struct start_block *old = process->start;
	memset(block, 0, sizeof *block);
	block->magic = START_MAGIC;
	block->version = START_VERSION;
	block->flags = (old->flags & START_LOG_UNKNOWN_CALLS) | process->trace;
	block->descriptors_refused = process->descriptors_refused;
	block->memory_limit = process->memory_limit;
	block->trace_output = process->trace ? process->trace_output : HANDLE_NONE;
	block->process_number = process->number;
	block->linux_image_size = old->linux_image_size;
	block->program_frame = b->file->frame;
	block->program_offset = b->file->offset;
	block->program_length = b->file->length;
	block->umask = process->umask;
	block->children_flags = b->children_flags;
	block->alarm = process->alarm;
	block->alarm_deadline = process->alarm_deadline;
	block->alarm_period = process->alarm_period;
	block->signals_ignored = ignored_signals(process);
	block->signal_mask = thread_self()->signal_mask;
	block->grant_count = old->grant_count;
	memcpy(block->grants, old->grants, sizeof block->grants);
	for (uint32_t i = 0; i < block->grant_count && i < START_GRANTS; i++)
		block->grants[i].handle = exec_grant(process, &old->grants[i]);
	random_fill((char *)block + offsetof(struct start_block, seed), sizeof block->seed + sizeof block->chances);
}

/* Everything behind the structure, in order: files, their paths, name, executable, working directory, arguments, environment. */
static void write_tail(const struct exec_building *b, struct exec_writer *writer)
{
	struct process *process = process_self();
	struct start_block *block = &writer->block;
	uint64_t first = b->file->dropped ? first_argument_size(b) : 0;
	uint32_t skip = b->file->dropped && b->arguments.count;

	lock_take(&process->descriptors_lock);
	block->files = sizeof *block;
	block->file_count = count_files(process);
	block->program_headers_read = sizeof *block + block->file_count * sizeof(struct start_file);
	uint64_t image_size = elf_image_size(&b->file->image);
	write_files(writer, process, block->program_headers_read + image_size);
	write_bytes(writer, &b->file->image, image_size);
	write_paths(writer, process);
	lock_drop(&process->descriptors_lock);

#define HERE() ((uint32_t)(writer->written + writer->used))
	block->program_name = HERE();
	if (b->name)
		write_string(writer, b->name, b->name_size);
	else
		write_bytes(writer, b->file->path.text, b->file->path.length + 1);
	block->executable = HERE();
	write_bytes(writer, b->file->path.text, b->file->path.length + 1);
	block->working_directory = HERE();
	write_bytes(writer, process->working_directory, strlen(process->working_directory) + 1);
	block->arguments = HERE();
	block->argument_count = b->file->prefix_count + b->arguments.count - skip;
	write_bytes(writer, b->file->prefix, b->file->prefix_size);
	write_list(writer, &b->arguments, skip, b->arguments.size - (skip ? first : 0));
	if (!block->argument_count) { /* as Linux has it: there is always a first one */
		write_bytes(writer, "", 1);
		block->argument_count = 1;
	}
	block->environment = HERE();
	block->environment_count = b->environment.count;
	write_list(writer, &b->environment, 0, b->environment.size);
	block->size = HERE();
#undef HERE
}

static uint64_t paths_size(const struct process *process)
{
	uint64_t size = 0;
	for (uint32_t i = 0; i < process->files_high; i++)
		size += process->files[i].references ? process->files[i].path_length + 1u : 0;
	return size;
}

uint64_t exec_block_size(const struct exec_building *b)
{
	const struct process *process = process_self();
	const struct exec_file *file = b->file;
	return sizeof(struct start_block) + process->descriptors_high * sizeof(struct start_file) +
	        elf_image_size(&file->image) + paths_size(process) + b->name_size + 2ull * (file->path.length + 1) +
	        strlen(process->working_directory) + 2 + file->prefix_size + b->arguments.size + b->environment.size;
}

status_t exec_block_write(const struct exec_building *b, struct exec_writer *writer)
{
	writer->vmem = b->vmem;
	writer->address = b->block_address;
	writer->written = sizeof writer->block;
	writer->used = 0;
	writer->status = ERR_OK;
	write_tail(b, writer);
	if (writer->block.size > b->block_size)
		writer->status = ERR_TOO_LARGE;
	write_block(writer);
	return writer->status;
}
