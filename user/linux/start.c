/*
 * A process's first steps, on the stack of its starter: check the start block, make the state, register for Linux calls, load
 * the program, build its stack, jump. Until the state exists, GS points to a stand-in on this stack, because native calls look
 * there for the control block.
 *
 * What can not be started leaves a sentence on the log, if there is one, and ends the process with 126 or 127.
 */
#include <string.h>

#include "common/path.h"
#include "user/linux/cpu.h"
#include "user/linux/descriptors.h"
#include "user/linux/job.h"
#include "user/linux/load.h"
#include "user/linux/log.h"
#include "user/linux/memory.h"
#include "user/linux/native.h"
#include "user/linux/random.h"
#include "user/linux/signal.h"
#include "user/linux/stack.h"
#include "user/linux/state.h"
#include "user/linux/thread.h"
#include "user/linux/trace.h"

#define BAD_START 126u
#define RFLAGS_START 0x202u
#define FIRST_STACK_LEAST (32 * 1024ull)
#define HEAP_GAP_PAGES 0x2000u /* the heap begins at most so far behind the program */

void start_process(struct start_block *start, struct control_block *control); /* entry.S calls it */
_Noreturn void entry_run(uint64_t stack_pointer);                             /* entry.S */
void linux_foreign(void);                                                     /* entry.S */

static void set_gs(const struct thread *thread)
{
	__asm__ volatile("wrgsbase %0" : : "r"(thread) : "memory");
}

/* The grants that the image itself uses; a name with its NULs fills a word. */
static void take_grants(struct process *process, const struct start_block *start)
{
	const struct {
		char name[8];
		handle_t *to;
	} wanted[] = {{"log", &process->log}, {"vfs", &process->vfs}, {"stream", &process->stream}, {"pm", &process->pm},
	        {"linux", &process->linux_image}, {"time", &process->time_frame}};
	for (uint32_t i = 0; i < start->grant_count; i++) {
		for (unsigned k = 0; k < sizeof wanted / sizeof *wanted; k++) {
			if (!__builtin_memcmp(start->grants[i].name, wanted[k].name, sizeof wanted[k].name) && !*wanted[k].to)
				*wanted[k].to = start->grants[i].handle;
		}
	}
}

static handle_t find_grant(const struct start_block *start, const char *name)
{
	uint32_t count = start->grant_count < START_GRANTS ? start->grant_count : START_GRANTS;
	for (uint32_t i = 0; i < count; i++) {
		if (!strncmp(start->grants[i].name, name, START_NAME))
			return start->grants[i].handle;
	}
	return HANDLE_NONE;
}

static const char *string_at(const struct start_block *start, uint32_t offset)
{
	return (const char *)start + offset;
}

/* The bytes of `count` strings from `offset` on, which must end inside the block; UINT64_MAX if they do not. */
static uint64_t strings_size(const struct start_block *start, uint32_t offset, uint32_t count)
{
	if (offset < sizeof *start || offset > start->size)
		return count ? UINT64_MAX : 0;
	const char *strings = string_at(start, offset);
	uint64_t size = 0, most = start->size - offset;
	for (uint32_t i = 0; i < count; i++) {
		do {
			if (size == most)
				return UINT64_MAX;
		} while (strings[size++]);
	}
	return size;
}

_Noreturn static void fail(const struct start_block *start, uint32_t status, const char *reason, const char *more)
{
	struct log_text line = {0};
	bool named = strings_size(start, start->program_name, 1) < LOG_LINE_MAX / 2;
	log_add(&line, named ? string_at(start, start->program_name) : "a program");
	log_add(&line, " was not started: it ");
	log_add(&line, reason);
	log_add(&line, more);
	log_put(find_grant(start, "log"), LOG_ERROR, &line);
	sys_process_exit(status);
}

