/*
 * Linux calls without sense: processes of three threads make calls with random arguments, near enough to what the calls look at that
 * many get far: descriptors of all kinds, names, memory that is there, half there, read-only or not there at all. They have a
 * moment, then they are killed with all that they have started. In the end the machine must be as good as new: a program starts, a
 * pipe carries, a file holds what was written, no object is left, and no more memory than servers keep of their busiest moment.
 * Whoever runs this looks into the log for services that have ended.
 *
 *   exec random_calls [MOMENTS [SEED]]
 *
 * It ends everything that it can reach, so it must be the command itself, and runs in Hearth alone. The same seed gives the same calls, though not in
 * the same order between threads. RANDOM_CALLS_TELL in the environment: each call is written on stderr before it is made.
 */
#include "counts.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#define PAGE 4096
#define THREADS 3
#define MOMENT_MS 250
#define NAP_MS 10
#define FOLDER "/tmp/random-calls"
#define ROUNDS 6
#define SLACK_KIB 512u /* some hundred processes cost more if each leaves a page */

struct call {
	long number;
	const char *name;
	bool absent;
	const char *kinds;
};

static const struct call calls[] = {
#define LINUX_CALL(number, name, function, arguments, ...) {number, #name, false, "" __VA_ARGS__},
#define LINUX_ABSENT(number, name) {number, #name, true, ""},
#include "user/linux/calls.def"
#undef LINUX_CALL
#undef LINUX_ABSENT
};

/* Four pages each: to be written, only read, without access; and in the middle of the first two and the last, where one ends. */
static char *memory;

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dull;
}

static uint64_t pointer(uint64_t r)
{
	char *at = memory + (r >> 16) % (4 * PAGE);
	switch (r % 16) {
	case 0: return 0;
	case 1: return (uint64_t)memory + 4 * PAGE + (r >> 16) % (4 * PAGE);
	case 2: return (uint64_t)memory + 8 * PAGE + (r >> 16) % (4 * PAGE);
	case 3: return (uint64_t)memory + 8 * PAGE - (r >> 16) % 32;
	case 4: return (uint64_t)memory + 4 * PAGE - (r >> 16) % 32;
	case 5: return 0xffff800000000000ull + (r >> 16);
	case 6: return 0x7fffffffe000ull + (r >> 16) % 8192;
	case 7: return r;
	case 8:
	case 9: return (uint64_t)at & -(uint64_t)PAGE;
	default: return (uint64_t)at & -8ull;
	}
}

static uint64_t size(uint64_t r)
{
	static const uint64_t sizes[] = {0, 1, 8, 16, 128, PAGE - 1, PAGE, PAGE + 1, 4 * PAGE, 65536, 1 << 20, 1 << 30,
	        1ull << 40, INT64_MAX, UINT64_MAX, 1ull << 63};
	return r % 4 == 0 ? (r >> 8) % 512 : sizes[(r >> 8) % (sizeof sizes / sizeof *sizes)];
}

static uint64_t number(uint64_t r)
{
	switch (r % 8) {
	case 0: return (uint64_t) - (int64_t)((r >> 8) % 4);
	case 1: return r;
	case 2: return 1ull << (r >> 8) % 64;
	default: return (r >> 8) % 40;
	}
}

static uint64_t text(uint64_t r)
{
	static char longest[5000];
	static const char *const names[] = {"a", "b", "dir", "dir/a", "dir/../b", "link", "fifo", "", "/", ".", "..",
	        "/proc/self/maps", "/proc/self/fd/3", "/proc/self/exe", "/proc/objects", "/dev/zero", "/dev/full", "/dev/ptmx",
	        "/dev/null", "/dev/urandom", "/dev/tty", "/dev/pts/0", "/etc/passwd", "/bin/busybox", "no/such/name",
	        "\xff\xfe", "/proc/1/stat", longest};
	if (!*longest)
		memset(longest, 'x', sizeof longest - 1);
	return r % 8 == 0 ? pointer(r >> 8) : (uint64_t)names[(r >> 8) % (sizeof names / sizeof *names)];
}

/* What the letter in calls.def says; strangers now and then. */
static uint64_t argument(char kind, uint64_t *state)
{
	uint64_t r = next(state);
	if (r % 32 == 0)
		return next(state);
	r >>= 8;
	switch (kind) {
	case 's': return text(r);
	case 'p':
	case 'T':
	case 'v':
	case 'b':
	case 'r':
	case 'i':
	case '2': return pointer(r);
	case 'u':
	case 'l': return r % 2 ? size(r >> 1) : number(r >> 1);
	case 'D': return r % 4 ? (uint64_t)AT_FDCWD : r % 24;
	case 'd': return r % 8 ? (r >> 8) % 24 : number(r >> 8);
	case 'S': return (r >> 8) % 66;
	case 'o': return (r >> 8) % 07777;
	case 'F':
	case 'K':
	case 'H':
	case 'U':
	case 'W': return r % 8 ? (r >> 8) % 16 : number(r >> 8);
	default: return r % 2 ? (r >> 8) & (r >> 16) & 0xfff : r % 4 ? 0 : number(r >> 8);
	}
}

