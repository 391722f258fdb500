/* The promises of layout.h. */
#include "arch/x86_64/layout.h"

#include <stddef.h>

#include "abi/syscalls.h"
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/x86_64/trap.h"

#define AT(type, field, offset) \
	_Static_assert(offsetof(struct type, field) == (offset), "layout.h and struct " #type " disagree on " #field)

AT(arch_cpu, self, CPU_SELF);
AT(arch_cpu, context, CPU_CONTEXT);
AT(arch_cpu, kernel_stack, CPU_KERNEL_STACK);
AT(arch_cpu, scratch, CPU_SCRATCH);
AT(arch_cpu, bases, CPU_BASES);
AT(arch_cpu, handover_arm, CPU_HANDOVER_ARM);
AT(arch_cpu, handover_unlock, CPU_HANDOVER_UNLOCK);

AT(context, word[0], CONTEXT_RDI);
AT(context, word[1], CONTEXT_RSI);
AT(context, word[2], CONTEXT_RDX);
AT(context, word[3], CONTEXT_R10);
AT(context, word[4], CONTEXT_R8);
AT(context, word[5], CONTEXT_R9);
AT(context, rax, CONTEXT_RAX);
AT(context, rbx, CONTEXT_RBX);
AT(context, rbp, CONTEXT_RBP);
AT(context, rsp, CONTEXT_RSP);
AT(context, r12, CONTEXT_R12);
AT(context, r13, CONTEXT_R13);
AT(context, r14, CONTEXT_R14);
AT(context, r15, CONTEXT_R15);
AT(context, rip, CONTEXT_RIP);
AT(context, rflags, CONTEXT_RFLAGS);
AT(context, rcx, CONTEXT_RCX);
AT(context, r11, CONTEXT_R11);
AT(context, fs_base, CONTEXT_FS_BASE);
AT(context, gs_base, CONTEXT_GS_BASE);
AT(context, by_syscall, CONTEXT_BY_SYSCALL);
AT(context, control_block, CONTEXT_CONTROL_BLOCK);
AT(context, foreign_entry, CONTEXT_FOREIGN_ENTRY);

AT(control_block, foreign_rip, BLOCK_FOREIGN_RIP);
AT(control_block, foreign_rflags, BLOCK_FOREIGN_RFLAGS);
AT(control_block, hold_off, BLOCK_HOLD_OFF);

AT(trap_frame, vector, FRAME_VECTOR);
AT(trap_frame, error, FRAME_ERROR);
AT(trap_frame, rip, FRAME_RIP);
AT(trap_frame, cs, FRAME_CS);

_Static_assert(CALL_NUMBER_FIRST == CALL_NATIVE << 8 && SYS_channel_save_recv == CALL_NUMBER_FIRST + CALL_QUICK_LAST,
        "layout.h and the system calls disagree");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE && FRAME_SIZE % 16 == 0, "layout.h and struct trap_frame disagree");
