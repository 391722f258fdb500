/* Copies of this process, for tests. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/guest/native/test.h"

#define READ_WRITE (MAP_READ | MAP_WRITE)

struct fork {
	handle_t process, thread, notify;
	uint32_t number;
	uint64_t argument; /* in the copy: the word that it was started with */
	bool is_copy;
};

/* True in the copy, which must end by sys_process_exit. */
bool fork_begin(struct fork *fork, uint64_t argument);

/* The same for when it may fail; `is_copy` must be false before. */
status_t fork_try(struct fork *fork, uint64_t argument);

/* Its status; everything is closed then. */
uint32_t fork_wait(struct fork *fork);

/* Memory of this process. */
static inline volatile uint64_t *word_at(uint64_t address)
{
	return (volatile uint64_t *)address;
}

static inline uint64_t map(uint64_t pages, uint32_t flags, handle_t frame)
{
	uint64_t at = 0;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, pages * PAGE, flags, frame, 0, &at));
	return at;
}

static inline void unmap(uint64_t at, uint64_t pages)
{
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, pages * PAGE));
}

void test_fork_shared(void); /* fork_shared.c */
