#include "root.h"

#include "abi/start.h"
#include "abi/syscalls.h"
#include "arch/cpu.h"
#include "arch/paging.h"
#include "arch/timer.h"
#include "common/elf.h"
#include "core/options.h"
#include "core/panic.h"
#include "lib/address.h"
#include "lib/string.h"
#include "mm/pages.h"
#include "object/frame.h"
#include "object/group.h"
#include "object/log.h"
#include "object/machine.h"
#include "object/process.h"
#include "object/thread.h"
#include "object/vmem.h"

#define STACK_SIZE 65536ull
#define BLOCK_SIZE 16384ull /* of the start block with its strings */
#define BASE_BITS 45        /* a position-independent root lies at a random page below 2^45 */
#define BASE_LOWEST 0x10000000ull

extern const char root_image[] __attribute__((visibility("hidden")));
extern const char root_image_end[] __attribute__((visibility("hidden")));

/* What root_start builds, one step after the other. */
struct start {
	const struct bootinfo *boot;
	struct process *process;
	struct thread *thread;
	struct elf_image elf;
	uint64_t base; /* added to the ELF's addresses */
	uint64_t stack;
	uint64_t block_address;
	char *strings; /* in `block`, where the next goes */
	union {
		struct start_block block;
		char bytes[BLOCK_SIZE];
	};
};

static void check(uint32_t error, const char *what)
{
	if (error)
		panic("root could not be started: %s (error %u of abi/errors.def)", what, error);
}

static uint64_t map(struct start *s, uint64_t address, uint64_t length, uint32_t flags, struct frame *frame)
{
	uint64_t progress = 0, at;
	uint32_t error;
	do {
		error = vmem_map(
		        s->process->vmem, address, length, flags, frame, 0, MAP_READ | MAP_WRITE | MAP_EXECUTE, &progress, &at);
	} while (error == VMEM_MORE);
	check(error, "its memory could not be mapped");
	return at;
}

static struct frame *frame_with(const void *content, uint64_t offset, uint64_t size, uint64_t length)
{
	struct frame *frame;
	check(frame_create(group_root, length, 0, &frame), "its memory could not be made");
	const char *from = content;
	while (size) {
		uint64_t part = PAGE_SIZE - offset % PAGE_SIZE;
		part = part < size ? part : size;
		check(frame_copy_in(frame, offset, from, part), "its memory could not be filled");
		from += part;
		offset += part;
		size -= part;
	}
	return frame;
}

static struct frame *frame_over(struct paddr start, uint64_t length)
{
	struct frame *frame;
	check(frame_create_over(group_root, start, length, &frame), "a frame over existing memory could not be made");
	return frame;
}

/* The image's pages are in physical memory as the kernel's are: in one piece. */
static struct paddr image_physical(const struct start *s, uint64_t offset)
{
	return paddr(s->boot->kernel.start + ((uint64_t)root_image - s->boot->kernel_virtual) + offset);
}

/* What is only read or executed is mapped where it stands; what is written is a copy. */
static void map_segment(struct start *s, const struct elf_segment *segment)
{
	uint64_t head = segment->address & PAGE_MASK;
	uint64_t address = s->base + segment->address - head;
	uint64_t length = whole_pages(head + segment->memory_size);
	uint32_t flags = MAP_READ | MAP_FIXED_EMPTY;
	struct frame *frame;
	if (!segment->writable && segment->memory_size == segment->file_size) {
		frame = frame_over(image_physical(s, segment->file_offset - head), length);
		flags |= segment->executable ? MAP_EXECUTE : 0;
	} else {
		frame = frame_with(root_image + segment->file_offset, head, segment->file_size, length);
		flags |= segment->writable ? MAP_WRITE : segment->executable ? MAP_EXECUTE : 0;
	}
	map(s, address, length, flags, frame);
	object_release(&frame->object);
}

static void map_program(struct start *s)
{
	uint64_t size = (uint64_t)(root_image_end - root_image);
	enum elf_error error = elf_read(root_image, size, 0, 1ull << 32, &s->elf);
	if (error)
		panic("root could not be started: its file in the kernel's image %s", elf_error_text(error));
	if (s->elf.position_independent)
		s->base = BASE_LOWEST + (cpu_random() & ((1ull << BASE_BITS) - 1) & ~PAGE_MASK);
	for (uint32_t i = 0; i < s->elf.segment_count; i++)
		map_segment(s, &s->elf.segments[i]);
	s->block.flags = START_PROGRAM_MAPPED;
	s->block.program_base = s->base;
	s->block.program_headers = s->elf.headers_address ? s->base + s->elf.headers_address : 0;
	s->block.program_entry = s->base + s->elf.entry;
	s->block.program_header_count = s->elf.header_count;
	s->block.program_length = size;
}

/* A page that is not accessible lies below it. */
static void map_stack(struct start *s)
{
	uint64_t progress = 0;
	uint32_t error;
	uint64_t guard = map(s, 0, PAGE_SIZE + STACK_SIZE, MAP_READ | MAP_WRITE, 0);
	do {
		error = vmem_protect(s->process->vmem, guard, PAGE_SIZE, 0, &progress);
	} while (error == VMEM_MORE);
	check(error, "the page below its stack could not be protected");
	s->stack = guard + PAGE_SIZE;
	s->block.stack_base = s->stack;
	s->block.stack_size = STACK_SIZE;
}