/* Whether the table of files lies inside the block, its order of sharing goes backwards and its paths end. */
static bool files_good(const struct start_block *start)
{
	if (start->file_count > START_FILES)
		return false;
	if (!start->file_count)
		return true;
	uint64_t size = start->file_count * sizeof(struct start_file);
	if (start->files < sizeof *start || start->files % 8 || start->files > start->size || size > start->size - start->files)
		return false;
	const struct start_file *file = (const struct start_file *)string_at(start, start->files);
	for (uint32_t i = 0; i < start->file_count; i++) {
		if (file[i].same_as != START_FILE_ITS_OWN && file[i].same_as >= i)
			return false;
		if (file[i].path && strings_size(start, file[i].path, 1) > FS_PATH_MAX)
			return false;
	}
	return true;
}

static bool headers_good(const struct start_block *start)
{
	uint32_t at = start->program_headers_read;
	if (!at)
		return true;
	if (at < sizeof *start || at % 8 || at > start->size || offsetof(struct elf_image, segments) > start->size - at)
		return false;
	const struct elf_image *image = (const struct elf_image *)string_at(start, at);
	return image->segment_count <= ELF_SEGMENTS_MAX && elf_image_size(image) <= start->size - at;
}

static void check_block(const struct start_block *start)
{
	if (start->magic != START_MAGIC || start->version != START_VERSION)
		sys_process_exit(BAD_START); /* nothing in it can be believed, the log's handle neither */
	if (start->size < sizeof *start || start->size > START_SIZE_MAX || start->grant_count > START_GRANTS)
		fail(start, BAD_START, "was given a start block of impossible size", "");
	if (!files_good(start))
		fail(start, BAD_START, "was given a table of open files that is not well formed", "");
	if (strings_size(start, start->program_name, 1) == UINT64_MAX ||
	        strings_size(start, start->executable, start->executable != 0) == UINT64_MAX || !headers_good(start) ||
	        strings_size(start, start->arguments, start->argument_count) == UINT64_MAX ||
	        strings_size(start, start->environment, start->environment_count) == UINT64_MAX ||
	        strings_size(start, start->working_directory, 1) == UINT64_MAX)
		fail(start, BAD_START, "was given a start block whose strings do not end inside it", "");
	if (start->stack_size < FIRST_STACK_LEAST)
		fail(start, BAD_START, "was given a first stack of less than 32 KiB", "");
}

static void open_first_files(struct process *process)
{
	const struct start_block *start = process->start;
	if (!descriptors_add_first(start))
		fail(start, BAD_START, "was given a descriptor twice, or one beyond the limit", "");
	struct open_file *input = start->flags & START_TAKE_TERMINAL ? descriptors_hold(0) : NULL;
	if (!input)
		return;
	job_opened_terminal(input->handle);
	descriptors_drop(input);
}

static void take_seed(struct process *process)
{
	random_start(process->start->seed);
	memset(process->start->seed, 0, sizeof process->start->seed);
	__asm__ volatile("" : : "r"(process->start->seed) : "memory");
}

/* What outlives the image that was here before. */
static void take_signals(struct process *process, struct thread *thread)
{
	thread->signal_mask = process->start->signal_mask & ~SIGNAL_UNBLOCKABLE;
	process->children_flags = process->start->children_flags;
	process->signals_ignored = process->start->signals_ignored & ~SIGNAL_UNBLOCKABLE;
}

/* From the part of the name behind the last slash, as Linux does. */
static void name_process(struct process *process)
{
	const char *name = string_at(process->start, process->start->program_name);
	for (const char *at = name; *at; at++) {
		if (*at == '/' && at[1])
			name = at + 1;
	}
	for (uint32_t i = 0; i < sizeof process->name - 1 && name[i]; i++)
		process->name[i] = name[i];
}

/* Below the first stack and what was mapped so before, if there is room, so that page tables are shared; else anywhere. */
static status_t map_below(uint64_t *below, uint64_t size, uint64_t *out_address)
{
	uint32_t flags = MAP_READ | MAP_WRITE;
	uint64_t at = *below - size - PAGE_SIZE;
	if (*below > size + USER_BOTTOM + PAGE_SIZE &&
	        !sys_vmem_map(HANDLE_SELF_VMEM, at, size, flags | MAP_FIXED_EMPTY, HANDLE_NONE, 0, out_address)) {
		*below = at;
		return ERR_OK;
	}
	return sys_vmem_map(HANDLE_SELF_VMEM, 0, size, flags, HANDLE_NONE, 0, out_address);
}

