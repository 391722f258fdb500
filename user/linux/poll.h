/* Waiting for descriptors to become ready. */
#pragma once

#include <stdint.h>

#include "user/linux/state.h"

int64_t poll_poll(uint64_t items, uint64_t count, int timeout_ms);
int64_t poll_ppoll(uint64_t items, uint64_t count, uint64_t timeout, uint64_t mask, uint64_t mask_size);
int64_t poll_select(int count, uint64_t read, uint64_t write, uint64_t except, uint64_t timeout);
int64_t poll_pselect6(int count, uint64_t read, uint64_t write, uint64_t except, uint64_t timeout, uint64_t mask);

/*
 * FS_READY_* of an open file; `notify` may be HANDLE_NONE, and FS_WATCH_NEXT be among the events. Errors and hang-ups are always
 * told.
 */
uint32_t poll_readiness(const struct open_file *file, uint32_t events, handle_t notify, uint64_t bits);

/* Whether one of FS_READY_* holds for an open file now. One whose server can not tell is always ready. */
bool poll_ready(const struct open_file *file, uint32_t events);
/* Waits until one does: 0 or a negative errno. */
int64_t poll_wait(const struct open_file *file, uint32_t events);
