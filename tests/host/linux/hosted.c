/* Start, signal handler, threads: hosted.h says what this program is. */
#include "tests/host/linux/hosted.h"

#include <asm/errno.h>
#include <asm/signal.h>
#include <asm/siginfo.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <asm/unistd_64.h>
#include <string.h>

#include "abi/linux_image.h"
#include "abi/start.h"

#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#define SIGNAL_STACK (256 * 1024ull)
#define FIRST_STACK (128 * 1024ull)
#define TRAP_FLAG 0x100ull

extern char __executable_start[], etext[]; /* ld: the text of this program */
void host_restorer(void);
void host_start(uint64_t *stack);

struct hosted hosted = {.root = -1};

__asm__(".globl _start\n"
        "_start:\n"
        "	mov %rsp, %rdi\n"
        "	and $-16, %rsp\n"
        "	call host_start\n"
        ".globl host_restorer\n"
        "host_restorer:\n"
        "	mov $15, %eax\n"
        "	syscall\n");

int64_t host6(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	int64_t result;
	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return result;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
	void *d = to;
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(length) : : "memory");
	return to;
}

void *memset(void *to, int byte, size_t length)
{
	void *d = to;
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(length) : "a"(byte) : "memory");
	return to;
}

size_t strlen(const char *text)
{
	size_t length = 0;
	while (text[length])
		length++;
	return length;
}

_Noreturn void hosted_die(const char *why)
{
	HOST3(__NR_write, 2, "hosted: ", 8);
	HOST3(__NR_write, 2, why, strlen(why));
	HOST3(__NR_write, 2, "\n", 1);
	for (;;)
		HOST1(__NR_exit_group, 125);
}

void hosted_lock(void)
{
	while (__atomic_exchange_n(&hosted.lock, 1, __ATOMIC_ACQUIRE))
		HOST0(__NR_sched_yield);
}

void hosted_unlock(void)
{
	__atomic_store_n(&hosted.lock, 0, __ATOMIC_RELEASE);
}

struct hosted_thread *hosted_thread_self(void)
{
	uint32_t id = (uint32_t)HOST0(__NR_gettid);
	for (uint32_t i = 0; i < THREADS_MAX; i++) {
		if (hosted.threads[i].host_id == id)
			return &hosted.threads[i];
	}
	hosted_die("a thread that nobody made");
}

/* The worst that a native call may leave: everything at its initial value. */
static void lose_vectors(struct ucontext *context)
{
	struct _fpstate_64 *fp = (struct _fpstate_64 *)context->uc_mcontext.fpstate;
	if (!fp)
		return;
	memset(fp->xmm_space, 0, sizeof fp->xmm_space);
	memset(fp->st_space, 0, sizeof fp->st_space);
	fp->cwd = 0x37f;
	fp->swd = 0;
	fp->twd = 0;
	fp->mxcsr = 0x1f80;
	if (fp->sw_reserved.magic1 == FP_XSTATE_MAGIC1) {
		uint64_t *features = (uint64_t *)((char *)fp + 512);
		*features &= 3; /* what has its bit clear is loaded with its initial value */
	}
}

static void on_native(struct ucontext *context)
{
	struct sigcontext_64 *r = (struct sigcontext_64 *)&context->uc_mcontext;
	uint64_t word[MESSAGE_WORDS] = {r->di, r->si, r->dx, r->r10, r->r8, r->r9};
	r->ax = hosted_native(r->ax, word);
	r->di = word[0];
	r->si = word[1];
	r->dx = word[2];
	r->r10 = word[3];
	r->r8 = word[4];
	r->r9 = word[5];
	r->cx = 0xdead;
	r->r11 = 0xdead;
	lose_vectors(context);
}

static void on_foreign(struct ucontext *context)
{
	struct sigcontext_64 *r = (struct sigcontext_64 *)&context->uc_mcontext;
	struct control_block *block = hosted_thread_self()->control_block;
	if (!hosted.foreign_entry)
		hosted_die("a Linux call before process_set_foreign");
	if (block->hold_off)
		hosted_die("a Linux call inside of a Linux call");
	block->foreign_rip = r->ip;
	block->foreign_rflags = r->flags;
	block->hold_off = 1;
	r->ip = hosted.foreign_entry;
	r->cx = r->ip;
	r->flags &= ~(TRAP_FLAG | 0x400 | 0x40000);
	r->r11 = r->flags;
}

