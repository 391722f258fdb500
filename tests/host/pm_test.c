/*
 * pm on a kernel of the test's own: what protocol process says of families, waiting, groups, signals and limits holds, for clients
 * that keep to it and for those that do not.
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

#include "check.h"
#include "pm_people.h"
#include "user/lib/grants.h"
#include "user/lib/process.h"
#include "user/servers/pm/group.h"
#include "user/servers/pm/signals.h"
#include "user/servers/pm/table.h"

#define BIT(signal) (1ull << ((signal)-1))
#define ENDED PROCESS_WAIT_EXITED
#define ALL_NEWS (PROCESS_WAIT_EXITED | PROCESS_WAIT_STOPPED | PROCESS_WAIT_CONTINUED)

static handle_t domain;

static uint64_t bits_of(struct person person)
{
	return fake_child_take_bits(person.process);
}

static void adopting(void)
{
	handle_t process, thread, notify;
	check_begin("an adopted process leads a session, has the starter for a parent, and is known by its number");
	struct person shell = people_adopt(domain);
	CHECK(people_get(shell) == ERR_OK);
	CHECK(answer_word[0] == shell.pid && answer_word[1] == starter.pid);
	CHECK(answer_word[2] == shell.pid && answer_word[3] == shell.pid && answer_word[5] == PROCESS_STATE_RUNNING);
	CHECK(people_call(shell, PROCESS_get, 0, 0, 0, 0) == ERR_OK && answer_word[0] == shell.pid);
	struct process *kept = table_process(shell.pid);
	CHECK(!strcmp(kept->name, "busybox") && kept->image->arguments_length == 6 && !memcmp(kept->image->text, "-sh\0x", 6));
	CHECK(!strcmp(kept->image->text + 6, "/bin/busybox"));

	check_begin("what is no process, too weak a handle, one that is known and one that has ended are not adopted");
	fake_become(starter.process);
	struct fake_process *other = fake_child_create(&process, &thread);
	CHECK(sys_notify_create(&notify) == ERR_OK);
	CHECK(process_adopt(domain, notify, 0, NULL, "", DEADLINE_NEVER) == ERR_WRONG_TYPE);
	handle_t weak;
	CHECK(sys_handle_duplicate(process, RIGHTS_ALL & ~RIGHT_SIGNAL, &weak) == ERR_OK);
	CHECK(process_adopt(domain, weak, 0, NULL, "", DEADLINE_NEVER) == ERR_NO_RIGHT);
	CHECK(process_adopt(domain, process, 2, NULL, "", DEADLINE_NEVER) == ERR_BAD_ARGUMENT);
	CHECK(process_adopt(starter.pm, process, 0, NULL, "", DEADLINE_NEVER) == ERR_NOT_SUPPORTED);
	CHECK(process_adopt(domain, process, 0, NULL, "", DEADLINE_NEVER) == ERR_OK);
	CHECK(process_adopt(domain, process, 0, NULL, "", DEADLINE_NEVER) == ERR_EXISTS);
	fake_child_end(other, 0);
	fake_settle();
	CHECK(table_process(fake_number(other)) == NULL);
	CHECK(process_adopt(domain, process, 0, NULL, "", DEADLINE_NEVER) == ERR_DEAD);
	sys_handle_close(process);

	check_begin("a child of the starter leaves nothing when it ends");
	people_exit(shell, 3);
	CHECK(people_get(shell) == ERR_NOT_FOUND && table_count() == 0);
}

static status_t fork_with(struct person parent, handle_t process, handle_t thread, uint64_t flags, uint64_t entry)
{
	struct message message = {.label = PROCESS_fork, .word = {flags, entry}};
	fake_become(parent.process);
	struct message_extras *send = extras_begin();
	extras_add_handle(send, process, RIGHTS_ALL, 0);
	extras_add_handle(send, thread, RIGHTS_ALL, 0);
	status_t status = sys_channel_call_x(parent.pm, &message);
	return status ? status : message.label;
}

static void forking(void)
{
	handle_t process, thread, process2, thread2, process3, thread3;
	struct person shell = people_adopt(domain);
	check_begin("a fork's child runs, and has its parent's group, session and terminal");
	CHECK(people_call(shell, PROCESS_set_terminal, 5, 0, 0, 0) == ERR_OK);
	struct person child = people_fork(shell);
	CHECK(fake_child_state(child.process) == PROCESS_RUNNING);
	CHECK(people_get(child) == ERR_OK && answer_word[1] == shell.pid && answer_word[2] == shell.pid);
	CHECK(answer_word[3] == shell.pid && answer_word[4] == 5);
	CHECK(!strcmp(table_process(child.pid)->name, "busybox"));

	check_begin("a fork with what is no new process of the caller's is refused and leaves nothing");
	fake_become(shell.process);
	struct fake_process *one = fake_child_create(&process, &thread), *wrong = fake_child_create(&process3, &thread3);
	fake_child_create(&process2, &thread2);
	size_t handles = fake_handle_count(shell.process);
	CHECK(fork_with(shell, thread, thread, 0, 0) == ERR_WRONG_TYPE);
	CHECK(fork_with(shell, process, process, 0, 0) == ERR_WRONG_TYPE);
	CHECK(fork_with(shell, process3, thread2, 0, 0) == ERR_BAD_ARGUMENT); /* another's thread, which runs now */
	CHECK(fake_child_state(wrong) == PROCESS_NEW);
	CHECK(fork_with(shell, process, thread, 4, 0) == ERR_BAD_ARGUMENT);
	CHECK(fork_with(shell, process, thread, PROCESS_FORK_SHARED, 0) == ERR_BAD_ARGUMENT);
	CHECK(fork_with(shell, process, thread, 0, 1) == ERR_BAD_ARGUMENT);
	fake_settle();
	CHECK(table_count() == 2 && fake_handle_count(shell.process) == handles);
	CHECK(fork_with(shell, process, thread, 0, 0) == ERR_OK);
	CHECK(fork_with(shell, process, thread, 0, 0) == ERR_EXISTS);
	CHECK(fork_with(shell, process2, thread2, 0, 0) == ERR_BAD_STATE); /* it runs */
	CHECK(table_process(fake_number(one))->parent->pid == shell.pid && table_count() == 3);

	check_begin("one that pm does not know has no children and waits for nobody");
	fake_become(starter.process);
	struct fake_process *stranger = fake_process_create("stranger", NULL);
	fake_grant(stranger, "pm", domain);
	fake_become(stranger);
	struct person unknown = {stranger, fake_number(stranger), grant_find("pm")};
	status_t status;
	people_try_fork(unknown, &status);
	CHECK(status == ERR_NO_RIGHT);
	CHECK(people_wait(unknown, PROCESS_SELECT_ANY, 0, ENDED) == -(int)ERR_NO_RIGHT);
	CHECK(people_call(starter, PROCESS_fork, 0, 0, 0, 0) == ERR_NOT_SUPPORTED);

	check_begin("exec changes name and arguments, whatever their lengths");
	struct process *kept = table_process(child.pid);
	static char text[9000];
	memset(text, 'a', sizeof text);
	memcpy(text + 8000, "/bin/a-very-long-name-of-a-program", 34);
	struct message message = {.label = PROCESS_exec, .word = {8000, 34, PROCESS_CHILDREN_SILENT}};
	fake_become(child.process);
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uintptr_t)text, 8034};
	CHECK(sys_channel_call_x(child.pm, &message) == ERR_OK && message.label == ERR_OK);
	CHECK(kept->image->arguments_length == PROCESS_ARGUMENTS_MAX && !kept->image->text[PROCESS_ARGUMENTS_MAX - 1]);
	CHECK(!strcmp(kept->name, "a-very-long-nam") && kept->children_flags == PROCESS_CHILDREN_SILENT);
	CHECK(people_call(child, PROCESS_exec, UINT64_MAX, 5, 0, 0) == ERR_BAD_ARGUMENT);
	CHECK(people_call(child, PROCESS_exec, 5, UINT64_MAX, 0, 0) == ERR_BAD_ARGUMENT);
	CHECK(people_call(child, PROCESS_set_name, 0x6f6c6c6568, 0, 0, 0) == ERR_OK && !strcmp(kept->name, "hello"));

	people_exit(shell, 0);
	people_exit(child, 0);
	fake_child_end(one, 0);
	fake_settle();
	check_begin("nothing is left of processes that have ended");
	CHECK(table_count() == 0);
}

