/*
 * A handler's frame, laid out as Linux's (arch/x86/include/asm/sigframe.h and the kernel's documentation of its ABI): below the red
 * zone of the interrupted stack, or at the top of the alternate one, the vector state in XSAVE's standard form at a multiple of 64,
 * below it struct rt_sigframe at a multiple of 16 less 8, as if the handler had been called.
 *
 * rt_sigreturn believes nothing of it: what it loads can only be what the program could load itself.
 */
#include <string.h>

#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/signal.h"

#define RED_ZONE 128
#define RFLAGS_DF 0x400u
#define RFLAGS_RF 0x10000u
/* AC OF DF TF SF ZF AF PF CF and RF: what Linux takes from a frame */
#define RFLAGS_RETURNED 0x50dd5u

static bool on_signal_stack(const struct thread *thread, uint64_t pointer)
{
	const struct linux_stack *stack = &thread->signal_stack;
	return pointer - stack->base <= stack->size && pointer > stack->base && stack->size;
}

/* Where the handler's stack begins: above the first byte that may be used. */
static uint64_t stack_top(const struct thread *thread, uint64_t pointer, const struct linux_sigaction *action)
{
	const struct linux_stack *stack = &thread->signal_stack;
	bool leave = (stack->flags & LINUX_SS_AUTODISARM) || !on_signal_stack(thread, pointer);
	if ((action->flags & LINUX_SA_ONSTACK) && stack->size && leave)
		return stack->base + stack->size;
	return pointer - RED_ZONE;
}

/* Writes the vector state at `to`, a multiple of 64. */
static bool push_vectors(const struct process *process, uint64_t to)
{
	static const uint8_t header[64];
	const struct linux_fp_software words = {
	        .magic1 = LINUX_FP_MAGIC1,
	        .extended_size = process->vectors_size + 4,
	        .features = process->vectors_features,
	        .state_size = process->vectors_size,
	};
	const uint32_t last = LINUX_FP_MAGIC2;
	return access_write(to + LINUX_FP_HEADER, header, sizeof header) && user_range(to, process->vectors_size + 4) &&
	        !access_store_vectors(user_pointer(to)) && access_write(to + LINUX_FP_SOFTWARE, &words, sizeof words) &&
	        access_write(to + process->vectors_size, &last, sizeof last);
}

static void fill_context(
        const struct thread *thread, const struct frame *f, uint64_t rax, uint64_t mask, struct linux_sigcontext *out)
{
	*out = (struct linux_sigcontext){
	        .r8 = f->r8,
	        .r9 = f->r9,
	        .r10 = f->r10,
	        .r11 = thread->return_full ? thread->r11 : f->rflags,
	        .r12 = f->r12,
	        .r13 = f->r13,
	        .r14 = f->r14,
	        .r15 = f->r15,
	        .rdi = f->rdi,
	        .rsi = f->rsi,
	        .rbp = f->rbp,
	        .rbx = f->rbx,
	        .rdx = f->rdx,
	        .rax = rax,
	        .rcx = thread->return_full ? thread->rcx : f->rip,
	        .rsp = f->rsp,
	        .rip = f->rip,
	        .rflags = f->rflags,
	        .cs = LINUX_USER_CS,
	        .ss = LINUX_USER_SS,
	        .error = thread->trap_error,
	        .vector = thread->trap_vector,
	        .old_mask = mask,
	        .address = thread->trap_address,
	};
}

