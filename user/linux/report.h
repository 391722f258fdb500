/*
 * What a program that dies leaves on the log, besides what the kernel says of its cause and registers: where it was, by functions, files
 * and lines, and what lies around the addresses in question.
 *
 * The process makes it itself, before it ends: it alone has its memory, and nobody else needs to read an ELF file that may be made to
 * do harm. pm writes the lines, with the process's number and name before each. Were its own state spoilt as well, the
 * kernel's report is there all the same.
 */
#pragma once

#include "user/linux/state.h"

/* `frame` has the program's registers; `signal` is what ends it. At most once in a process. */
void report_crash(const struct frame *frame, int signal);

/* The image itself has failed at `rip`, in answering a call of the program's; `rbp` is its frame's. Likewise. */
void report_fault_inside(uint64_t rip, uint64_t rbp, uint64_t address);