static void waiting(void)
{
	status_t status;
	struct person shell = people_adopt(domain);
	check_begin("without children a wait answers NOT_FOUND");
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED) == -(int)ERR_NOT_FOUND);
	CHECK(people_wait(shell, PROCESS_SELECT_ONE, shell.pid, ENDED) == -(int)ERR_NOT_FOUND);

	check_begin("a wait for any tells ends in their order, with status and times");
	struct person a = people_fork(shell), b = people_fork(shell), c = people_fork(shell);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED) == 0);
	fake_child_use_time(b.process, 1000);
	people_exit(b, 7);
	people_exit(a, 0x1234);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED | PROCESS_WAIT_KEEP) == (int)b.pid);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED) == (int)b.pid);
	CHECK(answer_word[1] == PROCESS_HOW_EXITED && answer_word[2] == 7 && answer_word[3] == 1000);
	CHECK(people_wait(shell, PROCESS_SELECT_ONE, b.pid, ENDED) == -(int)ERR_NOT_FOUND);
	CHECK(people_wait(shell, PROCESS_SELECT_ONE, a.pid, ENDED) == (int)a.pid && answer_word[2] == 0x34);
	CHECK(people_call(shell, PROCESS_times, 0, 0, 0, 0) == ERR_OK && answer_word[1] == 1000);

	check_begin("ends by signals, faults and kills are told as Linux tells them");
	static const struct {
		uint32_t status, signal;
	} ends[] = {{PROCESS_STATUS_SIGNAL + 15, 15}, {PROCESS_STATUS_KILLED, 9}, {PROCESS_STATUS_FAULT + 14, 11},
	        {PROCESS_STATUS_FAULT, 8}, {PROCESS_STATUS_FAULT + 6, 4}, {PROCESS_STATUS_FAULT + 3, 5},
	        {PROCESS_STATUS_FAULT + 17, 7}};
	for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct person child = people_fork(shell);
		people_exit(child, ends[i].status);
		CHECK(people_wait(shell, PROCESS_SELECT_ONE, child.pid, ENDED) == (int)child.pid);
		CHECK(answer_word[1] == PROCESS_HOW_SIGNALED && answer_word[2] == ends[i].signal);
	}

	check_begin("a wait that finds nothing is answered by the end that it waits for, and by no other");
	struct person d = people_fork(shell);
	struct call *for_d = people_begin_call(shell, PROCESS_wait, PROCESS_SELECT_ONE, d.pid, ENDED);
	struct call *for_any = people_begin_call(shell, PROCESS_wait, PROCESS_SELECT_ANY, 0, ENDED);
	struct call *for_d_too = people_begin_call(shell, PROCESS_wait, PROCESS_SELECT_ONE, d.pid, ENDED);
	people_exit(c, 1);
	CHECK(!people_answered(shell, for_d, &status));
	CHECK(people_answered(shell, for_any, &status) && status == ERR_OK && answer_word[0] == c.pid);
	people_exit(d, 2);
	CHECK(people_answered(shell, for_d, &status) && status == ERR_OK && answer_word[0] == d.pid && answer_word[2] == 2);
	check_begin("who waits for a child that another wait has taken is told that there is none");
	CHECK(people_answered(shell, for_d_too, &status) && status == ERR_NOT_FOUND);

	check_begin("a wait for a group looks at its members alone");
	a = people_fork(shell);
	b = people_fork(shell);
	CHECK(people_call(shell, PROCESS_set_group, a.pid, 0, 0, 0) == ERR_OK);
	CHECK(people_wait(shell, PROCESS_SELECT_GROUP, b.pid, ENDED) == -(int)ERR_NOT_FOUND);
	CHECK(people_wait(shell, PROCESS_SELECT_GROUP, a.pid, ENDED) == 0);
	people_exit(b, 0);
	CHECK(people_wait(shell, PROCESS_SELECT_GROUP, a.pid, ENDED) == 0);
	people_exit(a, 0);
	CHECK(people_wait(shell, PROCESS_SELECT_OWN_GROUP, 0, ENDED) == (int)b.pid);
	CHECK(people_wait(shell, PROCESS_SELECT_GROUP, a.pid, ENDED) == (int)a.pid);

	check_begin("a wait for stops alone does not see zombies, and hopes for nothing from them");
	a = people_fork(shell);
	people_exit(a, 0);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, PROCESS_WAIT_STOPPED) == -(int)ERR_NOT_FOUND);
	CHECK(people_wait(shell, PROCESS_SELECT_ONE, a.pid, PROCESS_WAIT_STOPPED) == -(int)ERR_NOT_FOUND);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED) == (int)a.pid);

	check_begin("a wait for nothing, of an unknown kind or with unknown options is refused");
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, 0) == -(int)ERR_BAD_ARGUMENT);
	CHECK(people_wait(shell, 9, 0, ENDED) == -(int)ERR_BAD_ARGUMENT);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED | 0x100) == -(int)ERR_BAD_ARGUMENT);

	check_begin("so many calls of one process may wait and no more, and its end drops them");
	a = people_fork(shell);
	struct person waiter = people_fork(shell), its_child = people_fork(waiter);
	struct call *calls[PM_WAITERS], *beyond;
	for (unsigned i = 0; i < PM_WAITERS; i++)
		calls[i] = people_begin_call(waiter, PROCESS_wait, PROCESS_SELECT_ANY, 0, ENDED);
	beyond = people_begin_call(waiter, PROCESS_wait, PROCESS_SELECT_ANY, 0, ENDED);
	CHECK(people_answered(waiter, beyond, &status) && status == ERR_FULL);
	people_exit(waiter, 0);
	for (unsigned i = 0; i < PM_WAITERS; i++)
		CHECK(people_answered(shell, calls[i], &status) && status == ERR_DROPPED);
	CHECK(people_get(its_child) == ERR_OK && answer_word[1] == starter.pid);
	people_exit(shell, 0);
	people_exit(a, 0);
	people_exit(its_child, 0);
	CHECK(table_count() == 0);
}

