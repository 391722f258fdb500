/*
 * execve is what spawn does (user/lib/spawn.h), done by a process to itself: an address space without a process is filled with the
 * image of user/linux, the time page, a first stack and a start block, and process_replace changes to it. Until then everything is
 * beside this program, so that an error leaves it as it was. Memory is one mapping, with pages only where something is written: the
 * stack, room for the new image's state, the block.
 *
 * The block's strings are gathered behind it and written with it at the end, if they are not long. They are measured first; where another thread changes them in
 * between, they are cut or padded to what was measured.
 *
 * A failure of pm to take the new name does not stop anything: it is told right before the change, because afterwards nobody could.
 */
#include "user/linux/exec.h"

#include <string.h>

#include "abi/linux_image.h"
#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/exec_file.h"
#include "user/linux/log.h"
#include "user/linux/native.h"
#include "user/linux/pm.h"
#include "user/linux/random.h"
#include "user/linux/signal.h"
#include "user/linux/thread.h"

#define STACK_SIZE (64 * 1024ull)
#define STRING_MAX (128 * 1024ull) /* MAX_ARG_STRLEN */
#define STRING_SHORT 64u           /* most are, and are copied in one piece */
#define KEEP_MAX (START_GRANTS + START_FILES + 3)

/* Strings of the program, as they were when they were measured. */
struct list {
	uint64_t pointers; /* address of a NULL-ended array; 0: none */
	uint32_t count;
	uint64_t size; /* with their NULs */
};

struct building {
	struct exec_file *file;
	struct list arguments, environment;
	uint64_t name; /* as the program gave it */
	uint64_t name_size;
	handle_t vmem;           /* the new address space */
	uint32_t children_flags; /* what pm is told, and the next image that it was */
	uint64_t block_size;
	uint64_t block_address, entry, stack;
	char process_name[32]; /* the last part of the name, as the kernel and pm keep it */
};

/* Where the block's bytes are gathered on their way into the new address space. */
struct writer {
	handle_t vmem;
	uint64_t address; /* of the block there */
	uint64_t
	        written; /* bytes before those in the buffer: the block itself, which is written last, and what is there already */
	uint32_t used;
	status_t status;
	struct start_block block;
	char buffer[2048];
};

_Static_assert(sizeof(struct start_block) % 8 == 0, "the buffer continues the block");

/* Reads the program's memory as it is: a bad address ends the call here, where nothing has been made yet. */
static int64_t measure_string(uint64_t address, uint64_t *out_size)
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

static int64_t measure(uint64_t pointers, struct list *out)
{
	*out = (struct list){.pointers = pointers};
	for (uint64_t at = pointers; pointers; at += 8) {
		if (!user_range(at, 8))
			return -EFAULT;
		uint64_t string = *(const uint64_t *)user_pointer(at), size;
		if (!string)
			break;
		int64_t error = measure_string(string, &size);
		if (error)
			return error;
		out->count++;
		out->size += size;
		if (out->size > START_SIZE_MAX)
			return -E2BIG;
	}
	return 0;
}

static void put(struct writer *writer, uint64_t offset, const void *from, uint64_t size)
{
	uint64_t copied = size;
	if (!writer->status && size)
		writer->status = sys_vmem_write(writer->vmem, writer->address + offset, from, size, &copied);
	if (!writer->status && copied != size)
		writer->status = ERR_NO_MEMORY;
}

static void flush(struct writer *writer)
{
	put(writer, writer->written, writer->buffer, writer->used);
	writer->written += writer->used;
	writer->used = 0;
}

/* The block, with all that is behind it where that is still in the buffer. */
static void write_block(struct writer *writer)
{
	bool whole = writer->written == sizeof writer->block;
	if (!whole)
		flush(writer);
	put(writer, 0, &writer->block, sizeof writer->block + writer->used);
}

/* `from` may be the program's memory; what can not be read of it becomes zero. */
static void write_bytes(struct writer *writer, const void *from, uint64_t size)
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

/* A string of the program's of at most `most` bytes with its NUL, which it gets in any case; how many it was. */
static uint64_t write_string(struct writer *writer, uint64_t address, uint64_t most)
{
	uint64_t size = 0, part = sizeof writer->buffer - writer->used;
	char c = 0, *to = writer->buffer + writer->used;
	part = part < STRING_SHORT ? part : STRING_SHORT;
	part = part < most ? part : most;
	if (!access_copy(to, user_pointer(address), part)) {
		while (size < part && to[size])
			size++;
		if (size < part && part < sizeof writer->buffer - writer->used) {
			writer->used += (uint32_t)size + 1;
			return size + 1;
		}
		size = 0;
	}
	while (size + 1 < most && access_read(&c, address + size, 1) && c)
		size++;
	write_bytes(writer, user_pointer(address), size);
	write_bytes(writer, "", 1);
	return size + 1;
}

