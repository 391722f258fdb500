/* Two processes that talk: by a pair of pipes, by a stream through one, by words that both wait at; and a signal to oneself. */
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"

#define ROUNDS 200
#define CHUNK 65536
#define CHUNKS 32

/* Operations of futex (2): musl has no header for them. */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

/* The child sends back each byte until there are no more. */
static void measure_round_trip(void)
{
	int there[2], back[2];
	char byte = 0;
	if (pipe(there) || pipe(back)) {
		MEASURE_FAILED("pipe.round_trip: pipe");
		return;
	}
	pid_t child = fork();
	if (!child) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	if (child > 0)
		MEASURE("pipe.round_trip", ROUNDS, if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) break);
	else
		MEASURE_FAILED("pipe.round_trip: fork");
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
	waitpid(child, NULL, 0);
}

static void write_all(int to, const char *from, size_t length)
{
	while (length) {
		ssize_t bytes = write(to, from, length);
		if (bytes <= 0)
			_exit(1);
		from += bytes;
		length -= (size_t)bytes;
	}
}

/* The child writes chunks, one round for each byte that it reads. */
static void measure_stream(void)
{
	static char chunk[CHUNK];
	int data[2], go[2];
	if (pipe(data) || pipe(go)) {
		MEASURE_FAILED("pipe.stream: pipe");
		return;
	}
	pid_t child = fork();
	if (!child) {
		close(go[1]);
		close(data[0]);
		while (read(go[0], chunk, 1) == 1) {
			for (int i = 0; i < CHUNKS; i++)
				write_all(data[1], chunk, CHUNK);
		}
		_exit(0);
	}
	bool good = child > 0;
	if (good)
		MEASURE_EACH(
		        "pipe.stream", "insn/KiB", 1, CHUNKS * CHUNK / 1024, good = write(go[1], "", 1) == 1;
		        for (size_t got = 0; good && got < (size_t)CHUNKS * CHUNK;) {
			        ssize_t bytes = read(data[0], chunk, CHUNK);
			        good = bytes > 0;
			        got += good ? (size_t)bytes : 0;
		        });
	if (!good)
		MEASURE_FAILED("pipe.stream");
	close(data[0]);
	close(data[1]);
	close(go[0]);
	close(go[1]);
	waitpid(child, NULL, 0);
}

static void wait_until(int *word, int value)
{
	int seen;
	while ((seen = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != value)
		syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void set(int *word, int value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void measure_futex(void)
{
	int *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (words == MAP_FAILED) {
		MEASURE_FAILED("futex.round_trip: mmap");
		return;
	}
	int *there = words, *back = words + 64, turn = 0;
	pid_t child = fork();
	if (!child) {
		for (int i = 1;; i++) {
			wait_until(there, i);
			set(back, i);
		}
	}
	if (child > 0) {
		MEASURE("futex.round_trip", ROUNDS, turn++; set(there, turn); wait_until(back, turn));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	} else {
		MEASURE_FAILED("futex.round_trip: fork");
	}
	munmap(words, 4096);
}

static volatile sig_atomic_t signals;

static void count(int number)
{
	(void)number;
	signals++;
}

static void measure_signal(void)
{
	struct sigaction action = {.sa_handler = count};
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGUSR1, &action, NULL)) {
		MEASURE_FAILED("signal.self: sigaction");
		return;
	}
	pid_t self = getpid();
	MEASURE("signal.self", ROUNDS, if (kill(self, SIGUSR1)) break);
	if (signals != ROUNDS * (MEASURE_REPEATS + 1)) {
		fprintf(stderr, "bench: signal.self: the handler ran %d times\n", (int)signals);
		measure_failures++;
	}
}

void measure_streams(void)
{
	measure_round_trip();
	measure_stream();
	measure_futex();
	measure_signal();
}
