/*
 * The stack that a program finds at its start (System V ABI, AMD64 supplement, 3.4.1): argc, argv, envp, the auxiliary vector,
 * and above them the strings. Pure: memory in, memory out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define STACK_SIZE_PROGRAM (8ull * 1024 * 1024)
#define STACK_RANDOM 16 /* bytes for AT_RANDOM */

struct stack_auxiliary {
	uint64_t type, value;
};

struct stack_contents {
	const char *arguments; /* argument_count strings one after another, each with its NUL; likewise the environment */
	uint64_t argument_count, arguments_size;
	const char *environment;
	uint64_t environment_count, environment_size;
	const char *name; /* AT_EXECFN */
	uint8_t random[STACK_RANDOM];
	const struct stack_auxiliary
	        *auxiliary; /* the rest of the vector, without AT_EXECFN, AT_RANDOM, AT_PLATFORM, AT_NULL */
	uint64_t auxiliary_count;
};

/*
 * Builds it at the upper end of `memory`, which is `size` bytes and lies at `address` for the program. Writes the program's
 * stack pointer, a multiple of 16. False if it would take more than a quarter of the memory.
 */
bool stack_build(void *memory, uint64_t address, uint64_t size, const struct stack_contents *contents, uint64_t *out_pointer);
