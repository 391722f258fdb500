/*
 * Native system calls from C: one inline function that loads the registers of abi/message.h, and a typed stub for each call.
 * Needs nothing but the compiler, so that user/linux and the guest suites use it too.
 *
 * Every stub answers ERR_OK or the transport's error and writes its out_ arguments only on ERR_OK.
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
#else
static inline uint64_t native_call(uint64_t rax, uint64_t word[static MESSAGE_WORDS])
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
	word[0] = w0;
	word[1] = w1;
	word[2] = w2;
	word[3] = w3;
	word[4] = w4;
	word[5] = w5;
	return rax;
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

/* Channels. On a transport error the label and words of `message` are undefined. */
static inline MUST_CHECK status_t sys_channel_call(handle_t sender, struct message *message)
{
	return call_message(SYS_channel_call, sender, message);
}

static inline MUST_CHECK status_t sys_channel_call_x(handle_t sender, struct message *message)
{
	return call_message(SYS_channel_call_x, sender, message);
}

static inline MUST_CHECK status_t sys_channel_reply_recv(handle_t receiver, struct message *message)
{
	return call_message(SYS_channel_reply_recv, receiver, message);
}

static inline MUST_CHECK status_t sys_channel_reply_recv_x(handle_t receiver, struct message *message)
{
	return call_message(SYS_channel_reply_recv_x, receiver, message);
}

static inline MUST_CHECK status_t sys_channel_recv(handle_t receiver, uint64_t deadline, struct message *message)
{
	message->label = 0;
	memset(message->word, 0, sizeof message->word);
	message->word[0] = deadline;
	return call_message(SYS_channel_recv, receiver, message);
}

static inline MUST_CHECK status_t sys_channel_forward(handle_t sender, const struct message *message)
{
	struct message copy = *message;
	return call_message(SYS_channel_forward, sender, &copy);
}

/* The call behind a reply once more, as channel_recv told it. */
static inline MUST_CHECK status_t sys_reply_message(handle_t reply, struct message *out_message)
{
	out_message->label = 0;
	return call_message(SYS_reply_message, reply, out_message);
}

static inline MUST_CHECK status_t sys_reply_send(handle_t reply, const struct message *message)
{
	struct message copy = *message;
	return call_message(SYS_reply_send, reply, &copy);
}

static inline MUST_CHECK status_t sys_reply_send_x(handle_t reply, const struct message *message)
{
	struct message copy = *message;
	return call_message(SYS_reply_send_x, reply, &copy);
}

/* The body of a stub for a call of plain words: what it takes, and the call itself, which leaves the results in `word`. */
#define SYS_WORDS(...) uint64_t word[MESSAGE_WORDS] = {__VA_ARGS__}
#define SYS_RUN(name, handle) status_t status = call_words(SYS_##name, handle, word)