bool signal_frame_push(struct frame *frame, uint64_t rax, int signal, const struct signal_note *note,
        const struct linux_sigaction *action, uint64_t mask)
{
	struct thread *thread = thread_self();
	struct linux_rt_sigframe new;
	if (!(action->flags & LINUX_SA_RESTORER))
		return false; /* Linux on x86-64 refuses that too */
	uint64_t vectors = (stack_top(thread, frame->rsp, action) - thread->process->vectors_size - 4) & ~63ull;
	uint64_t at = ((vectors - sizeof new) & ~15ull) - 8;
	if (!push_vectors(thread->process, vectors))
		return false;
	access_reset_vectors();

	new.restorer = action->restorer;
	new.user.flags = LINUX_UC_FP_XSTATE | LINUX_UC_SIGCONTEXT_SS | LINUX_UC_STRICT_RESTORE_SS;
	new.user.link = 0;
	new.user.stack = thread->signal_stack;
	if (!thread->signal_stack.size)
		new.user.stack.flags = LINUX_SS_DISABLE;
	fill_context(thread, frame, rax, mask, &new.user.context);
	new.user.context.vectors = vectors;
	new.user.mask = mask;
	signal_info_fill(signal, note, &new.info);
	if (!access_write(at, &new, sizeof new))
		return false;
	if (thread->signal_stack.flags & LINUX_SS_AUTODISARM)
		thread->signal_stack = (struct linux_stack){0, 0, 0, 0};
	frame->rsp = at;
	frame->rip = action->handler;
	frame->rdi = (uint64_t)signal;
	frame->rsi = at + offsetof(struct linux_rt_sigframe, info);
	frame->rdx = at + offsetof(struct linux_rt_sigframe, user);
	frame->rflags &= ~(uint64_t)(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
	return true;
}

/* Loads the vector state from a frame; without one, a program's first. */
static bool pop_vectors(const struct process *process, uint64_t from)
{
	struct linux_fp_software words;
	uint32_t last;
	if (!from) {
		access_reset_vectors();
		return true;
	}
	if ((from & 63) || !access_read(&words, from + LINUX_FP_SOFTWARE, sizeof words))
		return false;
	bool extended = words.magic1 == LINUX_FP_MAGIC1 && words.state_size <= process->vectors_size &&
	        words.state_size >= LINUX_FP_HEADER + 64 && access_read(&last, from + words.state_size, sizeof last) &&
	        last == LINUX_FP_MAGIC2;
	if (!extended)
		return user_range(from, LINUX_FP_LEGACY_SIZE) && !access_load_legacy(user_pointer(from));
	return user_range(from, words.state_size) && !access_load_vectors(user_pointer(from));
}

static void take_context(struct thread *thread, struct frame *f, const struct linux_sigcontext *c)
{
	*f = (struct frame){
	        .rax = c->rax,
	        .rdi = c->rdi,
	        .rsi = c->rsi,
	        .rdx = c->rdx,
	        .r10 = c->r10,
	        .r8 = c->r8,
	        .r9 = c->r9,
	        .rbx = c->rbx,
	        .rbp = c->rbp,
	        .r12 = c->r12,
	        .r13 = c->r13,
	        .r14 = c->r14,
	        .r15 = c->r15,
	        .rsp = c->rsp,
	        .rip = c->rip,
	        .rflags = (f->rflags & ~(uint64_t)RFLAGS_RETURNED) | (c->rflags & RFLAGS_RETURNED),
	};
	thread->rcx = c->rcx;
	thread->r11 = c->r11;
	thread->return_full = 1;
}

/* The frame is where the handler's `ret` to the restorer has left the stack pointer, 8 below it. */
int64_t signal_rt_sigreturn(void)
{
	struct thread *thread = thread_self();
	struct frame *frame = thread_frame(thread);
	struct linux_ucontext user;
	uint64_t at = frame->rsp - 8;
	if (!access_read(&user, at + offsetof(struct linux_rt_sigframe, user), sizeof user))
		signal_end_process(LINUX_SIGSEGV);
	take_context(thread, frame, &user.context);
	if (!(user.stack.flags & LINUX_SS_DISABLE) && user.stack.size >= LINUX_MINSIGSTKSZ)
		thread->signal_stack = user.stack;
	else if (user.stack.flags & LINUX_SS_DISABLE)
		thread->signal_stack = (struct linux_stack){0, 0, 0, 0};
	signal_set_mask(user.mask);
	if (!pop_vectors(thread->process, user.context.vectors))
		signal_end_process(LINUX_SIGSEGV);
	return (int64_t)frame->rax;
}
