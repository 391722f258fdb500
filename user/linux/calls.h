/* The way of a Linux call through the image, behind the registers. */
#pragma once

#include "user/linux/state.h"

/* entry.S calls it with the program's registers; what it returns is the program's rax. */
int64_t calls_dispatch(struct frame *frame);
