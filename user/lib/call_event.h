/* What a thread can wait for besides messages: notifies, timers that signal them, futexes. */
#pragma once

#include "user/lib/call_stub.h"

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
