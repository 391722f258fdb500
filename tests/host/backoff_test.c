/* Restarts come after 0.1 s, then later and later up to 10 s, and soon again after a run that lasted. */
#include <stdbool.h>
#include <stdio.h>

#include "user/lib/backoff.h"

static int failures;

static void check(bool ok, const char *name, uint64_t got)
{
	if (ok) {
		printf("ok backoff: %s\n", name);
		return;
	}
	printf("not ok backoff: %s: %llu ns\n", name, (unsigned long long)got);
	failures++;
}

/* A run from `now` that ends after `ran`: how long the restart then waits. */
static uint64_t wait_after(struct backoff *backoff, uint64_t *now, uint64_t ran)
{
	backoff_started(backoff, *now);
	*now += ran;
	uint64_t again = backoff_ended(backoff, *now);
	uint64_t wait = again - *now;
	*now = again;
	return wait;
}

int main(void)
{
	struct backoff backoff = {0};
	uint64_t now = 5, wait = wait_after(&backoff, &now, 0);
	check(wait == 100000000, "the first restart waits for 0.1 s", wait);
	wait = wait_after(&backoff, &now, 1);
	check(wait == 200000000, "the second waits twice as long", wait);
	for (int i = 0; i < 4; i++)
		wait = wait_after(&backoff, &now, 1000);
	check(wait == 3200000000, "each waits twice as long as the one before", wait);
	for (int i = 0; i < 100; i++)
		wait = wait_after(&backoff, &now, 1000);
	check(wait == 10000000000, "none waits longer than 10 s", wait);
	wait = wait_after(&backoff, &now, BACKOFF_STABLE_NS - 1);
	check(wait == 10000000000, "a run of less than 10 s is not forgiven", wait);
	wait = wait_after(&backoff, &now, BACKOFF_STABLE_NS);
	check(wait == 100000000, "a run of 10 s is", wait);
	return failures ? 1 : 0;
}
