/*
 * The file system that pm has at /proc, read by the stubs that programs use: its names, links and texts are those that Linux's
 * programs look for, and what is asked in a wrong way is refused.
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
#include "user/lib/fs.h"
#include "user/lib/grants.h"
#include "user/servers/pm/table.h"

static struct person shell, child;
static handle_t domain;

/* What a file says, as the starter reads it; valid until the next. NULL: it cannot be read. */
static const char *text_of(const char *path, uint64_t *out_length)
{
	static char *text;
	uint64_t length;
	free(text);
	text = NULL;
	fake_become(starter.process);
	if (fs_read_all(people_proc, path, 65536, DEADLINE_NEVER, &text, &length))
		return NULL;
	if (out_length)
		*out_length = length;
	return text;
}

static const char *in(struct person person, const char *name)
{
	static char path[64];
	snprintf(path, sizeof path, "/%u/%s", person.pid, name);
	return path;
}

static void process_files(void)
{
	uint64_t length = 0;
	unsigned pid = 0, parent = 0, group = 0, session = 0, terminal = 0, threads = 0;
	unsigned long long utime = 0, cutime = 0, vsize = 0, rss = 0;
	char state = 0, name[20] = "";
	check_begin("stat has the fields of Linux, 52 of them");
	fake_child_use_time(child.process, 1230000000);
	const char *text = text_of(in(child, "stat"), &length);
	CHECK(text &&
	        sscanf(text, "%u (%19[^)]) %c %u %u %u %u -1 0 0 0 0 0 %llu 0 %llu 0 20 0 %u 0 %*u %llu %llu", &pid, name,
	                &state, &parent, &group, &session, &terminal, &utime, &cutime, &threads, &vsize, &rss) == 12);
	CHECK(pid == child.pid && parent == shell.pid && group == shell.pid && session == shell.pid && terminal == 9);
	CHECK(!strcmp(name, "busybox") && state == 'S' && utime == 123 && cutime == 0 && threads == 1);
	CHECK(vsize == 40960 && rss == 3);
	unsigned fields = 1;
	for (const char *at = text; at && *at; at++)
		fields += *at == ' ';
	CHECK(fields == 52 && text[length - 1] == '\n');

	check_begin("a zombie is one in stat, has no arguments and no executable");
	struct person zombie = people_fork(shell);
	people_exit(zombie, 3);
	text = text_of(in(zombie, "stat"), NULL);
	CHECK(text && strstr(text, "(busybox) Z ") && strstr(text, " 768\n"));
	CHECK(text_of(in(zombie, "cmdline"), &length) && !length);
	char target[64];
	CHECK(fs_readlink(people_proc, in(zombie, "exe"), target, sizeof target, DEADLINE_NEVER) == ERR_NOT_FOUND);

	check_begin("status, statm, comm and cmdline are there, the same below task");
	text = text_of(in(child, "status"), NULL);
	CHECK(text && strstr(text, "Name:\tbusybox\n") && strstr(text, "VmRSS:\t      12 kB\n") &&
	        strstr(text, "Threads:\t1\n"));
	text = text_of(in(child, "statm"), NULL);
	CHECK(text && !strcmp(text, "10 3 0 0 0 10 0\n"));
	text = text_of(in(child, "comm"), NULL);
	CHECK(text && !strcmp(text, "busybox\n"));
	text = text_of(in(child, "cmdline"), &length);
	CHECK(text && length == 6 && !memcmp(text, "-sh\0x", 6));
	char path[64];
	snprintf(path, sizeof path, "/%u/task/%u/comm", child.pid, child.pid);
	text = text_of(path, NULL);
	CHECK(text && !strcmp(text, "busybox\n"));
	snprintf(path, sizeof path, "/%u/task/%u/comm", child.pid, shell.pid);
	CHECK(!text_of(path, NULL));
	snprintf(path, sizeof path, "/%u/task/%u/task", child.pid, child.pid);
	CHECK(!text_of(path, NULL));
}