/* The strings of a list but for the first `skip`, in exactly the bytes that were measured for them. */
static void write_list(struct writer *writer, const struct list *list, uint32_t skip, uint64_t size)
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
static uint64_t first_argument_size(const struct building *b)
{
	uint64_t string, size;
	if (!b->arguments.count || !access_read(&string, b->arguments.pointers, 8) || measure_string(string, &size))
		return 0;
	return size < b->arguments.size ? size : 0;
}

/* What the files of the block are: those that stay open, and their paths behind them. */
static uint32_t count_files(const struct process *process)
{
	uint32_t count = 0;
	for (uint32_t fd = 0; fd < process->descriptors_high; fd++)
		count += process->descriptors[fd].file && !process->descriptors[fd].close_on_exec;
	return count;
}

/* Another descriptor of the same open file below `fd` that stays open: its index in the table, START_FILE_ITS_OWN if none. */
static uint32_t earlier(const struct process *process, uint32_t fd)
{
	uint32_t index = 0, file = process->descriptors[fd].file;
	if (process->files[file - 1].references == 1)
		return START_FILE_ITS_OWN;
	for (uint32_t i = 0; i < fd; i++) {
		if (!process->descriptors[i].file || process->descriptors[i].close_on_exec)
			continue;
		if (process->descriptors[i].file == file)
			return index;
		index++;
	}
	return START_FILE_ITS_OWN;
}

/* Writes the table; the paths of open files begin at `paths`. Returns where they end. */
static uint64_t write_files(struct writer *writer, const struct process *process, uint64_t paths)
{
	for (uint32_t fd = 0; fd < process->descriptors_high; fd++) {
		if (!process->descriptors[fd].file || process->descriptors[fd].close_on_exec)
			continue;
		const struct open_file *from = &process->files[process->descriptors[fd].file - 1];
		struct start_file to = {fd, from->handle, from->flags, from->kind, earlier(process, fd), 0};
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

static void write_paths(struct writer *writer, const struct process *process)
{
	for (uint32_t fd = 0; fd < process->descriptors_high; fd++) {
		if (!process->descriptors[fd].file || process->descriptors[fd].close_on_exec)
			continue;
		const struct open_file *from = &process->files[process->descriptors[fd].file - 1];
		if (from->path_length && earlier(process, fd) == START_FILE_ITS_OWN)
			write_bytes(writer, descriptors_path_of(process, from), from->path_length + 1u);
	}
}

static uint64_t ignored_signals(const struct process *process)
{
	uint64_t ignored = 0;
	for (uint64_t left = process->signals_changed; left; left &= left - 1) {
		if (process->signal_actions[__builtin_ctzll(left)].handler == LINUX_SIG_IGN)
			ignored |= left & -left;
	}
	return ignored;
}

static void fill_block(const struct building *b, struct start_block *block)
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
	random_fill(block->seed, sizeof block->seed);
}

/* Everything behind the structure, in order: files, their paths, name, executable, working directory, arguments, environment. */
static void write_tail(const struct building *b, struct writer *writer)
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

static status_t map_frame(
        struct building *b, uint64_t *at, uint64_t size, uint32_t flags, handle_t frame, uint64_t *out_address)
{
	status_t status = sys_vmem_map(b->vmem, *at, size, flags | MAP_FIXED_EMPTY, frame, 0, out_address);
	*at += size + PAGE_SIZE;
	return status;
}

/*
 * The new address space, with what every process has, side by side at a random place: each place of its own would take three pages of
 * page tables. Memory is the stack, room for the image's state, the block.
 */
static status_t map_all(struct building *b, struct start_block *block)
{
	const struct process *process = process_self();
	const struct linux_image_header *header = (const struct linux_image_header *)process->start->linux_image;
	uint64_t room = thread_room(process), memory = page_up(STACK_SIZE + room + b->block_size), at = 0;
	status_t status = sys_vmem_create(&b->vmem);
	if (!status)
		status = sys_vmem_map(b->vmem, 0, memory, MAP_READ | MAP_WRITE, HANDLE_NONE, 0, &block->stack_base);
	if (status)
		return status;
	block->stack_size = STACK_SIZE;
	block->room = b->stack = block->stack_base + STACK_SIZE;
	b->block_address = block->room + room;
	at = block->stack_base + memory + PAGE_SIZE;
	status = map_frame(
	        b, &at, page_up(header->size), MAP_READ | MAP_EXECUTE | MAP_READY, process->linux_image, &block->linux_image);
	b->entry = block->linux_image + header->start;
	if (status || !process->time_frame)
		return status;
	return map_frame(b, &at, PAGE_SIZE, MAP_READ | MAP_READY, process->time_frame, &block->time_page);
}

static __attribute__((noinline)) status_t make(struct building *b)
{
	struct writer writer;
	struct start_block *block = &writer.block;
	fill_block(b, block);
	status_t status = map_all(b, block);
	if (!status) {
		writer.vmem = b->vmem;
		writer.address = b->block_address;
		writer.written = sizeof *block;
		writer.used = 0;
		writer.status = ERR_OK;
		write_tail(b, &writer);
		if (block->size > b->block_size)
			writer.status = ERR_TOO_LARGE;
		write_block(&writer);
		status = writer.status;
	}
	memset(block->seed, 0, sizeof block->seed);
	__asm__ volatile("" : : "r"(block->seed) : "memory");
	return status;
}

static void fill_name(struct building *b)
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
static __attribute__((noinline)) void tell_pm(const struct building *b)
{
	struct process *process = process_self();
	char text[PROCESS_ARGUMENTS_MAX + PROCESS_PATH_MAX];
	uint64_t size = b->file->prefix_size, copied;
	if (!process->pm)
		return;
	memcpy(text, b->file->prefix, size);
	for (uint32_t i = b->file->dropped; i < b->arguments.count && size + 1 < PROCESS_ARGUMENTS_MAX; i++) {
		uint64_t string;
		char c = 1;
		if (!access_read(&string, b->arguments.pointers + 8ull * i, 8))
			break;
		for (; c && size + 1 < PROCESS_ARGUMENTS_MAX; string++) {
			if (!access_read(&c, string, 1))
				c = 0;
			text[size++] = c;
		}
		text[size - 1] = 0;
	}
	copied = b->file->path.length + 1;
	memcpy(text + size, b->file->path.text, copied);
	process->children_flags = b->children_flags;
	status_t status = pm_exec(process->pm, text, size, copied - 1, process->children_flags, b->process_name);
	(void)status;
}

static uint32_t fill_keep(const struct building *b, handle_t keep[static KEEP_MAX], bool check)
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
		handle_t handle = start->grants[i].handle;
		/* A copy of a process has not those grants that are without INHERIT. */
		if (handle && !(check && sys_handle_info(handle, &type, &rights, &object)))
			keep[count++] = handle;
	}
	for (uint32_t fd = 0; fd < process->descriptors_high; fd++) {
		if (!process->descriptors[fd].file || process->descriptors[fd].close_on_exec ||
		        earlier(process, fd) != START_FILE_ITS_OWN)
			continue;
		handle_t handle = process->files[process->descriptors[fd].file - 1].handle;
		if (handle)
			keep[count++] = handle;
	}
	return count;
}

