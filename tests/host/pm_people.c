/* Processes as a test of pm drives them: see pm_people.h. */
#include "pm_people.h"

#include <stdlib.h>

#include "pm_main.h"
#include "user/lib/grants.h"
#include "user/lib/process.h"
#include "user/servers/pm/table.h"

struct person starter;
uint64_t answer_word[MESSAGE_WORDS];
handle_t people_proc;

bool people_outlive_pm;
struct fake_process *people_pm;

static void must(status_t status)
{
	if (status)
		abort();
}

void people_begin(void)
{
	handle_t receiver;
	people_pm = fake_process_create("pm", pm_main);
	starter.process = fake_self();
	starter.pid = fake_number(starter.process);
	must(sys_channel_create(&receiver));
	fake_grant(people_pm, "export.pm", receiver);
	if (people_outlive_pm) {
		handle_t frame;
		must(sys_frame_create(64ull << 20, 0, &frame));
		fake_grant(people_pm, "state", frame);
		sys_handle_close(frame);
	}
	must(sys_channel_mint(receiver, 7, RIGHTS_ALL, &starter.pm));
	must(sys_channel_mint(receiver, 8, RIGHTS_ALL, &people_proc));
	sys_handle_close(receiver);
	fake_start(people_pm);
}

int people_end(void)
{
	return fake_stop(people_pm);
}

handle_t people_domain(void)
{
	handle_t domain = HANDLE_NONE;
	fake_become(starter.process);
	must(process_domain(starter.pm, DEADLINE_NEVER, &domain));
	return domain;
}

struct person people_adopt(handle_t domain)
{
	static const char *const arguments[] = {"-sh", "x", NULL};
	handle_t process, thread;
	struct person person;
	fake_become(starter.process);
	person.process = fake_child_create(&process, &thread);
	person.pid = fake_number(person.process);
	fake_grant(person.process, "pm", domain);
	must(process_adopt(domain, process, PROCESS_ADOPT_LEADER, arguments, "/bin/busybox", DEADLINE_NEVER));
	must(sys_thread_start(thread, 0, 0, 0, 0, 0));
	sys_handle_close(process);
	sys_handle_close(thread);
	fake_become(person.process);
	person.pm = grant_find("pm");
	/* A program begins without a handler for SIGCHLD; these have one. */
	must(table_process(person.pid)->children_flags == PROCESS_CHILDREN_SILENT ? ERR_OK : ERR_BAD_STATE);
	must(people_call(person, PROCESS_set_children, 0, 0, 0, 0));
	return person;
}

status_t people_call(struct person as, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	struct message message = {.label = label, .word = {w0, w1, w2, w3}};
	fake_become(as.process);
	status_t status = sys_channel_call(as.pm, &message);
	if (status)
		return status;
	if (!message.label)
		memcpy(answer_word, message.word, sizeof message.word);
	return message.label;
}

struct person people_try_fork(struct person parent, status_t *out_status)
{
	handle_t process, thread;
	struct message message = {.label = PROCESS_fork};
	struct person child = {0};
	fake_become(parent.process);
	child.process = fake_child_create(&process, &thread);
	fake_grant(child.process, "pm", parent.pm);
	struct message_extras *send = extras_begin();
	extras_add_handle(send, process, RIGHTS_ALL, 1);
	extras_add_handle(send, thread, RIGHTS_ALL, 1);
	status_t status = sys_channel_call_x(parent.pm, &message);
	*out_status = status ? status : message.label;
	if (*out_status)
		return child;
	child.pid = (uint32_t)message.word[0];
	fake_become(child.process);
	child.pm = grant_find("pm");
	return child;
}

struct person people_fork(struct person parent)
{
	status_t status;
	struct person child = people_try_fork(parent, &status);
	must(status);
	return child;
}

void people_exit(struct person person, uint32_t status)
{
	fake_become(starter.process);
	fake_child_end(person.process, status);
	fake_settle();
}

struct call *people_begin_call(struct person as, uint32_t label, uint64_t w0, uint64_t w1, uint64_t w2)
{
	struct message message = {.label = label, .word = {w0, w1, w2}};
	fake_become(as.process);
	struct call *call = fake_call_begin(as.pm, &message);
	fake_settle();
	return call;
}

bool people_answered(struct person as, struct call *call, status_t *out_status)
{
	struct message message = {0};
	fake_become(as.process);
	fake_settle();
	if (!fake_call_end(call, out_status, &message))
		return false;
	if (!*out_status)
		*out_status = message.label;
	memcpy(answer_word, message.word, sizeof message.word);
	return true;
}

int people_wait(struct person parent, uint32_t select, uint32_t id, uint32_t options)
{
	status_t status = people_call(parent, PROCESS_wait, select, id, options | PROCESS_WAIT_NO_HANG, 0);
	return status ? -(int)status : (int)answer_word[0];
}

status_t people_get(struct person person)
{
	return people_call(starter, PROCESS_get, person.pid, 0, 0, 0);
}