static void machine_files(void)
{
	static const char *const names[] = {"/meminfo", "/uptime", "/stat", "/loadavg", "/version", "/cpuinfo", "/objects"};
	static const char *const beginnings[] = {
	        "MemTotal: ", "", "cpu  ", "", "Linux version ", "processor\t: 0\n", "process "};
	check_begin("the files of the machine are there, with the words that programs look for");
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		uint64_t length = 0;
		const char *text = text_of(names[i], &length);
		CHECK(text && length > 5 && !strncmp(text, beginnings[i], strlen(beginnings[i])) && text[length - 1] == '\n');
	}
	double load[3];
	unsigned running = 0, all = 0, last = 0;
	const char *text = text_of("/loadavg", NULL);
	CHECK(text && sscanf(text, "%lf %lf %lf %u/%u %u", &load[0], &load[1], &load[2], &running, &all, &last) == 6);
	CHECK(all == table_living() && last == table_last_pid());
}

static void links(void)
{
	char target[64];
	struct fs_opened opened;
	struct fs_stat stat;
	check_begin("self is the caller's number, and is followed to its files");
	fake_become(starter.process);
	CHECK(fs_readlink(people_proc, "/self", target, sizeof target, DEADLINE_NEVER) == ERR_NOT_FOUND);
	handle_t proc;
	fake_grant(child.process, "proc", people_proc);
	fake_become(child.process);
	proc = grant_find("proc");
	CHECK(fs_readlink(proc, "/self", target, sizeof target, DEADLINE_NEVER) == ERR_OK);
	CHECK((uint32_t)atoi(target) == child.pid);
	CHECK(fs_open(proc, "/self/stat", OPEN_READ, 0, DEADLINE_NEVER, &opened) == ERR_OK && opened.kind == FS_KIND_FILE);
	char text[32] = "";
	uint64_t bytes;
	CHECK(fs_read(opened.file, text, sizeof text - 1, DEADLINE_NEVER, &bytes) == ERR_OK);
	CHECK((uint32_t)atoi(text) == child.pid);
	sys_handle_close(opened.file);
	CHECK(fs_stat(proc, "/self", 0, DEADLINE_NEVER, &stat) == ERR_OK && stat.kind == FS_KIND_SYMLINK);
	CHECK(fs_stat(proc, "/self", 1, DEADLINE_NEVER, &stat) == ERR_OK && stat.kind == FS_KIND_DIRECTORY);

	check_begin("exe leads to the program, out of the file system");
	CHECK(fs_readlink(proc, "/self/exe", target, sizeof target, DEADLINE_NEVER) == ERR_OK);
	CHECK(!strcmp(target, "/bin/busybox"));
	char path[] = "/self/exe";
	struct message message = {.label = FS_open, .word = {0, sizeof path - 1, OPEN_READ}};
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uintptr_t)path, sizeof path - 1};
	CHECK(sys_channel_call_x(proc, &message) == ERR_OK && message.label == ERR_REDIRECT && message.word[0] == 0);
}

/* An open by its label alone, because what leads out of the file system is not followed here. */
static uint32_t open_plainly(handle_t proc, const char *path)
{
	struct message message = {.label = FS_open, .word = {0, strlen(path), OPEN_READ}};
	extras_begin()->readable = (struct message_buffer){(uintptr_t)path, strlen(path)};
	return sys_channel_call_x(proc, &message) ? UINT32_MAX : message.label;
}