/* Does not come back but with an error. */
static __attribute__((noinline)) status_t replace(const struct building *b)
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

static status_t run(struct building *b)
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
		signal_look_later(thread_self());
	}
	close_if_any(b->vmem);
	return status;
}

static uint64_t paths_size(const struct process *process)
{
	uint64_t size = 0;
	for (uint32_t i = 0; i < process->files_high; i++)
		size += process->files[i].references ? process->files[i].path_length + 1u : 0;
	return size;
}

int64_t exec_execveat(int dirfd, uint64_t name, uint64_t arguments, uint64_t environment, uint32_t flags)
{
	struct process *process = process_self();
	struct exec_file file;
	struct building b = {.file = &file, .name = name, .children_flags = signal_children_flags()};
	if (flags & ~(LINUX_AT_EMPTY_PATH | LINUX_AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	if (!process->linux_image)
		return -ENOSYS; /* not granted, so no process can be built */
	int64_t error = measure_string(name, &b.name_size);
	if (!error)
		error = measure(arguments, &b.arguments);
	if (!error)
		error = measure(environment, &b.environment);
	if (!error)
		error = exec_file_open(dirfd, name, flags, &file);
	if (error)
		return error;
	if (b.name_size == 1)
		b.name = 0; /* by its descriptor: the path says which */
	b.block_size = sizeof(struct start_block) + process->descriptors_high * sizeof(struct start_file) + sizeof file.image +
	        paths_size(process) + b.name_size + 2ull * FS_PATH_MAX + strlen(process->working_directory) + 2 +
	        file.prefix_size + b.arguments.size + b.environment.size;
	error = b.block_size > START_SIZE_MAX ? -E2BIG : errors_to_linux(run(&b));
	sys_handle_close(file.frame);
	return error;
}

int64_t exec_execve(uint64_t name, uint64_t arguments, uint64_t environment)
{
	return exec_execveat(LINUX_AT_FDCWD, name, arguments, environment, 0);
}
