/*
 * Single steps over a Linux call: with the trap flag set, the program is stepped through its own instructions and the image of
 * user/linux is not; the call is answered as ever, and the flag is still set behind it.
 *
 * In Hearth a second thread takes the exceptions of the process and lets it go on. tests/host/linux/hosted, which has no
 * channels, counts steps in the array that r15 points to.
 */
#include "test.h"

#include <pthread.h>

#include "abi/exception.h"
#include "user/lib/call.h"

#define STEPS_MAX 64

/* steps[0] counts, the others are where the program was at each step. */
static uint64_t steps[STEPS_MAX];
static handle_t receiver;

static void *take_exceptions(void *argument)
{
	struct message message;
	status_t status = sys_channel_recv(receiver, DEADLINE_NEVER, &message);
	while (!status) {
		if (message.info & RECEIVED_EXTRAS)
			sys_handle_close(control_block()->received.handles[0]);
		bool step = RECEIVED_KIND(message.info) == RECEIVED_EXCEPTION && message.word[0] == VECTOR_DEBUG;
		if (step && ++steps[0] < STEPS_MAX)
			steps[steps[0]] = message.word[2];
		message = (struct message){.label = step ? EXCEPTION_RESUME : EXCEPTION_END};
		status = sys_channel_reply_recv(receiver, &message);
	}
	return argument;
}

/* False where there are no channels. */
static bool watch_exceptions(void)
{
	handle_t sender;
	pthread_t thread;
	if (sys_channel_create(&receiver))
		return false;
	if (sys_channel_mint(receiver, 1, RIGHTS_ALL, &sender) || pthread_create(&thread, NULL, take_exceptions, NULL) ||
	        sys_process_set_exception(HANDLE_SELF_PROCESS, sender))
		return false;
	return true;
}

extern char step_begin[], step_call[], step_behind[], step_end[];

/* Makes a call under the trap flag: its result. */
static long stepped_call(long number)
{
	long result;
	__asm__ volatile("mov %[steps], %%r15\n\t"
	                 "lea -128(%%rsp), %%rsp\n\t"
	                 "pushfq\n\t"
	                 "orq $0x100, (%%rsp)\n\t"
	                 "popfq\n"
	                 "step_begin:\n\t"
	                 "nop\n"
	                 "step_call:\n\t"
	                 "syscall\n"
	                 "step_behind:\n\t"
	                 "nop\n\t"
	                 "nop\n\t"
	                 "pushfq\n\t"
	                 "andq $~0x100, (%%rsp)\n\t"
	                 "popfq\n"
	                 "step_end:\n\t"
	                 "lea 128(%%rsp), %%rsp\n\t"
	                 : "=a"(result)
	                 : "a"(number), [steps] "r"(steps), "D"(0), "S"(0), "d"(0)
	                 : "rcx", "r11", "r15", "memory");
	return result;
}

static bool stepped_to(const char *where)
{
	for (uint64_t i = 1; i <= steps[0] && i < STEPS_MAX; i++) {
		if (steps[i] == (uint64_t)where)
			return true;
	}
	return false;
}

static void one(const char *name, long number, long expected)
{
	char label[64];
	memset(steps, 0, sizeof steps);
	long result = stepped_call(number);
	snprintf(label, sizeof label, "%s_is_answered_under_the_trap_flag", name);
	TEST(label, result == expected);
	snprintf(label, sizeof label, "%s_is_stepped_to_and_from", name);
	TEST(label,
	        stepped_to(step_call) && stepped_to(step_behind) && stepped_to(step_behind + 1) && stepped_to(step_behind + 2));
	bool inside = false;
	for (uint64_t i = 1; i <= steps[0] && i < STEPS_MAX; i++)
		inside |= steps[i] < (uint64_t)step_begin || steps[i] > (uint64_t)step_end;
	snprintf(label, sizeof label, "%s_is_not_stepped_into", name);
	TEST(label, !inside && steps[0] < 12);
}

/* Numbers by hand: <sys/syscall.h> has names that Hearth uses too. */
int main(void)
{
	test_prefix = "linux.step";
	if (!watch_exceptions())
		printf("# no channels here\n");
	one("getpid", 39, getpid());
	one("sched_yield", 24, 0);
	one("unknown", 999, -ENOSYS);
	return test_result();
}
