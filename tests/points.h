/*
 * Points of the work of a server with state at which a test ends it: before and behind each entry of the log, each commit, each answer,
 * each saving of a call, and each handing of bytes in streamd. A test says by point_end() how it ends, and by the linker's option --wrap=NAME which of these functions have points; the others are as they were.
 */
#pragma once

#include "user/lib/server_internal.h"
#include "user/lib/state_area.h"

struct wait;

static volatile unsigned points_left; /* until the end; 0: none is near */

void point_end(void); /* the test's */

static void point(void)
{
	if (points_left && !--points_left)
		point_end();
}

void __real_state_keep_words(uintptr_t address, size_t size) __attribute__((weak));
void __wrap_state_keep_words(uintptr_t address, size_t size);
void __real_state_keep(const void *memory, size_t size) __attribute__((weak));
void __wrap_state_keep(const void *memory, size_t size);
void __real_state_commit(void) __attribute__((weak));
void __wrap_state_commit(void);
void __real_state_answered(void) __attribute__((weak));
void __wrap_state_answered(void);
void __real_answer_give(handle_t reply, status_t status, struct answer *answer) __attribute__((weak));
void __wrap_answer_give(handle_t reply, status_t status, struct answer *answer);
status_t __real_request_save(struct request *request, handle_t *out_reply) __attribute__((weak));
status_t __wrap_request_save(struct request *request, handle_t *out_reply);
bool __real_handing_give(struct wait *reader, const struct request *request, uint64_t length) __attribute__((weak));
bool __wrap_handing_give(struct wait *reader, const struct request *request, uint64_t length);
void __real_wait_leave(struct wait *wait) __attribute__((weak));
void __wrap_wait_leave(struct wait *wait);

/* What the compiler calls before a store (user/lib/state_stores.c); only those to the state count. */
#define POINTS_OF_STORE(function) \
	void __real_##function(void *address) __attribute__((weak)); \
	void __wrap_##function(void *address); \
	void __wrap_##function(void *address) \
	{ \
		bool is_state = state_contains((uintptr_t)address); \
		if (is_state) \
			point(); \
		__real_##function(address); \
		if (is_state) \
			point(); \
	}
POINTS_OF_STORE(__asan_store1_noabort)
POINTS_OF_STORE(__asan_store4_noabort)
POINTS_OF_STORE(__asan_store8_noabort)

void __wrap_state_keep_words(uintptr_t address, size_t size)
{
	point();
	__real_state_keep_words(address, size);
	point();
}

void __wrap_state_keep(const void *memory, size_t size)
{
	point();
	__real_state_keep(memory, size);
	point();
}

void __wrap_state_commit(void)
{
	point();
	__real_state_commit();
	point();
}

void __wrap_state_answered(void)
{
	point();
	__real_state_answered();
}

void __wrap_answer_give(handle_t reply, status_t status, struct answer *answer)
{
	point();
	__real_answer_give(reply, status, answer);
	point();
}

status_t __wrap_request_save(struct request *request, handle_t *out_reply)
{
	point();
	status_t result = __real_request_save(request, out_reply);
	point();
	return result;
}

bool __wrap_handing_give(struct wait *reader, const struct request *request, uint64_t length)
{
	point();
	bool result = __real_handing_give(reader, request, length);
	point();
	return result;
}

/* The bytes have gone, and the reader still stands in its queue. */
void __wrap_wait_leave(struct wait *wait)
{
	point();
	__real_wait_leave(wait);
	point();
}
