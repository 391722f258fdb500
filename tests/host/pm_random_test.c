/*
 * Families against a model: processes fork, end, wait, change groups and sessions, stop, go on and signal each other at random, and
 * pm's answers, what it tells of each, the bits that arrive and the calls that stay open are those of a model which looks at all
 * processes at every step. The seed is printed; PM_SEED sets it.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c tests/host/fake/calls_child.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c user/lib/request.c user/lib/table.c user/lib/pool.c common/path.c */
/* sources: user/lib/process.c user/lib/fs_call.c tests/host/pm_main.c tests/host/pm_people.c */
/* sources: user/servers/pm/table.c user/servers/pm/order.c user/servers/pm/births.c user/servers/pm/family.c */
/* sources: user/servers/pm/group.c user/servers/pm/wait.c user/servers/pm/later.c user/servers/pm/signals.c */
/* sources: user/servers/pm/state.c user/servers/pm/job.c user/servers/pm/limits.c user/servers/pm/watch.c user/servers/pm/proc.c */
/* sources: user/servers/pm/budget.c */
/* sources: user/servers/pm/proc_tree.c user/servers/pm/proc_text.c user/servers/pm/proc_process.c */
/* sources: user/servers/pm/proc_machine.c user/lib/fs.c user/lib/fs_names.c user/lib/words.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/server_state.c user/lib/found.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lpthread -lm */
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "pm_people.h"
#include "user/servers/pm/signals.h"
#include "user/servers/pm/table.h"

#define MOST 28      /* alive or zombies at a time: signals to many are sent at once then */
#define EVER 8000    /* processes of a run */
#define WAITERS 2000 /* calls of a run that wait */
#define STEPS 8000
#define BIT(signal) (1ull << ((signal)-1))
#define STARTER (-1)

enum state { GONE, ALIVE, STOPPED, ZOMBIE };

/* A process of the model. `since` orders what happened: the joining of a group, an end or an event. */
struct one {
	struct person who;
	enum state state;
	int parent;
	uint32_t group, session, flags;
	bool has_exec, stop_sent;
	uint32_t event, code, how;
	unsigned joined, happened;
	uint64_t bits;
	struct call *held;
};

struct open_wait {
	int owner;
	uint32_t select, id, options;
	struct call *call;
};

static struct one all[EVER];
static int count, present;
static struct open_wait waits[WAITERS];
static int wait_count;
static unsigned now;
static handle_t domain;

static unsigned pick(unsigned most)
{
	return (unsigned)rand() % most;
}

static bool lives(int i)
{
	return i >= 0 && (all[i].state == ALIVE || all[i].state == STOPPED);
}

static bool exists(int i)
{
	return all[i].state != GONE;
}

static int find_pid(uint32_t pid)
{
	for (int i = 0; i < count; i++)
		if (exists(i) && all[i].who.pid == pid)
			return i;
	return -2;
}

static bool orphaned(uint32_t group)
{
	for (int i = 0; i < count; i++) {
		int parent = all[i].parent;
		if (lives(i) && all[i].group == group && lives(parent) && all[parent].group != group &&
		        all[parent].session == all[i].session)
			return false;
	}
	return true;
}

static bool group_exists(uint32_t group, uint32_t *out_session)
{
	for (int i = 0; i < count; i++)
		if (exists(i) && all[i].group == group) {
			*out_session = all[i].session;
			return true;
		}
	return false;
}

/* Waiting. */

static bool has_news(const struct one *one, uint32_t options)
{
	if (one->state == ZOMBIE)
		return options & PROCESS_WAIT_EXITED;
	return (one->event == PROCESS_HOW_STOPPED && options & PROCESS_WAIT_STOPPED) ||
	        (one->event == PROCESS_HOW_CONTINUED && options & PROCESS_WAIT_CONTINUED);
}

static bool selected(int owner, int i, uint32_t select, uint32_t id)
{
	if (!exists(i) || all[i].parent != owner)
		return false;
	return select == PROCESS_SELECT_ANY || (select == PROCESS_SELECT_ONE ? all[i].who.pid == id : all[i].group == id);
}

/* The child that answers, ends before events and in their order; in a group, the first child. -1: none. */
static int model_find(const struct open_wait *wait, bool *out_hope)
{
	int best = -1;
	*out_hope = false;
	for (int i = 0; i < count; i++) {
		if (!selected(wait->owner, i, wait->select, wait->id))
			continue;
		*out_hope |= all[i].state != ZOMBIE || wait->options & PROCESS_WAIT_EXITED;
		if (!has_news(&all[i], wait->options))
			continue;
		bool ended = all[i].state == ZOMBIE, best_ended = best >= 0 && all[best].state == ZOMBIE;
		if (best < 0)
			best = i;
		else if (wait->select == PROCESS_SELECT_ANY &&
		        (ended > best_ended || (ended == best_ended && all[i].happened < all[best].happened)))
			best = i;
	}
	return best;
}

