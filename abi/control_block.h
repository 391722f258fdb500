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

struct control_block {
	/*
	 * Foreign calls (numbers outside the native range): the kernel writes the return address and the flags here, sets
	 * hold_off and leaves to the process's registered entry; no other register but rcx and r11 changes. The handler copies
	 * both words before it clears hold_off.
	 */
	uint64_t foreign_rip;
	uint64_t foreign_rflags;
	uint8_t hold_off; /* not 0: notify bits that would interrupt this thread stay pending */
	uint8_t reserved0[7];
	uint64_t self;           /* this block's address in the process; written at creation */
	uint32_t thread_number;  /* written at creation */
	uint32_t process_number; /* written at creation */
	uint64_t reserved1[3];

	struct message_extras send;
	struct message_extras received;
	uint64_t send_words[MESSAGE_LONG_WORDS];
	uint64_t received_words[MESSAGE_LONG_WORDS];
	uint64_t upcall_frame[24]; /* state of an interrupted thread */
};

_Static_assert(offsetof(struct control_block, send) == 0x40, "part of the ABI");
_Static_assert(offsetof(struct control_block, received) == 0xc0, "part of the ABI");
_Static_assert(offsetof(struct control_block, send_words) == 0x140, "part of the ABI");
_Static_assert(offsetof(struct control_block, received_words) == 0x240, "part of the ABI");
_Static_assert(offsetof(struct control_block, upcall_frame) == 0x340, "part of the ABI");
_Static_assert(sizeof(struct control_block) == CONTROL_BLOCK_SIZE, "part of the ABI");
