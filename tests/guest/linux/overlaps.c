/*
 * A program that maps over, unmaps, protects or gives back each part of its own address space as /proc/self/maps lists them, each part in
 * each way in a child of its own. Parts that are not the program's (what answers its Linux calls, with its state) are refused, and it
 * lives; what it does to its own memory it may not survive, and then it ends alone.
 */
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include <fcntl.h>

#define PAGE 4096ul
#define PARTS_MAX 64
#define ARENAS (64ul << 30)
#define ARENAS_SIZE ((1ul << 40) + (64ul << 20))

enum { REFUSED = 40, DONE, HURT };

struct part {
	unsigned long start, end;
	bool of_program; /* its file, its heap, its stack */
};

static struct part parts[PARTS_MAX], before[PARTS_MAX];
static int part_count, before_count;

static void take_line(char *line)
{
	struct part *part = &parts[part_count];
	if (part_count == PARTS_MAX || sscanf(line, "%lx-%lx", &part->start, &part->end) != 2)
		return;
	part->of_program = strchr(line, '/') || strstr(line, "[heap]") || strstr(line, "[stack]");
	part_count++;
}

static bool read_parts(void)
{
	static char text[16384];
	size_t length = 0;
	ssize_t bytes;
	int fd = open("/proc/self/maps", O_RDONLY);
	while ((bytes = read(fd, text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)bytes;
	close(fd);
	text[length] = 0;
	part_count = 0;
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		take_line(line);
	}
	return part_count > 6;
}

static bool map_over(void *at, size_t length)
{
	return mmap(at, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static bool reserve_over(void *at, size_t length)
{
	return mmap(at, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static bool map_over_its_end(void *at, size_t length)
{
	return map_over((char *)at + length - PAGE, 2 * PAGE);
}

static bool unmap(void *at, size_t length)
{
	return !munmap(at, length);
}

static bool unmap_its_first_page(void *at, size_t length)
{
	return length && !munmap((char *)at - PAGE, 2 * PAGE);
}

static bool close_it(void *at, size_t length)
{
	return !mprotect(at, length, PROT_NONE);
}

static bool make_readable(void *at, size_t length)
{
	return !mprotect(at, length, PROT_READ);
}

static bool shrink(void *at, size_t length)
{
	return mremap(at, length, PAGE, 0) != MAP_FAILED;
}

static bool move_onto(void *at, size_t length)
{
	void *other = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mremap(other, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, at) != MAP_FAILED;
}

static bool give_back(void *at, size_t length)
{
	return !madvise(at, length, MADV_DONTNEED);
}

static const struct {
	const char *name;
	bool (*act)(void *at, size_t length);
} ways[] = {{"mapping_over", map_over}, {"reserving_over", reserve_over}, {"mapping_over_the_end_of", map_over_its_end},
        {"unmapping", unmap}, {"unmapping_the_first_page_of", unmap_its_first_page}, {"closing", close_it},
        {"making_readable", make_readable}, {"shrinking", shrink}, {"moving_onto", move_onto}, {"giving_back", give_back}};

/* Calls that need all of the image: files, memory, a process. */
static bool lives(void)
{
	int status, fd = open("/", O_RDONLY), pair[2];
	char byte = 'x';
	bool well = fd >= 0 && !close(fd) && !pipe(pair) && write(pair[1], &byte, 1) == 1 && read(pair[0], &byte, 1) == 1;
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	well = well && memory != MAP_FAILED && !munmap(memory, PAGE);
	pid_t child = fork();
	if (!child)
		_exit(7);
	return well && waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7;
}

/* How it ends; -1 if it does not. */
static int end_of(pid_t child)
{
	const struct timespec moment = {.tv_nsec = 10000000};
	int status = -1;
	for (int i = 0; i < 3000; i++) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
		nanosleep(&moment, NULL);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return -1;
}

static int try(const struct part *part, unsigned way)
{
	pid_t child = fork();
	if (child)
		return end_of(child);
	bool done = ways[way].act((void *)part->start, part->end - part->start);
	_exit(!lives() ? HURT : done ? DONE : REFUSED);
}

static bool is_crash(int status)
{
	return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS || WTERMSIG(status) == SIGILL);
}

static void try_all(unsigned way)
{
	char name[96];
	const struct part *taken = NULL, *lasting = NULL;
	for (int i = 0; i < part_count; i++) {
		int status = try(&parts[i], way);
		bool exited = status >= 0 && WIFEXITED(status);
		if (!parts[i].of_program && !(exited && WEXITSTATUS(status) == REFUSED))
			taken = &parts[i];
		if (parts[i].of_program && !exited && !is_crash(status))
			lasting = &parts[i];
	}
	snprintf(name, sizeof name, "%s_what_is_not_the_programs_is_refused", ways[way].name);
	TEST(name, !taken);
	if (taken)
		printf("# %lx to %lx\n", taken->start, taken->end);
	snprintf(name, sizeof name, "%s_what_is_the_programs_is_survived_or_ends_it", ways[way].name);
	TEST(name, !lasting);
	if (lasting)
		printf("# %lx to %lx\n", lasting->start, lasting->end);
}

static int gate[2];
static void *thread_stack;

static void *sleeper(void *argument)
{
	char byte;
	thread_stack = &byte;
	ssize_t bytes = write(gate[1], "x", 1); /* that it runs */
	while (bytes == 1 && *(volatile bool *)argument)
		usleep(1000);
	return NULL;
}

static bool was_there(unsigned long address)
{
	for (int i = 0; i < before_count; i++) {
		if (address >= before[i].start && address < before[i].end)
			return true;
	}
	return false;
}

/* Of another thread, whose stack itself is the program's to spoil. */
static void threads(void)
{
	static volatile bool wanted = true;
	pthread_t thread;
	char byte;
	memcpy(before, parts, sizeof before);
	before_count = part_count;
	bool runs = !pipe(gate) && !pthread_create(&thread, NULL, sleeper, (void *)&wanted) && read(gate[0], &byte, 1) == 1;
	TEST("a_thread_has_parts_of_its_own", runs && read_parts() && part_count > before_count);
	int tried = 0, refused = 0;
	for (int i = 0; i < part_count; i++) {
		struct part *part = &parts[i];
		unsigned long stack = (unsigned long)thread_stack;
		/* A libc's stack is one mapping with its guard below. */
		if (was_there(part->start) || part->of_program || (stack >= part->start && stack < part->end) ||
		        (i + 1 < part_count && parts[i + 1].start == part->end && stack >= part->end &&
		                stack < parts[i + 1].end))
			continue;
		tried++;
		refused += !unmap((void *)part->start, part->end - part->start);
	}
	TEST("which_are_refused_too", tried > 0 && refused == tried);
	wanted = false;
	TEST("and_it_ends_well", !pthread_join(thread, NULL) && lives());
}

/* As the shadow memory of a sanitizer, which is where it is and large. */
static void everything(void)
{
	void *at = (void *)ARENAS;
	TEST_ERRNO("mapping_over_the_lowest_tebibyte",
	        mmap(at, ARENAS_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED
	                ? -1
	                : 0,
	        ENOMEM);
	TEST_ERRNO("unmapping_it", munmap(at, ARENAS_SIZE), EINVAL);
	TEST_ERRNO("closing_it", mprotect(at, ARENAS_SIZE, PROT_NONE), EACCES);
	TEST("it_lives", lives());
}

int main(void)
{
	test_prefix = "linux.overlaps";
	TEST("maps_can_be_read", read_parts());
	for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++)
		try_all(i);
	everything();
	threads();
	return test_result();
}
