/*
 * Offsets that the assembly of entry.S shares with the structures of state.h (which asserts them) and abi/control_block.h.
 */
#pragma once

/* struct control_block */
#define CONTROL_RIP 0
#define CONTROL_RFLAGS 8
#define CONTROL_HOLD_OFF 16
#define CONTROL_UPCALL_PENDING 17
#define CONTROL_UPCALL_FRAME 0x340

/* struct upcall_frame, in the control block */
#define UPCALL_RAX (CONTROL_UPCALL_FRAME + 0)
#define UPCALL_RCX (CONTROL_UPCALL_FRAME + 16)
#define UPCALL_RSP (CONTROL_UPCALL_FRAME + 56)
#define UPCALL_R11 (CONTROL_UPCALL_FRAME + 88)
#define UPCALL_RIP (CONTROL_UPCALL_FRAME + 128)
#define UPCALL_RFLAGS (CONTROL_UPCALL_FRAME + 136)
#define UPCALL_CAUSE (CONTROL_UPCALL_FRAME + 144)
#define UPCALL_ERROR (CONTROL_UPCALL_FRAME + 152)
#define UPCALL_ADDRESS (CONTROL_UPCALL_FRAME + 160)
#define UPCALL_HELD (CONTROL_UPCALL_FRAME + 168)

/* struct thread, at GS; LINUX_GS_SELF and LINUX_GS_CONTROL_BLOCK come first */
#define THREAD_STACK_TOP 16
#define THREAD_PROCESS 24
#define THREAD_RETURN_RIP 32    /* where the way back jumps to */
#define THREAD_VECTORS_SAVED 40 /* byte: the area holds the program's vector state, and the registers do not */
#define THREAD_RETURN_FULL 41   /* byte: the way back also loads rcx and r11, from the next two; right behind the byte before */
#define THREAD_VECTORS_HOW 42   /* byte: VECTORS_* */
#define THREAD_RCX 48
#define THREAD_R11 56
#define THREAD_AREA 512 /* of the vector state; a multiple of 64, as XSAVE wants it */

#define VECTORS_XSAVE 0
#define VECTORS_XSAVEC 1

/* struct frame: the program's registers, on top of the thread's stack for Linux calls */
#define FRAME_RAX 0
#define FRAME_RDI 8
#define FRAME_RSI 16
#define FRAME_RDX 24
#define FRAME_R10 32
#define FRAME_R8 40
#define FRAME_R9 48
#define FRAME_RBX 56
#define FRAME_RBP 64
#define FRAME_R12 72
#define FRAME_R13 80
#define FRAME_R14 88
#define FRAME_R15 96
#define FRAME_RSP 104
#define FRAME_RIP 112
#define FRAME_RFLAGS 120
#define FRAME_SIZE 128

#define RFLAGS_TF 0x100

/* upcall_pending: the kernel writes 1; the image adds 2 where there is something for signal_at_return without it. */
#define PENDING_BITS 1
#define PENDING_OWN 2
