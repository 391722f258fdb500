/* Replacing what a process runs: what the tests of it have in common. */
#pragma once

#include "tests/guest/native/test.h"

/* Handles of the child's, where its variables were copied before they were given: set through a replace_shared frame instead. */
#define PLACES 16
struct replace_shared {
	handle_t handle[PLACES];
	uint64_t word[PLACES];
	struct process_replacement second; /* where there are two */
};
extern struct replace_shared *replace_shared;

void replace_share_begin(void);
void replace_share_with(handle_t vmem);
void replace_share_end(void);

/* What the child runs first has this ready in handle[0]; handles to keep are handle[1] up to count. */
extern struct process_replacement replace_next;
handle_t replace_give_image(struct child *child, uint32_t (*function)(void *argument), void *argument);
status_t replace_self(const struct process_replacement *how);

uint32_t replace_spin(void *argument);         /* says so in word[5], and does not end */
uint32_t replace_many_threads(void *argument); /* replaced while it has them */
uint32_t replace_second_life(void *argument);  /* ends with the argument if it has what was kept alone */

unsigned replace_handle_count(void);
void replace_pause_ns(uint64_t ns);

void test_replace_races(void); /* replace_races.c */
