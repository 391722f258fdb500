/* Signals of a process to itself: handlers and what they find, masks, faults, interrupted calls, alternate stacks. */
#include <fenv.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#include "tests/guest/linux/test.h"

static volatile int runs, last, depth, deepest;
static siginfo_t info;
static ucontext_t context;

static void count(int signal)
{
	runs++;
	last = signal;
}

static void keep(int signal, siginfo_t *said, void *argument)
{
	runs++;
	last = signal;
	info = *said;
	context = *(ucontext_t *)argument;
}

static void set(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	sigaction(signal, &action, NULL);
}

static void set_info(int signal, int flags)
{
	struct sigaction action = {.sa_sigaction = keep, .sa_flags = flags | SA_SIGINFO};
	sigaction(signal, &action, NULL);
}

static void test_handlers(void)
{
	set(SIGUSR1, count, 0);
	runs = 0;
	TEST("a_handler_runs_before_kill_returns", !kill(getpid(), SIGUSR1) && runs == 1 && last == SIGUSR1);
	TEST("raise_runs_it_too", !raise(SIGUSR1) && runs == 2);
	set_info(SIGUSR2, 0);
	kill(getpid(), SIGUSR2);
	TEST("siginfo_of_kill", info.si_signo == SIGUSR2 && info.si_code == SI_USER && info.si_pid == getpid());
	raise(SIGUSR2);
	TEST("siginfo_of_tkill", info.si_code == SI_TKILL && info.si_pid == getpid());
	union sigval value = {.sival_int = 4711};
	sigqueue(getpid(), SIGUSR2, value);
	TEST("siginfo_of_sigqueue", info.si_code == SI_QUEUE && info.si_value.sival_int == 4711);
	set(SIGUSR1, count, SA_RESETHAND);
	struct sigaction now;
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &now);
	TEST("resethand_sets_the_default", now.sa_handler == SIG_DFL);
	set(SIGUSR1, SIG_IGN, 0);
	runs = 0;
	TEST("an_ignored_one_is_lost", !raise(SIGUSR1) && !runs);
}

static void nest(int signal)
{
	if (++depth > deepest)
		deepest = depth;
	if (runs++ < 3)
		raise(signal);
	depth--;
}

static void test_nesting(void)
{
	set(SIGUSR1, nest, 0);
	deepest = runs = 0;
	raise(SIGUSR1);
	TEST("a_handler_blocks_its_own_signal", deepest == 1 && runs == 4);
	set(SIGUSR1, nest, SA_NODEFER);
	deepest = depth = runs = 0;
	raise(SIGUSR1);
	TEST("nodefer_nests", deepest == 4);
}

static void test_masks(void)
{
	sigset_t mask, old, pending;
	set(SIGUSR1, count, 0);
	set(SIGUSR2, count, 0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_BLOCK, &mask, &old);
	runs = 0;
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	raise(SIGUSR2);
	sigpending(&pending);
	TEST("blocked_ones_wait", !runs && sigismember(&pending, SIGUSR1) && sigismember(&pending, SIGUSR2));
	sigprocmask(SIG_SETMASK, &old, NULL);
	TEST("they_come_once_each_when_unblocked", runs == 2);
	sigpending(&pending);
	TEST("then_none_is_pending", !sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGUSR2));

	sigprocmask(SIG_BLOCK, &mask, NULL);
	runs = 0;
	raise(SIGUSR1);
	sigset_t none;
	sigemptyset(&none);
	TEST_ERRNO("sigsuspend_ends", sigsuspend(&none), EINTR);
	sigprocmask(SIG_BLOCK, NULL, &pending);
	TEST("sigsuspend_runs_the_handler_and_restores_the_mask", runs == 1 && sigismember(&pending, SIGUSR1));
	struct timespec no_time = {0, 0}, long_time = {10, 0};
	raise(SIGUSR1);
	TEST_ERRNO("ppoll_ends_by_what_was_pending_before", ppoll(NULL, 0, &long_time, &none), EINTR);
	raise(SIGUSR1);
	TEST_ERRNO("pselect_too", pselect(0, NULL, NULL, NULL, &long_time, &none), EINTR);
	raise(SIGUSR1);
	TEST_ERRNO("and_without_waiting", ppoll(NULL, 0, &no_time, &none), EINTR);
	int list = epoll_create1(0);
	struct epoll_event event;
	raise(SIGUSR1);
	TEST_ERRNO("epoll_pwait_too", epoll_pwait(list, &event, 1, 10000, &none), EINTR);
	close(list);
	sigprocmask(SIG_BLOCK, NULL, &pending);
	TEST("they_run_the_handler_and_restore_the_mask", runs == 5 && sigismember(&pending, SIGUSR1));
	raise(SIGUSR2);
	siginfo_t got;
	runs = 0;
	TEST("sigtimedwait_takes_it", sigtimedwait(&mask, &got, &no_time) == SIGUSR2 && got.si_signo == SIGUSR2 && !runs);
	TEST_ERRNO("sigtimedwait_of_none_is_eagain", sigtimedwait(&mask, &got, &no_time), EAGAIN);
	struct timespec moment = {0, 20000000};
	TEST_ERRNO("sigtimedwait_waits_for_its_time", sigtimedwait(&mask, &got, &moment), EAGAIN);
	sigprocmask(SIG_SETMASK, &old, NULL);

	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	for (int i = 1; i <= 3; i++)
		sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = i});
	int order = 0;
	for (int i = 1; i <= 3; i++)
		order += sigtimedwait(&mask, &got, &no_time) == SIGRTMIN + 1 && got.si_value.sival_int == i;
	TEST("real_time_signals_queue_in_order", order == 3);
	TEST_ERRNO("and_end", sigtimedwait(&mask, &got, &no_time), EAGAIN);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* All registers have values of their own when the signal comes, by a kill that is a bare system call. */