static void go(int i)
{
	all[i].state = GONE;
	present--;
}

/* What the wait that found it is told, held against the answer. */
static void model_tell(int i, uint32_t options)
{
	struct one *one = &all[i];
	bool ended = one->state == ZOMBIE;
	CHECK(answer_word[0] == one->who.pid && answer_word[1] == (ended ? one->how : one->event));
	CHECK(answer_word[2] == one->code);
	if (options & PROCESS_WAIT_KEEP)
		return;
	if (ended)
		go(i);
	else
		one->event = 0;
}

static void look_again(int owner)
{
	for (int w = 0; w < wait_count; w++) {
		bool hope;
		status_t status;
		if (waits[w].owner != owner || !waits[w].call)
			continue;
		int found = model_find(&waits[w], &hope);
		if (found < 0 && hope)
			continue;
		if (!CHECK(people_answered(all[owner].who, waits[w].call, &status)))
			return;
		CHECK(status == (found >= 0 ? ERR_OK : ERR_NOT_FOUND));
		waits[w].call = NULL;
		if (found >= 0)
			model_tell(found, waits[w].options);
	}
}

static void set_bits(int i, uint64_t bits)
{
	if (lives(i))
		all[i].bits |= bits;
}

static void tell_parent(int i, uint32_t how)
{
	int parent = all[i].parent;
	uint32_t unwanted = PROCESS_CHILDREN_SILENT | (how >= PROCESS_HOW_STOPPED ? PROCESS_CHILDREN_NO_STOPS : 0);
	if (parent == STARTER)
		return;
	uint32_t flags = all[parent].flags;
	look_again(parent);
	if (!(flags & unwanted))
		set_bits(parent, BIT(SIGNAL_CHLD));
}

/* Stops. */

static void model_event(int i, uint32_t how, uint32_t code)
{
	all[i].event = how;
	all[i].code = code;
	all[i].happened = ++now;
	tell_parent(i, how);
}

static void model_continue(int i)
{
	status_t status;
	all[i].stop_sent = false;
	if (all[i].state != STOPPED)
		return;
	all[i].state = ALIVE;
	if (CHECK(people_answered(all[i].who, all[i].held, &status)))
		CHECK(status == ERR_OK && answer_word[0] == 1);
	all[i].held = NULL;
	model_event(i, PROCESS_HOW_CONTINUED, SIGNAL_CONT);
}

static void model_end(int i, uint32_t how, uint32_t code);

static void model_signal(int i, uint32_t signal)
{
	if (!lives(i))
		return;
	if (signal == SIGNAL_KILL) {
		model_end(i, PROCESS_HOW_SIGNALED, SIGNAL_KILL);
		return;
	}
	if (signal == SIGNAL_CONT)
		model_continue(i);
	if (signal == SIGNAL_TSTP)
		all[i].stop_sent = true;
	set_bits(i, BIT(signal));
}

/* To members in the order in which they joined; of the domain, in that of their numbers. */
static void model_signal_group(uint32_t group, uint32_t signal, uint32_t signal2)
{
	unsigned last = 0;
	for (;;) {
		int next = -1;
		for (int i = 0; i < count; i++)
			if (exists(i) && all[i].group == group && all[i].joined > last &&
			        (next < 0 || all[i].joined < all[next].joined))
				next = i;
		if (next < 0)
			return;
		last = all[next].joined;
		model_signal(next, signal);
		if (signal2)
			model_signal(next, signal2);
	}
}

/* Ends. */

static bool has_stopped(uint32_t group)
{
	for (int i = 0; i < count; i++)
		if (all[i].state == STOPPED && all[i].group == group)
			return true;
	return false;
}

static void drop_calls(int i)
{
	status_t status;
	if (all[i].held && CHECK(people_answered(all[i].who, all[i].held, &status)))
		CHECK(status == ERR_DROPPED);
	all[i].held = NULL;
	for (int w = 0; w < wait_count; w++) {
		if (waits[w].owner != i || !waits[w].call)
			continue;
		if (CHECK(people_answered(all[i].who, waits[w].call, &status)))
			CHECK(status == ERR_DROPPED);
		waits[w].call = NULL;
	}
}