static void telling(void)
{
	status_t status;
	struct person shell = people_adopt(domain);
	check_begin("a child's end is told by SIGCHLD, and what it was by signal_info");
	struct person child = people_fork(shell);
	CHECK(bits_of(shell) == 0);
	people_exit(child, 5);
	CHECK(bits_of(shell) == BIT(SIGNAL_CHLD));
	CHECK(people_call(shell, PROCESS_signal_info, SIGNAL_CHLD, 0, 0, 0) == ERR_OK && answer_word[0] == child.pid);
	CHECK(answer_word[1] == PROCESS_SIGNAL_CHILD && answer_word[2] == ((uint64_t)PROCESS_HOW_EXITED << 32 | 5));
	CHECK(people_call(shell, PROCESS_signal_info, SIGNAL_CHLD, 0, 0, 0) == ERR_NOT_FOUND);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED) == (int)child.pid);

	check_begin("who forgets its children has no zombies, and a wait ends when all are gone");
	CHECK(people_call(shell, PROCESS_set_children, PROCESS_CHILDREN_FORGET | PROCESS_CHILDREN_SILENT, 0, 0, 0) == ERR_OK);
	child = people_fork(shell);
	struct person other = people_fork(shell);
	struct call *call = people_begin_call(shell, PROCESS_wait, PROCESS_SELECT_ANY, 0, ENDED);
	people_exit(child, 0);
	CHECK(!people_answered(shell, call, &status) && table_process(child.pid) == NULL);
	people_exit(other, 0);
	CHECK(people_answered(shell, call, &status) && status == ERR_NOT_FOUND);
	CHECK(bits_of(shell) == 0);
	CHECK(people_call(shell, PROCESS_set_children, 8, 0, 0, 0) == ERR_BAD_ARGUMENT);

	check_begin("children inherit it, and exec sets it anew");
	child = people_fork(shell);
	CHECK(table_process(child.pid)->children_flags == (PROCESS_CHILDREN_FORGET | PROCESS_CHILDREN_SILENT));
	CHECK(people_call(child, PROCESS_exec, 0, 0, 0, 0) == ERR_OK && table_process(child.pid)->children_flags == 0);
	people_exit(child, 0);
	people_exit(shell, 0);
	CHECK(table_count() == 0);
}