uint64_t registers_before[16], registers_after[16];
static void test_frame(void)
{
	set_info(SIGUSR1, 0);
	memset(&context, 0, sizeof context);
	uint64_t flags_after;
	uint64_t self = (uint64_t)getpid();
	register uint64_t number __asm__("rax") = SYS_kill;
	register uint64_t pid __asm__("rdi") = self;
	register uint64_t signal __asm__("rsi") = SIGUSR1;
	double vector = 3.25, result = 0;
	__asm__ volatile("mov $0x1111, %%rdx\n\tmov $0x2222, %%r8\n\tmov $0x3333, %%r9\n\tmov $0x4444, %%r10\n\t"
	                 "mov $0x5555, %%r12\n\tmov $0x6666, %%r13\n\tmov $0x7777, %%r14\n\tmov $0x8888, %%r15\n\t"
	                 "movsd %[vector], %%xmm7\n\t"
	                 "lea 1f(%%rip), %%rbx\n\t"
	                 "mov %%rsp, registers_before(%%rip)\n\t"
	                 "stc\n\t"
	                 "syscall\n"
	                 "1:\n\t"
	                 "mov %%rdx, registers_after(%%rip)\n\tmov %%r8, 8+registers_after(%%rip)\n\t"
	                 "mov %%r9, 16+registers_after(%%rip)\n\tmov %%r10, 24+registers_after(%%rip)\n\t"
	                 "mov %%r12, 32+registers_after(%%rip)\n\tmov %%r13, 40+registers_after(%%rip)\n\t"
	                 "mov %%r14, 48+registers_after(%%rip)\n\tmov %%r15, 56+registers_after(%%rip)\n\t"
	                 "mov %%rbx, 64+registers_after(%%rip)\n\tmov %%rax, 72+registers_after(%%rip)\n\t"
	                 "pushfq\n\tpopq %[flags]\n\t"
	                 "movsd %%xmm7, %[result]\n\t"
	                 : [flags] "=&m"(flags_after), [result] "=m"(result), "+r"(number), "+r"(pid), "+r"(signal)
	                 : [vector] "m"(vector)
	                 : "rdx", "r8", "r9", "r10", "r12", "r13", "r14", "r15", "rbx", "rcx", "r11", "xmm7", "memory", "cc");
	(void)flags_after;
	const greg_t *r = context.uc_mcontext.gregs;
	TEST("frame_rip_is_behind_the_call", (uint64_t)r[REG_RIP] == registers_after[8]);
	TEST("frame_rsp", (uint64_t)r[REG_RSP] == registers_before[0]);
	TEST("frame_rax_is_the_result", r[REG_RAX] == 0 && registers_after[9] == 0);
	TEST("frame_arguments", r[REG_RDI] == getpid() && r[REG_RSI] == SIGUSR1 && r[REG_RDX] == 0x1111);
	TEST("frame_other_registers",
	        r[REG_R8] == 0x2222 && r[REG_R9] == 0x3333 && r[REG_R10] == 0x4444 && r[REG_R12] == 0x5555 &&
	                r[REG_R13] == 0x6666 && r[REG_R14] == 0x7777 && r[REG_R15] == 0x8888);
	TEST("frame_flags_have_the_carry", r[REG_EFL] & 1);
	TEST("frame_selectors", (uint64_t)r[REG_CSGSFS] == 0x002b000000000033);
	TEST("frame_flags_of_the_context", context.uc_flags == 7 && !context.uc_link);
	TEST("frame_without_alternate_stack", !context.uc_stack.ss_size);
	TEST("registers_are_restored",
	        registers_after[0] == 0x1111 && registers_after[1] == 0x2222 && registers_after[2] == 0x3333 &&
	                registers_after[3] == 0x4444 && registers_after[4] == 0x5555 && registers_after[5] == 0x6666 &&
	                registers_after[6] == 0x7777 && registers_after[7] == 0x8888);
	TEST("vectors_are_restored", result == 3.25);
}

