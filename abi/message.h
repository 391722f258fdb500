/*
 * The system call registers and the form of a message.
 *
 * One convention serves every native call, because every call is a message to an object:
 *
 *   in   rax  bits 0..15 call number (0x1000 and up), 16..31 label, 32..63 handle of the object acted on
 *        rdi rsi rdx r10 r8 r9   six words
 *   out  rax  bits 0..15 error, 16..31 label, 32..63 info (RECEIVED_*)
 *        rdi rsi rdx r10 r8 r9   six words, zero where the call's page names no result
 *   kept rbx rbp rsp r12 r13 r14 r15, FS and GS base; rcx and r11 are lost; x87, vector registers and MXCSR are at their
 *        defaults after a call that blocked and must be taken as lost after any (System V: dead across a call).
 *
 * Calls whose number ends in _x also take the "send" part of the control block (control_block.h): a long message, handles,
 * two buffers, a deadline. The answer may always bring such things; RECEIVED_EXTRAS says that the "received" part holds them.
 *
 * What is short travels in the message itself. Long words of a request are the first bytes of what its readable buffer holds, and
 * if it has no such buffer, all of it. With LABEL_SHORT in a request's label its caller takes the first bytes of what is meant for
 * its writable buffer as long words of the answer. The kernel knows nothing of this: it is a rule for all servers and clients.
 *
 * A label is the operation in a request, and an error of errors.def in an answer. The error in bits 0..15 is the transport's:
 * with it set, no label and no words arrived.
 */
#pragma once

#include <stdint.h>

#include "abi/handle.h"

#define MESSAGE_WORDS 6       /* in registers */
#define MESSAGE_LONG_WORDS 32 /* more of them, in the control block */
#define MESSAGE_HANDLES 8
#define MESSAGE_SHORT_MAX (MESSAGE_LONG_WORDS * 8u) /* bytes in them */

#define CALL_NUMBER_FIRST 0x1000u /* up to 0x10ff */

#define CALL_REGISTER(number, label, handle) ((uint64_t)(number) | (uint64_t)(uint16_t)(label) << 16 | (uint64_t)(handle) << 32)
#define CALL_ERROR(rax) ((uint32_t)((rax)&0xffff))
#define CALL_LABEL(rax) ((uint32_t)((rax) >> 16 & 0xffff))
#define CALL_INFO(rax) ((uint32_t)((rax) >> 32))

/* In the label of a request, beside the operation. */
#define LABEL_SHORT 0x8000u

/* info: what kind of message a receiver got, and what came with it. */
#define RECEIVED_CALL 0u      /* somebody waits for an answer; until it is given or saved it is HANDLE_SELF_REPLY */
#define RECEIVED_CLOSE 1u     /* the last sender with the stamp `received.stamp` is gone; there is nothing to answer */
#define RECEIVED_NOTIFY 2u    /* word 0: bits of the bound notify, cleared there */
#define RECEIVED_EXCEPTION 3u /* a call by the kernel for a thread that faulted (exception.h) */
#define RECEIVED_INTERRUPT 4u /* word 0: a saved reply whose caller was asked to end; answer what was done, or INTERRUPTED */
#define RECEIVED_KIND(info) ((info)&0xf)
#define RECEIVED_EXTRAS 0x10u /* the answer's or the call's long words, handles or buffers are in `received` */

/* No deadline, and one that has always passed. Other values are nanoseconds since boot on the monotonic clock. */
#define DEADLINE_NEVER UINT64_MAX
#define DEADLINE_NOW 0ull

/* Memory of a caller that a receiver reaches with reply_read or reply_write until it has answered. */
struct message_buffer {
	uint64_t address;
	uint64_t length;
};

/* What does not fit in registers; both parts of a control block have this form. */
struct message_extras {
	uint64_t deadline;    /* sent: of this call. received: that of the caller */
	uint64_t stamp;       /* received only: of the sender used */
	uint32_t caller;      /* received only: the caller's process number; conveys no right */
	uint8_t handle_count; /* at most MESSAGE_HANDLES */
	uint8_t word_count;   /* long words, at most MESSAGE_LONG_WORDS */
	uint8_t move_mask;    /* sent: bit i set: handles[i] is moved, else duplicated */
	uint8_t reserved0;
	struct message_buffer readable; /* sent: what the receiver may read. received: only the length is told */
	struct message_buffer writable; /* sent: what the receiver may write. received: only the length is told */
	handle_t handles[MESSAGE_HANDLES];
	uint32_t rights[MESSAGE_HANDLES]; /* sent: reduced to these. received: what they convey */
	uint64_t serial;                  /* received only: of a call, a number that no other call to this receiver has */
};

_Static_assert(sizeof(struct message_extras) == 128, "part of the ABI");
