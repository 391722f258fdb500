/* What a process finds of itself in /proc: its descriptors, mappings, environment and working directory. Holds on Linux too. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char text[262144];

/* What a file says; its length, or -1. */
static ssize_t read_all(const char *name)
{
	size_t length = 0;
	ssize_t bytes;
	int fd = open(name, O_RDONLY);
	if (fd < 0)
		return -1;
	while ((bytes = read(fd, text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)bytes;
	close(fd);
	text[length] = 0;
	return (ssize_t)length;
}

static const char *link_of(const char *name)
{
	static char target[4096];
	ssize_t length = readlink(name, target, sizeof target - 1);
	target[length < 0 ? 0 : length] = 0;
	return target;
}

static const char *link_of_descriptor(int fd)
{
	char name[32];
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	return link_of(name);
}

/* Names in the folder, a bit each. */
static unsigned long listed(const char *folder)
{
	unsigned long seen = 0;
	DIR *dir = opendir(folder);
	struct dirent *entry;
	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name != '.')
			seen |= 1ul << (atoi(entry->d_name) & 63);
	}
	if (dir)
		closedir(dir);
	return seen;
}

static void descriptors(void)
{
	char file[] = "/tmp/selfs-XXXXXX", name[64], one[16] = "";
	struct stat st, other;
	int fd = mkstemp(file);
	TEST("the_file_of_a_descriptor", fd >= 0 && write(fd, "own", 3) == 3 && !strcmp(link_of_descriptor(fd), file));
	unsigned long before = listed("/proc/self/fd"), bit = 1ul << fd;
	TEST("each_descriptor_is_listed", (before & bit) && (before & 7) == 7);
	int pipes[2];
	TEST("and_new_ones", !pipe(pipes) && listed("/proc/self/fd") & (1ul << pipes[1]));
	snprintf(name, sizeof name, "/proc/%d/fd", getpid());
	TEST("by_the_number_of_the_process_too", listed(name) & (1ul << pipes[0]));
	TEST("a_pipe_is_told_by_its_kind", !strncmp(link_of_descriptor(pipes[0]), "pipe:[", 6));
	close(pipes[0]);
	close(pipes[1]);
	TEST("what_is_closed_is_gone", !(listed("/proc/self/fd") & (1ul << pipes[1])) && !*link_of_descriptor(pipes[1]));
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	TEST("lstat_tells_a_link", !lstat(name, &st) && S_ISLNK(st.st_mode) && (st.st_mode & 0700) == 0700);
	TEST("stat_tells_the_file", !stat(name, &st) && !fstat(fd, &other) && st.st_ino == other.st_ino && st.st_size == 3);
	int again = open(name, O_RDONLY);
	TEST("it_can_be_opened", again >= 0 && pread(again, one, sizeof one, 0) == 3 && !strcmp(one, "own"));
	close(again);
	TEST_ERRNO("not_without_following", open(name, O_RDONLY | O_NOFOLLOW), ELOOP);
	TEST("access_goes_to_the_file", !access(name, R_OK));
	TEST_ERRNO("what_is_not_open", access("/proc/self/fd/999", F_OK), ENOENT);
	TEST_ERRNO("what_is_not_open_can_not_be_opened", open("/proc/self/fd/999", O_RDONLY), ENOENT);
	unlink(file);
	TEST("a_deleted_file_is_told_so", strstr(link_of_descriptor(fd), " (deleted)") != NULL);
	close(fd);
}

static void directories(void)
{
	int fd = open("/tmp", O_RDONLY | O_DIRECTORY);
	char name[64], before[4096];
	struct stat st, other;
	snprintf(name, sizeof name, "/proc/self/fd/%d/.", fd);
	TEST("a_folder_is_gone_through", !stat(name, &st) && !fstat(fd, &other) && st.st_ino == other.st_ino);
	close(fd);
	TEST("cwd_is_the_working_directory",
	        getcwd(before, sizeof before) && !strcmp(link_of("/proc/self/cwd"), before) && !chdir("/tmp") &&
	                !strcmp(link_of("/proc/self/cwd"), "/tmp"));
	TEST("names_below_it", !stat("/proc/self/cwd/.", &other) && st.st_ino == other.st_ino && !chdir(before));
	TEST("one_can_go_to_it",
	        !chdir("/tmp") && !chdir("/proc/self/cwd") && getcwd(name, sizeof name) && !strcmp(name, "/tmp") &&
	                !chdir(before));
	TEST("root_is_the_root", !strcmp(link_of("/proc/self/root"), "/") && !access("/proc/self/root/proc", F_OK));
}