static void leave_children(int i)
{
	for (int child = 0; child < count; child++) {
		if (!exists(child) || all[child].parent != i)
			continue;
		if (all[child].state == ZOMBIE)
			go(child);
		all[child].parent = STARTER;
		all[child].event = 0;
	}
}

static void become_zombie(int i, uint32_t how, uint32_t code)
{
	int parent = all[i].parent;
	all[i].state = ZOMBIE;
	all[i].how = how;
	all[i].code = code;
	all[i].happened = ++now;
	all[i].event = 0;
	if (parent == STARTER || all[parent].flags & PROCESS_CHILDREN_FORGET)
		go(i);
	tell_parent(i, how);
}

static void model_end(int i, uint32_t how, uint32_t code)
{
	uint32_t groups[MOST];
	unsigned group_count = 0;
	drop_calls(i);
	if (all[i].state == STOPPED)
		all[i].state = ALIVE;
	for (int other = 0; other < count; other++) {
		bool first = lives(other) && !orphaned(all[other].group);
		for (unsigned g = 0; g < group_count && first; g++)
			first = groups[g] != all[other].group;
		if (first)
			groups[group_count++] = all[other].group;
	}
	leave_children(i);
	become_zombie(i, how, code);
	for (unsigned g = 0; g < group_count; g++)
		if (orphaned(groups[g]) && has_stopped(groups[g]))
			model_signal_group(groups[g], SIGNAL_HUP, SIGNAL_CONT);
}

/* Operations: each is done by pm, then by the model, and what they say is compared. */

static int pick_living(void)
{
	int start = (int)pick((unsigned)count);
	for (int k = 0; k < count; k++)
		if (all[(start + k) % count].state == ALIVE)
			return (start + k) % count;
	return -2;
}

static uint32_t pick_pid(void)
{
	return all[pick((unsigned)count)].who.pid + (pick(20) == 0);
}

static void enter(struct person who, int parent)
{
	struct one *one = &all[count++];
	*one = (struct one){
	        .who = who, .state = ALIVE, .parent = parent, .joined = ++now, .group = who.pid, .session = who.pid};
	if (parent != STARTER) {
		one->group = all[parent].group;
		one->session = all[parent].session;
		one->flags = all[parent].flags;
	}
	present++;
}

static void op_fork(int i)
{
	if (present < MOST && count < EVER)
		enter(people_fork(all[i].who), i);
}

static void op_exit(int i)
{
	people_exit(all[i].who, 5);
	model_end(i, PROCESS_HOW_EXITED, 5);
}

static void op_wait(int i)
{
	struct open_wait wait = {i, pick(3), pick_pid(), 0, NULL};
	bool hope, hang = pick(3) == 0 && wait_count < WAITERS;
	status_t status;
	wait.options = pick(2) ? PROCESS_WAIT_EXITED : 1u << (1 + pick(3));
	if (pick(2))
		wait.options |= PROCESS_WAIT_STOPPED | PROCESS_WAIT_CONTINUED;
	if (pick(4) == 0)
		wait.options |= PROCESS_WAIT_KEEP;
	int found = model_find(&wait, &hope);
	if (hang && found < 0 && hope) {
		wait.call = people_begin_call(all[i].who, PROCESS_wait, wait.select, wait.id, wait.options);
		waits[wait_count++] = wait;
		return;
	}
	status = people_call(all[i].who, PROCESS_wait, wait.select, wait.id, wait.options | PROCESS_WAIT_NO_HANG, 0);
	CHECK(status == (found >= 0 || hope ? ERR_OK : ERR_NOT_FOUND));
	if (found >= 0)
		model_tell(found, wait.options);
	else if (!status)
		CHECK(answer_word[0] == 0);
}

static void op_set_group(int i)
{
	uint32_t pid = pick(2) ? all[i].who.pid : pick_pid(), group = pick(2) ? pid : pick_pid(), session;
	status_t expected = ERR_OK;
	int target = find_pid(pid);
	if (target < 0 || (target != i && all[target].parent != i))
		expected = ERR_NOT_FOUND;
	else if (all[target].session != all[i].session || (lives(target) && all[target].session == pid))
		expected = ERR_NO_RIGHT;
	else if (target != i && all[target].has_exec)
		expected = ERR_BAD_STATE;
	else if (group_exists(group, &session) ? session != all[i].session : group != pid)
		expected = ERR_NO_RIGHT;
	CHECK(people_call(all[i].who, PROCESS_set_group, pid, group, 0, 0) == expected);
	if (expected == ERR_OK && all[target].group != group) {
		all[target].group = group;
		all[target].joined = ++now;
	}
}