static void grouping(void)
{
	struct person shell = people_adopt(domain), child = people_fork(shell), other = people_fork(shell);
	struct person stranger = people_adopt(domain);
	check_begin("a group is made by its first member's number, and joined inside the session alone");
	CHECK(people_call(shell, PROCESS_set_group, child.pid, child.pid, 0, 0) == ERR_OK);
	CHECK(people_call(other, PROCESS_set_group, 0, child.pid, 0, 0) == ERR_OK);
	CHECK(people_get(other) == ERR_OK && answer_word[2] == child.pid && answer_word[3] == shell.pid);
	CHECK(people_call(shell, PROCESS_set_group, child.pid, 4711, 0, 0) == ERR_NO_RIGHT);
	CHECK(people_call(shell, PROCESS_set_group, child.pid, stranger.pid, 0, 0) == ERR_NO_RIGHT);
	CHECK(people_call(shell, PROCESS_set_group, stranger.pid, 0, 0, 0) == ERR_NOT_FOUND);
	CHECK(people_call(child, PROCESS_set_group, other.pid, 0, 0, 0) == ERR_NOT_FOUND);
	CHECK(people_call(shell, PROCESS_set_group, 0, child.pid, 0, 0) == ERR_NO_RIGHT); /* leads a session */
	CHECK(people_call(shell, PROCESS_set_group, child.pid, UINT64_MAX, 0, 0) == ERR_NO_RIGHT);
	CHECK(people_call(other, PROCESS_exec, 0, 0, 0, 0) == ERR_OK);
	CHECK(people_call(shell, PROCESS_set_group, other.pid, 0, 0, 0) == ERR_BAD_STATE);
	CHECK(people_call(other, PROCESS_set_group, 0, 0, 0, 0) == ERR_OK);

	check_begin("a group lives on without its leader until its last member is waited for");
	CHECK(people_call(other, PROCESS_set_group, 0, child.pid, 0, 0) == ERR_OK);
	people_exit(child, 0);
	CHECK(people_wait(shell, PROCESS_SELECT_ONE, child.pid, ENDED) == (int)child.pid);
	CHECK(people_get(other) == ERR_OK && answer_word[2] == child.pid && group_find(child.pid));
	people_exit(other, 0);
	CHECK(group_find(child.pid) != NULL);
	CHECK(people_wait(shell, PROCESS_SELECT_GROUP, child.pid, ENDED) == (int)other.pid);
	CHECK(group_find(child.pid) == NULL);

	check_begin("who leads no group can begin a session, which has no terminal");
	CHECK(people_call(shell, PROCESS_set_terminal, 3, 0, 0, 0) == ERR_OK);
	child = people_fork(shell);
	CHECK(people_call(child, PROCESS_set_terminal, 4, 0, 0, 0) == ERR_NO_RIGHT);
	CHECK(people_call(shell, PROCESS_set_session, 0, 0, 0, 0) == ERR_NO_RIGHT);
	CHECK(people_call(child, PROCESS_set_session, 0, 0, 0, 0) == ERR_OK && answer_word[0] == child.pid);
	CHECK(people_get(child) == ERR_OK && answer_word[2] == child.pid && answer_word[3] == child.pid && !answer_word[4]);
	CHECK(people_call(child, PROCESS_set_session, 0, 0, 0, 0) == ERR_NO_RIGHT);
	CHECK(people_call(shell, PROCESS_set_group, child.pid, 0, 0, 0) == ERR_NO_RIGHT);

	check_begin("a session has no terminal when its leader has ended");
	struct person left = people_fork(shell);
	CHECK(people_get(left) == ERR_OK && answer_word[4] == 3);
	people_exit(shell, 0);
	CHECK(people_get(left) == ERR_OK && answer_word[4] == 0 && answer_word[3] == shell.pid);
	people_exit(left, 0);
	people_exit(stranger, 0);
	people_exit(child, 0);
	CHECK(table_count() == 0);
}