static void look_at_vectors(int signal, siginfo_t *said, void *argument)
{
	ucontext_t *at = argument;
	char *fp = (char *)at->uc_mcontext.fpregs;
	char *xmm7 = fp + 160 + 7 * 16; /* FXSAVE's layout */
	const uint32_t *software = (const uint32_t *)(fp + 464);
	(void)said;
	last = signal;
	double value;
	memcpy(&value, xmm7, sizeof value);
	TEST("vector_state_has_xmm7", value == 3.25);
	TEST("vector_state_is_aligned_and_extended", !((uintptr_t)fp & 63) && software[0] == 0x46505853);
	TEST("vector_state_ends_with_the_second_word",
	        *(uint32_t *)(fp + software[4]) == 0x46505845 && software[1] == software[4] + 4);
	value = 6.5;
	memcpy(xmm7, &value, sizeof value); /* a handler may change what it interrupted */
	at->uc_mcontext.gregs[REG_R15] = 0x9999;
	__asm__ volatile("xorpd %%xmm7, %%xmm7" : : : "xmm7");
}

static void test_vectors(void)
{
	struct sigaction action = {.sa_sigaction = look_at_vectors, .sa_flags = SA_SIGINFO};
	sigaction(SIGUSR1, &action, NULL);
	double vector = 3.25, result = 0;
	uint64_t r15 = 0;
	uint64_t number = SYS_kill, pid = (uint64_t)getpid();
	__asm__ volatile("mov %[number], %%rax\n\tmov %[pid], %%rdi\n\tmov $10, %%esi\n\t"
	                 "movsd %[vector], %%xmm7\n\tsyscall\n\tmovsd %%xmm7, %[result]\n\tmov %%r15, %[r15]"
	                 : [result] "=m"(result), [r15] "=m"(r15)
	                 : [vector] "m"(vector), [number] "m"(number), [pid] "m"(pid)
	                 : "rax", "rdi", "rsi", "rcx", "r11", "r15", "xmm7", "memory", "cc");
	TEST("what_a_handler_changed_is_loaded", result == 6.5 && r15 == 0x9999);
}

static sigjmp_buf away;
static void jump(int signal, siginfo_t *said, void *argument)
{
	info = *said;
	context = *(ucontext_t *)argument;
	siglongjmp(away, signal);
}

