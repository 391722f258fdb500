/*
 * spawn_process against a kernel that is made here: the process that it builds has what was asked for, and when any one of its
 * calls fails, nothing of it is left.
 */
/* sources: user/lib/spawn_block.c */
/* flags: -mno-red-zone */
#define CALL_INSTRUCTION "call fake_native"
#include "user/lib/spawn.c" /* whose native calls come here thereby */

#include <stdbool.h>
#include <stdio.h>

#define OBJECTS 64
#define LINUX_BASE 0x10000000ull
#define TIME_BASE 0x20000000ull
#define STACK_BASE 0x30000000ull
#define BLOCK_BASE 0x40000000ull
#define CONTROL_BLOCK 0x50000000ull
#define PROCESS_NUMBER 77

/* A handle is the index of its object here; each call that makes one takes the next. */
static struct object {
	uint32_t type;        /* OBJECT_NONE: closed */
	unsigned char *bytes; /* of a frame */
	uint64_t size;
	uint32_t rights; /* of a duplicate, whose original keeps the bytes; else all */
} objects[OBJECTS];

static struct {
	handle_t next;
	unsigned calls, failing_call; /* the call of this number, from 1, fails */
	handle_t process, vmem, thread;
	bool killed, started;
	uint64_t entry, stack, argument;
	bool guarded;
	uint32_t time_page_rights; /* of the handle that maps it */
	handle_t block_frame;
	unsigned given;
	handle_t given_handle[16];
	uint32_t given_rights[16];
} fake;

static int failures;

static void check(bool ok, const char *name, const char *why)
{
	if (ok) {
		printf("ok spawn: %s\n", name);
		return;
	}
	printf("not ok spawn: %s: %s\n", name, why);
	failures++;
}

static handle_t make(uint32_t type, uint64_t size)
{
	handle_t handle = fake.next++;
	objects[handle] = (struct object){type, size ? calloc(1, size) : NULL, size, UINT32_MAX};
	return handle;
}

static void drop(handle_t handle)
{
	free(objects[handle].bytes);
	objects[handle] = (struct object){0};
}

static unsigned open_handles(void)
{
	unsigned count = 0;
	for (unsigned i = 0; i < OBJECTS; i++)
		count += objects[i].type != OBJECT_NONE;
	return count;
}

/* What was mapped is told apart by its rights and its frame. */
static uint64_t map(uint64_t length, uint64_t flags, handle_t frame)
{
	if (flags == (MAP_READ | MAP_EXECUTE))
		return LINUX_BASE;
	if (flags == MAP_READ) {
		fake.time_page_rights = objects[frame].rights;
		return TIME_BASE;
	}
	if (frame == HANDLE_NONE)
		return length == SPAWN_STACK_SIZE + 4096 ? STACK_BASE : 0;
	/* The frame lives on in the mapping: it is kept under a number of its own. */
	fake.block_frame = OBJECTS - 1;
	objects[OBJECTS - 1].bytes = malloc(objects[frame].size);
	memcpy(objects[OBJECTS - 1].bytes, objects[frame].bytes, objects[frame].size);
	return BLOCK_BASE;
}

static status_t copy(handle_t frame, uint64_t offset, void *memory, uint64_t length, bool write, uint64_t *copied)
{
	struct object *object = &objects[frame];
	if (object->type != OBJECT_FRAME || offset > object->size || length > object->size - offset)
		return ERR_BAD_ARGUMENT;
	if (write)
		memcpy(object->bytes + offset, memory, length);
	else
		memcpy(memory, object->bytes + offset, length);
	*copied = length;
	return ERR_OK;
}

static status_t give_copy(handle_t handle, uint32_t rights, uint64_t *out)
{
	if (objects[handle].type == OBJECT_NONE)
		return ERR_BAD_HANDLE;
	fake.given_handle[fake.given] = handle;
	fake.given_rights[fake.given] = rights;
	*out = 1000 + fake.given++;
	return ERR_OK;
}

static handle_t duplicate(handle_t handle, uint32_t rights)
{
	handle_t copy = make(objects[handle].type, 0);
	objects[copy].rights = rights;
	return copy;
}

