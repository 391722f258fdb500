/*
 * Crash reports: see report.h.
 *
 * Frames are followed by their pointers as long as these lead upwards in the stack to addresses behind calls. Most libraries are
 * compiled without, so where the chain ends at once the stack is searched for such addresses, and what is found is told as
 * "perhaps": a call that has come back long ago looks the same.
 *
 * The program's memory is read by access.h, which cannot fault. Its file is mapped, read by common/elf_symbols.c, and left to the
 * process's end; if it cannot be had, addresses have no names.
 */
#include "user/linux/report.h"

#include <string.h>

#include "common/elf.h"
#include "common/elf_symbols.h"
#include "user/linux/access.h"
#include "user/linux/directory.h"
#include "user/linux/log.h"
#include "user/linux/native.h"
#include "user/linux/pm.h"
#include "user/linux/proc.h"
#include "user/linux/remote.h"

#define FRAMES_MAX 24u
#define SEARCH_WORDS 1024u
#define FOUND_MAX 12u
#define AROUND (16 * PAGE_SIZE) /* mappings so near to an address are told */
#define MAPPINGS_MAX 24u
#define IMAGE_SYMBOLS "/lib/linux.symbols" /* user/linux/module.mk */

/* A file that has names of a part of the address space. */
struct module {
	uint64_t start, end;
	const void *file; /* NULL: not there */
	uint64_t size;
	uint64_t lowest, slide; /* of the file's addresses */
};

struct report {
	const struct process *process;
	bool inside;     /* the image itself has failed: its code counts too */
	uint32_t length; /* of the text */
	struct module program, image;
	struct path path;
	char text[PROCESS_REPORT_MAX];
};

/* Makes a file readable that is at this path; false: it is not there. */
static bool map_file(struct report *report, const char *name, struct module *module)
{
	struct remote_program found;
	uint64_t address = 0;
	if (directory_resolve_text(LINUX_AT_FDCWD, name, &report->path) ||
	        remote_program(report->process->vfs, &report->path, true, &found))
		return false;
	uint64_t before = found.offset % PAGE_SIZE, length = found.length;
	status_t status = length && length <= USER_TOP ? sys_vmem_map(HANDLE_SELF_VMEM, 0, page_up(before + length), MAP_READ,
	                                                         found.frame, found.offset - before, &address)
	                                               : ERR_BAD_ARGUMENT;
	sys_handle_close(found.frame);
	if (status)
		return false;
	module->file = user_pointer(address + before);
	module->size = length;
	return true;
}

static void open_program(struct report *report)
{
	const struct process *process = report->process;
	const struct start_block *start = process->start;
	struct elf_image image = {0};
	struct module *module = &report->program;
	uint32_t name = start->executable ? start->executable : start->program_name;
	*module = (struct module){.start = process->program_start, .end = process->program_end};
	if (!map_file(report, (const char *)start + name, module))
		return;
	if (elf_read(module->file, module->size, 0, USER_TOP, &image))
		module->file = NULL;
	module->lowest = image.lowest;
	module->slide = module->start - page_down(image.lowest);
}

/* Its names are in a file of their own, whose addresses begin at 0. */
static void open_image(struct report *report)
{
	const struct start_block *start = report->process->start;
	uint64_t at = start->linux_image;
	report->image = (struct module){.start = at, .end = at + page_up(start->linux_image_size), .slide = at};
	map_file(report, IMAGE_SYMBOLS, &report->image);
}

static void add_hex(struct log_text *line, uint64_t value)
{
	char text[19] = "0x";
	unsigned digits = 1;
	for (uint64_t rest = value >> 4; rest; rest >>= 4)
		digits++;
	for (unsigned i = 0; i < digits; i++)
		text[2 + i] = "0123456789abcdef"[value >> 4 * (digits - 1 - i) & 15];
	text[2 + digits] = 0;
	log_add(line, text);
}

static void add_text(struct log_text *line, const char *text, uint32_t length)
{
	for (uint32_t i = 0; i < length && line->length < sizeof line->text; i++)
		line->text[line->length++] = text[i];
}

