/* Who the process is, what the machine is, and what may be used of it. */
#pragma once

#include <stdint.h>

int64_t identity_zero(void);
int64_t identity_getpid(void);
int64_t identity_getppid(void);
int64_t identity_getpgid(int process);
int64_t identity_getpgrp(void);
int64_t identity_getsid(int process);
int64_t identity_setpgid(int process, int group);
int64_t identity_setsid(void);
int64_t identity_getgroups(int size, uint64_t out);
int64_t identity_getresid(uint64_t real, uint64_t effective, uint64_t saved);
int64_t identity_uname(uint64_t out);
int64_t identity_getrlimit(uint32_t resource, uint64_t out);
int64_t identity_setrlimit(uint32_t resource, uint64_t new);
int64_t identity_prlimit64(int process, uint32_t resource, uint64_t new, uint64_t old);
int64_t identity_sysinfo(uint64_t out);
int64_t identity_getcpu(uint64_t cpu, uint64_t node);
int64_t identity_sched_getaffinity(int thread, uint64_t size, uint64_t out);
int64_t identity_sched_setaffinity(int thread, uint64_t size, uint64_t in);
