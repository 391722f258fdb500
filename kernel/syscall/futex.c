/* futex_wait and futex_wake: waiting at a word of the own memory (object/futex.h). */
#include "object/futex.h"

#include "arch/user_copy.h"
#include "object/vmem.h"
#include "syscall/call.h"

#define WAKES_PER_STEP 8u

/* The word is read in one access, after its page was made present if need be. */
static bool read_word(struct vmem *vmem, uint64_t address, uint32_t *out)
{
	if (user_read_32(uaddr(address), out))
		return true;
	return vmem_fault(vmem, address, false, false) == ERR_OK && user_read_32(uaddr(address), out);
}

void syscall_futex_wait(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	uint64_t address = call_word(thread, 0), expected = call_word(thread, 1), deadline = call_word(thread, 2);
	uint32_t value;
	if (address % sizeof value) {
		call_answer(thread, ERR_BAD_ARGUMENT);
		return;
	}
	if (!user_range_ok(uaddr(address), sizeof value) || !read_word(thread->process->vmem, address, &value)) {
		call_answer(thread, ERR_BAD_ADDRESS);
		return;
	}
	if (value != (uint32_t)expected) {
		call_answer(thread, ERR_CHANGED);
		return;
	}
	thread->task.deadline = deadline;
	if (deadline != DEADLINE_NEVER && thread_deadline_passed(thread))
		call_answer(thread, ERR_TIMED_OUT);
	else
		futex_wait(thread, address);
}

void syscall_futex_wake(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	uint64_t address = call_word(thread, 0), most = call_word(thread, 1);
	for (unsigned i = 0; i < WAKES_PER_STEP; i++) {
		if (thread->progress >= most || !futex_wake_one(thread->process->vmem, address)) {
			call_answer_words(thread, thread->progress, 0, 0);
			thread->progress = 0;
			return;
		}
		thread->progress++;
	}
	call_again(thread);
}
