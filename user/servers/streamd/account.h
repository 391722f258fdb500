/*
 * What each client process has streamd keep for it, in bytes of buffers. Beyond ACCOUNT_BYTES of one client its pipes and
 * sockets get no more than their first page; together clients can have ACCOUNT_BYTES_ALL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ACCOUNT_BYTES (8ull << 20)
#define ACCOUNT_BYTES_ALL (64ull << 20)

bool account_take(uint32_t client, uint64_t bytes);
void account_give_back(uint32_t client, uint64_t bytes);