/* The line that has an address, or "". */
static const char *line_of(const void *address)
{
	unsigned long start, end;
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		char *stop = strchr(line, '\n');
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && (unsigned long)address >= start &&
		        (unsigned long)address < end) {
			static char copy[512];
			snprintf(copy, sizeof copy, "%.*s", (int)(stop - line), line);
			return copy;
		}
	}
	return "";
}

static bool has(const void *address, const char *what)
{
	return strstr(line_of(address), what) != NULL;
}

static void mapped_files(void)
{
	char file[] = "/tmp/selfs-XXXXXX", other[] = "/tmp/other-XXXXXX";
	int fd = mkstemp(file), second = mkstemp(other);
	TEST("files_of_some_pages", fd >= 0 && second >= 0 && !ftruncate(fd, 8 * 4096) && !ftruncate(second, 4096));
	char *all = mmap(NULL, 6 * 4096, PROT_READ, MAP_SHARED, fd, 4096);
	TEST("a_mapping_of_a_file_is_named",
	        read_all("/proc/self/maps") > 0 && has(all, file) && has(all, " r--s 00001000 ") && has(all + 5 * 4096, file));
	char *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 7 * 4096);
	TEST("so_is_a_private_one", read_all("/proc/self/maps") > 0 && has(own, file) && has(own, " rw-p 00007000 "));
	munmap(all + 4096, 4096);
	mmap(all + 2 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(all + 3 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, second, 0);
	TEST("what_was_taken_out_is_not",
	        read_all("/proc/self/maps") > 0 && has(all, file) && !*line_of(all + 4096) && *line_of(all + 2 * 4096) &&
	                !has(all + 2 * 4096, file));
	TEST("what_was_put_over_it_has_its_own_name", has(all + 3 * 4096, other) && !has(all + 3 * 4096, file));
	TEST("what_is_behind_is_where_it_was", has(all + 4 * 4096, file) && has(all + 4 * 4096, " r--s 00005000 "));
	pid_t child = fork();
	int status;
	if (!child) {
		munmap(own, 4096);
		_exit(read_all("/proc/self/maps") > 0 && has(all, file) && !*line_of(own) ? 73 : 1);
	}
	TEST("a_child_has_its_own_list",
	        waitpid(child, &status, 0) == child && status == 0x4900 && read_all("/proc/self/maps") > 0 && has(own, file));
	munmap(all, 6 * 4096);
	munmap(own, 4096);
	unlink(file);
	unlink(other);
	close(fd);
	close(second);
}

static void mappings(void)
{
	static int in_data = 1;
	int on_stack;
	char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *closed = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sbrk(8192);
	TEST("maps_can_be_read", read_all("/proc/self/maps") > 0);
	TEST("the_program_is_executable_and_named",
	        has((const void *)mappings, " r-xp ") && has((const void *)mappings, link_of("/proc/self/exe")));
	TEST("data_is_writable", has(&in_data, " rw-p "));
	TEST("the_stack_is_named", has(&on_stack, "[stack]"));
	TEST("the_heap_is_named", has((char *)sbrk(0) - 1, "[heap]"));
	TEST("a_shared_mapping_is_told", has(shared, " rw-s "));
	TEST("a_closed_one_too", has(closed, " ---p "));
	munmap(shared, 8192);
	munmap(closed, 8192);
	TEST("what_is_unmapped_is_gone", read_all("/proc/self/maps") > 0 && !*line_of(closed));
	mapped_files();
	snprintf(text, sizeof text, "/proc/%d/maps", getpid());
	TEST("by_number_too", read_all(text) > 0 && has(&in_data, " rw-p "));
}