static status_t answer(uint32_t number, handle_t handle, uint64_t w[MESSAGE_WORDS])
{
	switch (number) {
	case SYS_process_create:
		fake.process = (handle_t)(w[0] = make(OBJECT_PROCESS, 0));
		fake.vmem = (handle_t)(w[1] = make(OBJECT_VMEM, 0));
		w[2] = PROCESS_NUMBER;
		return ERR_OK;
	case SYS_frame_read: return copy(handle, w[0], (void *)w[1], w[2], false, &w[0]);
	case SYS_frame_write: return copy(handle, w[0], (void *)w[1], w[2], true, &w[0]);
	case SYS_frame_create: w[0] = make(OBJECT_FRAME, w[0]); return ERR_OK;
	case SYS_vmem_map: w[0] = map(w[1], w[2], (handle_t)w[3]); return handle == fake.vmem ? ERR_OK : ERR_BAD_HANDLE;
	case SYS_vmem_protect: fake.guarded = w[0] == STACK_BASE && w[1] == 4096 && w[2] == 0; return ERR_OK;
	case SYS_process_give: return give_copy((handle_t)w[0], (uint32_t)w[1], &w[0]);
	case SYS_thread_create:
		fake.thread = (handle_t)(w[0] = make(OBJECT_THREAD, 0));
		w[1] = CONTROL_BLOCK;
		w[2] = 1;
		return ERR_OK;
	case SYS_thread_start:
		fake.entry = w[0];
		fake.stack = w[1];
		fake.argument = w[2];
		fake.started = true;
		return ERR_OK;
	case SYS_process_kill: fake.killed = handle == fake.process; return ERR_OK;
	case SYS_handle_duplicate: w[0] = duplicate((handle_t)w[0], (uint32_t)w[1]); return ERR_OK;
	case SYS_handle_close: drop((handle_t)w[0]); return ERR_OK;
	}
	return ERR_BAD_CALL;
}

/* rax and the six words, as fake_native has pushed them. */
uint64_t fake_call(uint64_t rax, uint64_t words[MESSAGE_WORDS]);
uint64_t fake_call(uint64_t rax, uint64_t words[MESSAGE_WORDS])
{
	uint32_t number = rax & 0xffff;
	/* Closing and killing never fail. */
	bool may_fail = number != SYS_handle_close && number != SYS_process_kill;
	if (may_fail && ++fake.calls == fake.failing_call)
		return ERR_QUOTA;
	return answer(number, (handle_t)(rax >> 32), words);
}

__asm__(".pushsection .text\n"
        "fake_native:\n"
        "	push %rbp\n"
        "	mov %rsp, %rbp\n"
        "	sub $48, %rsp\n"
        "	and $-16, %rsp\n"
        "	mov %rdi, 0(%rsp)\n"
        "	mov %rsi, 8(%rsp)\n"
        "	mov %rdx, 16(%rsp)\n"
        "	mov %r10, 24(%rsp)\n"
        "	mov %r8, 32(%rsp)\n"
        "	mov %r9, 40(%rsp)\n"
        "	mov %rax, %rdi\n"
        "	mov %rsp, %rsi\n"
        "	call fake_call\n"
        "	mov 0(%rsp), %rdi\n"
        "	mov 8(%rsp), %rsi\n"
        "	mov 16(%rsp), %rdx\n"
        "	mov 24(%rsp), %r10\n"
        "	mov 32(%rsp), %r8\n"
        "	mov 40(%rsp), %r9\n"
        "	leave\n"
        "	ret\n"
        ".popsection\n");

/* The starter's own handles. */
static handle_t group, linux_image, time_page, program, the_log, vfs;

static void begin(unsigned failing_call)
{
	for (handle_t i = 0; i < OBJECTS; i++)
		drop(i);
	memset(&fake, 0, sizeof fake);
	fake.next = 1;
	group = make(OBJECT_GROUP, 0);
	linux_image = make(OBJECT_FRAME, 8192);
	time_page = make(OBJECT_FRAME, 4096);
	program = make(OBJECT_FRAME, 4096);
	the_log = make(OBJECT_LOG, 0);
	vfs = make(OBJECT_SENDER, 0);
	struct linux_image_header header = {LINUX_IMAGE_MAGIC, LINUX_IMAGE_VERSION, 5000, 32, 0};
	memcpy(objects[linux_image].bytes, &header, sizeof header);
	fake.failing_call = failing_call;
}

static status_t spawn_sample(struct spawned *out, const char **out_step)
{
	static const char *const arguments[] = {"sample", NULL};
	const struct spawn_grant grants[] = {{"log", the_log, RIGHT_WRITE}, {"vfs", vfs, RIGHT_SEND}};
	const struct spawn_file files[] = {{0, vfs, 0, 0}, {1, HANDLE_NONE, 0, 0}};
	struct spawn spawn = {.name = "sample",
	        .path = "/sample",
	        .arguments = arguments,
	        .program = program,
	        .program_offset = 4096,
	        .program_length = 100,
	        .group = group,
	        .linux_image = linux_image,
	        .time_page = time_page,
	        .grants = grants,
	        .grant_count = 2,
	        .files = files,
	        .file_count = 2};
	return spawn_process(&spawn, out, out_step);
}

