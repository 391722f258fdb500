/* Vectors of devices and timers: who takes them. */
#pragma once

#include <stdint.h>

/* An interrupt in user mode or while idle. */
void interrupt_dispatch(uint32_t vector);
