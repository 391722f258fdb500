/*
 * What a thread did that the CPU refused: repaired if it was a page not there yet or a port not loaded yet, else reported to the
 * process's exception channel (abi/exception.h), else the end of its process, with a report on the log that says what happened,
 * where, and how it came there. Never a panic: it is the program's fault.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/exception.h"
#include "arch/upcalls.h"
#include "object/thread.h"

/* Logs the sentence and then, in steps, where it was; after that the process ends with PROCESS_STATUS_FAULT + vector. */
void fault_end(struct thread *thread, uint32_t vector, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * One of the lines that follow the sentence: registers, and the return addresses that can be found, as offsets in what is mapped.
 * *line begins at 0 and *frame with any value; both are the report's own between the calls. False: that was the last.
 */
bool fault_report_line(struct thread *thread, uint64_t *line, uint64_t *frame);

/* Half a sentence on a fault: "a write to 0x10, where nothing is mapped". Answers its length. */
size_t fault_describe(struct thread *thread, char *to, size_t size, const struct fault *fault, uint32_t repair_error);
