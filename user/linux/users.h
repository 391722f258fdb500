/* Linux calls that change who a process is. There are no users: all ids are 0, and can be set to that alone. */
#pragma once

#include <stdint.h>

int64_t users_set(uint32_t id);                                             /* setuid, setgid */
int64_t users_set_two(uint32_t real, uint32_t effective);                   /* setreuid, setregid */
int64_t users_set_three(uint32_t real, uint32_t effective, uint32_t saved); /* setresuid, setresgid */
int64_t users_set_files(uint32_t id);                                       /* setfsuid, setfsgid */
int64_t users_setgroups(uint64_t count, uint64_t list);