/* Stops one: the call that holds it. */
static struct call *stop(struct person person, uint32_t signal)
{
	return people_begin_call(person, PROCESS_stopped, signal, PROCESS_STOP_OWN, 0);
}

static void stopping(void)
{
	status_t status;
	struct person shell = people_adopt(domain), job = people_fork(shell);
	people_call(shell, PROCESS_set_group, job.pid, 0, 0, 0);
	check_begin("a stop is told to the parent, and the call is answered when it is to go on");
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, job.pid, SIGNAL_TSTP, 0) == ERR_OK);
	CHECK(bits_of(job) == BIT(SIGNAL_TSTP));
	struct call *call = people_begin_call(job, PROCESS_stopped, SIGNAL_TSTP, 0, 0);
	struct call *thread = people_begin_call(job, PROCESS_stopped, SIGNAL_TSTP, 0, 0); /* another thread of it */
	CHECK(!people_answered(job, call, &status) && !people_answered(job, thread, &status));
	CHECK(bits_of(shell) == BIT(SIGNAL_CHLD));
	CHECK(people_get(job) == ERR_OK && answer_word[5] == PROCESS_STATE_STOPPED);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED | PROCESS_WAIT_CONTINUED) == 0);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ALL_NEWS | PROCESS_WAIT_KEEP) == (int)job.pid);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ALL_NEWS) == (int)job.pid);
	CHECK(answer_word[1] == PROCESS_HOW_STOPPED && answer_word[2] == SIGNAL_TSTP);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ALL_NEWS) == 0);

	check_begin("CONT answers all its threads, is told to the parent, and arrives itself");
	struct call *waits = people_begin_call(shell, PROCESS_wait, PROCESS_SELECT_ONE, job.pid, PROCESS_WAIT_CONTINUED);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_GROUP, job.pid, SIGNAL_CONT, 0) == ERR_OK);
	CHECK(people_answered(job, call, &status) && status == ERR_OK && answer_word[0] == 1);
	CHECK(people_answered(job, thread, &status) && status == ERR_OK && answer_word[0] == 1);
	CHECK(bits_of(job) == BIT(SIGNAL_CONT));
	CHECK(people_answered(shell, waits, &status) && answer_word[1] == PROCESS_HOW_CONTINUED);

	check_begin("a stop that was sent before a CONT is not done after it");
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, job.pid, SIGNAL_STOP, 0) == ERR_OK);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, job.pid, SIGNAL_CONT, 0) == ERR_OK);
	CHECK(people_call(job, PROCESS_stopped, SIGNAL_STOP, 0, 0, 0) == ERR_OK && answer_word[0] == 0);
	CHECK(people_call(job, PROCESS_stopped, 15, 0, 0, 0) == ERR_BAD_ARGUMENT);
	CHECK(people_call(job, PROCESS_stopped, SIGNAL_STOP, 2, 0, 0) == ERR_BAD_ARGUMENT);

	check_begin("KILL ends what is stopped");
	call = stop(job, SIGNAL_STOP);
	bits_of(shell);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, job.pid, SIGNAL_KILL, 0) == ERR_OK);
	fake_settle();
	CHECK(fake_child_status(job.process) == PROCESS_STATUS_SIGNAL + SIGNAL_KILL);
	CHECK(people_answered(shell, call, &status) && status == ERR_DROPPED);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ALL_NEWS) == (int)job.pid && answer_word[2] == SIGNAL_KILL);

	check_begin("stops are not told to one that does not want them, but can be waited for");
	CHECK(people_call(shell, PROCESS_set_children, PROCESS_CHILDREN_NO_STOPS, 0, 0, 0) == ERR_OK);
	job = people_fork(shell);
	people_call(shell, PROCESS_set_group, job.pid, 0, 0, 0);
	bits_of(shell);
	call = stop(job, SIGNAL_TTIN);
	CHECK(bits_of(shell) == 0 && people_wait(shell, PROCESS_SELECT_ANY, 0, PROCESS_WAIT_STOPPED) == (int)job.pid);

	check_begin("a terminal's stop does nothing in an orphaned group, and STOP does");
	CHECK(people_call(shell, PROCESS_stopped, SIGNAL_TSTP, PROCESS_STOP_OWN, 0, 0) == ERR_OK && answer_word[0] == 0);
	struct call *shell_stops = stop(shell, SIGNAL_STOP);
	CHECK(!people_answered(shell, shell_stops, &status));
	CHECK(people_call(starter, PROCESS_signal, PROCESS_SELECT_ONE, shell.pid, SIGNAL_CONT, 0) == ERR_OK);
	CHECK(people_answered(shell, shell_stops, &status) && status == ERR_OK);

	check_begin("a group that is orphaned while a member is stopped gets HUP and CONT");
	struct person mate = people_fork(job);
	CHECK(!group_is_orphaned(group_find(job.pid)));
	people_exit(shell, 0);
	CHECK(group_is_orphaned(group_find(job.pid)));
	CHECK(bits_of(job) == (BIT(SIGNAL_HUP) | BIT(SIGNAL_CONT)) && bits_of(mate) == (BIT(SIGNAL_HUP) | BIT(SIGNAL_CONT)));
	CHECK(people_answered(job, call, &status) && status == ERR_OK && answer_word[0] == 1);
	people_exit(job, 0);
	people_exit(mate, 0);
	CHECK(table_count() == 0);
}

