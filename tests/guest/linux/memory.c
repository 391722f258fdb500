/* mmap and its family, brk, and what W^X refuses. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096ul

static void anonymous(void)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST("anonymous_memory_is_zero", p != MAP_FAILED && !p[0] && !p[8 * PAGE - 1]);
	memset(p, 1, 8 * PAGE);
	TEST("a_part_can_be_unmapped", !munmap(p + 2 * PAGE, PAGE));
	char *q = mmap(p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	TEST("a_hole_can_be_filled", q == p + 2 * PAGE && !q[5] && p[2 * PAGE - 1] == 1 && p[3 * PAGE] == 1);
	TEST_ERRNO("no_replace_does_not_replace",
	        (long)mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	q = mmap(p, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	TEST("fixed_replaces_with_zero", q == p && !p[0] && !p[PAGE]);
	char *hint = p + 64 * 1024 * PAGE;
	q = mmap(hint, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST("a_hint_is_only_a_hint", q != MAP_FAILED);
	TEST("protection_none_and_back",
	        !mprotect(p, 2 * PAGE, PROT_NONE) && !mprotect(p, 2 * PAGE, PROT_READ | PROT_WRITE) && !p[0]);
	TEST("a_mapping_shrinks_in_place",
	        mremap(p + 4 * PAGE, 4 * PAGE, PAGE, MREMAP_MAYMOVE) == p + 4 * PAGE && p[4 * PAGE] == 1);
	TEST("all_is_unmapped", !munmap(p, 8 * PAGE));
}

static void refused(void)
{
	TEST_ERRNO("length_zero", (long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
	TEST_ERRNO("no_type", (long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	TEST_ERRNO("too_long", (long)mmap(NULL, 1ul << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	TEST_ERRNO("no_such_descriptor", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 77, 0), EBADF);
	TEST_ERRNO("writable_and_executable",
	        (long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EACCES);
	TEST_ERRNO("unmap_unaligned", munmap((void *)123, PAGE), EINVAL);
	TEST_ERRNO("protect_a_hole", mprotect((void *)0x7ff000000000, PAGE, PROT_READ), ENOMEM);
}

static void of_files(const char *folder)
{
	char name[256];
	snprintf(name, sizeof name, "%s/numbers", folder);
	int fd = open(name, O_RDONLY);
	char direct[PAGE];
	TEST("file_opens", fd >= 0 && pread(fd, direct, PAGE, PAGE) == (ssize_t)PAGE);
	char *read_only = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	TEST("a_file_is_mapped_to_be_read", read_only != MAP_FAILED && !memcmp(read_only, direct, PAGE));
	char *copy = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
	TEST("a_private_copy_is_equal", copy != MAP_FAILED && !memcmp(copy, direct, PAGE));
	copy[0] = '!';
	TEST("writing_a_copy_changes_nothing_else", read_only[0] == direct[0]);
	char *text = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, PAGE);
	TEST("a_file_is_mapped_to_be_executed", text != MAP_FAILED && !memcmp(text, direct, PAGE));
	munmap(read_only, 3 * PAGE);
	munmap(copy, 2 * PAGE);
	munmap(text, PAGE);
	close(fd);
}

/* musl's sbrk always fails. */
static char *set_break(char *to)
{
	return (char *)syscall(SYS_brk, to);
}

static void heap(void)
{
	char *start = set_break(NULL);
	TEST("brk_grows", set_break(start + 100) == start + 100 && set_break(NULL) == start + 100);
	memset(start, 7, 100);
	TEST("brk_grows_far", set_break(start + (3 << 20)) == start + (3 << 20));
	TEST("new_heap_is_zero", !start[100] && !start[(3 << 20) - 1]);
	memset(start, 7, 3 << 20);
	TEST("brk_shrinks", set_break(start) == start && set_break(NULL) == start);
	TEST("regrown_heap_is_zero",
	        set_break(start + (2 << 20)) == start + (2 << 20) && !start[2 * PAGE] && !start[(2 << 20) - 1]);
	TEST("brk_refuses_the_impossible", set_break((char *)0x7fffffffe000) == start + (2 << 20));
	set_break(start);
	void *blocks[200];
	for (int i = 0; i < 200; i++) {
		blocks[i] = malloc((size_t)i * 997);
		memset(blocks[i], i, (size_t)i * 997);
	}
	for (int i = 0; i < 200; i++)
		free(blocks[i]);
	TEST("malloc_works", true);
}

/* What is given back reads as zeros, whatever its protection was meanwhile; shared memory and files stay what they are. */
static void given_back(const char *folder)
{
	char path[256], first;
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 1, 8 * PAGE);
	TEST("given_back_memory_is_zero", !madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED) && !p[PAGE] && !p[3 * PAGE - 1]);
	TEST("its_neighbours_stay", p[PAGE - 1] == 1 && p[3 * PAGE] == 1);
	p[PAGE] = 2;
	TEST("it_can_be_written_again", p[PAGE] == 2);
	TEST("read_only_memory_is_given_back",
	        !mprotect(p, PAGE, PROT_READ) && !madvise(p, PAGE, MADV_DONTNEED) && !p[0] &&
	                !mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	p[0] = 1;
	munmap(p + 4 * PAGE, PAGE);
	TEST_ERRNO("a_hole_is_told", madvise(p, 8 * PAGE, MADV_DONTNEED), ENOMEM);
	TEST("and_passed_over", !p[0] && !p[8 * PAGE - 1]);
	TEST("nothing_is_no_error", !madvise(p, 0, MADV_DONTNEED));
	TEST_ERRNO("half_a_page_is_none", madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
	TEST_ERRNO("unknown_advice", madvise(p, PAGE, 4711), EINVAL);
	munmap(p, 8 * PAGE);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	p[0] = 7;
	TEST("shared_memory_stays", !madvise(p, PAGE, MADV_DONTNEED) && p[0] == 7);
	munmap(p, PAGE);
	snprintf(path, sizeof path, "%s/numbers", folder);
	int fd = open(path, O_RDONLY);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	first = p[0];
	TEST("a_file_stays", first && !madvise(p, PAGE, MADV_DONTNEED) && p[0] == first);
	munmap(p, PAGE);
	close(fd);
}

int main(int count, char **argument)
{
	test_prefix = "linux.memory";
	anonymous();
	given_back(TEST_FOLDER(count, argument));
	refused();
	heap();
	of_files(TEST_FOLDER(count, argument));
	return test_result();
}
