/*
 * A thread's control block: 1 KiB of the process's memory that the kernel has mapped too, pinned from the thread's creation to
 * its end, so that messages and upcalls never fault. It is ordinary memory for the program: the kernel trusts nothing in it,
 * reads each word once and keeps no state of its own there.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/message.h"

#define CONTROL_BLOCK_SIZE 1024

/*
 * hold_off. The kernel writes HOLD_UPCALLS at a foreign call and HOLD_UPCALL at an upcall, all else is the program's. Clearing it
 * does not enter the kernel: who does that looks at upcall_pending afterwards, and takes the bits that came meanwhile.
 */
#define HOLD_NONE 0    /* an upcall comes at once; a call that waits is asked to end, and the upcall comes when it has ended */
#define HOLD_UPCALLS 1 /* bits stay pending, and calls that wait are left alone */
#define HOLD_ASK 2     /* bits stay pending, but a call that waits or is about to is asked to end */
#define HOLD_UPCALL 0xff /* as HOLD_UPCALLS, and upcall_frame is occupied: no exception comes as an upcall either */

/* cause of an upcall: the vector of an exception (exception.h), or: */
#define UPCALL_BITS 0x100u /* bits of the notify are set; the handler takes them by notify_wait */

/*
 * The state of a thread whose program was interrupted by an upcall. The handler begins with all of these registers as they
 * were but rip (the entry) and rflags, on the interrupted program's stack, and goes on in the program by loading them itself.
 */
struct upcall_frame {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp; /* in the order of struct thread_registers */
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rflags;
	uint64_t cause;
	uint64_t error_code; /* of an exception: the CPU's, 0 where there is none */
	uint64_t address;    /* of a page fault, else 0 */
	uint64_t held;       /* hold_off as it was */
	uint64_t reserved[2];
};

struct control_block {
	/*
	 * Foreign calls (numbers outside the native range): the kernel writes the return address and the flags here, sets
	 * hold_off and leaves to the process's registered entry; no other register but rcx and r11 changes. The handler copies
	 * both words before it clears hold_off.
	 */
	uint64_t foreign_rip;
	uint64_t foreign_rflags;
	uint8_t hold_off;       /* HOLD_*: when notify bits may interrupt this thread */
	uint8_t upcall_pending; /* the kernel sets it to 1 when bits came while they were held off; the program clears it */
	uint8_t reserved0[6];
	uint64_t self;           /* this block's address in the process; written at creation */
	uint32_t thread_number;  /* written at creation */
	uint32_t process_number; /* written at creation */
	handle_t
	        reply_place; /* what the call that the thread holds, or the next one, is named when channel_save_recv saves it */
	uint32_t reserved1[5];

	struct message_extras send;
	struct message_extras received;
	uint64_t send_words[MESSAGE_LONG_WORDS];
	uint64_t received_words[MESSAGE_LONG_WORDS];
	struct upcall_frame upcall_frame;
};

_Static_assert(offsetof(struct control_block, hold_off) == 0x10, "part of the ABI");
_Static_assert(offsetof(struct control_block, upcall_pending) == 0x11, "part of the ABI");
_Static_assert(offsetof(struct control_block, send) == 0x40, "part of the ABI");
_Static_assert(offsetof(struct control_block, received) == 0xc0, "part of the ABI");
_Static_assert(offsetof(struct control_block, send_words) == 0x140, "part of the ABI");
_Static_assert(offsetof(struct control_block, received_words) == 0x240, "part of the ABI");
_Static_assert(offsetof(struct control_block, upcall_frame) == 0x340, "part of the ABI");
_Static_assert(offsetof(struct upcall_frame, rip) == 0x80, "part of the ABI");
_Static_assert(offsetof(struct upcall_frame, held) == 0xa8, "part of the ABI");
_Static_assert(sizeof(struct upcall_frame) == 0xc0, "part of the ABI");
_Static_assert(sizeof(struct control_block) == CONTROL_BLOCK_SIZE, "part of the ABI");