/* Adds a line; what does not fit any more is left out. */
static void put_line(struct report *report, struct log_text *line)
{
	if (line->length >= sizeof line->text || report->length + line->length + 1 > PROCESS_REPORT_MAX)
		return;
	line->text[line->length++] = '\n';
	memcpy(report->text + report->length, line->text, line->length);
	report->length += line->length;
}

/* A line for a place in the code. A return address is behind its call, which may be the last instruction of a function. */
static void tell_place(struct report *report, const char *how, uint64_t address, bool is_return)
{
	struct log_text line = {0};
	struct elf_symbol symbol = {0};
	uint64_t at = address - is_return;
	const struct module *module = at >= report->image.start && at < report->image.end ? &report->image : &report->program;
	bool found = module->file && at >= module->start && at < module->end &&
	        elf_symbol_find(module->file, module->size, module->lowest, at - module->slide, &symbol);
	log_add(&line, how);
	if (found && symbol.function) {
		add_text(&line, symbol.function, symbol.function_length);
		log_add(&line, "+");
		add_hex(&line, symbol.offset + is_return);
		log_add(&line, " ");
	}
	if (found && symbol.file) {
		log_add(&line, "(");
		add_text(&line, symbol.file, symbol.file_length);
		log_add(&line, ":");
		log_add_number(&line, symbol.line);
		log_add(&line, ") ");
	}
	if (found)
		log_add(&line, "at ");
	add_hex(&line, address);
	put_line(report, &line);
}

/* Whether there is code that the program can run. */
static bool is_code(const struct report *report, uint64_t address)
{
	const struct start_block *start = report->process->start;
	uint64_t first, end, offset;
	uint32_t flags;
	bool in_image = address - start->linux_image < page_up(start->linux_image_size);
	if (!user_range(address, 1) || in_image != report->inside ||
	        sys_vmem_walk(HANDLE_SELF_VMEM, address, &first, &end, &flags, &offset))
		return false;
	return first <= address && (flags & MAP_EXECUTE);
}

/* Whether an address lies behind a call: Intel SDM volume 2, CALL, in the forms E8 and FF /2 that compilers make. */
static bool is_behind_call(const struct report *report, uint64_t address)
{
	uint8_t code[7];
	if (!is_code(report, address - 1) || !access_read(code, address - sizeof code, sizeof code))
		return false;
	if (code[2] == 0xe8)
		return true;
	for (unsigned i = 0; i < 6; i++) {
		if (code[i] == 0xff && (code[i + 1] >> 3 & 7) == 2)
			return true;
	}
	return false;
}

/* By frame pointers; how many callers that has told. */
static uint32_t follow_frames(struct report *report, const struct frame *frame)
{
	uint64_t at = frame->rbp, below = frame->rsp, pair[2];
	uint32_t told = 0;
	while (told < FRAMES_MAX && at >= below && at % 8 == 0 && access_read(pair, at, sizeof pair) &&
	        is_behind_call(report, pair[1])) {
		tell_place(report, "  called from ", pair[1], true);
		told++;
		below = at + 1;
		at = pair[0];
	}
	return told;
}

/* From the stack pointer on; where a stack has come to its end, from behind the guard below it. */
static void search_stack(struct report *report, uint64_t stack)
{
	uint64_t start, end, offset, word;
	uint32_t flags, found = 0;
	status_t status = sys_vmem_walk(HANDLE_SELF_VMEM, stack, &start, &end, &flags, &offset);
	if (!status && !(flags & MAP_READ))
		status = sys_vmem_walk(HANDLE_SELF_VMEM, end, &start, &end, &flags, &offset);
	if (status || !(flags & MAP_READ))
		return;
	uint64_t at = (stack > start ? stack : start) & ~7ull;
	for (uint32_t i = 0; i < SEARCH_WORDS && at < end && found < FOUND_MAX; i++, at += 8) {
		if (!access_read(&word, at, sizeof word) || !is_behind_call(report, word))
			continue;
		tell_place(report, "  perhaps from ", word, true);
		found++;
	}
}

