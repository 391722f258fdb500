/*
 * What each client process has streamd keep for it, in bytes of buffers. Beyond ACCOUNT_BYTES of one client its pipes and
 * sockets get no more than their first page; together clients can have ACCOUNT_BYTES_ALL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/lib/call.h"

#define ACCOUNT_BYTES (8ull << 20)
#define ACCOUNT_BYTES_ALL (64ull << 20)

/* Handles that are on their way to somebody are counted as well. */
#define ACCOUNT_HANDLES 256u
#define ACCOUNT_HANDLES_ALL 8192u

bool account_take_handles(uint32_t client, uint32_t count);
void account_give_back_handles(uint32_t client, uint32_t count);

bool account_take(uint32_t client, uint64_t count);
void account_give_back(uint32_t client, uint64_t count);

/* At the beginning of a life nobody has anything; what a predecessor left is then added, whatever the bounds. */
void account_begin(void);
MUST_CHECK bool account_resume(uint32_t client, uint64_t count);
MUST_CHECK bool account_resume_handles(uint32_t client, uint32_t count);