static void test_faults(void)
{
	struct sigaction action = {.sa_sigaction = jump, .sa_flags = SA_SIGINFO};
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
	volatile int *wild = (volatile int *)0x12345678000;
	for (volatile int i = 0; i < 3; i++) { /* the mask is restored each time */
		int got = sigsetjmp(away, 1);
		if (!got)
			*wild = 1;
		if (i == 2)
			TEST("a_bad_address_is_segv",
			        got == SIGSEGV && info.si_addr == (void *)wild && info.si_code == SEGV_MAPERR);
	}
	TEST("frame_of_a_fault",
	        context.uc_mcontext.gregs[REG_TRAPNO] == 14 && (context.uc_mcontext.gregs[REG_ERR] & 2) &&
	                (volatile int *)context.uc_mcontext.gregs[REG_CR2] == wild);
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char seen = page[0];
	(void)seen;
	int got = sigsetjmp(away, 1);
	if (!got)
		*(volatile char *)page = 1;
	TEST("a_protected_page_is_accerr", got == SIGSEGV && info.si_code == SEGV_ACCERR && info.si_addr == page);
	volatile int zero = 0, many = 100;
	got = sigsetjmp(away, 1);
	if (!got)
		zero = many / zero;
	TEST("division_by_zero_is_fpe", got == SIGFPE && info.si_code == FPE_INTDIV && info.si_addr);
	got = sigsetjmp(away, 1);
	if (!got)
		__asm__ volatile("ud2");
	TEST("ud2_is_ill", got == SIGILL && info.si_code == ILL_ILLOPN);
	got = sigsetjmp(away, 1);
	if (!got)
		__asm__ volatile("int3");
	TEST("int3_is_trap", got == SIGTRAP);
	got = sigsetjmp(away, 1);
	if (!got)
		__asm__ volatile("hlt");
	TEST("hlt_is_segv", got == SIGSEGV && info.si_code == SI_KERNEL);
	got = sigsetjmp(away, 1);
	if (!got)
		__asm__ volatile("mov $0x8000000000000000, %%rax\n\tjmp *%%rax" : : : "rax");
	TEST("a_jump_to_nowhere_is_segv", got == SIGSEGV);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGFPE, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
}

static void test_bad_pointers(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(page + 4096, 4096);
	char *hole = page + 4096;
	TEST_ERRNO("gettime_into_a_hole", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, hole), EFAULT);
	TEST_ERRNO("uname_into_a_hole", syscall(SYS_uname, hole), EFAULT);
	TEST_ERRNO("uname_across_the_end", syscall(SYS_uname, hole - 8), EFAULT);
	TEST_ERRNO("open_of_a_hole", syscall(SYS_open, hole, 0), EFAULT);
	TEST_ERRNO("sigaction_from_a_hole", syscall(SYS_rt_sigaction, SIGUSR1, hole, NULL, 8), EFAULT);
	TEST_ERRNO("writev_from_a_hole", syscall(SYS_writev, 1, hole, 2), EFAULT);
	TEST_ERRNO("getrandom_into_a_hole", syscall(SYS_getrandom, hole, 16, 0), EFAULT);
	TEST("files_are_not_used_up_by_that", close(dup(1)) == 0);
	strcpy(hole - 5, "/tmp");
	hole[-1] = 'p';
	TEST_ERRNO("a_name_that_runs_into_a_hole", syscall(SYS_chdir, hole - 5), EFAULT);
	munmap(page, 4096);
}

static char *stack_bytes;
static volatile char *handler_stack;
static stack_t inside;
static void on_stack(int signal)
{
	char here;
	handler_stack = &here;
	last = signal;
	sigaltstack(NULL, &inside);
}

static void test_alternate_stack(void)
{
	size_t size = 65536;
	stack_bytes = malloc(size);
	stack_t stack = {.ss_sp = stack_bytes, .ss_size = size}, old;
	TEST("alternate_stack_is_taken", !sigaltstack(&stack, NULL));
	set(SIGUSR1, on_stack, SA_ONSTACK);
	raise(SIGUSR1);
	TEST("the_handler_runs_on_it", handler_stack > stack_bytes && handler_stack < stack_bytes + size);
	TEST("it_says_so_there", inside.ss_flags == SS_ONSTACK && inside.ss_sp == stack_bytes);
	sigaltstack(NULL, &old);
	TEST("and_not_afterwards", old.ss_flags == 0 && old.ss_size == size);
	set(SIGUSR1, on_stack, 0);
	raise(SIGUSR1);
	TEST("without_onstack_it_is_not_used", handler_stack < stack_bytes || handler_stack > stack_bytes + size);
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
	free(stack_bytes);
}

static void set_timer(int ms, int every)
{
	struct itimerval value = {{0, every * 1000}, {0, ms * 1000}};
	setitimer(ITIMER_REAL, &value, NULL);
}

