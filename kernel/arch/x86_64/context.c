/*
 * Registers of threads that do not run, as the rest of the kernel changes them. What is written here decides what iretq and
 * wrfsbase get, so addresses are checked here and entry code does not look at them again.
 */
#include "arch/context.h"

#include "arch/cpu.h"
#include "arch/x86_64/registers.h"
#include "lib/string.h"

/* Flags that a program can change by itself, but for AC, NT and ID, which nobody needs to set for another. */
#define FLAGS_OF_PROGRAMS 0x0dd5ull

struct context context_nobody;

static bool is_user_address(uint64_t address)
{
	return address < USER_TOP;
}

static bool is_canonical(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

bool context_init(
        struct context *context, struct uaddr entry, struct uaddr stack, uint64_t argument, uint64_t fs_base, uint64_t gs_base)
{
	struct control_block *control_block = context->control_block;
	uint64_t foreign_entry = context->foreign_entry;
	void *fpu = context->fpu;

	if (!is_user_address(entry.raw) || stack.raw > USER_TOP || !is_canonical(fs_base) || !is_canonical(gs_base))
		return false;
	context_forget(context);
	memset(context, 0, sizeof *context);
	context->control_block = control_block;
	context->foreign_entry = foreign_entry;
	context->fpu = fpu;
	context->rip = entry.raw;
	context->rsp = stack.raw;
	context->rflags = RFLAGS_IF | RFLAGS_FIXED;
	context->word[0] = argument;
	context->fs_base = fs_base;
	context->gs_base = gs_base;
	return true;
}

void context_resume(struct context *context, uint64_t argument)
{
	context->word[0] = argument;
	context->rflags |= RFLAGS_IF | RFLAGS_FIXED;
	context->by_syscall = 0;
}

void context_forget(struct context *context)
{
	struct arch_cpu *cpu = arch_cpu_current();

	if (cpu->bases == context)
		cpu->bases = &context_nobody;
}

void context_get(const struct context *context, struct thread_registers *out)
{
	bool loaded = arch_cpu_current()->bases == context;

	*out = (struct thread_registers){
	        .rax = context->rax,
	        .rbx = context->rbx,
	        .rcx = context->rcx,
	        .rdx = context->word[2],
	        .rsi = context->word[1],
	        .rdi = context->word[0],
	        .rbp = context->rbp,
	        .rsp = context->rsp,
	        .r8 = context->word[4],
	        .r9 = context->word[5],
	        .r10 = context->word[3],
	        .r11 = context->r11,
	        .r12 = context->r12,
	        .r13 = context->r13,
	        .r14 = context->r14,
	        .r15 = context->r15,
	        .rip = context->rip,
	        .rflags = context->rflags,
	        .fs_base = loaded ? fs_base_read() : context->fs_base,
	        .gs_base = loaded ? user_gs_base_read() : context->gs_base,
	};
}

bool context_set(struct context *context, const struct thread_registers *registers)
{
	const struct thread_registers *r = registers;

	if (!is_user_address(r->rip) || r->rsp > USER_TOP || !is_canonical(r->fs_base) || !is_canonical(r->gs_base))
		return false;
	context_forget(context);
	context->word[0] = r->rdi;
	context->word[1] = r->rsi;
	context->word[2] = r->rdx;
	context->word[3] = r->r10;
	context->word[4] = r->r8;
	context->word[5] = r->r9;
	context->rax = r->rax;
	context->rbx = r->rbx;
	context->rbp = r->rbp;
	context->rsp = r->rsp;
	context->r12 = r->r12;
	context->r13 = r->r13;
	context->r14 = r->r14;
	context->r15 = r->r15;
	context->rip = r->rip;
	context->rflags = (r->rflags & FLAGS_OF_PROGRAMS) | RFLAGS_IF | RFLAGS_FIXED;
	context->rcx = r->rcx;
	context->r11 = r->r11;
	context->fs_base = r->fs_base;
	context->gs_base = r->gs_base;
	context->by_syscall = 0;
	return true;
}

/* A call leaves rip and rflags in rcx and r11, as the CPU's instruction does. */
void context_divert(struct context *context, struct uaddr entry, struct upcall_frame *frame)
{
	frame->rax = context->rax;
	frame->rbx = context->rbx;
	frame->rcx = context->by_syscall ? context->rip : context->rcx;
	frame->rdx = context->word[2];
	frame->rsi = context->word[1];
	frame->rdi = context->word[0];
	frame->rbp = context->rbp;
	frame->rsp = context->rsp;
	frame->r8 = context->word[4];
	frame->r9 = context->word[5];
	frame->r10 = context->word[3];
	frame->r11 = context->by_syscall ? context->rflags : context->r11;
	frame->r12 = context->r12;
	frame->r13 = context->r13;
	frame->r14 = context->r14;
	frame->r15 = context->r15;
	frame->rip = context->rip;
	frame->rflags = context->rflags;
	context->rip = entry.raw;
	context->rflags = RFLAGS_IF | RFLAGS_FIXED;
}