static void enter_first_directory(struct process *process)
{
	const struct start_block *start = process->start;
	const char *name = string_at(start, start->working_directory);
	process->working_directory = process->short_directory;
	if (!path_join_normalise("/", name, process->short_directory, SHORT_DIRECTORY))
		return;
	process->working_directory = process->long_directory;
	if (path_join_normalise("/", name, process->long_directory, FS_PATH_MAX))
		fail(start, BAD_START, "was given no working directory, or one of too long a name", "");
}

/* Makes the process's state, with GS at its first thread. */
static struct process *make_state(struct start_block *start)
{
	uint64_t address = start->room, below = start->stack_base - PAGE_SIZE;
	if (!address && map_below(&below, page_up(sizeof(struct process)), &address))
		fail(start, BAD_START, "found no memory for its state", "");
	struct process *process = (struct process *)address;
	process->mapped_below = below;
	process->start = start;
	process->time_page = (const struct time_page *)start->time_page;
	process->number = start->process_number;
	take_grants(process, start);
	process->alarm = start->alarm;
	process->alarm_deadline = start->alarm_deadline;
	process->alarm_period = start->alarm_period;
	process->descriptors_refused = start->descriptors_refused;
	process->memory_limit = start->memory_limit;
	if (start->flags & START_TRACE) {
		process->trace = start->flags & (START_TRACE | START_TRACE_CHILDREN | UINT32_MAX << START_TRACE_STRINGS_SHIFT);
		process->trace_output = start->trace_output;
	}
	process->log_unknown_calls = (start->flags & START_LOG_UNKNOWN_CALLS) != 0;
	process->umask = start->umask & 0777;
	cpu_inspect(process);
	struct thread *thread = thread_make_first(process);
	if (!thread)
		fail(start, BAD_START, "found no memory for its first thread", "");
	thread->vectors_saved = 1; /* nothing is there to be saved before the program runs */
	set_gs(thread);
	signal_attach_first(thread);
	take_signals(process, thread);
	take_seed(process);
	name_process(process);
	open_first_files(process);

	enter_first_directory(process);
	return process;
}

static void find_program(struct process *process, struct load_result *out)
{
	struct start_block *start = process->start;
	if (start->flags & START_PROGRAM_MAPPED) {
		*out = (struct load_result){start->program_entry, start->program_headers, start->program_header_count, 0, 0};
		return;
	}
	struct load_failure failure;
	if (!load_program(start, out, &failure))
		fail(start, failure.status, failure.reason, failure.more);
	sys_handle_close(start->program_frame);
	start->program_frame = HANDLE_NONE;
}

/* Behind the program, or where the kernel has room if its end is not known; by a random distance. */
static void place_heap(const struct load_result *program, uint32_t random)
{
	uint64_t start = program->end;
	if (!start && !sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE_SIZE, 0, HANDLE_NONE, 0, &start))
		start += PAGE_SIZE;
	memory_place_heap(start + PAGE_SIZE * (1 + random % HEAP_GAP_PAGES));
}

/* Maps the program's stack, if the starter has not done it. The kernel puts nothing right below it that is not wanted at that very address. */
static void place_stack(struct process *process)
{
	const struct start_block *start = process->start;
	uint64_t address = start->program_stack;
	process->program_stack_end = start->stack_base;
	if (!address || address > start->stack_base || start->stack_base - address < STACK_SIZE_PROGRAM) {
		if (map_below(&process->mapped_below, STACK_SIZE_PROGRAM, &address))
			fail(start, BAD_START, "found no memory for its stack", "");
		process->program_stack_end = address + STACK_SIZE_PROGRAM;
	}
	process->program_stack = address;
}

/* What chance decides about a program at its start. */
struct chances {
	uint8_t for_program[STACK_RANDOM];
	uint32_t heap;
	uint16_t stack;
};