static void signalling(void)
{
	struct person shell = people_adopt(domain);
	handle_t elsewhere = people_domain();
	struct person foreign = people_adopt(elsewhere);
	check_begin("a signal arrives as its bit, 0 only looks, and what is none is refused");
	struct person child = people_fork(shell);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, child.pid, 0, 0) == ERR_OK && bits_of(child) == 0);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, child.pid, 64, 9) == ERR_OK && bits_of(child) == BIT(64));
	CHECK(people_call(child, PROCESS_signal_info, 64, 0, 0, 0) == ERR_OK && answer_word[0] == shell.pid);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, child.pid, 65, 0) == ERR_BAD_ARGUMENT);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, 99999, 15, 0) == ERR_NOT_FOUND);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_GROUP, 99999, 15, 0) == ERR_NOT_FOUND);
	CHECK(people_call(shell, PROCESS_signal, 9, 0, 15, 0) == ERR_BAD_ARGUMENT);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, 0, 15, 0) == ERR_OK && bits_of(shell) == BIT(15));

	check_begin("pm, services and other domains are out of reach; a service reaches all domains");
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, starter.pid, 9, 0) == ERR_NOT_FOUND);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, foreign.pid, 9, 0) == ERR_NOT_FOUND);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_GROUP, foreign.pid, 9, 0) == ERR_NOT_FOUND);
	CHECK(people_call(shell, PROCESS_get, foreign.pid, 0, 0, 0) == ERR_NOT_FOUND);
	CHECK(people_call(starter, PROCESS_signal, PROCESS_SELECT_GROUP, foreign.pid, 2, 0) == ERR_OK);
	CHECK(bits_of(foreign) == BIT(2));
	CHECK(people_call(starter, PROCESS_signal, PROCESS_SELECT_ANY, 0, 9, 0) == ERR_NOT_FOUND);

	check_begin("one to a group of many reaches each once, and others are served in between");
	enum { MANY = 300 };
	struct person members[MANY];
	for (unsigned i = 0; i < MANY; i++)
		members[i] = people_fork(shell);
	bits_of(child);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_OWN_GROUP, 0, 15, 0) == ERR_OK);
	bool all = true;
	for (unsigned i = 0; i < MANY; i++)
		all &= bits_of(members[i]) == BIT(15);
	CHECK(all && bits_of(child) == BIT(15) && bits_of(shell) == BIT(15));

	check_begin("one to all reaches the domain but for the caller");
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ANY, 0, SIGNAL_KILL, 0) == ERR_OK);
	fake_settle();
	for (unsigned i = 0; i < MANY; i++)
		all &= fake_child_status(members[i].process) == PROCESS_STATUS_SIGNAL + SIGNAL_KILL;
	CHECK(all && fake_child_state(shell.process) == PROCESS_RUNNING &&
	        fake_child_state(foreign.process) == PROCESS_RUNNING);
	while (people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED) > 0)
		;
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED) == -(int)ERR_NOT_FOUND);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ANY, 0, 15, 0) == ERR_NOT_FOUND);

	check_begin("a zombie takes signals and nothing happens");
	child = people_fork(shell);
	people_exit(child, 0);
	CHECK(people_call(shell, PROCESS_signal, PROCESS_SELECT_ONE, child.pid, SIGNAL_CONT, 0) == ERR_OK);
	CHECK(people_wait(shell, PROCESS_SELECT_ONE, child.pid, ALL_NEWS) == (int)child.pid);

	check_begin("one that takes its exceptions away from pm is ended");
	child = people_fork(shell);
	fake_become(starter.process);
	fake_child_drop_exception(child.process);
	fake_settle();
	CHECK(fake_child_state(child.process) == PROCESS_ENDED);
	CHECK(people_wait(shell, PROCESS_SELECT_ONE, child.pid, ENDED) == (int)child.pid && answer_word[2] == SIGNAL_KILL);
	people_exit(shell, 0);
	people_exit(foreign, 0);
	fake_become(starter.process);
	sys_handle_close(elsewhere);
	CHECK(table_count() == 0);
}