static void own(void)
{
	char text[16] = "", path[64];
	struct fs_opened opened;
	struct fs_stat stat;
	uint64_t bytes = 0;
	fake_become(child.process);
	handle_t proc = grant_find("proc");

	check_begin("a text that only the process knows says what it writes into it, to whoever has it");
	CHECK(fs_open(proc, "/self/maps", OPEN_READ, 0, DEADLINE_NEVER, &opened) == ERR_OK && opened.kind == FS_KIND_FILE);
	CHECK(fs_read(opened.file, text, 8, DEADLINE_NEVER, &bytes) == ERR_OK && bytes == 0);
	CHECK(fs_write(opened.file, "one ", 4, DEADLINE_NEVER, &bytes) == ERR_OK && bytes == 4);
	CHECK(fs_write(opened.file, "two", 3, DEADLINE_NEVER, &bytes) == ERR_OK && bytes == 3);
	CHECK(fs_read(opened.file, text, sizeof text - 1, DEADLINE_NEVER, &bytes) == ERR_OK && bytes == 7);
	CHECK(!strcmp(text, "one two"));
	static char much[256 * 1024];
	status_t status = ERR_OK;
	for (unsigned i = 0; i < 100 && !status; i++)
		status = fs_write(opened.file, much, sizeof much, DEADLINE_NEVER, &bytes);
	CHECK(status == ERR_FULL);
	sys_handle_close(opened.file);

	check_begin("a process has a mebibyte of such texts at a time");
	static struct fs_opened files[8];
	for (unsigned round = 0; round < 2; round++) {
		uint64_t all = 0;
		for (unsigned i = 0; i < 8; i++) {
			CHECK(fs_open(proc, "/self/maps", OPEN_READ, 0, DEADLINE_NEVER, &files[i]) == ERR_OK);
			uint64_t of_one = 0;
			while (of_one < 200 * 1024 && !fs_write(files[i].file, much, 4096, DEADLINE_NEVER, &bytes))
				of_one += bytes;
			all += of_one;
		}
		CHECK(all >= 512 * 1024 && all <= 1024 * 1024);
		for (unsigned i = 0; i < 8; i++)
			sys_handle_close(files[i].file);
	}

	check_begin("what pm itself knows can not be told to it");
	CHECK(fs_open(proc, "/self/stat", OPEN_READ, 0, DEADLINE_NEVER, &opened) == ERR_OK);
	CHECK(fs_write(opened.file, "lie", 3, DEADLINE_NEVER, &bytes) == ERR_NO_RIGHT);
	sys_handle_close(opened.file);

	check_begin("links of its own lead where only it knows, and no further");
	CHECK(open_plainly(proc, "/self/cwd/x") == ERR_REDIRECT && open_plainly(proc, "/self/fd/3") == ERR_REDIRECT);
	CHECK(open_plainly(proc, "/self/fd/x") == ERR_NOT_FOUND && open_plainly(proc, "/self/fd/99999999999") == ERR_NOT_FOUND);
	CHECK(fs_stat(proc, "/self/fd", 0, DEADLINE_NEVER, &stat) == ERR_OK && stat.kind == FS_KIND_DIRECTORY);
	CHECK(stat.mode == 0500);

	check_begin("that of another process is nobody else's");
	static const char *const names[] = {"maps", "environ", "cwd", "root", "fd", "fd/0", "task/%u/maps", "task/%u/fd/0"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		int at = snprintf(path, sizeof path, "/%u/", shell.pid);
		snprintf(path + at, sizeof path - (size_t)at, names[i], shell.pid); /* NOLINT: the formats are above */
		CHECK(open_plainly(proc, path) == ERR_NO_RIGHT);
	}
}