static unsigned long signals_of(const char *line)
{
	const char *found = strstr(text, line);
	return found ? strtoul(found + strlen(line), NULL, 16) : 0;
}

static void caught(int signal)
{
	(void)signal;
}

static void signals(void)
{
	sigset_t blocked;
	const unsigned long ignored = 1ul << (SIGUSR2 - 1), handled = 1ul << (SIGUSR1 - 1), waiting = 1ul << (SIGHUP - 1);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
	TEST("status_has_no_signals_at_first",
	        read_all("/proc/self/status") > 0 && strstr(text, "\nSigIgn:\t") && strstr(text, "\nSigCgt:\t") &&
	                !(signals_of("\nSigIgn:\t") & ignored) && !(signals_of("\nSigCgt:\t") & handled) &&
	                !(signals_of("\nSigBlk:\t") & waiting));
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGHUP);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGUSR1, caught);
	raise(SIGHUP);
	TEST("then_those_that_are_ignored_and_handled",
	        read_all("/proc/self/status") > 0 && (signals_of("\nSigIgn:\t") & ignored) &&
	                (signals_of("\nSigCgt:\t") & handled) && !(signals_of("\nSigCgt:\t") & ignored));
	TEST("and_those_that_are_blocked_and_wait",
	        (signals_of("\nSigBlk:\t") & waiting) && (signals_of("\nSigPnd:\t") & waiting));
	signal(SIGHUP, SIG_IGN);
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static void environment(void)
{
	ssize_t length = read_all("/proc/self/environ");
	bool found = false;
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(text + at) + 1)
		found |= !strcmp(text + at, "SELFS=a word");
	TEST("environ_has_what_it_was_started_with", found);
}

/* What was opened by one is read by another. */
static void children(void)
{
	int fd = open("/proc/self/maps", O_RDONLY), status;
	pid_t child = fork();
	if (!child) {
		dup2(fd, 0);
		execl("/proc/self/exe", "selfs", "read", NULL);
		_exit(1);
	}
	TEST("an_open_text_goes_through_fork_and_exec", waitpid(child, &status, 0) == child && status == 0x4900);
	close(fd);
}

enum { THREADS = 5 };
static pthread_barrier_t barrier;
static pid_t ids[THREADS];

static void *rest(void *argument)
{
	*(pid_t *)argument = gettid();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

/* Every thread once, whose stat begins with its number; -1: there is one too many, or it tells of another. */
static int count_tasks(void)
{
	int found = 0;
	DIR *folder = opendir("/proc/self/task");
	struct dirent *entry;
	while (folder && (entry = readdir(folder))) {
		char name[300], begins[32];
		pid_t id = atoi(entry->d_name);
		if (!id)
			continue;
		snprintf(name, sizeof name, "/proc/self/task/%d/stat", (int)id);
		snprintf(begins, sizeof begins, "%d (", (int)id);
		if (read_all(name) < 0 || strncmp(text, begins, strlen(begins)))
			return -1;
		bool known = id == getpid();
		for (int i = 0; i < THREADS; i++)
			known |= id == ids[i];
		found += known ? 1 : 100;
	}
	if (folder)
		closedir(folder);
	return found;
}

static void tasks(void)
{
	pthread_t threads[THREADS];
	TEST("a_process_of_one_thread_has_one_task", count_tasks() == 1);
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, rest, &ids[i]);
	pthread_barrier_wait(&barrier);
	TEST("each_thread_is_a_task_and_tells_of_itself", count_tasks() == THREADS + 1);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	TEST("a_thread_that_has_ended_is_none", access("/proc/self/task/1", F_OK) < 0);
}

int main(int count, char **arguments)
{
	test_prefix = "linux.selfs";
	if (count > 1 && !strcmp(arguments[1], "read"))
		return read(0, text, 4096) > 100 && strstr(text, "[stack]") ? 73 : 1;
	if (!getenv("SELFS")) {
		putenv("SELFS=a word");
		execv("/proc/self/exe", arguments);
		return 1;
	}
	descriptors();
	directories();
	mappings();
	signals();
	environment();
	children();
	tasks();
	return test_result();
}
