/*
 * How a native system call is made from C: one inline function that loads the registers of abi/message.h, and what the stubs in
 * call_*.h are written with. Needs nothing but the compiler, so that user/linux and the guest suites use it too.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "abi/control_block.h"
#include "abi/errors.h"
#include "abi/linux_image.h"
#include "abi/message.h"
#include "abi/syscalls.h"

#define MUST_CHECK __attribute__((warn_unused_result))

/* A message as it stands in registers; long words, handles and buffers are in the control block. */
struct message {
	uint32_t label;
	uint32_t info; /* RECEIVED_* */
	uint64_t word[MESSAGE_WORDS];
};

/* Code built without vector registers can not name them as clobbered, and need not. */
#ifdef __SSE__
#define CALL_CLOBBERS \
	"rcx", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
	        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#else
#define CALL_CLOBBERS "rcx", "r11", "memory", "cc"
#endif

/* The image of user/linux puts a function of its own here, which keeps the program's vector state. */
#ifndef CALL_INSTRUCTION
#define CALL_INSTRUCTION "syscall"
#endif

#ifdef CALL_TO_FAKE_KERNEL
/* Programs of the build machine that test servers bring a kernel of their own: tests/host/fake/calls.h. */
uint64_t native_call(uint64_t rax, uint64_t word[static MESSAGE_WORDS]);
struct control_block *control_block(void);

static inline uint64_t native_call_into(
        uint64_t rax, const uint64_t word[static MESSAGE_WORDS], uint64_t result[static MESSAGE_WORDS])
{
	memmove(result, word, MESSAGE_WORDS * sizeof *word);
	return native_call(rax, result);
}
#else
/* The words that the call takes lie in one place, and those that it leaves go to another. */
static inline uint64_t native_call_into(
        uint64_t rax, const uint64_t word[static MESSAGE_WORDS], uint64_t result[static MESSAGE_WORDS])
{
	register uint64_t w0 __asm__("rdi") = word[0];
	register uint64_t w1 __asm__("rsi") = word[1];
	register uint64_t w2 __asm__("rdx") = word[2];
	register uint64_t w3 __asm__("r10") = word[3];
	register uint64_t w4 __asm__("r8") = word[4];
	register uint64_t w5 __asm__("r9") = word[5];
	__asm__ volatile(CALL_INSTRUCTION
	                 : "+a"(rax), "+r"(w0), "+r"(w1), "+r"(w2), "+r"(w3), "+r"(w4), "+r"(w5)
	                 :
	                 : CALL_CLOBBERS);
	result[0] = w0;
	result[1] = w1;
	result[2] = w2;
	result[3] = w3;
	result[4] = w4;
	result[5] = w5;
	return rax;
}

static inline uint64_t native_call(uint64_t rax, uint64_t word[static MESSAGE_WORDS])
{
	return native_call_into(rax, word, word);
}

/* The calling thread's control block. */
static inline struct control_block *control_block(void)
{
	struct control_block *block;
	__asm__("mov %%gs:%c1, %0" : "=r"(block) : "i"(LINUX_GS_CONTROL_BLOCK));
	return block;
}
#endif

static inline status_t call_words(uint32_t number, handle_t handle, uint64_t word[static MESSAGE_WORDS])
{
	return CALL_ERROR(native_call(CALL_REGISTER(number, 0, handle), word));
}

static inline status_t call_message(uint32_t number, handle_t handle, struct message *message)
{
	uint64_t rax = native_call(CALL_REGISTER(number, message->label, handle), message->word);
	message->label = CALL_LABEL(rax);
	message->info = CALL_INFO(rax);
	return CALL_ERROR(rax);
}

/* Begins a `send` part: no handles, no long words, no buffers, no deadline. */
static inline struct message_extras *extras_begin(void)
{
	struct message_extras *send = &control_block()->send;
	send->deadline = DEADLINE_NEVER;
	send->handle_count = 0;
	send->word_count = 0;
	send->move_mask = 0;
	send->readable = (struct message_buffer){0, 0};
	send->writable = (struct message_buffer){0, 0};
	return send;
}

static inline void extras_add_handle(struct message_extras *send, handle_t handle, uint32_t rights, int move)
{
	send->handles[send->handle_count] = handle;
	send->rights[send->handle_count] = rights;
	if (move)
		send->move_mask |= (uint8_t)(1u << send->handle_count);
	send->handle_count++;
}

/* At most MESSAGE_SHORT_MAX bytes as long words, the last one filled up with zeros. */
static inline void extras_set_words(struct message_extras *send, const void *bytes, uint64_t length)
{
	uint64_t *words = control_block()->send_words;
	uint64_t count = (length + 7) / 8;
	if (length % 8)
		words[count - 1] = 0;
	memcpy(words, bytes, length);
	send->word_count = (uint8_t)count;
}

/* The body of a stub for a call of plain words: what it takes, and the call itself, which leaves the results in `word`. */
#define SYS_WORDS(...) uint64_t word[MESSAGE_WORDS] = {__VA_ARGS__}
#define SYS_RUN(name, handle) status_t status = call_words(SYS_##name, handle, word)