static uint64_t limit(struct person person, uint32_t resource, uint64_t soft, uint64_t hard)
{
	return people_call(person, PROCESS_set_limit, 0, resource, soft, hard);
}

static uint64_t may_have[3];

static unsigned groups(struct person person)
{
	return fake_child_confinements(person.process, may_have);
}

static void budgeting(void)
{
	struct person shell = people_adopt(domain), other = people_adopt(domain), child, grandchild, stranger;
	status_t status;
	check_begin("a hard limit of memory or of processes puts a process into a group of its own, a soft one does not");
	CHECK(limit(shell, PROCESS_LIMIT_AS, 1 << 20, PROCESS_LIMIT_NONE) == ERR_OK && !groups(shell));
	CHECK(limit(shell, PROCESS_LIMIT_AS, 1 << 20, 8 << 20) == ERR_OK && groups(shell) == 1);
	CHECK(may_have[0] == (8 << 20) / 4096 && may_have[2] == UINT64_MAX);

	check_begin("who has been alone in its group has it narrowed, and the least limit of memory counts");
	CHECK(limit(shell, PROCESS_LIMIT_DATA, 4 << 20, 4 << 20) == ERR_OK && groups(shell) == 1);
	CHECK(may_have[0] == (4 << 20) / 4096);
	CHECK(limit(shell, PROCESS_LIMIT_NPROC, 3, 3) == ERR_OK && groups(shell) == 1);
	CHECK(may_have[0] == (4 << 20) / 4096 && may_have[2] == 3);

	check_begin("RLIMIT_NPROC counts who descends from who was limited, the dead too, and nobody else");
	child = people_fork(shell);
	grandchild = people_fork(child);
	CHECK(people_try_fork(grandchild, &status).pid == 0 && status == ERR_FULL);
	CHECK(people_try_fork(shell, &status).pid == 0 && status == ERR_FULL);
	stranger = people_fork(other);
	people_exit(grandchild, 0);
	CHECK(people_try_fork(shell, &status).pid == 0 && status == ERR_FULL);
	CHECK(people_wait(child, PROCESS_SELECT_ANY, 0, ENDED) == (int)grandchild.pid);
	grandchild = people_fork(child);

	check_begin("a limit below a limit is one more group, and binds those below it alone");
	CHECK(limit(child, PROCESS_LIMIT_NPROC, 2, 2) == ERR_OK && groups(child) == 1);
	CHECK(may_have[2] == 2 && may_have[0] == (4 << 20) / 4096);
	CHECK(limit(child, PROCESS_LIMIT_NPROC, 3, 3) == ERR_NO_RIGHT);
	people_exit(grandchild, 0);
	CHECK(people_wait(child, PROCESS_SELECT_ANY, 0, ENDED) == (int)grandchild.pid);
	grandchild = people_fork(child);
	CHECK(people_try_fork(child, &status).pid == 0 && status == ERR_FULL);
	CHECK(limit(grandchild, PROCESS_LIMIT_AS, 0, 0) == ERR_OK && groups(grandchild) == 1);
	people_exit(child, 0);
	people_exit(shell, 0);
	people_exit(grandchild, 0);
	people_exit(other, 0);
	people_exit(stranger, 0);
	CHECK(table_count() == 0);
}