static void test_interrupted_calls(void)
{
	set(SIGALRM, count, 0);
	runs = 0;
	set_timer(20, 0);
	struct timespec long_time = {5, 0}, left = {0, 0};
	TEST_ERRNO("nanosleep_is_interrupted", nanosleep(&long_time, &left), EINTR);
	TEST("and_tells_what_was_left", runs == 1 && left.tv_sec == 4 && left.tv_nsec > 0);
	set_timer(20, 0);
	TEST_ERRNO("pause_is_interrupted", pause(), EINTR);
	set_timer(20, 0);
	TEST_ERRNO("select_is_interrupted", select(0, NULL, NULL, NULL, NULL), EINTR);
	uint32_t word = 0;
	set_timer(20, 0);
	TEST_ERRNO("futex_is_interrupted", syscall(SYS_futex, &word, 0, 0, NULL, NULL, 0), EINTR);
	set(SIGALRM, count, SA_RESTART);
	set_timer(20, 0);
	TEST_ERRNO("select_is_interrupted_with_restart_too", select(0, NULL, NULL, NULL, NULL), EINTR);
	set(SIGALRM, SIG_IGN, 0);
	set_timer(10, 0);
	struct timespec short_time = {0, 40000000};
	TEST("an_ignored_signal_does_not_interrupt", !nanosleep(&short_time, NULL));
	set(SIGALRM, count, 0);
	runs = 0;
	set_timer(5, 5);
	volatile uint64_t turns = 0;
	while (runs < 10)
		turns++;
	set_timer(0, 0);
	TEST("a_running_program_is_interrupted", runs >= 10);
	alarm(100);
	TEST("alarm_tells_what_was_left", alarm(0) >= 99 && alarm(0) == 0);
}

/* A timer that goes off all the time, while the program makes calls and counts: no register may ever get lost. */
static void test_storm(void)
{
	set(SIGALRM, count, SA_RESTART);
	runs = 0;
	struct itimerval value = {{0, 300}, {0, 300}};
	setitimer(ITIMER_REAL, &value, NULL);
	uint64_t wrong = 0, sum = 0;
	double real = 1;
	for (uint64_t i = 0; i < 300000; i++) {
		wrong += syscall(SYS_getpid) != getpid();
		sum += i;
		real = real * 1.0000001;
		if (i % 16 == 0) {
			uint64_t r12 = i;
			__asm__ volatile("mov %0, %%r12\n\tmov $39, %%eax\n\tsyscall\n\tmov %%r12, %0"
			                 : "+r"(r12)
			                 :
			                 : "rax", "rcx", "r11", "r12", "memory");
			wrong += r12 != i;
		}
	}
	memset(&value, 0, sizeof value);
	setitimer(ITIMER_REAL, &value, NULL);
	TEST("a_storm_of_signals_loses_nothing", !wrong && sum == 300000ull * 299999 / 2 && real > 1.03 && real < 1.031);
	TEST("and_was_one", runs > 5);
}

static volatile pthread_t taker;
static void note_thread(int signal)
{
	last = signal;
	taker = pthread_self();
}

static volatile int go;
static void *other_thread(void *argument)
{
	(void)argument;
	while (!go)
		usleep(1000);
	return NULL;
}

static void *sleeping_thread(void *argument)
{
	pause();
	return argument;
}

static void test_threads(void)
{
	pthread_t thread;
	set(SIGUSR1, note_thread, 0);
	go = 0;
	pthread_create(&thread, NULL, other_thread, NULL);
	taker = 0;
	pthread_kill(thread, SIGUSR1);
	for (int i = 0; i < 1000 && !taker; i++)
		usleep(1000);
	TEST("a_signal_to_a_thread_runs_there", taker == thread);
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	taker = 0;
	kill(getpid(), SIGUSR1);
	for (int i = 0; i < 1000 && !taker; i++)
		usleep(1000);
	TEST("what_the_first_thread_blocks_another_takes", taker == thread);
	go = 1;
	pthread_join(thread, NULL);
	pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
	pthread_create(&thread, NULL, sleeping_thread, NULL);
	usleep(10000);
	pthread_cancel(thread);
	void *result;
	TEST("a_sleeping_thread_is_cancelled", !pthread_join(thread, &result) && result == PTHREAD_CANCELED);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	test_prefix = "linux.signals";
	test_handlers();
	test_nesting();
	test_masks();
	test_frame();
	test_vectors();
	test_faults();
	test_bad_pointers();
	test_alternate_stack();
	test_interrupted_calls();
	test_storm();
	test_threads();
	return test_result();
}