/* rax still has the number: Linux put it back before it sent the signal. */
static void on_syscall(int signal, siginfo_t *info, void *argument)
{
	struct ucontext *context = argument;
	struct sigcontext_64 *r = (struct sigcontext_64 *)&context->uc_mcontext;
	(void)signal;
	(void)info;
	if ((r->ax & 0xffff) >= CALL_NUMBER_FIRST)
		on_native(context);
	else
		on_foreign(context);
}

/* #DB of a stepped program: counted in the word that r15 points to, so that a test can see the steps. */
static void on_trap(int signal, siginfo_t *info, void *argument)
{
	struct sigcontext_64 *r = (struct sigcontext_64 *)&((struct ucontext *)argument)->uc_mcontext;
	(void)signal;
	(void)info;
	uint64_t *steps = (uint64_t *)r->r15;
	steps[0]++;
	steps[steps[0] < 64 ? steps[0] : 63] = r->ip;
}

static void on_fault(int signal, siginfo_t *info, void *argument)
{
	struct sigcontext_64 *r = (struct sigcontext_64 *)&((struct ucontext *)argument)->uc_mcontext;
	(void)info;
	char text[] = "hosted: fault, signal 00 rip 0x0000000000000000 address 0x0000000000000000\n";
	text[22] = (char)('0' + signal / 10);
	text[23] = (char)('0' + signal % 10);
	for (unsigned i = 0; i < 16; i++) {
		text[31 + i] = "0123456789abcdef"[r->ip >> (60 - 4 * i) & 15];
		text[58 + i] = "0123456789abcdef"[r->cr2 >> (60 - 4 * i) & 15];
	}
	HOST3(__NR_write, 2, text, sizeof text - 1);
	HOST1(__NR_exit_group, 128 + signal);
}

static void install(int signal, void (*handler)(int, siginfo_t *, void *))
{
	struct {
		void (*handler)(int, siginfo_t *, void *);
		uint64_t flags;
		void (*restorer)(void);
		uint64_t mask;
	} action = {handler, SA_SIGINFO | SA_ONSTACK | SA_NODEFER | 0x04000000, host_restorer, 0};
	if (HOST4(__NR_rt_sigaction, signal, &action, NULL, 8))
		hosted_die("cannot set a signal handler");
}

static void *map(uint64_t length, int protection)
{
	int64_t address = HOST6(__NR_mmap, 0, length, protection, HOST_MAP_PRIVATE | HOST_MAP_ANONYMOUS, -1, 0);
	if (address < 0 && address > -4096)
		hosted_die("no memory");
	return (void *)address;
}

/* From here on every `syscall` of the calling thread outside of this program's text is ours. */
void hosted_dispatch_on(struct hosted_thread *thread)
{
	stack_t stack = {.ss_sp = (void *)thread->signal_stack, .ss_flags = 0, .ss_size = SIGNAL_STACK};
	static char selector = 1; /* SYSCALL_DISPATCH_FILTER_BLOCK */
	if (HOST2(__NR_sigaltstack, &stack, NULL) ||
	        HOST6(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, __executable_start,
	                etext - __executable_start, &selector, 0))
		hosted_die("this host has no syscall user dispatch");
}

static void enter(struct hosted_thread *thread)
{
	__asm__ volatile("wrfsbase %0\n\twrgsbase %1" : : "r"(thread->fs_base), "r"(thread->gs_base));
	__asm__ volatile("mov %0, %%rsp\n\txor %%ebp, %%ebp\n\tjmp *%1"
	                 :
	                 : "r"(thread->stack), "r"(thread->entry), "D"(thread->argument), "S"(thread->control_block)
	                 : "memory");
	__builtin_unreachable();
}

void host_thread_main(struct hosted_thread *thread);
void host_thread_main(struct hosted_thread *thread)
{
	thread->host_id = (uint32_t)HOST0(__NR_gettid);
	hosted_dispatch_on(thread);
	enter(thread);
}

