/*
 * Handles: 32-bit names of objects, valid in one process.
 *
 * The lower 20 bits index the process's table, the upper 12 are a generation that changes whenever a slot is freed, so that a
 * stale handle is refused and not taken for its successor. Generation 0 is never used: 0 is no handle, and so is every
 * number below 2^20. A handle conveys rights; they can be reduced on a duplicate and never extended.
 */
#pragma once

#include <stdint.h>

typedef uint32_t handle_t;

#define HANDLE_NONE 0u
#define HANDLE_INDEX_BITS 20
#define HANDLE_GENERATION_BITS 12

/*
 * Names that every process has for itself without a table entry; they convey every right that such an object can have, except
 * that they can not be transferred. Their generation is the largest, which no table entry ever gets.
 */
#define HANDLE_SELF_PROCESS 0xfff00001u
#define HANDLE_SELF_VMEM 0xfff00002u
#define HANDLE_SELF_THREAD 0xfff00003u
#define HANDLE_SELF_REPLY 0xfff00004u  /* the call that this thread received last and has not answered or saved */
#define HANDLE_SELF_NOTIFY 0xfff00005u /* the process's own notify, whose bits process_signal sets; SIGNAL and WAIT */

enum object_type {
	OBJECT_NONE,
	OBJECT_PROCESS,
	OBJECT_THREAD,
	OBJECT_VMEM,
	OBJECT_FRAME,
	OBJECT_RECEIVER, /* the side of a channel that calls arrive at */
	OBJECT_SENDER,   /* a side that calls are made from, with its stamp */
	OBJECT_REPLY,
	OBJECT_NOTIFY,
	OBJECT_TIMER,
	OBJECT_IRQ,
	OBJECT_IOPORT,
	OBJECT_GROUP,
	OBJECT_LOG,
	OBJECT_MACHINE, /* the authority over the hardware: makes irqs, ioports and device frames */
	OBJECT_TYPES,
};

/* Rights. Which of them a call needs stands in syscalls.def. */
#define RIGHT_DUPLICATE 0x0001u /* make another handle to the same object */
#define RIGHT_TRANSFER 0x0002u  /* give it away in a message or by process_give */
#define RIGHT_INHERIT 0x0004u   /* a clone of the process has it too */
#define RIGHT_INSPECT 0x0008u   /* ask for its state */
#define RIGHT_READ 0x0010u      /* content: frame, log, registers */
#define RIGHT_WRITE 0x0020u
#define RIGHT_EXECUTE 0x0040u /* frame: may be mapped executable */
#define RIGHT_SEND 0x0080u    /* sender: call; reply: answer */
#define RIGHT_RECEIVE 0x0100u /* receiver */
#define RIGHT_MINT 0x0200u    /* receiver: make senders */
#define RIGHT_SIGNAL 0x0400u  /* notify: set bits; process: of its own notify */
#define RIGHT_WAIT 0x0800u    /* notify: wait for bits; process: be told of its end */
#define RIGHT_MANAGE 0x1000u  /* process, thread, vmem, log: change or end it */
#define RIGHT_CREATE 0x2000u  /* group, machine: make objects from it */
#define RIGHTS_ALL 0x3fffu
