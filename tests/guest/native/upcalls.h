/* The handler of upcalls in the tests: what it saw, and what it shall do. */
#pragma once

#include "tests/guest/native/test.h"

extern const char upcall_entry[], upcall_timed_entry[]; /* upcall_entry.S */
extern uint64_t upcall_entered;

/* What came since upcalls_begin. */
struct upcalls {
	volatile uint32_t count;
	volatile uint64_t bits;    /* all that were taken */
	struct upcall_frame frame; /* of the last */
	/* What to do with an exception: the program goes on this many bytes further. */
	uint64_t skip;
	bool leave_bits;   /* takes none */
	bool unchecked;    /* whatever the frame says: of programs that make no sense */
	bool fault_inside; /* meets an exception of its own */
};
extern struct upcalls upcalls;

/* This thread's upcalls come from a new notify, which is answered, or with `own` from the process's. */
handle_t upcalls_begin(bool own);
void upcalls_end(handle_t notify);
void upcalls_forget(void); /* what came so far */

void test_upcalls_exceptions(void); /* upcalls_exceptions.c */

static inline volatile uint8_t *hold_off(void)
{
	return &control_block()->hold_off;
}

static inline volatile uint8_t *upcall_pending(void)
{
	return &control_block()->upcall_pending;
}
