/*
 * How a system call is written.
 *
 * Each line of abi/syscalls.def has a handler syscall_NAME, in the file of its noun. The dispatcher (dispatch.c) has already
 * found the object behind the handle in rax, of the type and with the rights that the table wants; for OBJECT_NONE it passes 0.
 * The object is borrowed: it stays until the CPU leaves the kernel, but over a continuation only a reference keeps it.
 *
 * A handler reads its words (call_word), checks everything, then acts, and ends with exactly one call_answer..., call_again, a
 * wait, or the end of the thread. What stands in user memory is copied in once and checked in the copy. A call happens, changes
 * nothing, or reports progress; work that may take more than some 10,000 instructions goes in steps with call_again.
 */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "abi/syscalls.h"
#include "core/percpu.h"
#include "object/process.h"
#include "object/thread.h"

#define SYSCALL(call_number, name, object_type, needed) \
	void syscall_##name(struct thread *thread, struct object *object, uint32_t rights);
#include "abi/syscalls.def"
#undef SYSCALL

static inline uint64_t call_word(const struct thread *thread, unsigned index)
{
	return thread->task.context.word[index];
}

void call_repeat(struct task *task);

/* Whether this is the name that the call which the thread holds will have when it is saved: it is that call's already. */
static inline bool call_names_held(const struct thread *thread, handle_t handle)
{
	return thread->reply_to && handle && handle == thread->reply_place;
}

/* Ends the call with an error or ERR_OK; all words are zero. */
static inline void call_answer(struct thread *thread, uint32_t error)
{
	context_answer(&thread->task.context, error);
}

/* Ends the call with ERR_OK and results; the other words are zero. */
static inline void call_answer_words(struct thread *thread, uint64_t word0, uint64_t word1, uint64_t word2)
{
	context_answer(&thread->task.context, ERR_OK);
	thread->task.context.word[0] = word0;
	thread->task.context.word[1] = word1;
	thread->task.context.word[2] = word2;
}

/* Ends the call with a new handle to `object` in word 0, which takes over the caller's reference, or with an error. */
void call_answer_handle(struct thread *thread, struct object *object, uint32_t rights);

/*
 * The whole call is made again, from the look-up of its object on, after interrupts and other threads had their turn. Its words
 * stay as they are; thread->progress says how far it came, is 0 at its beginning, and set to 0 after its end.
 */
static inline void call_again(struct thread *thread)
{
	thread->task.continuation = call_repeat;
	cpu_current()->need_schedule = 1;
}

/*
 * Ends one step of a call that has copied `done` of `length` bytes: the next step, or an answer with what was copied, or with the
 * error if that was nothing.
 */
static inline void call_answer_copied(struct thread *thread, uint64_t done, uint64_t length, uint32_t error)
{
	if (!error && done < length) {
		thread->progress = done;
		call_again(thread);
		return;
	}
	thread->progress = 0;
	if (error && !done)
		call_answer(thread, error);
	else
		call_answer_words(thread, done, 0, 0);
}

/*
 * The object of a handle that a call has in a word: of this type (OBJECT_NONE: any), with these rights. Knows the pseudo
 * handles. BAD_HANDLE, WRONG_TYPE, NO_RIGHT. out_rights may be 0.
 */
uint32_t call_find(struct thread *thread, handle_t handle, enum object_type type, uint32_t rights, struct object **out_object,
        uint32_t *out_rights) __attribute__((warn_unused_result));
