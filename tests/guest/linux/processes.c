/*
 * Processes: fork, vfork, posix_spawn, execve and what outlives it, waiting, groups, exit statuses. Started by a shell in Hearth, as
 * on Linux. With an argument after the folder it is one of its own children.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/wait.h>

#include "tests/guest/linux/test.h"

static char *self;
static char *const no_environment[] = {NULL};

static int status_of(pid_t child)
{
	int status = -1;
	return waitpid(child, &status, 0) == child ? status : -1;
}

static pid_t start(char *const *arguments)
{
	pid_t child = vfork();
	if (!child) {
		execve(self, arguments, no_environment);
		_exit(errno);
	}
	return child;
}

static pid_t start_self(char *what, char *with)
{
	char *const arguments[] = {self, "-", what, with, NULL};
	return start(arguments);
}

static int ends_with(char *what, char *with, int code)
{
	int status = status_of(start_self(what, with));
	if (WIFEXITED(status) && WEXITSTATUS(status) == code)
		return 1;
	printf("# %s: status %x\n", what, (unsigned)status);
	return 0;
}

static void test_fork(void)
{
	static volatile int shared_not = 1;
	volatile int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t parent = getpid();
	pid_t child = fork();
	if (!child) {
		shared_not = 2;
		*shared = getpid() != parent && getppid() == parent && shared_not == 2 ? getpid() : -1;
		_exit(42);
	}
	int status = status_of(child);
	TEST("fork_makes_a_child_with_an_id_and_a_parent", *shared == child);
	TEST("its_memory_is_its_own", shared_not == 1);
	TEST("its_status_is_told", WIFEXITED(status) && WEXITSTATUS(status) == 42);
	TEST_ERRNO("then_there_is_no_child", wait(NULL), ECHILD);

	char *text = malloc(1 << 20);
	memset(text, 'p', 1 << 20);
	child = fork();
	if (!child) {
		int same = 1;
		for (int i = 0; i < 1 << 20; i++)
			same &= text[i] == 'p';
		memset(text, 'c', 1 << 20);
		_exit(same);
	}
	memset(text, 'q', 1 << 19);
	status = status_of(child);
	int same = 1;
	for (int i = 0; i < 1 << 20; i++)
		same &= text[i] == (i < 1 << 19 ? 'q' : 'p');
	TEST("a_large_memory_is_copied", WEXITSTATUS(status) == 1 && same);
	free(text);

	*shared = 0;
	for (int i = 0; i < 3; i++) {
		if (!fork()) {
			for (int k = 0; k < 3; k++) {
				if (!fork())
					_exit(0);
			}
			while (wait(NULL) > 0)
				__atomic_fetch_add((int *)shared, 1, __ATOMIC_SEQ_CST);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		__atomic_fetch_add((int *)shared, 100, __ATOMIC_SEQ_CST);
	TEST("a_tree_is_waited_for", *shared == 309);

	child = vfork();
	if (!child) {
		shared_not = 7;
		_exit(3);
	}
	TEST("vfork_shares_the_memory", shared_not == 7);
	TEST("and_tells_a_status", WEXITSTATUS(status_of(child)) == 3);
	munmap((void *)shared, 4096);
}

static void take_random_in_vfork(unsigned char *to)
{
	pid_t child = vfork();
	if (!child) {
		syscall(SYS_getrandom, to, 32, 0);
		_exit(0);
	}
	status_of(child);
}

static void test_randomness(void)
{
	unsigned char *both = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = fork();
	syscall(SYS_getrandom, both + (child ? 0 : 64), 32, 0);
	if (!child)
		_exit(0);
	status_of(child);
	TEST("a_child_has_random_bytes_of_its_own", memcmp(both, both + 64, 32));
	take_random_in_vfork(both);
	take_random_in_vfork(both + 64);
	syscall(SYS_getrandom, both + 128, 32, 0); /* what the parent has next is none of theirs */
	TEST("two_children_of_vfork_do_not_have_the_same", memcmp(both, both + 64, 32) && memcmp(both + 64, both + 128, 32));
	munmap(both, 4096);
}

