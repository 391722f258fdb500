/* Signals: kept, not delivered to handlers yet. */
#pragma once

#include <stdint.h>

int64_t signal_rt_sigaction(int signal, uint64_t new, uint64_t old, uint64_t mask_size);
int64_t signal_rt_sigprocmask(int how, uint64_t new, uint64_t old, uint64_t mask_size);
int64_t signal_rt_sigpending(uint64_t out, uint64_t mask_size);
int64_t signal_sigaltstack(uint64_t new, uint64_t old);
int64_t signal_kill(int process, int signal);
int64_t signal_tkill(int thread, int signal);
int64_t signal_tgkill(int process, int thread, int signal);
