/* Processes, their threads, and what supervisors do with them. */
#pragma once

#include "user/lib/call_stub.h"

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

/* Not one that has ended and keeps its handles, which would be let go: ERR_BAD_STATE. */
static inline MUST_CHECK status_t sys_process_kill_running(handle_t process, uint32_t exit_status)
{
	SYS_WORDS(exit_status, PROCESS_KILL_RUNNING);
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

struct thread_info {
	uint32_t number, priority;
	uint64_t cpu_ns;
};

static inline MUST_CHECK status_t sys_thread_info(handle_t thread, struct thread_info *out)
{
	SYS_WORDS(0);
	SYS_RUN(thread_info, thread);
	*out = (struct thread_info){(uint32_t)word[0], (uint32_t)word[2], word[1]};
	return status;
}

struct thread_walked {
	uint32_t number, priority, state; /* THREAD_* */
	uint64_t cpu_ns;
};

/* From the newest (0) to the oldest; each is the next one's `after`. */
static inline MUST_CHECK status_t sys_thread_walk(handle_t process, uint32_t after, struct thread_walked *out)
{
	SYS_WORDS(after);
	SYS_RUN(thread_walk, process);
	if (!status)
		*out = (struct thread_walked){(uint32_t)word[0], (uint32_t)word[2], (uint32_t)word[3], word[1]};
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