static handle_t grant(struct start *s, const char *name, struct object *object)
{
	uint32_t rights = object_classes[object->type].rights;
	struct start_grant *to = &s->block.grants[s->block.grant_count++];
	string_copy(to->name, name, sizeof to->name);
	check(process_add_handle(s->process, object, rights, &to->handle), "a handle could not be granted");
	return to->handle;
}

/* A frame that may be read, and executed if it is a program. */
static handle_t grant_frame(struct start *s, const char *name, struct frame *frame, uint32_t more_rights)
{
	handle_t handle = grant(s, name, &frame->object);
	struct handle_entry *entry = handles_find(&s->process->handles, handle);
	entry->rights &= RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT | RIGHT_READ | more_rights;
	return handle;
}

/* What root may know of it: no addresses of the kernel's, and nothing secret. */
static struct frame *bootinfo_frame(const struct bootinfo *boot)
{
	struct bootinfo copy = *boot;
	copy.direct_map = copy.direct_map_length = 0;
	copy.kernel_virtual = copy.kernel_slide = 0;
	copy.kernel = (struct boot_range){0, 0};
	copy.page_table_root = 0;
	copy.memory_map = 0;
	copy.memory_count = 0;
	memset(copy.seed, 0, sizeof copy.seed);
	copy.command_line = copy.panic = (struct boot_range){0, 0};
	return frame_with(&copy, 0, sizeof copy, PAGE_SIZE);
}

static struct frame *time_frame(void)
{
	struct time_page *page = page_alloc(PAGES_ZERO);
	if (!page)
		panic("root could not be started: there is no memory for the time page");
	timer_describe(page);
	struct frame *frame = frame_over(direct_map_physical(page), PAGE_SIZE);
	frame->flags |= FRAME_OVER_WRITABLE; /* timed sets the time of day in it; the kernel reads nothing there */
	return frame;
}

static void grant_all(struct start *s)
{
	const struct bootinfo *boot = s->boot;
	object_reference(&machine_object);
	object_reference(&group_programs->object);
	object_reference(&log_object);
	grant(s, "machine", &machine_object);
	grant(s, "group", &group_programs->object);
	grant(s, "log", &log_object);
	grant_frame(s, "bootinfo", bootinfo_frame(boot), 0);
	if (boot->initfs.length)
		grant_frame(s, "initfs", frame_over(paddr(boot->initfs.start), whole_pages(boot->initfs.length)), 0);

	struct frame *time = time_frame();
	s->block.time_page = map(s, 0, PAGE_SIZE, MAP_READ, time);
	grant_frame(s, "time", time, RIGHT_WRITE);

	uint64_t size = (uint64_t)(root_image_end - root_image);
	struct frame *program = frame_over(image_physical(s, 0), whole_pages(size));
	s->block.program_frame = grant_frame(s, "root", program, RIGHT_EXECUTE);
}

static uint32_t add_string(struct start *s, const char *text, size_t length)
{
	uint32_t offset = (uint32_t)(s->strings - s->bytes);
	if (length + 1 > BLOCK_SIZE - offset)
		panic("root could not be started: its arguments have more than %lu bytes",
		        (uint64_t)(BLOCK_SIZE - sizeof s->block));
	memcpy(s->strings, text, length);
	s->strings += length + 1; /* the block is zeroed */
	return offset;
}

/* argv is "root" and the words of the kernel's command line. */
static void add_strings(struct start *s)
{
	s->strings = s->bytes + sizeof s->block;
	s->block.program_name = add_string(s, "/sbin/root", 10);
	s->block.working_directory = add_string(s, "/", 1);
	s->block.environment = add_string(s, "", 0);
	s->block.arguments = add_string(s, "root", 4);
	s->block.argument_count = 1;
	const char *text = options_text();
	while (*text) {
		size_t length = 0;
		while (text[length] > ' ')
			length++;
		if (length) {
			add_string(s, text, length);
			s->block.argument_count++;
		}
		text += length ? length : 1;
	}
}

static void map_block(struct start *s)
{
	struct start_block *block = &s->block;
	block->magic = START_MAGIC;
	block->version = START_VERSION;
	block->size = (uint32_t)(s->strings - s->bytes);
	block->process_number = s->process->number;
	block->control_block = s->thread->block->self;
	for (unsigned i = 0; i < sizeof block->seed; i += sizeof(uint64_t)) {
		uint64_t random = cpu_random();
		memcpy(block->seed + i, &random, sizeof random);
	}
	struct frame *frame = frame_with(s->bytes, 0, block->size, whole_pages(block->size));
	s->block_address = map(s, 0, whole_pages(block->size), MAP_READ | MAP_WRITE, frame);
	object_release(&frame->object);
	memset(s->bytes, 0, sizeof s->bytes); /* it holds the seed */
}

void root_start(const struct bootinfo *boot)
{
	static struct start start;
	struct start *s = &start;
	s->boot = boot;
	check(process_create(group_root, "root", &s->process), "there is no memory for its process");
	process_root = s->process;
	check(thread_create(s->process, &s->thread), "there is no memory for its thread");
	map_program(s);
	map_stack(s);
	grant_all(s);
	add_strings(s);
	uint64_t entry = s->block.program_entry;
	map_block(s);
	check(thread_start(s->thread, entry, s->stack + STACK_SIZE, s->block_address, 0, 0), "its thread could not be started");
	object_release(&s->thread->object);
}
