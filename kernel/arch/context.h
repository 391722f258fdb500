/*
 * A thread's registers while it does not run in user mode, and how the kernel reads a call's arguments and writes its results
 * there. entry.S saves into the context that the CPU points to and restores from the one that upcall_leave answers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/control_block.h"
#include "abi/message.h"
#include "abi/syscalls.h"
#include "lib/address.h"

struct context {
	uint64_t word[MESSAGE_WORDS]; /* rdi rsi rdx r10 r8 r9 */
	uint64_t rax;
	uint64_t rbx, rbp, rsp, r12, r13, r14, r15;
	uint64_t rip, rflags;
	uint64_t rcx, r11; /* only of a thread that was interrupted */
	uint64_t fs_base, gs_base;

	/* How the thread may be resumed: by sysret only if it entered by syscall and nobody wrote its registers since. */
	uint64_t by_syscall;

	/* What entry needs for foreign calls, kept here so that it follows one pointer. */
	struct control_block *control_block; /* through the direct map */
	uint64_t foreign_entry;              /* 0: the process registered none */

	void *fpu; /* save area of arch/fpu.h, 0 until the thread was preempted with live state */
	uint32_t fpu_live;
	uint32_t reserved;
};

/*
 * A thread that has not run: all other registers are zero, interrupts on; control_block, foreign_entry and fpu stay as they are.
 * False, and nothing changed: entry or stack is no user address, or a base is not canonical.
 */
bool context_init(
        struct context *context, struct uaddr entry, struct uaddr stack, uint64_t argument, uint64_t fs_base, uint64_t gs_base);

/* The same for one that goes on with the registers that it has: only rdi is new, and flags that a thread must have. */
void context_resume(struct context *context, uint64_t argument);

/* No thread's: what the CPU saves when the one that ran last is not there any more goes here, and nobody reads it. */
extern struct context context_nobody;

/* Before a context's memory is freed or used for another thread: the CPU must not save FS and GS base there any more. */
void context_forget(struct context *context);

/*
 * For exception handlers. context_set checks rip and rsp for user addresses and the bases for canonical ones, and keeps only
 * harmless flags; false, and nothing changed: one is none.
 */
void context_get(const struct context *context, struct thread_registers *out);
bool context_set(struct context *context, const struct thread_registers *registers);

/*
 * The thread is interrupted: all registers go to the frame, which is memory of the program's, and it goes on at `entry`, which
 * must be a user address, with all of them as they were but rip and rflags.
 */
void context_divert(struct context *context, struct uaddr entry, struct upcall_frame *frame);

static inline uint32_t context_call_number(const struct context *context)
{
	return (uint32_t)(context->rax & 0xffff);
}

static inline uint32_t context_call_label(const struct context *context)
{
	return CALL_LABEL(context->rax);
}

static inline handle_t context_call_handle(const struct context *context)
{
	return (handle_t)(context->rax >> 32);
}

/* Ends a call: error, and zero words but for those the caller sets afterwards. */
static inline void context_answer(struct context *context, uint32_t error)
{
	for (unsigned i = 0; i < MESSAGE_WORDS; i++)
		context->word[i] = 0;
	context->rax = error;
}