static void limiting(void)
{
	status_t status;
	struct person shell = people_adopt(domain);
	check_begin("limits are kept, inherited, and a hard one is only lowered");
	CHECK(people_call(shell, PROCESS_set_limit, 0, 7, 100, 200) == ERR_OK);
	CHECK(people_call(shell, PROCESS_set_limit, 0, 7, 201, 200) == ERR_BAD_ARGUMENT);
	CHECK(people_call(shell, PROCESS_set_limit, 0, 7, 100, 201) == ERR_NO_RIGHT);
	CHECK(people_call(shell, PROCESS_set_limit, 0, PROCESS_LIMITS, 0, 0) == ERR_BAD_ARGUMENT);
	struct person child = people_fork(shell);
	CHECK(people_call(child, PROCESS_get_limit, 0, 7, 0, 0) == ERR_OK && answer_word[0] == 100 && answer_word[1] == 200);
	CHECK(people_call(child, PROCESS_get_limit, 0, UINT64_MAX, 0, 0) == ERR_BAD_ARGUMENT);
	CHECK(people_call(shell, PROCESS_get_limit, child.pid, 7, 0, 0) == ERR_OK && answer_word[0] == 100);
	CHECK(people_call(shell, PROCESS_set_limit, child.pid, 7, 1, 1) == ERR_NOT_SUPPORTED);

	check_begin("RLIMIT_NPROC bounds the processes of the domain, zombies too");
	CHECK(people_call(shell, PROCESS_set_limit, 0, PROCESS_LIMIT_NPROC, 3, 4096) == ERR_OK);
	struct person last = people_fork(shell);
	people_try_fork(shell, &status);
	CHECK(status == ERR_FULL);
	people_exit(last, 0);
	people_try_fork(shell, &status);
	CHECK(status == ERR_FULL);
	CHECK(people_wait(shell, PROCESS_SELECT_ANY, 0, ENDED) == (int)last.pid);
	last = people_try_fork(shell, &status);
	CHECK(status == ERR_OK);
	people_exit(shell, 0);
	people_exit(last, 0);
	people_exit(child, 0);
	CHECK(table_count() == 0);
}

static void forking_thousands(void)
{
	static struct person people[PM_DOMAIN_PROCESSES];
	unsigned count = 1;
	status_t status = ERR_OK;
	check_begin("a domain is full at its bound, another is not, and nothing is left when all have ended");
	people[0] = people_adopt(domain);
	for (; count < PM_DOMAIN_PROCESSES; count++) {
		people[count] = people_try_fork(people[count / 2], &status);
		if (status)
			break;
	}
	CHECK(count == PM_DOMAIN_PROCESSES && table_count() == PM_DOMAIN_PROCESSES);
	people_try_fork(people[7], &status);
	CHECK(status == ERR_FULL);
	handle_t elsewhere = people_domain();
	struct person other = people_adopt(elsewhere);
	struct person its_child = people_try_fork(other, &status);
	CHECK(status == ERR_OK);
	for (unsigned i = 0; i < count; i++)
		fake_child_end(people[i].process, 0);
	people_exit(its_child, 0);
	people_exit(other, 0);
	CHECK(table_count() == 0 && table_living() == 0);
	fake_become(starter.process);
	sys_handle_close(elsewhere);
}

int main(void)
{
	people_begin();
	domain = people_domain();
	adopting();
	forking();
	waiting();
	telling();
	grouping();
	stopping();
	signalling();
	limiting();
	budgeting();
	forking_thousands();
	check_begin("pm ends when its receiver does");
	CHECK(people_end() != 0);
	return check_result();
}
