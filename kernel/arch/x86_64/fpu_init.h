/* For machine.c: once on each CPU, before a thread runs there. */
#pragma once

#include <stdint.h>

/* Chooses the states to keep and sets them to defaults. After features_enable. */
void fpu_init(void);

/*
 * For entry.S, which resets all states as fpu_restore does: whether XGETBV tells which of them are in use, whether x87 pointers
 * must be overwritten, the bits of XCR0, and the area of defaults.
 */
extern uint8_t fpu_tells_use __attribute__((visibility("hidden")));
extern uint8_t fpu_leaves_pointers __attribute__((visibility("hidden")));
extern uint32_t fpu_states __attribute__((visibility("hidden")));
extern const uint32_t fpu_mxcsr __attribute__((visibility("hidden")));
extern struct save_area fpu_defaults __attribute__((visibility("hidden")));
