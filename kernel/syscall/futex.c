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

/* The word that an address means; BAD_ARGUMENT for flags that are not there. */
static uint32_t find_word(struct vmem *vmem, uint64_t address, uint64_t flags, struct futex_word *out)
{
	*out = (struct futex_word){vmem, 0, address};
	if (flags & ~(uint64_t)FUTEX_SHARED)
		return ERR_BAD_ARGUMENT;
	return !flags || futex_find_shared(vmem, address, out) ? ERR_OK : ERR_BAD_ADDRESS;
}

void syscall_futex_wait(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	uint64_t address = call_word(thread, 0), expected = call_word(thread, 1), deadline = call_word(thread, 2);
	struct vmem *vmem = thread->process->vmem;
	struct futex_word word;
	uint32_t value;
	if (address % sizeof value) {
		call_answer(thread, ERR_BAD_ARGUMENT);
		return;
	}
	if (!user_range_ok(uaddr(address), sizeof value) || !read_word(vmem, address, &value)) {
		call_answer(thread, ERR_BAD_ADDRESS);
		return;
	}
	uint32_t error = find_word(vmem, address, call_word(thread, 3), &word);
	if (!error && value != (uint32_t)expected)
		error = ERR_CHANGED;
	if (error) {
		call_answer(thread, error);
		return;
	}
	thread->task.deadline = deadline;
	if (deadline != DEADLINE_NEVER && thread_deadline_passed(thread))
		call_answer(thread, ERR_TIMED_OUT);
	else
		futex_wait(thread, &word);
}

static void answer_woken(struct thread *thread, uint32_t error)
{
	if (error)
		call_answer(thread, error);
	else
		call_answer_words(thread, thread->progress, 0, 0);
	thread->progress = 0;
}

void syscall_futex_wake(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	uint64_t address = call_word(thread, 0), most = call_word(thread, 1);
	struct futex_word word;
	uint32_t error = find_word(thread->process->vmem, address, call_word(thread, 2), &word);
	for (unsigned i = 0; i < WAKES_PER_STEP && !error; i++) {
		if (thread->progress >= most || !futex_wake_one(&word)) {
			answer_woken(thread, ERR_OK);
			return;
		}
		thread->progress++;
	}
	if (error)
		answer_woken(thread, error);
	else
		call_again(thread);
}
