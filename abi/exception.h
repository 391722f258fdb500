/*
 * Faults of a program. If the process has an exception channel, the kernel calls it for the thread:
 *   label    EXCEPTION_FAULT
 *   words    vector, the CPU's error code, rip, faulting address (CR2) or 0, thread number, rsp
 *   handle 0 the thread, with RIGHT_READ|RIGHT_WRITE|RIGHT_INSPECT, so that its registers can be read and set
 * The answer's label says what happens: EXCEPTION_RESUME continues with the thread's registers, EXCEPTION_REPORT has
 * the kernel leave a report on the log and end the process with a status of the handler's, anything else, and an end of the
 * handler, ends the process with PROCESS_STATUS_FAULT + vector. With no channel the report and that end come at once.
 */
#pragma once

enum { EXCEPTION_FAULT = 1 }; /* label of the call */

/* Label of the answer. With _REPORT, word 0 is the status that the process ends with once the kernel's report is on the log. */
enum { EXCEPTION_END = 0, EXCEPTION_RESUME, EXCEPTION_REPORT };

/* Vectors: Intel SDM volume 3, table 6-1. */
enum {
	VECTOR_DIVIDE = 0,
	VECTOR_DEBUG = 1,
	VECTOR_NMI = 2,
	VECTOR_BREAKPOINT = 3,
	VECTOR_OVERFLOW = 4,
	VECTOR_BOUND = 5,
	VECTOR_INVALID_OPCODE = 6,
	VECTOR_NO_FPU = 7,
	VECTOR_DOUBLE_FAULT = 8,
	VECTOR_INVALID_TSS = 10,
	VECTOR_NO_SEGMENT = 11,
	VECTOR_STACK = 12,
	VECTOR_PROTECTION = 13,
	VECTOR_PAGE_FAULT = 14,
	VECTOR_FPU = 16,
	VECTOR_ALIGNMENT = 17,
	VECTOR_MACHINE_CHECK = 18,
	VECTOR_SIMD = 19,
	VECTOR_CONTROL = 21,
};