/* A thread of the host that begins in host_thread_main on its signal stack, which no handler runs on yet. */
int64_t hosted_thread_run(struct hosted_thread *thread)
{
	uint64_t flags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000; /* VM FS FILES SIGHAND THREAD SYSVSEM */
	uint64_t stack = (uint64_t)map(64 * 1024, HOST_PROT_READ | HOST_PROT_WRITE) + 64 * 1024;
	register uint64_t r12 __asm__("r12") = (uint64_t)thread;
	int64_t result;
	__asm__ volatile("xor %%r10d, %%r10d\n\t"
	                 "xor %%r8d, %%r8d\n\t"
	                 "syscall\n\t"
	                 "test %%rax, %%rax\n\t"
	                 "jnz 1f\n\t"
	                 "mov %%r12, %%rdi\n\t"
	                 "call host_thread_main\n"
	                 "1:"
	                 : "=a"(result)
	                 : "a"(__NR_clone), "D"(flags), "S"(stack), "d"(0), "r"(r12)
	                 : "rcx", "r8", "r10", "r11", "memory");
	return result;
}

static struct hosted_thread *first_thread(void)
{
	struct hosted_thread *thread = &hosted.threads[0];
	thread->host_id = (uint32_t)HOST0(__NR_gettid);
	thread->signal_stack = (uint64_t)map(SIGNAL_STACK, HOST_PROT_READ | HOST_PROT_WRITE);
	thread->control_block = map(4096, HOST_PROT_READ | HOST_PROT_WRITE);
	thread->control_block->self = (uint64_t)thread->control_block;
	thread->control_block->thread_number = 7; /* as the process: thread numbers and process numbers may coincide */
	thread->control_block->process_number = 7;
	return thread;
}

static uint64_t load_image(const char *name)
{
	int64_t fd = HOST3(__NR_open, name, 0, 0);
	struct linux_image_header header;
	if (fd < 0 || HOST3(__NR_read, fd, &header, sizeof header) != sizeof header || header.magic != LINUX_IMAGE_MAGIC)
		hosted_die("IMAGE is not an image of user/linux");
	int64_t address = HOST6(__NR_mmap, 0, header.size, HOST_PROT_READ | HOST_PROT_EXEC, HOST_MAP_PRIVATE, fd, 0);
	if (address < 0 && address > -4096)
		hosted_die("IMAGE cannot be mapped");
	HOST1(__NR_close, fd);
	return (uint64_t)address;
}