static void listing(void)
{
	_Alignas(8) char entries[256];
	struct fs_opened opened;
	uint64_t bytes = 1, place, seen = 0, next = 0;
	uint32_t last = 0;
	bool sorted = true, child_seen = false;
	check_begin("a listing has every process once, in order, however small its parts");
	fake_become(starter.process);
	CHECK(fs_open(people_proc, "", OPEN_READ | OPEN_DIRECTORY, 0, DEADLINE_NEVER, &opened) == ERR_OK);
	for (;;) {
		CHECK(fs_readdir(opened.file, entries, 96, DEADLINE_NEVER, &bytes) == ERR_OK);
		if (!bytes || check_why)
			break;
		place = 0;
		const struct fs_entry *entry;
		while ((entry = fs_entry_next(entries, bytes, &place))) {
			uint32_t pid = (uint32_t)atoi(entry->name);
			next = entry->next;
			if (!pid)
				continue;
			sorted &= pid > last;
			last = pid;
			seen++;
			child_seen |= pid == child.pid;
		}
	}
	CHECK(seen == table_count() && sorted && child_seen);

	check_begin("a listing goes on where an entry says");
	uint64_t position = 0;
	CHECK(fs_seek(opened.file, (int64_t)next - 1, FS_SEEK_SET, DEADLINE_NEVER, &position) == ERR_OK);
	CHECK(fs_readdir(opened.file, entries, sizeof entries, DEADLINE_NEVER, &bytes) == ERR_OK && bytes);
	place = 0;
	const struct fs_entry *entry = fs_entry_next(entries, bytes, &place);
	CHECK(entry && (uint32_t)atoi(entry->name) == last && entry->next == next);
	CHECK(fs_readdir(opened.file, entries, sizeof entries, DEADLINE_NEVER, &bytes) == ERR_OK && !bytes);
	CHECK(fs_seek(opened.file, 0, FS_SEEK_SET, DEADLINE_NEVER, &position) == ERR_OK);
	CHECK(fs_readdir(opened.file, entries, 16, DEADLINE_NEVER, &bytes) == ERR_TOO_LARGE);
	sys_handle_close(opened.file);

	check_begin("a process lists its files, and below task itself");
	char path[64];
	snprintf(path, sizeof path, "/%u/task", child.pid);
	CHECK(fs_open(people_proc, path, OPEN_READ, 0, DEADLINE_NEVER, &opened) == ERR_OK);
	CHECK(fs_readdir(opened.file, entries, sizeof entries, DEADLINE_NEVER, &bytes) == ERR_OK);
	place = 0;
	entry = fs_entry_next(entries, bytes, &place);
	CHECK(entry && (uint32_t)atoi(entry->name) == child.pid && !fs_entry_next(entries, bytes, &place));
	sys_handle_close(opened.file);

	check_begin("below task are all threads, the first with the process's number");
	uint32_t found[8] = {0};
	seen = 0;
	fake_child_set_threads(child.process, 3);
	CHECK(fs_open(people_proc, path, OPEN_READ, 0, DEADLINE_NEVER, &opened) == ERR_OK);
	while (!fs_readdir(opened.file, entries, 64, DEADLINE_NEVER, &bytes) && bytes && seen < 8) {
		place = 0;
		while ((entry = fs_entry_next(entries, bytes, &place)) && seen < 8)
			found[seen++] = (uint32_t)atoi(entry->name);
	}
	sys_handle_close(opened.file);
	uint32_t first = child.pid * 1000;
	CHECK(seen == 4 && found[0] == child.pid && found[1] == first + 3 && found[2] == first + 2 && found[3] == first + 1);
	snprintf(path, sizeof path, "/%u/task/%u/stat", child.pid, first + 2);
	char begins[32];
	snprintf(begins, sizeof begins, "%u (busybox) S", first + 2);
	const char *text = text_of(path, NULL);
	CHECK(text && !strncmp(text, begins, strlen(begins)) && strstr(text, " 200 0 "));
	for (uint32_t wrong = 0; wrong < 2; wrong++) {
		snprintf(path, sizeof path, "/%u/task/%u/stat", child.pid, wrong ? first : first + 4);
		CHECK(!text_of(path, NULL));
	}
	fake_child_set_threads(child.process, 0);
}