/* From the starter, so that most programs need no block of their own generator. */
static void take_chances(struct start_block *start, struct chances *out)
{
	static const uint8_t none[sizeof start->chances];
	_Static_assert(sizeof *out <= sizeof start->chances, "they are as many");
	if (!memcmp(start->chances, none, sizeof none)) {
		random_fill(out, sizeof *out);
		return;
	}
	memcpy(out, start->chances, sizeof *out);
	memset(start->chances, 0, sizeof start->chances);
	__asm__ volatile("" : : "r"(start->chances) : "memory");
}

/* The program's stack pointer. */
static uint64_t make_stack(struct process *process, const struct load_result *program, const struct chances *chances)
{
	const struct start_block *start = process->start;
	const struct stack_auxiliary auxiliary[] = {
	        {LINUX_AT_HWCAP, cpu_hwcap()},
	        {LINUX_AT_PAGESZ, PAGE_SIZE},
	        {LINUX_AT_CLKTCK, LINUX_CLOCK_TICKS},
	        {LINUX_AT_PHDR, program->headers},
	        {LINUX_AT_PHENT, 56},
	        {LINUX_AT_PHNUM, program->header_count},
	        {LINUX_AT_BASE, 0},
	        {LINUX_AT_FLAGS, 0},
	        {LINUX_AT_ENTRY, program->entry},
	        {LINUX_AT_UID, 0},
	        {LINUX_AT_EUID, 0},
	        {LINUX_AT_GID, 0},
	        {LINUX_AT_EGID, 0},
	        {LINUX_AT_SECURE, 0},
	        {LINUX_AT_HWCAP2, LINUX_HWCAP2_FSGSBASE},
	        {LINUX_AT_MINSIGSTKSZ, LINUX_MINSIGSTKSZ + process->vectors_size},
	        {AT_HEARTH_START, (uintptr_t)start},
	};
	struct stack_contents contents = {
	        .arguments = string_at(start, start->arguments),
	        .argument_count = start->argument_count,
	        .arguments_size = strings_size(start, start->arguments, start->argument_count),
	        .environment = string_at(start, start->environment),
	        .environment_count = start->environment_count,
	        .environment_size = strings_size(start, start->environment, start->environment_count),
	        .name = string_at(start, start->program_name),
	        .auxiliary = auxiliary,
	        .auxiliary_count = sizeof auxiliary / sizeof *auxiliary,
	};
	uint64_t base = process->program_stack_end - STACK_SIZE_PROGRAM, pointer;
	memcpy(contents.random, chances->for_program, sizeof contents.random);
	uint64_t size =
	        STACK_SIZE_PROGRAM - (chances->stack & 0xff0); /* the stack does not begin at the same place of each page */
	if (!stack_build(user_pointer(base), base, size, &contents, &pointer))
		fail(start, BAD_START, "was given more arguments and environment than fit on its stack", "");
	return pointer;
}

void start_process(struct start_block *start, struct control_block *control)
{
	struct thread stand_in = {.self = &stand_in, .vectors_saved = 1};
	set_gs(&stand_in);
	stand_in.control_block = control;
	if (!control && start->magic == START_MAGIC)
		stand_in.control_block = (struct control_block *)start->control_block;
	stand_in.control_block->hold_off =
	        HOLD_UPCALLS; /* until the way back from a Linux call clears it, which leads to the program */
	check_block(start);
	struct process *process = make_state(start);
	if (sys_process_set_foreign(HANDLE_SELF_PROCESS, (uintptr_t)linux_foreign))
		fail(start, BAD_START, "could not be registered for Linux calls", "");
	struct load_result program;
	struct chances chances;
	take_chances(start, &chances);
	find_program(process, &program);
	process->program_start = program.start;
	process->program_end = program.end;
	place_heap(&program, chances.heap);
	place_stack(process);
	uint64_t stack_pointer = make_stack(process, &program, &chances);
	memset(&chances, 0, sizeof chances);
	__asm__ volatile("" : : "r"(&chances) : "memory");
	struct thread *thread = thread_self();
	if (process->trace)
		trace_started();
	*thread_frame(thread) = (struct frame){.rip = program.entry, .rsp = stack_pointer, .rflags = RFLAGS_START};
	thread->vectors_saved = 0;
}