static void test_success(void)
{
	struct spawned spawned = {0};
	const char *step = NULL;
	begin(0);
	unsigned before = open_handles();
	status_t status = spawn_sample(&spawned, &step);
	check(!status, "a process is built", step ? step : "");
	if (status)
		return;
	check(spawned.process == fake.process && spawned.number == PROCESS_NUMBER, "its handle and number are told",
	        "they are not");
	check(open_handles() == before + 1, "the starter keeps one handle more, that of the process", "another number");
	check(fake.started && fake.entry == LINUX_BASE + 32, "it starts in the image of user/linux", "elsewhere");
	check(fake.stack == STACK_BASE + 4096 + SPAWN_STACK_SIZE && fake.argument == BLOCK_BASE, "with stack and start block",
	        "with others");
	check(fake.guarded, "the page below its stack has no access", "it has");
	check(!fake.killed, "it is not killed", "it is");

	const struct start_block *block = (const struct start_block *)objects[fake.block_frame].bytes;
	check(block->magic == START_MAGIC && block->process_number == PROCESS_NUMBER && block->control_block == CONTROL_BLOCK,
	        "its block tells its number and control block", "it does not");
	check(fake.time_page_rights == RIGHT_READ, "nothing can make its time page writable", "the mapping may be given more");
	check(block->linux_image == LINUX_BASE && block->linux_image_size == 5000 && block->time_page == TIME_BASE,
	        "its block tells image and time page", "it does not");
	check(block->stack_base == STACK_BASE + 4096 && block->stack_size == SPAWN_STACK_SIZE, "its block tells the stack",
	        "it does not");
	static const uint8_t nothing[32];
	check(memcmp(block->seed, nothing, 32), "its block has a seed", "it is zero");
	const struct start_file *file = (const struct start_file *)((const char *)block + block->files);
	/* Given in this order: the program, the grants, the open file. */
	check(fake.given == 4 && block->program_frame == 1000 && block->grants[0].handle == 1001 &&
	                block->grants[1].handle == 1002 && file[0].handle == 1003 && !file[1].handle,
	        "its block has the handles that it was given", "others");
	check(fake.given_handle[1] == the_log && fake.given_rights[1] == RIGHT_WRITE && fake.given_rights[2] == RIGHT_SEND,
	        "grants have the rights that were named", "others");
	check(!(fake.given_rights[0] & (RIGHT_WRITE | RIGHT_DUPLICATE | RIGHT_TRANSFER)),
	        "the program's frame is read and executed only", "it has more rights");
}

static void test_failures(void)
{
	unsigned call;
	for (call = 1; call < 100; call++) {
		struct spawned spawned = {4711, 4711};
		const char *step = NULL;
		char name[64];
		begin(call);
		unsigned before = open_handles();
		status_t status = spawn_sample(&spawned, &step);
		if (!status)
			break;
		bool clean = open_handles() == before && !fake.started && (fake.killed || !fake.process);
		snprintf(name, sizeof name, "a failure of call %u leaves nothing behind", call);
		check(status == ERR_QUOTA && clean && spawned.process == 4711 && step, name, step ? step : "no step named");
	}
	/* create, read, duplicate, three maps, protect, thread, four gives, frame, write, map, start */
	check(call == 17, "each of its 16 calls has failed once", "there were more or fewer");
}

static void test_bad_image(void)
{
	struct spawned spawned;
	const char *step = NULL;
	begin(0);
	objects[linux_image].bytes[0] ^= 1;
	check(spawn_sample(&spawned, &step) == ERR_BAD_FORMAT && fake.killed, "a frame that is no image is refused",
	        "it is started");
	begin(0);
	uint32_t start = 5000;
	memcpy(objects[linux_image].bytes + offsetof(struct linux_image_header, start), &start, 4);
	check(spawn_sample(&spawned, &step) == ERR_BAD_FORMAT && fake.killed, "an entry outside of the image is refused",
	        "it is started");
}

int main(void)
{
	test_success();
	test_failures();
	test_bad_image();
	begin(0);
	for (handle_t i = 0; i < OBJECTS; i++)
		drop(i);
	return failures ? 1 : 0;
}
