/*
 * x87, vector and MXCSR state. A preempted thread's is saved whole (XSAVE); after a blocking native call it is at defaults, and
 * nothing was saved. No thread ever sees what another left in a register.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/context.h"

/* Size of a save area, a multiple of 64. An area is aligned to 64 bytes, and prepared when it is new. */
uint64_t fpu_area_size(void);
void fpu_prepare(void *area);

/* The thread was interrupted and another is about to run: saves its state into context->fpu, which must be there. */
void fpu_save(struct context *context);

/* Before a thread runs again: its saved state, or defaults if it has none that lives (context->fpu_live == 0). */
void fpu_restore(struct context *context);

/* The thread gave its state up by a call that blocked. */
void fpu_drop(struct context *context);