static void test_ends(void)
{
	TEST("exit_codes_are_eight_bits", ends_with("exit", "300", 300 & 0xff));
	int status = status_of(start_self("signal", "15"));
	TEST("a_signal_ends_a_child", WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	status = status_of(start_self("signal", "9"));
	TEST("kill_too", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	status = status_of(start_self("signal", "6"));
	TEST("abort_too", WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	status = status_of(start_self("crash", "x"));
	TEST("a_crash_is_segv", WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	status = status_of(start_self("divide", "x"));
	TEST("a_division_by_zero_is_fpe", WIFSIGNALED(status) && WTERMSIG(status) == SIGFPE);
	pid_t child = start_self("pause", "x");
	TEST("a_sleeping_child_is_there", !kill(child, 0) && waitpid(child, NULL, WNOHANG) == 0);
	TEST("it_can_be_signalled", !kill(child, SIGUSR1));
	status = status_of(child);
	TEST("and_ends_by_that", WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	TEST_ERRNO("then_nobody_is_there", kill(child, 0), ESRCH);
	siginfo_t info;
	child = start_self("exit", "5");
	TEST("waitid_tells",
	        !waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) && info.si_pid == child && info.si_code == CLD_EXITED &&
	                info.si_status == 5);
	TEST("and_with_nowait_again", !waitid(P_ALL, 0, &info, WEXITED) && info.si_status == 5);
	TEST_ERRNO("but_not_a_third_time", waitid(P_ALL, 0, &info, WEXITED), ECHILD);
	child = start_self("pause", "x");
	kill(child, SIGSTOP);
	TEST("a_stop_is_told",
	        waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	kill(child, SIGCONT);
	TEST("its_end_too", waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
	kill(child, SIGKILL);
	status_of(child);
}

static volatile int children_told;
static void on_child(int signal)
{
	(void)signal;
	children_told++;
}

static void test_child_signal(void)
{
	struct sigaction action = {.sa_handler = on_child};
	sigaction(SIGCHLD, &action, NULL);
	children_told = 0;
	pid_t child = fork();
	if (!child)
		_exit(0);
	status_of(child);
	for (int i = 0; i < 1000 && !children_told; i++)
		usleep(1000);
	TEST("a_childs_end_is_a_signal", children_told == 1);
	sigset_t mask, old;
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &old);
	child = fork();
	if (!child)
		_exit(0);
	children_told = 0;
	sigset_t none;
	sigemptyset(&none);
	sigsuspend(&none);
	TEST("sigsuspend_waits_for_it", children_told == 1);
	sigprocmask(SIG_SETMASK, &old, NULL);
	status_of(child);
	action.sa_handler = SIG_IGN;
	sigaction(SIGCHLD, &action, NULL);
	child = fork();
	if (!child)
		_exit(0);
	TEST_ERRNO("ignored_children_leave_nothing", waitpid(child, NULL, 0), ECHILD);
	signal(SIGCHLD, SIG_DFL);
}

static void test_spawn(void)
{
	pid_t child = 0;
	char *const arguments[] = {self, "-", "exit", "9", NULL};
	TEST("posix_spawn",
	        !posix_spawn(&child, self, NULL, NULL, arguments, no_environment) && WEXITSTATUS(status_of(child)) == 9);
	TEST("posix_spawn_of_nothing_tells_why",
	        posix_spawn(&child, "/nowhere", NULL, NULL, arguments, no_environment) == ENOENT);
	int pair[2];
	TEST("pipe", !pipe(pair));
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pair[1], 1);
	posix_spawn_file_actions_addclose(&actions, pair[0]);
	char *const say[] = {self, "-", "say", "hello", NULL};
	TEST("posix_spawn_with_actions", !posix_spawn(&child, self, &actions, NULL, say, no_environment));
	posix_spawn_file_actions_destroy(&actions);
	close(pair[1]);
	char text[16] = "";
	TEST("its_output_comes_through_a_pipe", read(pair[0], text, sizeof text) == 5 && !memcmp(text, "hello", 5));
	TEST("which_ends_with_it", read(pair[0], text, sizeof text) == 0);
	close(pair[0]);
	TEST("and_it_ended_well", status_of(child) == 0);
	TEST("system", WEXITSTATUS(system("exit 6")) == 6);
	FILE *pipe_of_shell = popen("echo from the shell", "r");
	TEST("popen", pipe_of_shell && fgets(text, sizeof text, pipe_of_shell) && !memcmp(text, "from the", 8));
	TEST("pclose", pipe_of_shell && pclose(pipe_of_shell) == 0);
}

/* Not constants, so that the compiler does not look where they lead. */
static char *volatile wild_text = (char *)8;
static char **volatile wild_list = (char **)8;

static void test_exec(void)
{
	TEST_ERRNO("exec_of_nothing", execve("/nowhere", no_environment, no_environment), ENOENT);
	TEST_ERRNO("exec_of_a_folder", execve("/", no_environment, no_environment), EACCES);
	TEST_ERRNO("exec_through_a_file", execve("/etc/motd/x", no_environment, no_environment), ENOTDIR);
	TEST_ERRNO("exec_of_a_bad_pointer", execve(wild_text, no_environment, no_environment), EFAULT);
	TEST_ERRNO("exec_with_bad_arguments", execve(self, wild_list, no_environment), EFAULT);
	char *huge = malloc(300000);
	memset(huge, 'x', 299999);
	huge[299999] = 0;
	char *const too_long[] = {self, huge, NULL};
	TEST_ERRNO("exec_with_an_argument_of_300_k", execve(self, too_long, no_environment), E2BIG);
	huge[100000] = 0;
	char *const long_one[] = {self, "-", "length", huge, NULL};
	TEST("an_argument_of_100_k_arrives", WEXITSTATUS(status_of(start(long_one))) == 100000 % 251);
	free(huge);

	TEST("ignored_signals_stay_so_and_handlers_do_not",
	        (signal(SIGUSR1, SIG_IGN), signal(SIGUSR2, on_child), ends_with("signals", "x", 0)));
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
	sigset_t mask, old;
	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &old);
	TEST("the_mask_stays", ends_with("mask", "x", 0));
	sigprocmask(SIG_SETMASK, &old, NULL);
	mode_t before = umask(037);
	TEST("the_umask_stays", ends_with("umask", "31", 0));
	umask(before);
	char here[256] = "";
	getcwd(here, sizeof here);
	TEST("the_working_directory_stays", !chdir("/etc") && ends_with("cwd", "/etc", 0));
	if (chdir(here))
		printf("# cannot go back\n");
	int a = open("/etc/motd", O_RDONLY), b = dup(a), closed = open("/etc/motd", O_RDONLY | O_CLOEXEC);
	char numbers[32];
	lseek(a, 5, SEEK_SET);
	snprintf(numbers, sizeof numbers, "%d %d %d", a, b, closed);
	TEST("descriptors_stay_shared_and_close_on_exec_closes", ends_with("files", numbers, 0));
	TEST("and_move_together_with_the_parents", lseek(a, 0, SEEK_CUR) == 6);
	close(a);
	close(b);
	int directory = open("/etc", O_RDONLY | O_DIRECTORY);
	snprintf(numbers, sizeof numbers, "%d", directory);
	TEST("an_open_folder_stays_one", ends_with("folder", numbers, 0));
	close(directory);
	int program = open(self, O_RDONLY);
	pid_t child = vfork();
	if (!child) {
		char *const arguments[] = {self, "-", "exit", "8", NULL};
		syscall(SYS_execveat, program, "", arguments, no_environment, AT_EMPTY_PATH);
		_exit(errno);
	}
	TEST("execveat_of_a_descriptor", WEXITSTATUS(status_of(child)) == 8);
	close(program);
	close(closed);
	TEST("the_program_knows_its_file", ends_with("exe", self, 0));
}

static void write_script(const char *path, const char *text, int mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	TEST("script_is_written", fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	fchmod(fd, (mode_t)mode);
	close(fd);
}

static int run_script(const char *path, int code)
{
	char *const arguments[] = {"script", "second", NULL};
	pid_t child = vfork();
	if (!child) {
		execve(path, arguments, no_environment);
		_exit(errno == ENOEXEC ? 100 : errno == ELOOP ? 101 : errno == EACCES ? 102 : errno == ENOENT ? 103 : 99);
	}
	int status = status_of(child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == code)
		return 1;
	printf("# %s: status %x\n", path, (unsigned)status);
	return 0;
}

static void test_scripts(void)
{
	char line[512];
	snprintf(line, sizeof line, "#! %s  script one two \nnothing\n", self);
	write_script("/tmp/s1", line, 0755);
	TEST("a_script_runs_its_interpreter", run_script("/tmp/s1", 77));
	write_script("/tmp/s2", "#!/tmp/s1\n", 0755);
	TEST("an_interpreter_can_be_a_script", run_script("/tmp/s2", 78));
	write_script("/tmp/s3", "#!/tmp/s3\n", 0755);
	TEST("scripts_of_themselves_are_refused", run_script("/tmp/s3", 101));
	write_script("/tmp/s4", "just text\n", 0755);
	TEST("text_is_noexec", run_script("/tmp/s4", 100));
	write_script("/tmp/s5", line, 0644);
	TEST("without_the_bit_it_is_refused", run_script("/tmp/s5", 102));
	write_script("/tmp/s6", "#!/nowhere\n", 0755);
	TEST("a_missing_interpreter_is_enoent", run_script("/tmp/s6", 103));
	write_script("/tmp/s7", "", 0755);
	TEST("an_empty_file_is_noexec", run_script("/tmp/s7", 100));
	for (int i = 1; i <= 7; i++) {
		snprintf(line, sizeof line, "/tmp/s%d", i);
		unlink(line);
	}
}

static void test_groups(void)
{
	pid_t child = start_self("pause", "x");
	TEST("a_child_is_in_the_parents_group", getpgid(child) == getpgrp());
	TEST("a_group_of_its_own_is_refused_after_exec", setpgid(child, child) == -1 && errno == EACCES);
	kill(child, SIGKILL);
	status_of(child);
	child = fork();
	if (!child) {
		setpgid(0, 0);
		pause();
		_exit(0);
	}
	setpgid(child, child);
	TEST("a_group_is_made", getpgid(child) == child);
	TEST("a_group_is_signalled", !kill(-child, SIGTERM));
	int status = 0;
	TEST("and_waited_for", waitpid(-child, &status, 0) == child && WTERMSIG(status) == SIGTERM);
	child = fork();
	if (!child)
		_exit(setsid() == getpid() && getsid(0) == getpid() && getpgrp() == getpid() ? 0 : 1);
	TEST("setsid", status_of(child) == 0);
	struct rlimit limit = {64, 64}, now;
	child = fork();
	if (!child)
		_exit(setrlimit(RLIMIT_NOFILE, &limit) || getrlimit(RLIMIT_NOFILE, &now) || now.rlim_cur != 64);
	TEST("limits_are_kept", status_of(child) == 0);
	struct rusage usage;
	struct tms tms;
	TEST("usage_of_children",
	        !getrusage(RUSAGE_CHILDREN, &usage) && times(&tms) != (clock_t)-1 && usage.ru_utime.tv_sec < 100);
}

static void test_pipes(void)
{
	int pair[2];
	if (pipe(pair))
		return;
	close(pair[0]);
	signal(SIGPIPE, SIG_IGN);
	TEST_ERRNO("a_write_without_readers_is_epipe", write(pair[1], "x", 1), EPIPE);
	signal(SIGPIPE, SIG_DFL);
	pid_t child = fork();
	if (!child) {
		ssize_t written = write(pair[1], "x", 1);
		_exit(written < 0);
	}
	int status = status_of(child);
	TEST("and_sigpipe", WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	close(pair[1]);
	if (pipe(pair))
		return;
	struct sigaction action = {.sa_handler = on_child};
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	char byte;
	TEST_ERRNO("a_read_is_interrupted", read(pair[0], &byte, 1), EINTR);
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	child = fork();
	if (!child) {
		sleep(2);
		_exit(write(pair[1], "r", 1) != 1);
	}
	alarm(1);
	TEST("a_read_is_begun_again", read(pair[0], &byte, 1) == 1 && byte == 'r');
	status_of(child);
	action.sa_flags = 0;
	sigaction(SIGALRM, &action, NULL);
	child = start_self("pause", "x");
	alarm(1);
	TEST_ERRNO("a_wait_is_interrupted", wait(NULL), EINTR);
	kill(child, SIGKILL);
	status_of(child);
	signal(SIGALRM, SIG_DFL);
	close(pair[0]);
	close(pair[1]);
}

static void test_many(void)
{
	int good = 0;
	for (int i = 0; i < 100; i++)
		good += WEXITSTATUS(status_of(start_self("exit", "1"))) == 1;
	TEST("a_hundred_in_a_row", good == 100);
	pid_t children[20];
	for (int i = 0; i < 20; i++)
		children[i] = start_self("pause", "x");
	good = 0;
	for (int i = 0; i < 20; i++)
		good += !kill(children[i], SIGTERM);
	for (int i = 0; i < 20; i++)
		good += WTERMSIG(status_of(children[i])) == SIGTERM;
	TEST("twenty_at_once", good == 40);
}

/* What a child does. */
static int child(const char *what, const char *with)
{
	struct sigaction one, two;
	sigset_t mask;
	char text[4096];
	int a, b, c;
	struct stat stat;
	if (!strcmp(what, "exit"))
		return atoi(with);
	if (!strcmp(what, "say"))
		return write(1, with, strlen(with)) < 0;
	if (!strcmp(what, "signal")) {
		raise(atoi(with));
		return 1;
	}
	if (!strcmp(what, "crash"))
		*(volatile int *)16 = 1;
	if (!strcmp(what, "divide"))
		return __builtin_ctz((unsigned)strlen(with)) / (int)(strlen(with) - 1);
	if (!strcmp(what, "pause"))
		pause();
	if (!strcmp(what, "length"))
		return (int)(strlen(with) % 251);
	if (!strcmp(what, "signals"))
		return sigaction(SIGUSR1, NULL, &one) || sigaction(SIGUSR2, NULL, &two) || one.sa_handler != SIG_IGN ||
		        two.sa_handler != SIG_DFL;
	if (!strcmp(what, "mask"))
		return sigprocmask(SIG_BLOCK, NULL, &mask) || !sigismember(&mask, SIGHUP) || sigismember(&mask, SIGTERM);
	if (!strcmp(what, "umask"))
		return umask(0) != (mode_t)atoi(with);
	if (!strcmp(what, "cwd"))
		return !getcwd(text, sizeof text) || strcmp(text, with);
	if (!strcmp(what, "files") && sscanf(with, "%d %d %d", &a, &b, &c) == 3)
		return lseek(a, 0, SEEK_CUR) != 5 || read(b, text, 1) != 1 || lseek(a, 0, SEEK_CUR) != 6 ||
		        fcntl(c, F_GETFD) != -1;
	if (!strcmp(what, "folder"))
		return fchdir(atoi(with)) || !getcwd(text, sizeof text) || strcmp(text, "/etc") ||
		        fstatat(atoi(with), "motd", &stat, 0);
	if (!strcmp(what, "exe")) {
		ssize_t length = readlink("/proc/self/exe", text, sizeof text - 1);
		text[length < 0 ? 0 : length] = 0;
		return strcmp(text, with);
	}
	return 50;
}

int main(int count, char **arguments)
{
	static char path[4096];
	test_prefix = "linux.processes";
	if (count > 3 && !strcmp(arguments[1], "-"))
		return child(arguments[2], arguments[3]);
	/* As an interpreter: "script one two" FILE [FILE] second. */
	if (count >= 4 && !strcmp(arguments[1], "script one two"))
		return !strcmp(arguments[count - 1], "second") ? 73 + count : 1;
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	path[length < 0 ? 0 : length] = 0;
	self = path;
	test_fork();
	test_randomness();
	test_ends();
	test_child_signal();
	test_spawn();
	test_exec();
	test_scripts();
	test_groups();
	test_pipes();
	test_many();
	return test_result();
}
