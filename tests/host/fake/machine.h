/* The two things that fakes need of the build machine's kernel, whose headers do not go together with Hearth's. */
#pragma once

#include <stdint.h>

/* Zeroed address space that takes memory only where it is touched. */
void *fake_machine_memory(uint64_t length);

/* Where arch_cpu_current() looks. */
void fake_machine_set_gs(void *base);