/* How seldom: what ends or stops everything at once, waits without end, takes the ground from under the program, or sets the clock. */
static unsigned rarity(const struct call *call)
{
	if (call->absent)
		return 30;
	switch (call->number) {
	case SYS_clock_settime:
	case SYS_settimeofday: return 0; /* never: the others wait by the clock */
	case SYS_exit:
	case SYS_exit_group: return 500;
	case SYS_kill:
	case SYS_tkill:
	case SYS_tgkill:
	case SYS_rt_sigqueueinfo:
	case SYS_rt_tgsigqueueinfo:
	case SYS_close_range:
	case SYS_setrlimit:
	case SYS_prlimit64:
	case SYS_arch_prctl:
	case SYS_munmap:
	case SYS_execve:
	case SYS_execveat:
	case SYS_fork:
	case SYS_vfork:
	case SYS_clone:
	case SYS_rt_sigreturn:
	case SYS_pause: return 50;
	case SYS_rt_sigsuspend:
	case SYS_rt_sigtimedwait:
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
	case SYS_futex:
	case SYS_wait4:
	case SYS_waitid:
	case SYS_brk: return 8;
	default: return 1;
	}
}

/* Whom signals and limits may reach: itself and its own group, never those who look after it. */
static void tame(long call, uint64_t *words, uint64_t r)
{
	uint64_t whom = r % 2 ? 0 : (uint64_t)getpid();
	switch (call) {
	case SYS_kill:
	case SYS_rt_sigqueueinfo:
	case SYS_rt_tgsigqueueinfo:
	case SYS_tgkill:
	case SYS_prlimit64: words[0] = whom; break;
	case SYS_tkill: words[0] = (uint64_t)gettid(); break;
	}
	/* Whoever waits is to be interrupted (interrupt_them). */
	if (call == SYS_rt_sigaction && words[0] == SIGUSR1)
		words[0] = SIGUSR2;
	if (call == SYS_rt_sigprocmask)
		words[1] = 0;
	/* Memory is changed where nothing of the program is. */
	if (call == SYS_munmap || call == SYS_mprotect || call == SYS_mremap || call == SYS_mmap || call == SYS_madvise) {
		words[0] = (uint64_t)memory + (r >> 8) % 16 * PAGE;
		words[1] = r % 16 ? (r >> 16) % 5 * PAGE : words[1];
		if (call == SYS_mremap)
			words[4] = (uint64_t)memory + (r >> 32) % 16 * PAGE;
	}
}

static long make(const struct call *call, const uint64_t *w)
{
	return syscall(call->number, w[0], w[1], w[2], w[3], w[4], w[5]);
}

static bool telling;
static uint64_t the_seed;

static void *make_calls(void *seed)
{
	uint64_t state = (uint64_t)seed;
	for (;;) {
		const struct call *call = &calls[next(&state) % (sizeof calls / sizeof *calls)];
		unsigned rare = rarity(call), known = (unsigned)strlen(call->kinds);
		uint64_t words[6];
		if (!rare || next(&state) % rare)
			continue;
		for (unsigned i = 0; i < 6; i++)
			words[i] = argument(i < known ? call->kinds[i] : 'x', &state);
		tame(call->number, words, next(&state));
		if (telling)
			dprintf(2, "%d %s %#lx %#lx %#lx %#lx %#lx %#lx\n", gettid(), call->name, words[0], words[1], words[2],
			        words[3], words[4], words[5]);
		make(call, words);
	}
	return NULL;
}

static pid_t threads[THREADS];

static void *thread_begin(void *index)
{
	threads[(uint64_t)index] = gettid();
	return make_calls((void *)(the_seed ^ (uint64_t)index << 32));
}

static void interrupted(int signal)
{
	(void)signal;
}

/* So that calls without a deadline come to an end, and every call is one that a signal may come into. */
static void interrupt_them(void)
{
	for (unsigned i = 0;; i++) {
		struct timespec pause = {0, 2000000};
		nanosleep(&pause, NULL);
		if (threads[i % THREADS])
			syscall(SYS_tgkill, getpid(), threads[i % THREADS], SIGUSR1);
	}
}