static inline MUST_CHECK status_t sys_channel_create(handle_t *out_receiver)
{
	SYS_WORDS(0);
	SYS_RUN(channel_create, 0);
	if (!status)
		*out_receiver = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_channel_mint(handle_t receiver, uint64_t stamp, uint32_t rights, handle_t *out_sender)
{
	SYS_WORDS(stamp, rights);
	SYS_RUN(channel_mint, receiver);
	if (!status)
		*out_sender = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_channel_bind(handle_t receiver, handle_t notify)
{
	SYS_WORDS(notify);
	SYS_RUN(channel_bind, receiver);
	return status;
}

/* Stamps of the channel from *cursor on, which is 0 at first and 0 again when all have been told. */
static inline MUST_CHECK status_t sys_channel_stamps(
        handle_t receiver, uint64_t *cursor, uint64_t *out, uint64_t count, uint64_t *out_count)
{
	SYS_WORDS(*cursor, (uintptr_t)out, count);
	SYS_RUN(channel_stamps, receiver);
	if (!status) {
		*out_count = word[0];
		*cursor = word[1];
	}
	return status;
}

static inline MUST_CHECK status_t sys_reply_save(handle_t *out_reply)
{
	SYS_WORDS(0);
	SYS_RUN(reply_save, 0);
	if (!status)
		*out_reply = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_reply_read(
        handle_t reply, uint64_t offset, void *to, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(offset, (uintptr_t)to, length);
	SYS_RUN(reply_read, reply);
	if (!status)
		*out_copied = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_reply_write(
        handle_t reply, uint64_t offset, const void *from, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(offset, (uintptr_t)from, length);
	SYS_RUN(reply_write, reply);
	if (!status)
		*out_copied = word[0];
	return status;
}

/* From the readable buffer of one waiting caller to the writable one of another. */
static inline MUST_CHECK status_t sys_reply_copy(
        handle_t from, handle_t to, uint64_t from_offset, uint64_t to_offset, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(to, from_offset, to_offset, length);
	SYS_RUN(reply_copy, from);
	if (!status)
		*out_copied = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_process_create(
        handle_t group, const char *name, handle_t *out_process, handle_t *out_vmem, uint32_t *out_number)
{
	SYS_WORDS(0);
	for (unsigned i = 0; i < 31 && name[i]; i++)
		word[i / 8] |= (uint64_t)(uint8_t)name[i] << (i % 8 * 8);
	SYS_RUN(process_create, group);
	if (!status) {
		*out_process = (handle_t)word[0];
		*out_vmem = (handle_t)word[1];
		*out_number = (uint32_t)word[2];
	}
	return status;
}

/* The same with PROCESS_* flags. */
static inline MUST_CHECK status_t sys_process_create_flags(
        handle_t group, const char *name, uint32_t flags, handle_t *out_process, handle_t *out_vmem, uint32_t *out_number)
{
	SYS_WORDS(0, 0, 0, 0, flags);
	for (unsigned i = 0; i < 31 && name[i]; i++)
		word[i / 8] |= (uint64_t)(uint8_t)name[i] << (i % 8 * 8);
	SYS_RUN(process_create, group);
	if (!status) {
		*out_process = (handle_t)word[0];
		*out_vmem = (handle_t)word[1];
		*out_number = (uint32_t)word[2];
	}
	return status;
}

/* Of oneself it does not return, but with an error. */
static inline MUST_CHECK status_t sys_process_replace(handle_t process, const struct process_replacement *how)
{
	SYS_WORDS((uintptr_t)how, sizeof *how);
	SYS_RUN(process_replace, process);
	return status;
}

static inline MUST_CHECK status_t sys_process_give(handle_t process, handle_t handle, uint32_t rights, handle_t *out_there)
{
	SYS_WORDS(handle, rights);
	SYS_RUN(process_give, process);
	if (!status)
		*out_there = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_process_kill(handle_t process, uint32_t exit_status)
{
	SYS_WORDS(exit_status);
	SYS_RUN(process_kill, process);
	return status;
}

static inline _Noreturn void sys_process_exit(uint32_t exit_status)
{
	for (;;) {
		SYS_WORDS(exit_status);
		call_words(SYS_process_exit, 0, word);
	}
}

struct process_info {
	uint32_t state;  /* PROCESS_* */
	uint32_t status; /* once it has ended */
	uint32_t number;
	uint64_t pages;
	uint64_t handles;
	uint64_t cpu_ns;
};

static inline MUST_CHECK status_t sys_process_info(handle_t process, struct process_info *out)
{
	SYS_WORDS(0);
	SYS_RUN(process_info, process);
	if (!status)
		*out = (struct process_info){
		        (uint32_t)word[0], (uint32_t)word[1], (uint32_t)word[2], word[3], word[4], word[5]};
	return status;
}

static inline MUST_CHECK status_t sys_process_stats(handle_t process, struct process_stats *out)
{
	SYS_WORDS((uintptr_t)out, sizeof *out);
	SYS_RUN(process_stats, process);
	return status;
}

static inline MUST_CHECK status_t sys_process_watch(handle_t process, handle_t notify, uint64_t bits)
{
	SYS_WORDS(notify, bits);
	SYS_RUN(process_watch, process);
	return status;
}

/* Also told when its address space is replaced, whichever comes first. */
static inline MUST_CHECK status_t sys_process_watch_replaced(handle_t process, handle_t notify, uint64_t bits)
{
	SYS_WORDS(notify, bits, PROCESS_WATCH_REPLACED);
	SYS_RUN(process_watch, process);
	return status;
}

static inline MUST_CHECK status_t sys_process_set_foreign(handle_t process, uint64_t entry)
{
	SYS_WORDS(entry);
	SYS_RUN(process_set_foreign, process);
	return status;
}

static inline MUST_CHECK status_t sys_process_set_exception(handle_t process, handle_t sender)
{
	SYS_WORDS(sender);
	SYS_RUN(process_set_exception, process);
	return status;
}

/* Sets bits of the process's own notify. */
static inline MUST_CHECK status_t sys_process_signal(handle_t process, uint64_t bits)
{
	SYS_WORDS(bits);
	SYS_RUN(process_signal, process);
	return status;
}

static inline MUST_CHECK status_t sys_thread_create(
        handle_t process, handle_t *out_thread, uint64_t *out_control_block, uint32_t *out_number)
{
	SYS_WORDS(0);
	SYS_RUN(thread_create, process);
	if (!status) {
		*out_thread = (handle_t)word[0];
		*out_control_block = word[1];
		*out_number = (uint32_t)word[2];
	}
	return status;
}

/*
 * Answers twice: here with handles, and in the new process, once its thread was started with entry 0, with *out_process the word
 * that thread_start has for rdi, and *out_thread and *out_number 0. out_block: only with CLONE_SHARE_VMEM.
 */
static inline MUST_CHECK status_t sys_process_clone(
        uint32_t flags, handle_t *out_process, handle_t *out_thread, uint32_t *out_number, uint64_t *out_block)
{
	SYS_WORDS(flags);
	SYS_RUN(process_clone, 0);
	if (!status) {
		*out_process = (handle_t)word[0];
		*out_thread = (handle_t)word[1];
		*out_number = (uint32_t)word[2];
		if (out_block)
			*out_block = word[3];
	}
	return status;
}

static inline MUST_CHECK status_t sys_thread_start(
        handle_t thread, uint64_t entry, uint64_t stack, uint64_t argument, uint64_t fs_base, uint64_t gs_base)
{
	SYS_WORDS(entry, stack, argument, fs_base, gs_base);
	SYS_RUN(thread_start, thread);
	return status;
}

/* `clear`: a word to set to 0 and wake (NULL: none); [address, address + length): unmapped with the thread (0: nothing). */
static inline _Noreturn void sys_thread_exit(uint32_t *clear, uint64_t address, uint64_t length)
{
	for (;;) {
		SYS_WORDS((uintptr_t)clear, address, length);
		call_words(SYS_thread_exit, 0, word);
	}
}

static inline void sys_thread_yield(void)
{
	SYS_WORDS(0);
	call_words(SYS_thread_yield, 0, word);
}

static inline MUST_CHECK status_t sys_thread_set_priority(handle_t thread, uint32_t priority)
{
	SYS_WORDS(priority);
	SYS_RUN(thread_set_priority, thread);
	return status;
}

static inline MUST_CHECK status_t sys_thread_read_registers(handle_t thread, struct thread_registers *out)
{
	SYS_WORDS((uintptr_t)out);
	SYS_RUN(thread_read_registers, thread);
	return status;
}

static inline MUST_CHECK status_t sys_thread_write_registers(handle_t thread, const struct thread_registers *registers)
{
	SYS_WORDS((uintptr_t)registers);
	SYS_RUN(thread_write_registers, thread);
	return status;
}

/* Bits of the notify (HANDLE_NONE: none) and exceptions interrupt the thread and come to `entry` (0: nothing does). */
static inline MUST_CHECK status_t sys_thread_set_upcall(handle_t thread, handle_t notify, uint64_t entry)
{
	SYS_WORDS(notify, entry);
	SYS_RUN(thread_set_upcall, thread);
	return status;
}

static inline MUST_CHECK status_t sys_vmem_map(handle_t vmem, uint64_t address, uint64_t length, uint32_t flags, handle_t frame,
        uint64_t offset, uint64_t *out_address)
{
	SYS_WORDS(address, length, flags, frame, offset);
	SYS_RUN(vmem_map, vmem);
	if (!status)
		*out_address = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_vmem_unmap(handle_t vmem, uint64_t address, uint64_t length)
{
	SYS_WORDS(address, length);
	SYS_RUN(vmem_unmap, vmem);
	return status;
}

static inline MUST_CHECK status_t sys_vmem_protect(handle_t vmem, uint64_t address, uint64_t length, uint32_t flags)
{
	SYS_WORDS(address, length, flags);
	SYS_RUN(vmem_protect, vmem);
	return status;
}

static inline MUST_CHECK status_t sys_vmem_create(handle_t *out_vmem)
{
	SYS_WORDS(0);
	SYS_RUN(vmem_create, 0);
	if (!status)
		*out_vmem = (handle_t)word[0];
	return status;
}

/* The first mapping that ends above an address; NOT_FOUND: there is none. */
static inline MUST_CHECK status_t sys_vmem_walk(
        handle_t vmem, uint64_t address, uint64_t *out_start, uint64_t *out_end, uint32_t *out_flags, uint64_t *out_offset)
{
	SYS_WORDS(address);
	SYS_RUN(vmem_walk, vmem);
	if (!status) {
		*out_start = word[0];
		*out_end = word[1];
		*out_flags = (uint32_t)word[2];
		*out_offset = word[3];
	}
	return status;
}

static inline MUST_CHECK status_t sys_frame_create(uint64_t length, uint32_t flags, handle_t *out_frame)
{
	SYS_WORDS(length, flags);
	SYS_RUN(frame_create, 0);
	if (!status)
		*out_frame = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_create_device(
        handle_t machine, uint64_t physical, uint64_t length, uint32_t cache, handle_t *out_frame)
{
	SYS_WORDS(physical, length, cache);
	SYS_RUN(frame_create_device, machine);
	if (!status)
		*out_frame = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_read(
        handle_t frame, uint64_t offset, void *to, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(offset, (uintptr_t)to, length);
	SYS_RUN(frame_read, frame);
	if (!status)
		*out_copied = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_write(
        handle_t frame, uint64_t offset, const void *from, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(offset, (uintptr_t)from, length);
	SYS_RUN(frame_write, frame);
	if (!status)
		*out_copied = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_resize(handle_t frame, uint64_t length)
{
	SYS_WORDS(length);
	SYS_RUN(frame_resize, frame);
	return status;
}

static inline MUST_CHECK status_t sys_frame_clone(handle_t frame, handle_t *out_clone)
{
	SYS_WORDS(0);
	SYS_RUN(frame_clone, frame);
	if (!status)
		*out_clone = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_info(
        handle_t frame, uint64_t *out_length, uint64_t *out_resident_pages, uint32_t *out_flags)
{
	SYS_WORDS(0);
	SYS_RUN(frame_info, frame);
	if (!status) {
		*out_length = word[0];
		*out_resident_pages = word[1];
		*out_flags = (uint32_t)word[2];
	}
	return status;
}

static inline MUST_CHECK status_t sys_notify_create(handle_t *out_notify)
{
	SYS_WORDS(0);
	SYS_RUN(notify_create, 0);
	if (!status)
		*out_notify = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_notify_signal(handle_t notify, uint64_t bits)
{
	SYS_WORDS(bits);
	SYS_RUN(notify_signal, notify);
	return status;
}

static inline MUST_CHECK status_t sys_notify_wait(handle_t notify, uint64_t mask, uint64_t deadline, uint64_t *out_bits)
{
	SYS_WORDS(mask, deadline);
	SYS_RUN(notify_wait, notify);
	if (!status)
		*out_bits = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_timer_create(handle_t notify, uint64_t bits, handle_t *out_timer)
{
	SYS_WORDS(bits);
	SYS_RUN(timer_create, notify);
	if (!status)
		*out_timer = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_timer_set(handle_t timer, uint64_t deadline, uint64_t period)
{
	SYS_WORDS(deadline, period);
	SYS_RUN(timer_set, timer);
	return status;
}

/* `flags` are FUTEX_*. */
static inline MUST_CHECK status_t sys_futex_wait_at(
        const uint32_t *address, uint32_t expected, uint64_t deadline, uint32_t flags)
{
	SYS_WORDS((uintptr_t)address, expected, deadline, flags);
	SYS_RUN(futex_wait, 0);
	return status;
}

static inline MUST_CHECK status_t sys_futex_wake_at(const uint32_t *address, uint32_t most, uint32_t flags, uint32_t *out_woken)
{
	SYS_WORDS((uintptr_t)address, most, flags);
	SYS_RUN(futex_wake, 0);
	if (!status)
		*out_woken = (uint32_t)word[0];
	return status;
}

/* The same at a word of this process alone. */
static inline MUST_CHECK status_t sys_futex_wait(const uint32_t *address, uint32_t expected, uint64_t deadline)
{
	return sys_futex_wait_at(address, expected, deadline, 0);
}

static inline MUST_CHECK status_t sys_futex_wake(const uint32_t *address, uint32_t most, uint32_t *out_woken)
{
	return sys_futex_wake_at(address, most, 0, out_woken);
}

static inline MUST_CHECK status_t sys_irq_create(handle_t machine, uint32_t number, uint32_t flags, handle_t *out_irq)
{
	SYS_WORDS(number, flags);
	SYS_RUN(irq_create, machine);
	if (!status)
		*out_irq = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_irq_bind(handle_t irq, handle_t notify, uint64_t bits)
{
	SYS_WORDS(notify, bits);
	SYS_RUN(irq_bind, irq);
	return status;
}

static inline MUST_CHECK status_t sys_irq_ack(handle_t irq)
{
	SYS_WORDS(0);
	SYS_RUN(irq_ack, irq);
	return status;
}

static inline MUST_CHECK status_t sys_ioport_create(handle_t machine, uint32_t first, uint32_t count, handle_t *out_ioport)
{
	SYS_WORDS(first, count);
	SYS_RUN(ioport_create, machine);
	if (!status)
		*out_ioport = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_log_write(handle_t log, const char *text, uint64_t length, uint32_t level)
{
	SYS_WORDS((uintptr_t)text, length, level);
	SYS_RUN(log_write, log);
	return status;
}

static inline MUST_CHECK status_t sys_log_read(
        handle_t log, uint64_t cursor, void *to, uint64_t length, uint64_t *out_bytes, uint64_t *out_cursor, uint64_t *out_lost)
{
	SYS_WORDS(cursor, (uintptr_t)to, length);
	SYS_RUN(log_read, log);
	if (!status) {
		*out_bytes = word[0];
		*out_cursor = word[1];
		*out_lost = word[2];
	}
	return status;
}

static inline MUST_CHECK status_t sys_log_watch(handle_t log, handle_t notify, uint64_t bits)
{
	SYS_WORDS(notify, bits);
	SYS_RUN(log_watch, log);
	return status;
}

static inline MUST_CHECK status_t sys_log_claim(handle_t log, uint64_t *out_cursor)
{
	SYS_WORDS(0);
	SYS_RUN(log_claim, log);
	if (!status)
		*out_cursor = word[0];
	return status;
}

static inline status_t sys_handle_close(handle_t handle)
{
	SYS_WORDS(handle);
	SYS_RUN(handle_close, 0);
	return status;
}

static inline MUST_CHECK status_t sys_handle_duplicate(handle_t handle, uint32_t rights, handle_t *out_handle)
{
	SYS_WORDS(handle, rights);
	SYS_RUN(handle_duplicate, 0);
	if (!status)
		*out_handle = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_handle_info(
        handle_t handle, uint32_t *out_type, uint32_t *out_rights, uint64_t *out_object)
{
	SYS_WORDS(handle);
	SYS_RUN(handle_info, 0);
	if (!status) {
		*out_type = (uint32_t)word[0];
		*out_rights = (uint32_t)word[1];
		*out_object = word[2];
	}
	return status;
}

/* The next handle of the caller's own table from *cursor on, which is 0 at first; NOT_FOUND: there is none. */
static inline MUST_CHECK status_t sys_handle_walk(
        uint64_t *cursor, handle_t *out_handle, uint32_t *out_type, uint32_t *out_rights)
{
	SYS_WORDS(*cursor);
	SYS_RUN(handle_walk, 0);
	if (!status) {
		*out_handle = (handle_t)word[0];
		*out_type = (uint32_t)word[1];
		*out_rights = (uint32_t)word[2];
		*cursor = word[3];
	}
	return status;
}

static inline MUST_CHECK status_t sys_machine_stats(handle_t machine, struct machine_stats *out)
{
	SYS_WORDS((uintptr_t)out, sizeof *out);
	SYS_RUN(machine_stats, machine);
	return status;
}
