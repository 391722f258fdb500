/*
 * What a thread did that the CPU refused: repaired if it was a page not there yet or a port not loaded yet, else reported to the
 * process's exception channel (abi/exception.h), else the end of its process, with a report on the log that says what happened,
 * where, and how it came there. Never a panic: it is the program's fault.
 */
#pragma once

#include <stdint.h>

#include "abi/exception.h"
#include "arch/upcalls.h"
#include "object/thread.h"

/* Ends the process of the current thread with PROCESS_STATUS_FAULT + vector, and logs the sentence and where it was. */
void fault_end(struct thread *thread, uint32_t vector, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The lines that follow the sentence: registers, and the return addresses that can be found, as offsets in what is mapped. */
void fault_report_state(struct thread *thread);

/* Half a sentence on a fault: "a write to 0x10, where nothing is mapped". Answers its length. */
size_t fault_describe(char *to, size_t size, const struct fault *fault, uint32_t repair_error);