static void tell_mapping(struct report *report, uint64_t start, uint64_t end, uint32_t flags)
{
	struct log_text line = {0};
	const char *name = proc_name_of(report->process, start);
	log_add(&line, "  ");
	add_hex(&line, start);
	log_add(&line, " to ");
	add_hex(&line, end);
	log_add(&line, flags & MAP_READ ? " r" : " -");
	log_add(&line, flags & MAP_WRITE ? "w" : "-");
	log_add(&line, flags & MAP_EXECUTE ? "x " : "- ");
	log_add(&line, name ? name : "");
	put_line(report, &line);
}

static bool is_near(uint64_t address, uint64_t start, uint64_t end)
{
	return address < end ? start <= address || start - address <= AROUND : address - end <= AROUND;
}

static void tell_mappings(struct report *report, const struct frame *frame, uint64_t address)
{
	uint64_t start, end = 0, offset;
	uint32_t flags, told = 0;
	while (told < MAPPINGS_MAX && !sys_vmem_walk(HANDLE_SELF_VMEM, end, &start, &end, &flags, &offset)) {
		if (!is_near(frame->rip, start, end) && !is_near(frame->rsp, start, end) && !is_near(address, start, end))
			continue;
		tell_mapping(report, start, end, flags);
		told++;
	}
}

static void tell_head(struct report *report, int signal)
{
	struct log_text line = {0};
	log_add(&line, "signal ");
	log_add_number(&line, (uint64_t)signal);
	log_add(&line, signal == LINUX_SIGABRT ? ", which it has sent to itself, ends it" : " ends it");
	put_line(report, &line);
}

/* To pm, which vouches for who has said it; a service has none, and its own grant of the log. */
static void give(const struct report *report)
{
	const struct process *process = report->process;
	if (!pm_report(process->pm, report->text, report->length))
		return;
	for (uint32_t at = 0; at < report->length; at++) {
		struct log_text line = {0};
		for (; report->text[at] != '\n'; at++)
			line.text[line.length++] = report->text[at];
		log_put(process->log, LOG_ERROR, &line);
	}
}

/* NULL: there is one already, or no memory. It is too large for the stack here. */
static struct report *begin(struct process *process)
{
	uint64_t address;
	if (__atomic_exchange_n(&process->crash_reported, true, __ATOMIC_SEQ_CST) ||
	        sys_vmem_map(
	                HANDLE_SELF_VMEM, 0, page_up(sizeof(struct report)), MAP_READ | MAP_WRITE, HANDLE_NONE, 0, &address))
		return NULL;
	struct report *report = user_pointer(address);
	report->process = process;
	open_program(report);
	return report;
}

void report_crash(const struct frame *frame, int signal)
{
	struct report *report = begin(process_self());
	uint64_t caller;
	if (!report)
		return;
	tell_head(report, signal);
	tell_place(report, "  in ", frame->rip, false);
	bool lost = !is_code(report, frame->rip) && access_read(&caller, frame->rsp, sizeof caller);
	if (lost && is_behind_call(report, caller)) /* a call to where nothing is */
		tell_place(report, "  called from ", caller, true);
	if (!follow_frames(report, frame))
		search_stack(report, frame->rsp);
	tell_mappings(report, frame, thread_self()->trap_address);
	give(report);
}

void report_fault_inside(uint64_t rip, uint64_t rbp, uint64_t address)
{
	struct report *report = begin(process_self());
	const struct frame *asked = thread_frame(thread_self());
	struct frame inside = {.rip = rip, .rbp = rbp, .rsp = rbp};
	struct log_text line = {0};
	if (!report)
		return;
	open_image(report);
	log_add(&line, "the answer to its Linux call ");
	log_add_number(&line, (uint32_t)asked->rax);
	log_add(&line, " failed by an access to ");
	add_hex(&line, address);
	put_line(report, &line);
	tell_place(report, "  in ", rip, false);
	report->inside = true;
	follow_frames(report, &inside);
	report->inside = false;
	tell_place(report, "  asked by ", asked->rip, true);
	if (!follow_frames(report, asked))
		search_stack(report, asked->rsp);
	give(report); /* without mappings: their names are state, which may be what was spoilt */
}
