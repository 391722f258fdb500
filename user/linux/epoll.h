/* epoll: waiting for many descriptors whose list is kept from call to call. */
#pragma once

#include <stdint.h>

#include "user/linux/state.h"

int64_t epoll_create(int size);
int64_t epoll_create1(uint32_t flags);
int64_t epoll_ctl(int fd, int operation, int target, uint64_t event);
int64_t epoll_wait(int fd, uint64_t events, int most, int timeout_ms);
int64_t epoll_pwait(int fd, uint64_t events, int most, int timeout_ms, uint64_t mask, uint64_t mask_size);
int64_t epoll_pwait2(int fd, uint64_t events, int most, uint64_t timeout, uint64_t mask, uint64_t mask_size);

/* The open file that a list belongs to is no more. */
void epoll_free(struct epoll *epoll);
