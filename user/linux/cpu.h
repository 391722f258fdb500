/* What the image must know of the CPU. */
#pragma once

#include "user/linux/state.h"

/* Fills in how vector state is saved, which parts it has, how large it is, and whether there is RDRAND. */
void cpu_inspect(struct process *process);
/* AT_HWCAP. */
uint32_t cpu_hwcap(void);
