/* Handles themselves. */
#pragma once

#include "user/lib/call_stub.h"

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