static void refusing(void)
{
	static const char *const wrong[] = {"/x", "/0", "/01", "/4294967297", "/99999999999999999999", "/meminfo/x", "/self/x"};
	struct fs_opened opened;
	check_begin("wrong names are not found, and nothing can be changed");
	fake_become(starter.process);
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CHECK(fs_open(people_proc, wrong[i], OPEN_READ, 0, DEADLINE_NEVER, &opened) != ERR_OK);
	CHECK(fs_open(people_proc, "/meminfo", OPEN_WRITE, 0, DEADLINE_NEVER, &opened) == ERR_READ_ONLY);
	CHECK(fs_open(people_proc, "/new", OPEN_WRITE | OPEN_CREATE, 0, DEADLINE_NEVER, &opened) == ERR_READ_ONLY);
	CHECK(fs_open(people_proc, "/meminfo", OPEN_READ | OPEN_DIRECTORY, 0, DEADLINE_NEVER, &opened) == ERR_NOT_DIRECTORY);
	CHECK(fs_open(domain, "/meminfo", OPEN_READ, 0, DEADLINE_NEVER, &opened) == ERR_NOT_SUPPORTED);

	check_begin("an open file is no domain, and a domain no file");
	CHECK(fs_open(people_proc, "/meminfo", OPEN_READ, 0, DEADLINE_NEVER, &opened) == ERR_OK);
	static const uint32_t labels[] = {PROCESS_signal, PROCESS_wait, PROCESS_get, PROCESS_exec, PROCESS_set_session};
	for (unsigned i = 0; i < sizeof labels / sizeof *labels; i++) {
		struct message message = {.label = labels[i], .word = {PROCESS_SELECT_ANY, 0, 9}};
		CHECK(sys_channel_call(opened.file, &message) == ERR_OK && message.label != ERR_OK);
	}
	CHECK(fake_child_state(child.process) == PROCESS_RUNNING);
	uint64_t bytes;
	struct fs_stat stat;
	char text[16];
	CHECK(fs_read(domain, text, sizeof text, DEADLINE_NEVER, &bytes) == ERR_NOT_SUPPORTED);
	CHECK(fs_fstat(domain, DEADLINE_NEVER, &stat) == ERR_NOT_SUPPORTED);
	CHECK(fs_readdir(domain, text, sizeof text, DEADLINE_NEVER, &bytes) == ERR_NOT_SUPPORTED);
	CHECK(fs_seek(domain, 0, FS_SEEK_SET, DEADLINE_NEVER, &bytes) == ERR_NOT_SUPPORTED);

	check_begin("a file in parts shows one state, and from its beginning the new one");
	uint64_t position;
	sys_handle_close(opened.file);
	CHECK(fs_open(people_proc, in(child, "comm"), OPEN_READ, 0, DEADLINE_NEVER, &opened) == ERR_OK);
	CHECK(fs_read(opened.file, text, 4, DEADLINE_NEVER, &bytes) == ERR_OK && bytes == 4 && !memcmp(text, "busy", 4));
	CHECK(people_call(child, PROCESS_set_name, 0x6f6c6c6568, 0, 0, 0) == ERR_OK);
	fake_become(starter.process);
	CHECK(fs_read(opened.file, text, 16, DEADLINE_NEVER, &bytes) == ERR_OK && bytes == 4 && !memcmp(text, "box\n", 4));
	CHECK(fs_seek(opened.file, 0, FS_SEEK_SET, DEADLINE_NEVER, &position) == ERR_OK);
	CHECK(fs_read(opened.file, text, 16, DEADLINE_NEVER, &bytes) == ERR_OK && bytes == 6 && !memcmp(text, "hello\n", 6));

	check_begin("status has the signals that the process has told, once it has");
	struct fs_opened status_file;
	char long_text[1024] = "";
	CHECK(fs_open(people_proc, in(child, "status"), OPEN_READ, 0, DEADLINE_NEVER, &status_file) == ERR_OK);
	CHECK(fs_read(status_file.file, long_text, sizeof long_text - 1, DEADLINE_NEVER, &bytes) == ERR_OK &&
	        !strstr(long_text, "Sig"));
	CHECK(people_call(child, PROCESS_tell_signals, 1, 0x200, 0x1000, 0x4000) == ERR_OK);
	fake_become(starter.process);
	CHECK(fs_seek(status_file.file, 0, FS_SEEK_SET, DEADLINE_NEVER, &position) == ERR_OK);
	CHECK(fs_read(status_file.file, long_text, sizeof long_text - 1, DEADLINE_NEVER, &bytes) == ERR_OK);
	CHECK(strstr(long_text,
	        "SigPnd:\t0000000000000001\nSigBlk:\t0000000000000200\n"
	        "SigIgn:\t0000000000001000\nSigCgt:\t0000000000004000\n"));
	sys_handle_close(status_file.file);

	check_begin("an open file of a process that is gone says so");
	CHECK(fs_seek(opened.file, 0, FS_SEEK_SET, DEADLINE_NEVER, &position) == ERR_OK);
	people_exit(shell, 0);
	people_exit(child, 0);
	CHECK(fs_read(opened.file, text, 16, DEADLINE_NEVER, &bytes) == ERR_NOT_FOUND);
	CHECK(fs_fstat(opened.file, DEADLINE_NEVER, &stat) == ERR_NOT_FOUND);
	sys_handle_close(opened.file);
}

int main(void)
{
	people_begin();
	domain = people_domain();
	shell = people_adopt(domain);
	people_call(shell, PROCESS_set_terminal, 9, 0, 0, 0);
	child = people_fork(shell);
	process_files();
	machine_files();
	links();
	own();
	listing();
	refusing();
	people_end();
	return check_result();
}
