/*
 * What processes cost: making, starting and reaping one that only ends, and putting another program into one. The programs are
 * this one's text and a stack of a page, and touch no variable. Under -icount a tick is an instruction.
 */
#include "tests/guest/native/test.h"

#define ROUNDS 100u
#define STACK_AT 0x300000000ull
#define SHARED_AT 0x310000000ull
#define TIMES ((volatile uint64_t *)SHARED_AT)

void bench_end(void);
void bench_replace(void);
void bench_replaced(void);

/* rdi: what the call takes. The words of the shared page: 0 the time before the call, 1 the time after it, 8 on the structure. */
__asm__(".pushsection .text\n"
        ".globl bench_end, bench_replace, bench_replaced\n"
        "bench_end:\n"
        "	mov	$0x1013, %eax\n"
        "	xor	%edi, %edi\n"
        "	syscall\n"
        "bench_replace:\n"
        "	movabs	$0x310000000, %rbx\n"
        "	rdtsc\n"
        "	shl	$32, %rdx\n"
        "	or	%rdx, %rax\n"
        "	mov	%rax, (%rbx)\n"
        "	movabs	$0xfff0000100001019, %rax\n"
        "	lea	64(%rbx), %rdi\n"
        "	mov	$88, %esi\n"
        "	syscall\n"
        "	ud2\n"
        "bench_replaced:\n"
        "	rdtsc\n"
        "	shl	$32, %rdx\n"
        "	or	%rdx, %rax\n"
        "	movabs	$0x310000000, %rbx\n"
        "	mov	%rax, 8(%rbx)\n"
        "	jmp	bench_end\n"
        ".popsection\n");

_Static_assert(sizeof(struct process_replacement) == 88, "as the code above says");

static handle_t notify, shared_frame;

/* Text, and if wanted the shared page. */
static void fill(handle_t vmem, bool shared)
{
	const struct {
		uint32_t type, flags;
		uint64_t offset, address, physical, file_size, memory_size, align;
	} *header = (const void *)start_block->program_headers;
	uint64_t at;
	while (header->type != 1 || !(header->flags & 1))
		header++;
	uint64_t size = (header->memory_size + PAGE - 1) & ~(PAGE - 1);
	OK(sys_vmem_map(vmem, header->address, size, MAP_READ | MAP_EXECUTE | MAP_FIXED, grant("root"), header->offset, &at));
	OK(sys_vmem_map(vmem, STACK_AT, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED, 0, 0, &at));
	if (shared)
		OK(sys_vmem_map(vmem, SHARED_AT, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED, shared_frame, 0, &at));
}

struct part {
	const char *name;
	uint64_t best;
};

static void note(struct part *part, uint64_t *start)
{
	uint64_t now_ticks = __builtin_ia32_rdtsc(), ticks = now_ticks - *start;
	part->best = ticks < part->best ? ticks : part->best;
	*start = __builtin_ia32_rdtsc();
}

static void say_parts(const struct part *parts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		say("bench: %s %lu ticks", parts[i].name, parts[i].best);
}

static void run(void (*entry)(void), bool shared, struct part parts[static 5])
{
	handle_t process, vmem, thread;
	uint32_t number;
	uint64_t block, bits, start = __builtin_ia32_rdtsc();
	OK(sys_process_create(grant("group"), "bench", &process, &vmem, &number));
	note(&parts[0], &start);
	fill(vmem, shared);
	if (shared) {
		handle_t there;
		struct process_replacement *how = (struct process_replacement *)(SHARED_AT + 64);
		*how = (struct process_replacement){.entry = (uint64_t)bench_replaced, .stack = STACK_AT + PAGE};
		OK(sys_vmem_create(&how->vmem));
		fill(how->vmem, true);
		OK(sys_process_give(process, how->vmem, RIGHTS_ALL, &there));
		OK(sys_handle_close(how->vmem));
		how->vmem = there;
	}
	note(&parts[1], &start);
	OK(sys_thread_create(process, &thread, &block, &number));
	OK(sys_process_watch(process, notify, 1));
	note(&parts[2], &start);
	OK(sys_thread_start(thread, (uint64_t)entry, STACK_AT + PAGE, 0, 0, 0));
	OK(sys_notify_wait(notify, 1, DEADLINE_NEVER, &bits));
	note(&parts[3], &start);
	OK(sys_handle_close(thread));
	OK(sys_handle_close(vmem));
	OK(sys_handle_close(process));
	sys_thread_yield();
	note(&parts[4], &start);
}

void bench_process(void)
{
	uint64_t at;
	struct part parts[] = {{"process.create", UINT64_MAX}, {"process.map_two", UINT64_MAX},
	        {"process.thread_create", UINT64_MAX}, {"process.run_and_reap", UINT64_MAX}, {"process.close", UINT64_MAX}},
	            others[5] = {{"", UINT64_MAX}}, replace = {"process.replace", UINT64_MAX},
	            whole = {"process.whole", UINT64_MAX};
	OK(sys_notify_create(&notify));
	OK(sys_frame_create(PAGE, 0, &shared_frame));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, SHARED_AT, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED, shared_frame, 0, &at));
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = __builtin_ia32_rdtsc();
		run(bench_end, false, parts);
		note(&whole, &start);
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		run(bench_replace, true, others);
		uint64_t ticks = TIMES[1] - TIMES[0];
		replace.best = ticks < replace.best ? ticks : replace.best;
	}
	say_parts(parts, 5);
	say_parts(&whole, 1);
	say_parts(&replace, 1);
}
