/*
 * Calls that few programs need: ids that can not be changed, memory that is locked or grows, files without a name, several messages at
 * once. Started by a shell in Hearth.
 */
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "tests/guest/linux/test.h"

#define PAGE 4096ul

/* The calls themselves: a libc has its own mind of ids. */
static void ids(void)
{
	gid_t groups[] = {0, 0}, others[] = {0, 5};
	TEST("the_id_that_one_has_can_be_set",
	        !syscall(SYS_setuid, 0) && !syscall(SYS_setgid, 0) && !syscall(SYS_setreuid, -1, 0) &&
	                !syscall(SYS_setresgid, 0, -1, 0) && !syscall(SYS_setgroups, 2, groups) &&
	                !syscall(SYS_setgroups, 0, NULL));
	TEST_ERRNO("another_one_nobody_has", syscall(SYS_setuid, 1000), EINVAL);
	TEST_ERRNO("nor_another_group", syscall(SYS_setresgid, 0, 7, 0), EINVAL);
	TEST_ERRNO("nor_one_among_others", syscall(SYS_setgroups, 2, others), EINVAL);
	TEST("setfsuid_tells_what_it_was", !syscall(SYS_setfsuid, 1000) && !syscall(SYS_setfsgid, 1000) && !getuid());
}

static unsigned char *map(unsigned long length)
{
	return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void growing(void)
{
	unsigned char *p = map(8 * PAGE);
	p[0] = 1;
	p[4 * PAGE - 1] = 2;
	munmap(p + 4 * PAGE, 4 * PAGE);
	TEST("memory_grows_in_place_where_there_is_room",
	        mremap(p, 4 * PAGE, 6 * PAGE, 0) == p && p[0] == 1 && !p[6 * PAGE - 1]);
	unsigned char *behind = mmap(p + 6 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	TEST_ERRNO("and_not_where_there_is_none", mremap(p, 6 * PAGE, 7 * PAGE, 0) == MAP_FAILED ? -1 : 0, ENOMEM);
	unsigned char *moved = mremap(p, 6 * PAGE, 20 * PAGE, MREMAP_MAYMOVE);
	TEST("else_it_moves_if_it_may",
	        moved != MAP_FAILED && moved != p && moved[0] == 1 && moved[4 * PAGE - 1] == 2 && !moved[20 * PAGE - 1] &&
	                (moved[19 * PAGE] = 1));
	TEST_ERRNO("and_is_not_there_any_more", msync(p, PAGE, MS_ASYNC) || mlock(p, PAGE) ? -1 : 0, ENOMEM);
	munmap(behind, PAGE);
	munmap(moved, 20 * PAGE);
	/* As a libc's realloc has it. */
	char *text = malloc(300000);
	strcpy(text, "kept");
	for (unsigned long size = 400000; size < 4000000; size *= 2)
		text = realloc(text, size);
	TEST("what_realloc_enlarges_keeps_its_content", !strcmp(text, "kept"));
	free(text);
}

static void locking(void)
{
	unsigned char *p = map(4 * PAGE);
	TEST("memory_can_be_locked", !mlock(p + 5, 2 * PAGE) && !munlock(p, 3 * PAGE) && !syscall(SYS_mlock2, p, PAGE, 1));
	munmap(p + 2 * PAGE, PAGE);
	TEST_ERRNO("but_not_what_is_not_there", mlock(p, 4 * PAGE), ENOMEM);
	TEST_ERRNO("nor_unlocked", munlock(p, 4 * PAGE), ENOMEM);
	munmap(p, 4 * PAGE);
}

static void nameless(void)
{
	struct stat stat;
	char name[64], target[64] = "";
	int fd = (int)syscall(SYS_memfd_create, "a name", 1);
	TEST("a_file_without_a_name",
	        fd >= 0 && !ftruncate(fd, 3 * PAGE) && !fstat(fd, &stat) && stat.st_size == 3 * PAGE && !stat.st_nlink &&
	                fcntl(fd, F_GETFD) == FD_CLOEXEC);
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	TEST("which_proc_tells", readlink(name, target, sizeof target - 1) > 0 && !strcmp(target, "/memfd:a name (deleted)"));
	char *one = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	TEST("it_is_mapped_and_written", one != MAP_FAILED && pwrite(fd, "x", 1, 7) == 1 && one[7] == 'x');
	close(fd);
	TEST_ERRNO("without_seals", syscall(SYS_memfd_create, "x", 2), EINVAL);
}

static void messages(void)
{
	enum { COUNT = 3 };
	int pair[2];
	char in[COUNT][16] = {{0}};
	const char *out[COUNT] = {"one", "three", "fifteen"};
	struct iovec send[COUNT], receive[COUNT];
	struct mmsghdr to[COUNT] = {0}, from[COUNT + 1] = {0};
	for (int i = 0; i < COUNT; i++) {
		send[i] = (struct iovec){(void *)out[i], strlen(out[i])};
		receive[i] = (struct iovec){in[i], sizeof in[i]};
		to[i].msg_hdr = (struct msghdr){.msg_iov = &send[i], .msg_iovlen = 1};
		from[i].msg_hdr = (struct msghdr){.msg_iov = &receive[i], .msg_iovlen = 1};
	}
	TEST("there_is_a_pair", !socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	TEST("several_messages_are_sent", sendmmsg(pair[0], to, COUNT, 0) == COUNT && to[2].msg_len == 7);
	TEST("and_received_as_far_as_there_are_some", recvmmsg(pair[1], from, COUNT + 1, MSG_WAITFORONE, NULL) == COUNT);
	TEST("each_with_its_length",
	        from[0].msg_len == 3 && from[1].msg_len == 5 && !strcmp(in[1], "three") && !strcmp(in[2], "fifteen"));
	TEST_ERRNO("none_is_left", recvmmsg(pair[1], from, 1, MSG_DONTWAIT, NULL), EAGAIN);
	struct timespec wrong = {0, 1000000000};
	TEST_ERRNO("a_time_that_is_none", (int)syscall(SYS_recvmmsg, pair[1], from, 1, 0, &wrong), EINVAL);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	test_prefix = "linux.more";
	ids();
	growing();
	locking();
	nameless();
	messages();
	return test_result();
}
