/* Attacks on the kernel (native=attack on the command line): what a hostile program may try, beyond what tests of each call do. */
#pragma once

#include "tests/guest/native/test.h"

void attack_states(void);
void attack_memory(void);
void attack_copies(void);
void attack_leaks(void);
void attack_clones(void);
void attack_upcalls(void);
