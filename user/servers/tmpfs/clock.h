/* The time of day, for the times of files: by the time page, so that a write does not pay a call for it. */
#pragma once

#include <stdint.h>

/* Maps the time page that was granted. Without one the C library's clock is asked. */
void clock_begin(void);

void clock_read(int64_t *out_seconds, uint32_t *out_ns);