static void open_things(void)
{
	int pair[2];
	for (unsigned i = 0; i < 2; i++)
		if (pipe2(pair, i ? O_NONBLOCK : 0) || socketpair(AF_UNIX, i ? SOCK_DGRAM : SOCK_STREAM, 0, pair))
			_exit(2);
	static const char *const names[] = {"a", "b", "/tmp", "/dev/zero", "/proc/self/stat", "/bin/busybox", "/dev/ptmx"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		open(names[i], i < 2 ? O_RDWR | O_CREAT : O_RDONLY | O_NOCTTY, 0644);
	eventfd(1, EFD_NONBLOCK);
	epoll_create1(0);
}

static void be_senseless(uint64_t seed)
{
	pthread_t thread;
	int null = open("/dev/null", O_RDWR);
	for (int i = 0; i < (telling ? 2 : 3); i++)
		dup2(null, i);
	setsid();
	if (mkdir(FOLDER, 0755) && errno != EEXIST)
		_exit(2);
	if (chdir(FOLDER))
		_exit(2);
	mkdir("dir", 0755);
	symlink("dir/a", "link");
	mkfifo("fifo", 0600);
	open_things();
	memory = mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		_exit(2);
	for (uint64_t i = 0, state = seed; i < 4 * PAGE;
	        i += 8) { /* numbers, names and addresses, for whoever reads structures */
		uint64_t r = next(&state), word = r % 3 == 0 ? number(r >> 8) : r % 3 == 1 ? pointer(r >> 8) : text(r >> 8);
		memcpy(memory + i, &word, 8);
	}
	mprotect(memory + 4 * PAGE, 4 * PAGE, PROT_READ);
	mprotect(memory + 8 * PAGE, 4 * PAGE, PROT_NONE);
	struct sigaction action = {.sa_handler = interrupted};
	sigaction(SIGUSR1, &action, NULL);
	the_seed = seed;
	for (uint64_t i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, thread_begin, (void *)i);
	interrupt_them();
}

/* They have been all over it. */
static void clear_tmp(void)
{
	pid_t child = fork();
	if (!child) {
		execl("/bin/busybox", "sh", "-c", "cd /tmp && rm -rf -- .[!.]* ..?* *", NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

/* For a moment processes one after another; then everybody is ended whom they may have left, in whatever group or session. */
static void a_moment(uint64_t seed)
{
	pid_t child = 0;
	for (unsigned ms = 0; ms < MOMENT_MS; ms += NAP_MS) {
		if (!child && !(child = fork()))
			be_senseless(seed + (uint64_t)ms);
		usleep(NAP_MS * 1000);
		if (waitpid(child, NULL, WNOHANG) == child)
			child = 0;
	}
	kill(-1, SIGCONT);
	kill(-1, SIGKILL);
	while (child && waitpid(child, NULL, 0) != child)
		;
	clear_tmp();
}

static void some(uint64_t seed, unsigned count)
{
	while (count--)
		a_moment(seed * 0x9e3779b97f4a7c15ull + count + 1);
}

static bool runs_programs(void)
{
	int status = -1;
	pid_t child = fork();
	if (!child) {
		execl("/bin/busybox", "sh", "-c",
		        "[ \"$(echo a b | cat)\" = 'a b' ] && echo text >/tmp/written && grep -q text /tmp/written && rm "
		        "/tmp/written",
		        NULL);
		_exit(1);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(int count, char **arguments)
{
	struct utsname system;
	struct counts before;
	char why[256] = "";
	test_prefix = "linux.random_calls";
	if (uname(&system) || !strstr(system.release, "hearth")) {
		fprintf(stderr, "random_calls: this is no Hearth, and would not outlive it\n");
		return 2;
	}
	unsigned moments = count > 1 ? (unsigned)atoi(arguments[1]) : 40;
	uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 0) : 1;
	telling = getenv("RANDOM_CALLS_TELL");
	counts_slack = SLACK_KIB;
	if (!counts_begin())
		return 1;
	printf("# seed %llu\n", (unsigned long long)seed);
	some(seed, moments / 4);
	bool settled = false;
	for (unsigned round = 1; round <= ROUNDS && !settled; round++) {
		counts_take(&before);
		some(seed + round, moments / ROUNDS);
		settled = counts_settle(&before, why, sizeof why);
	}
	if (!settled)
		printf("# %s\n", why);
	TEST("nothing_is_left_of_processes_that_make_calls_without_sense", settled);
	TEST("programs_pipes_and_files_work_afterwards", runs_programs());
	return test_result();
}
