/*
 * What calls cost, in ticks of the time stamp counter, the least of many rounds: under `-icount shift=0` a tick is one guest
 * instruction, user code and kernel together. Lines "bench: NAME VALUE ticks". `native=bench` measures all; with
 * `native=bench.NAME` one is done until the machine is stopped, for a trace (QEMU's monitor: singlestep on, log exec,nochain).
 */
#include "tests/guest/native/upcalls.h"

#define ROUNDS 200

static handle_t receiver, sender;

/* A call without a word that is read: what a null call costs. */
static void null_call(void)
{
	uint64_t rax = CALL_REGISTER(CALL_NUMBER_FIRST + 0xff, 0, 0); /* no such call */
	__asm__ volatile("syscall" : "+a"(rax) : : "rcx", "r11", "rdi", "rsi", "rdx", "r10", "r8", "r9", "memory");
}

static void yield(void)
{
	sys_thread_yield();
}

static void raw_call(void)
{
	uint64_t rax = CALL_REGISTER(SYS_channel_call, 1, sender);
	__asm__ volatile("syscall" : "+a"(rax) : : "rcx", "r11", "rdi", "rsi", "rdx", "r10", "r8", "r9", "memory");
}

static void call_with_words(void)
{
	struct message message = {.label = 1, .word = {1, 2, 3, 4, 5, 6}};
	OK(sys_channel_call(sender, &message));
}

static uint8_t buffer[4096] __attribute__((aligned(4096)));

static void call_with_buffer(void)
{
	struct message message = {.label = 2};
	extras_begin()->readable = (struct message_buffer){(uint64_t)buffer, sizeof buffer};
	OK(sys_channel_call_x(sender, &message));
}

static void call_with_small_buffer(void)
{
	struct message message = {.label = 4};
	extras_begin()->readable = (struct message_buffer){(uint64_t)buffer, 64};
	OK(sys_channel_call_x(sender, &message));
}

static void call_with_long_words(void)
{
	struct message message = {.label = 1};
	extras_begin()->word_count = 16;
	OK(sys_channel_call_x(sender, &message));
}

/* Moved there and back. */
static void call_with_handle(void)
{
	static handle_t moved;
	struct message message = {.label = 3};
	if (!moved)
		OK(sys_handle_duplicate(grant("log"), RIGHTS_ALL, &moved));
	extras_add_handle(extras_begin(), moved, RIGHTS_ALL, 1);
	OK(sys_channel_call_x(sender, &message));
	moved = control_block()->received.handles[0];
}

static void measure(const char *name, void (*what)(void))
{
	uint64_t best = UINT64_MAX;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = __builtin_ia32_rdtsc();
		what();
		uint64_t ticks = __builtin_ia32_rdtsc() - start;
		best = ticks < best ? ticks : best;
	}
	say("bench: %s %lu ticks", name, best);
}

static void nothing(void)
{
}

static uint32_t server(void *argument)
{
	handle_t there = *(handle_t *)argument;
	static uint8_t copy[4096];
	struct message message;
	if (sys_channel_recv(there, DEADLINE_NEVER, &message))
		return 1;
	for (;;) {
		uint64_t copied;
		if (message.label == 2 && sys_reply_read(HANDLE_SELF_REPLY, 0, copy, sizeof copy, &copied))
			return 2;
		if (message.label == 4 && sys_reply_read(HANDLE_SELF_REPLY, 0, copy, 64, &copied))
			return 2;
		if (message.label == 3) {
			extras_add_handle(extras_begin(), control_block()->received.handles[0], RIGHTS_ALL, 1);
			if (sys_channel_reply_recv_x(there, &message))
				return 3;
			continue;
		}
		uint64_t rax = CALL_REGISTER(SYS_channel_reply_recv, 0, there), label = message.label;
		if (label == 1) {
			/* As tight as a server can be. */
			do {
				rax = CALL_REGISTER(SYS_channel_reply_recv, 0, there);
				__asm__ volatile("syscall"
				                 : "+a"(rax)
				                 :
				                 : "rcx", "r11", "rdi", "rsi", "rdx", "r10", "r8", "r9", "memory");
			} while (CALL_LABEL(rax) == 1);
			message.label = CALL_LABEL(rax);
			continue;
		}
		if (sys_channel_reply_recv(there, &message))
			return 3;
	}
}

static handle_t notify;

static void signal_nobody(void)
{
	OK(sys_notify_signal(notify, 1));
}

static void empty(void *argument)
{
	(void)argument;
}

static void thread_and_join(void)
{
	struct thread thread;
	thread_begin_at(&thread, 20, empty, 0);
	thread_join(&thread);
}

static uint32_t return_zero(void *argument)
{
	(void)argument;
	return 0;
}

static void process_and_wait(void)
{
	struct child child;
	child_make(&child, "short");
	child_start(&child, return_zero, 0);
	child_wait(&child);
}

static void signal_self(void)
{
	OK(sys_notify_signal(notify, 1));
}

static void fault_self(void)
{
	__asm__ volatile("ud2" : : : "memory");
}

/* From the event to the handler's first instruction, and until the program goes on. */
static void measure_upcall(const char *name, const char *round_trip, void (*what)(void))
{
	uint64_t best = UINT64_MAX;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = __builtin_ia32_rdtsc();
		what();
		best = upcall_entered - start < best ? upcall_entered - start : best;
	}
	say("bench: %s %lu ticks", name, best);
	measure(round_trip, what);
}

static void measure_upcalls(void)
{
	handle_t former = notify;
	notify = upcalls_begin(false);
	upcalls.skip = 2;
	OK(sys_thread_set_upcall(HANDLE_SELF_THREAD, notify, (uint64_t)upcall_timed_entry));
	measure_upcall("upcall.signal", "upcall.signal_and_back", signal_self);
	measure_upcall("upcall.exception", "upcall.exception_and_back", fault_self);
	upcalls_end(notify);
	notify = former;
}

static const struct operation {
	const char *name;
	void (*what)(void);
} operations[] = {
        {"sys.nothing", nothing},
        {"sys.null", null_call},
        {"sys.yield", yield},
        {"ipc.call_raw", raw_call},
        {"ipc.call_words", call_with_words},
        {"ipc.call_buffer_4k", call_with_buffer},
        {"ipc.call_buffer_64", call_with_small_buffer},
        {"ipc.call_long_16", call_with_long_words},
        {"ipc.call_handle", call_with_handle},
        {"notify.signal", signal_nobody},
};

#define OPERATIONS (sizeof operations / sizeof *operations)

static void begin(struct child *child)
{
	static handle_t there;
	channel_make(&receiver, 1, &sender);
	child_make(child, "server");
	there = child_give(child, receiver, RIGHTS_ALL);
	child_start(child, server, &there);
	OK(sys_notify_create(&notify));
	pause_ms(1);
}

void bench(void)
{
	struct child child;
	begin(&child);
	for (unsigned i = 0; i < OPERATIONS; i++)
		measure(operations[i].name, operations[i].what);
	measure_upcalls();
	bench_memory();
	bench_clone();
	bench_process();
	measure("thread.create_join", thread_and_join);
	measure("process.create_wait", process_and_wait);
	child_kill(&child);
}

/* For traces of what is executed: an operation again and again. */
void bench_for_ever(bool (*is_wanted)(const char *name))
{
	struct child child;
	begin(&child);
	for (unsigned i = 0; i < OPERATIONS; i++) {
		if (!is_wanted(operations[i].name))
			continue;
		say("bench: %s goes on and on", operations[i].name);
		for (;;)
			operations[i].what();
	}
}
