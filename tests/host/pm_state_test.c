/*
 * pm ends anywhere in a change, and nobody notices: the families of pm_random_test.c, whose model knows nothing of ends, while pm ends in
 * calls and in what it is told of processes, before and behind an entry of the log, a commit, an answer. No call is ended in twice.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c tests/host/fake/calls_life.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c tests/host/fake/calls_child.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c user/lib/request.c user/lib/table.c user/lib/pool.c common/path.c */
/* sources: user/lib/process.c user/lib/fs_call.c user/lib/fs.c user/lib/fs_names.c user/lib/words.c tests/host/pm_people.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/state_stores.c user/lib/server_state.c user/lib/found.c */
/* state: tests/host/pm_main.c user/servers/pm/state.c */
/* state: user/servers/pm/table.c user/servers/pm/order.c user/servers/pm/births.c user/servers/pm/family.c */
/* state: user/servers/pm/group.c user/servers/pm/wait.c user/servers/pm/later.c user/servers/pm/signals.c */
/* state: user/servers/pm/job.c user/servers/pm/limits.c user/servers/pm/budget.c user/servers/pm/watch.c user/servers/pm/proc.c */
/* state: user/servers/pm/proc_tree.c user/servers/pm/proc_text.c user/servers/pm/proc_process.c user/servers/pm/proc_machine.c */
/* The address sanitizer and ends of threads in the midst of functions do not go together. */
/* flags: -DCALL_TO_FAKE_KERNEL -fno-sanitize=address */
/* libraries: -fno-sanitize=address -lpthread -lm -Wl,--wrap=state_keep_words,--wrap=state_commit,--wrap=state_answered,--wrap=answer_give */
/* libraries: -Wl,--wrap=__asan_store1_noabort,--wrap=__asan_store4_noabort,--wrap=__asan_store8_noabort */
/* libraries: -Wl,--wrap=people_call,--wrap=people_begin_call,--wrap=people_try_fork,--wrap=people_exit,--wrap=people_end */
static int random_main(void);
#define main random_main
#include "pm_random_test.c"
#undef main

#include "fake/calls_internal.h"
#include "user/lib/server_internal.h"

#define SCALES 7 /* of how near it is: a message has some tens of points */
#include "tests/points.h"

void point_end(void)
{
	fake_end_here();
}

status_t __real_people_call(struct person as, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3);
status_t __wrap_people_call(struct person as, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3);
struct call *__real_people_begin_call(struct person as, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2);
struct call *__wrap_people_begin_call(struct person as, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2);
struct person __real_people_try_fork(struct person parent, status_t *out_status);
struct person __wrap_people_try_fork(struct person parent, status_t *out_status);
void __real_people_exit(struct person person, uint32_t status);
void __wrap_people_exit(struct person person, uint32_t status);

int __real_people_end(void);
int __wrap_people_end(void);

static void arm(void)
{
	static uint64_t state = 88172645463325252ull;
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	points_left = 1 + (unsigned)(state >> 33) % (1u << (state >> 50) % SCALES);
}

static void disarm(void)
{
	fake_settle();
	points_left = 0;
}

status_t __wrap_people_call(struct person as, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	arm();
	status_t status = __real_people_call(as, label, w0, w1, w2, w3);
	disarm();
	return status;
}

struct call *__wrap_people_begin_call(struct person as, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2)
{
	arm();
	struct call *call = __real_people_begin_call(as, label, w0, w1, w2);
	disarm();
	return call;
}

struct person __wrap_people_try_fork(struct person parent, status_t *out_status)
{
	arm();
	struct person child = __real_people_try_fork(parent, out_status);
	disarm();
	return child;
}

/* In every other: a pm that ends in each message, one after the other, gives its state up. */
void __wrap_people_exit(struct person person, uint32_t status)
{
	static bool armed;
	armed = !armed;
	if (armed)
		arm();
	__real_people_exit(person, status);
	disarm();
}

/* As many children as a domain can have, alive and dead, go with their parent by one message. */
static void large_family(void)
{
	static struct person children[PM_DOMAIN_PROCESSES];
	unsigned born = 0;
	check_begin("the end of a process with thousands of children is not too much for the log");
	struct person parent = people_adopt(domain);
	for (; born < PM_DOMAIN_PROCESSES - 1; born++) {
		status_t status;
		children[born] = __real_people_try_fork(parent, &status);
		if (!CHECK(!status))
			return;
	}
	for (unsigned i = 0; i < born; i += 2)
		__real_people_exit(children[i], 0);
	__real_people_exit(parent, 0);
	CHECK(table_count() == born / 2 && !strstr(fake_log(people_pm), "log can hold"));
	for (unsigned i = 1; i < born; i += 2)
		__real_people_exit(children[i], 0);
	CHECK(table_count() == 0);
}

int __wrap_people_end(void)
{
	large_family();
	check_begin("no handle is left of all these lives but what pm was granted");
	CHECK(fake_handle_count(people_pm) == people_pm->block->grant_count);
	return __real_people_end();
}

/* The model compares with a process's own signals taken, so that one which comes twice is seen as one. */
int main(void)
{
	people_outlive_pm = true;
	fake_make_mortal();
	random_main();
	check_begin("pm has ended in many places, and gone on with its state each time");
	printf("%u ends\n", fake_ends(people_pm));
	CHECK(fake_ends(people_pm) > 100);
	CHECK(!strstr(fake_log(people_pm), "starts empty") && !strstr(fake_log(people_pm), "at two ends"));
	return check_result();
}