static uint64_t rdtsc(void)
{
	uint32_t low, high;
	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static uint64_t host_clock(int clock)
{
	uint64_t time[2];
	HOST2(__NR_clock_gettime, clock, time);
	return time[0] * 1000000000 + time[1];
}

uint64_t hosted_now(void)
{
	const struct time_page *page = hosted.time_page;
	return page->ns_base + (uint64_t)((unsigned __int128)(rdtsc() - page->tsc_base) * page->mult >> page->shift);
}

static uint64_t make_time_page(void)
{
	struct time_page *page = map(4096, HOST_PROT_READ | HOST_PROT_WRITE);
	uint64_t ns = host_clock(1), ticks = rdtsc(), pause[2] = {0, 20000000};
	HOST2(__NR_nanosleep, pause, NULL);
	uint64_t ns_later = host_clock(1), ticks_later = rdtsc();
	page->version = TIME_PAGE_VERSION;
	page->tsc_base = ticks_later;
	page->ns_base = ns_later;
	page->shift = 32;
	page->mult = ((ns_later - ns) << 32) / (ticks_later - ticks);
	page->wall_ns_at_boot = host_clock(0) - ns_later;
	hosted.time_page = page;
	return (uint64_t)page;
}

/* Strings behind the structure, one after another. */
struct text {
	char *at;
	struct start_block *block;
};

static uint32_t add_string(struct text *text, const char *string)
{
	uint32_t offset = (uint32_t)(text->at - (char *)text->block);
	memcpy(text->at, string, strlen(string) + 1);
	text->at += strlen(string) + 1;
	return offset;
}

static void add_grant(struct start_block *block, const char *name, handle_t handle)
{
	struct start_grant *grant = &block->grants[block->grant_count++];
	memcpy(grant->name, name, strlen(name) + 1);
	grant->handle = handle;
}

/* Descriptors 0 to 2 are files of the host's, or the log with HOSTED_LOG in the environment. */
static void add_files(struct start_block *block, struct text *text, bool log)
{
	text->at += -(uintptr_t)text->at & 7;
	struct start_file *to = (struct start_file *)text->at;
	block->files = (uint32_t)(text->at - (char *)block);
	block->file_count = 3;
	for (uint32_t i = 0; i < 3; i++) {
		struct hosted_handle file = {.type = OBJECT_SENDER, .rights = RIGHTS_ALL, .sender = SENDER_FILE, .fd = (int)i};
		to[i] = (struct start_file){i, log ? HANDLE_NONE : hosted_add(file), 0, 0, START_FILE_ITS_OWN, 0};
	}
	text->at = (char *)(to + 3);
}

static bool starts_with(const char *text, const char *prefix)
{
	while (*prefix) {
		if (*text++ != *prefix++)
			return false;
	}
	return true;
}

static void open_program(struct start_block *block, const char *name)
{
	uint64_t stat[18];
	int64_t fd = HOST3(__NR_open, name, 0, 0);
	if (fd < 0 || HOST2(__NR_fstat, fd, stat))
		return; /* no frame: the image has a sentence for that */
	block->program_frame =
	        hosted_add((struct hosted_handle){.type = OBJECT_FRAME, .rights = RIGHTS_ALL & ~RIGHT_WRITE, .fd = (int)fd});
	block->program_length = stat[6];
}

static struct start_block *make_block(struct hosted_thread *thread, uint64_t image, char **arguments, char **environment)
{
	struct start_block *block = map(START_SIZE_MAX, HOST_PROT_READ | HOST_PROT_WRITE);
	struct text text = {(char *)(block + 1), block};
	bool log = false;
	block->magic = START_MAGIC;
	block->version = START_VERSION;
	block->process_number = 7;
	block->linux_image = image;
	block->time_page = make_time_page();
	block->control_block = (uint64_t)thread->control_block;
	block->stack_size = FIRST_STACK;
	block->stack_base = (uint64_t)map(FIRST_STACK, HOST_PROT_READ | HOST_PROT_WRITE);
	HOST3(__NR_getrandom, block->seed, sizeof block->seed, 0);
	block->program_name = add_string(&text, arguments[0]);
	block->working_directory = add_string(&text, "/");
	block->arguments = (uint32_t)(text.at - (char *)block);
	for (; arguments[block->argument_count]; block->argument_count++)
		add_string(&text, arguments[block->argument_count]);
	block->environment = (uint32_t)(text.at - (char *)block);
	for (; *environment; environment++) {
		if (starts_with(*environment, "HOSTED_LOG="))
			log = true;
		if (starts_with(*environment, "HOSTED_UNKNOWN="))
			block->flags |= START_LOG_UNKNOWN_CALLS;
		if (starts_with(*environment, "HOSTED_"))
			continue;
		add_string(&text, *environment);
		block->environment_count++;
	}
	add_grant(block, "log", hosted_add((struct hosted_handle){.type = OBJECT_LOG, .rights = RIGHT_WRITE}));
	add_grant(block, "vfs",
	        hosted_add((struct hosted_handle){.type = OBJECT_SENDER, .rights = RIGHT_SEND, .sender = SENDER_VFS}));
	add_files(block, &text, log);
	block->size = (uint32_t)(text.at - (char *)block);
	block->umask = 022;
	open_program(block, arguments[0]);
	return block;
}

/* `stack`: argc, argv, envp as Linux hands them over. */
void host_start(uint64_t *stack)
{
	char **arguments = (char **)(stack + 1);
	uint64_t count = stack[0];
	if (count < 4)
		hosted_die("usage: hosted IMAGE ROOT PROGRAM [ARGUMENT...]");
	for (uint32_t i = 0; i < WATCHES_MAX; i++)
		hosted.watches[i].fd = -1;
	hosted.root = (int)HOST3(__NR_open, arguments[2], 0200000, 0);
	if (hosted.root < 0)
		hosted_die("ROOT cannot be opened");
	install(SIGSYS, on_syscall);
	install(SIGTRAP, on_trap);
	install(SIGSEGV, on_fault);
	install(SIGBUS, on_fault);
	install(SIGILL, on_fault);
	install(SIGFPE, on_fault);
	struct hosted_thread *thread = first_thread();
	uint64_t image = load_image(arguments[1]);
	struct start_block *block = make_block(thread, image, arguments + 3, arguments + count + 1);
	thread->entry = image + ((const struct linux_image_header *)image)->start;
	thread->argument = (uint64_t)block;
	thread->stack = block->stack_base + block->stack_size;
	hosted_dispatch_on(thread);
	enter(thread);
}
