/* What the machine gives to those who hold its handles: interrupts, ports, the log, counts. */
#pragma once

#include "user/lib/call_stub.h"

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

static inline MUST_CHECK status_t sys_machine_stats(handle_t machine, struct machine_stats *out)
{
	SYS_WORDS((uintptr_t)out, sizeof *out);
	SYS_RUN(machine_stats, machine);
	return status;
}
