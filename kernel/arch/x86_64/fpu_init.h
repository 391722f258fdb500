/* For bring-up. */
#pragma once

#include <stdint.h>

/* Chooses the states to keep. After features_enable. fpu_init_cpu: sets those of the CPU that executes to defaults. */
void fpu_init(void);
void fpu_init_cpu(void);

/*
 * For entry.S, which resets all states as fpu_restore does: whether XGETBV tells which of them are in use, whether x87 pointers
 * must be overwritten, the bits of XCR0, and the area of defaults.
 */
extern uint8_t fpu_tells_use __attribute__((visibility("hidden")));
extern uint8_t fpu_leaves_pointers __attribute__((visibility("hidden")));
extern uint32_t fpu_states __attribute__((visibility("hidden")));
extern const uint32_t fpu_mxcsr __attribute__((visibility("hidden")));
extern struct save_area fpu_defaults __attribute__((visibility("hidden")));
