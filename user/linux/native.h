/*
 * Native calls from inside the image: the stubs of user/lib/call.h with linux_native (entry.S) in the place of the `syscall`
 * instruction, so that the program's vector state survives. Every file here that makes native calls gets them from this header.
 */
#pragma once

#define CALL_INSTRUCTION "call linux_native"
#include "user/lib/call.h"

/* Calls of a kernel that copies processes; one that does not answers BAD_CALL. */
#ifndef CLONE_SHARE_VMEM
#define CALL_PROCESS_CLONE 0x1018
#define CLONE_SHARE_VMEM 1u
static inline MUST_CHECK status_t sys_process_clone(
        uint32_t flags, handle_t *out_process, handle_t *out_thread, uint32_t *out_number, uint64_t *out_control_block)
{
	SYS_WORDS(flags);
	status_t status = call_words(CALL_PROCESS_CLONE, HANDLE_SELF_PROCESS, word);
	if (!status) {
		*out_process = (handle_t)word[0];
		*out_thread = (handle_t)word[1];
		*out_number = (uint32_t)word[2];
		*out_control_block = word[3];
	}
	return status;
}
#endif