static void op_set_session(int i)
{
	uint32_t session, pid = all[i].who.pid;
	bool leads = group_exists(pid, &session);
	CHECK(people_call(all[i].who, PROCESS_set_session, 0, 0, 0, 0) == (leads ? ERR_NO_RIGHT : ERR_OK));
	if (!leads) {
		all[i].group = all[i].session = pid;
		all[i].joined = ++now;
	}
}

static void op_stop(int i)
{
	bool own = pick(2), real = pick(2);
	bool stops = (own || all[i].stop_sent) && (real || !orphaned(all[i].group));
	uint32_t signal = real ? SIGNAL_STOP : SIGNAL_TSTP;
	if (!stops) {
		CHECK(people_call(all[i].who, PROCESS_stopped, signal, own, 0, 0) == ERR_OK && answer_word[0] == 0);
		return;
	}
	all[i].held = people_begin_call(all[i].who, PROCESS_stopped, signal, own, 0);
	all[i].state = STOPPED;
	all[i].stop_sent = false;
	model_event(i, PROCESS_HOW_STOPPED, signal);
}

static void op_signal(int i)
{
	static const uint32_t signals[] = {15, SIGNAL_KILL, SIGNAL_CONT, SIGNAL_CONT, SIGNAL_TSTP};
	uint32_t signal = signals[pick(5)], id = pick_pid(), session;
	bool group = pick(3) == 0;
	bool there = group ? group_exists(id, &session) : find_pid(id) >= 0;
	status_t status =
	        people_call(all[i].who, PROCESS_signal, group ? PROCESS_SELECT_GROUP : PROCESS_SELECT_ONE, id, signal, 0);
	fake_settle();
	CHECK(status == (there ? ERR_OK : ERR_NOT_FOUND));
	if (group)
		model_signal_group(id, signal, 0);
	else if (there)
		model_signal(find_pid(id), signal);
}

static void op_flags(int i)
{
	uint32_t flags = pick(2) ? 0 : pick(8);
	bool exec = pick(2);
	if (exec)
		CHECK(people_call(all[i].who, PROCESS_exec, 0, 0, flags, 0) == ERR_OK);
	else
		CHECK(people_call(all[i].who, PROCESS_set_children, flags, 0, 0, 0) == ERR_OK);
	all[i].flags = flags;
	all[i].has_exec |= exec;
}

static void compare_all(void)
{
	fake_settle();
	CHECK(table_count() == (uint32_t)present);
	for (int i = 0; i < count; i++) {
		struct one *one = &all[i];
		if (!exists(i))
			continue;
		if (!CHECK(people_get(one->who) == ERR_OK))
			return;
		uint32_t parent = one->parent == STARTER ? starter.pid : all[one->parent].who.pid;
		uint32_t state = one->state == ZOMBIE ? PROCESS_STATE_ZOMBIE
		        : one->state == STOPPED       ? PROCESS_STATE_STOPPED
		                                      : PROCESS_STATE_RUNNING;
		CHECK(answer_word[1] == parent && answer_word[2] == one->group && answer_word[3] == one->session);
		CHECK(answer_word[5] == state);
		if (lives(i))
			CHECK(fake_child_take_bits(one->who.process) == one->bits);
		one->bits = 0;
	}
	for (int w = 0; w < wait_count; w++) {
		struct message message;
		uint32_t status;
		if (waits[w].call)
			CHECK(!fake_call_end(waits[w].call, &status, &message));
	}
}

static void random_step(void)
{
	static void (*const operations[])(int i) = {op_fork, op_fork, op_fork, op_exit, op_wait, op_wait, op_wait, op_set_group,
	        op_set_session, op_stop, op_signal, op_signal, op_flags};
	int i = count ? pick_living() : -2;
	if (i < 0 || (present < MOST && pick(60) == 0)) {
		if (present < MOST && count < EVER)
			enter(people_adopt(domain), STARTER);
		return;
	}
	operations[pick(sizeof operations / sizeof *operations)](i);
}

int main(void)
{
	const char *set = getenv("PM_SEED");
	unsigned seed = set ? (unsigned)atoi(set) : (unsigned)time(NULL);
	people_begin();
	domain = people_domain();
	srand(seed);
	printf("seed %u\n", seed);
	check_begin("random families are those of a model");
	for (int step = 0; step < STEPS && !check_why; step++) {
		random_step();
		compare_all();
		if (check_why)
			printf("at step %d\n", step);
	}
	check_begin("nothing is left of them when all have ended");
	for (int i = 0; i < count; i++)
		if (lives(i))
			op_exit(i);
	fake_settle();
	CHECK(table_count() == 0);
	people_end();
	return check_result();
}
