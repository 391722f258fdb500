/* For machine.c: seeds the generator behind cpu_random. */
#pragma once

#include <stdint.h>

/* Keys cpu_random with the loader's seed. */
void random_init(const uint8_t seed[static 64]);
