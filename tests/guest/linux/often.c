/*
 * Names that one process asks for often: user/linux then asks their file system directly (user/linux/leases.h), and every answer must be
 * what it was before. Works in a folder of its own below /tmp.
 */
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define OFTEN 100 /* more than a process asks before it learns */
#define THREADS 4

static char folder[64], file[96];

static bool ask_often(const char *name, ino_t expected)
{
	struct stat st;
	for (int i = 0; i < OFTEN; i++)
		if (stat(name, &st) || st.st_ino != expected)
			return false;
	return true;
}

static bool missing(const char *name)
{
	struct stat st;
	return lstat(name, &st) == -1 && errno == ENOENT;
}

static void the_same_file(void)
{
	struct stat open_file, root, above, tmp;
	char around[128];
	int fd = open(file, O_RDWR | O_CREAT | O_EXCL, 0640);
	TEST("made", fd >= 0 && write(fd, "abc", 3) == 3 && !fstat(fd, &open_file) && !stat("/", &root) && !stat("/tmp", &tmp));
	TEST("it_is_the_same_each_time", ask_often(file, open_file.st_ino));
	TEST("relative_and_from_a_directory", ({
		int directory = open(folder, O_RDONLY | O_DIRECTORY);
		bool good = directory >= 0 && !chdir(folder) && ask_often("file", open_file.st_ino);
		good = good && !fstatat(directory, "./file", &above, 0) && above.st_ino == open_file.st_ino;
		snprintf(around, sizeof around, "../..%s", file);
		good && !close(directory) && ask_often(around, open_file.st_ino);
	}));
	TEST("up_and_down_again", !stat("../..", &above) && above.st_ino == root.st_ino && above.st_dev == root.st_dev);
	TEST("the_mount_point_itself", !stat("/tmp/", &above) && above.st_ino == tmp.st_ino && above.st_dev == tmp.st_dev);
	TEST("a_name_that_begins_like_the_mount_point", missing("/tmpx") && missing("/tm"));
	TEST_ERRNO("a_file_is_no_directory", open("file/", O_RDONLY), ENOTDIR);
	TEST("the_mount_point_stays", rmdir("/tmp") == -1 && (errno == EBUSY || errno == ENOTEMPTY));
	TEST_ERRNO("and_is_there", mkdir("/tmp", 0700), EEXIST);
	close(fd);
}

static void made_and_gone(void)
{
	bool good = true;
	char name[128];
	for (int i = 0; good && i < OFTEN; i++) {
		snprintf(name, sizeof name, "%s/%d", folder, i);
		int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		good = fd >= 0 && open(name, O_WRONLY | O_CREAT | O_EXCL, 0600) == -1 && errno == EEXIST && !close(fd);
		good = good && !rename(name, "renamed") && missing(name) && !unlink("renamed") && missing("renamed");
		good = good && !mkdir(name, 0700) && !rmdir(name);
	}
	TEST("a_hundred_come_and_go", good);
}

static void links(void)
{
	struct stat one, two;
	char target[128] = "";
	TEST("links_made", !symlink("/", "root") && !symlink("../../etc", "etc") && !symlink("file", "near"));
	TEST("a_link_out_is_followed",
	        !stat("root", &one) && !stat("/", &two) && one.st_ino == two.st_ino && one.st_dev == two.st_dev);
	TEST("behind_it_too",
	        !stat("root/tmp", &one) && !stat("/tmp", &two) && one.st_ino == two.st_ino && one.st_dev == two.st_dev);
	TEST("round_about", ({
		snprintf(target, sizeof target, "root%s", file);
		!stat(target, &one) && !stat(file, &two) && one.st_ino == two.st_ino;
	}));
	TEST("a_relative_one_too",
	        !stat("etc", &one) && !stat("/etc", &two) && one.st_ino == two.st_ino && one.st_dev == two.st_dev);
	TEST("and_one_that_stays", !stat("near", &one) && !stat("file", &two) && one.st_ino == two.st_ino);
	memset(target, 0, sizeof target);
	TEST("a_link_is_read", readlink("near", target, sizeof target) == 4 && !strcmp(target, "file"));
	TEST("links_gone", !unlink("root") && !unlink("etc") && !unlink("near"));
}

/* The bytes that a pread of this much finds at the place, in `page`; -1: an error. */
static char page[8192];
static long at(int fd, size_t length, off_t place)
{
	memset(page, 'x', sizeof page);
	return pread(fd, page, length, place);
}

/* A file that is read at positions often is read without its server. */
static void reads(void)
{
	int fd = open("read", O_RDWR | O_CREAT, 0600), other = open("read", O_RDWR), writer = open("read", O_WRONLY), status;
	static char written[8192];
	bool good = fd >= 0 && other >= 0 && writer >= 0;
	memset(written, 'w', sizeof written);
	TEST("written", good && write(other, written, 5000) == 5000);
	for (int i = 0; good && i < OFTEN; i++)
		good = at(fd, 4096, 0) == 4096 && at(fd, 4096, 4096) == 904 && page[903] == 'w' && page[904] == 'x';
	TEST("a_hundred_reads", good && at(fd, 10, 5000) == 0 && at(fd, 10, 1ll << 40) == 0);
	TEST("nothing_moves", lseek(fd, 0, SEEK_CUR) == 0);
	TEST("what_others_write", pwrite(other, "new", 3, 4999) == 3 && at(fd, 10, 4998) == 4 && !memcmp(page, "wnew", 4));
	TEST("a_shorter_file", !ftruncate(other, 100) && at(fd, 4096, 0) == 100 && at(fd, 10, 100) == 0);
	TEST("a_longer_one",
	        !ftruncate(other, 6000) && at(fd, 8192, 90) == 5910 && page[9] == 'w' && page[10] == 0 && page[5909] == 0);
	TEST("an_empty_one", !truncate("read", 0) && at(fd, 10, 0) == 0);
	TEST("written_again", pwrite(other, "again", 5, 0) == 5 && at(fd, 10, 0) == 5 && !memcmp(page, "again", 5));
	TEST("appended", lseek(other, 0, SEEK_END) == 5 && write(other, "!", 1) == 1 && at(fd, 10, 4) == 2 && page[1] == '!');
	TEST_ERRNO("into_nowhere", pread(fd, (void *)~0xfffful, 5, 0), EFAULT);
	TEST_ERRNO("at_no_place", pread(fd, page, 5, -1), EINVAL);
	TEST_ERRNO("by_a_writer", pread(writer, page, 5, 0), EBADF);
	pid_t child = fork();
	if (!child) {
		good = true;
		for (int i = 0; good && i < 10; i++)
			good = at(fd, 10, 0) == 6 && !memcmp(page, "again!", 6);
		_exit(good && !ftruncate(fd, 3) && !close(fd) ? 0 : 1);
	}
	TEST("a_child_reads_too", child > 0 && waitpid(child, &status, 0) == child && !status && at(fd, 10, 0) == 3);
	child = vfork();
	if (!child)
		_exit(at(fd, 10, 0) == 3 ? 0 : 1);
	TEST("and_a_borrower", child > 0 && waitpid(child, &status, 0) == child && !status && at(fd, 10, 0) == 3);
	int second = dup(fd);
	TEST("a_duplicate_and_no_name", !close(fd) && !unlink("read") && at(second, 10, 0) == 3 && !memcmp(page, "aga", 3));
	fd = open("/proc/self/exe", O_RDONLY);
	good = fd >= 0;
	for (int i = 0; good && i < OFTEN; i++)
		good = at(fd, 4, 0) == 4 && !memcmp(page, "\177ELF", 4);
	TEST("a_program_too", good && at(fd, 10, lseek(fd, 0, SEEK_END)) == 0 && at(fd, 10, lseek(fd, 0, SEEK_END) - 3) == 3);
	TEST("closed", !close(fd) && !close(second) && !close(other) && !close(writer));
	TEST_ERRNO("and_not_read", pread(second, page, 1, 0), EBADF);
	fd = open("small", O_RDWR | O_CREAT, 0600);
	good = write(fd, "small", 5) == 5;
	for (int i = 0; good && i < OFTEN; i++)
		good = at(fd, 10, 0) == 5;
	TEST("a_small_file_grows", good && pwrite(fd, written, 8192, 5) == 8192);
	for (int i = 0; good && i < OFTEN; i++)
		good = at(fd, 10, 0) == 10 && at(fd, 10, 8190) == 7;
	TEST("and_is_what_it_is", good && !ftruncate(fd, 5) && at(fd, 10, 0) == 5 && !close(fd) && !unlink("small"));
}

/* The first bytes of a file, by a descriptor that is closed again. */
static bool is(const char *name, const char *expected)
{
	char bytes[16] = "";
	int fd = open(name, O_RDONLY);
	bool good = fd >= 0 && read(fd, bytes, sizeof bytes) == (long)strlen(expected) &&
	        !memcmp(bytes, expected, strlen(expected));
	return (fd < 0 || !close(fd)) && good;
}

static bool make(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	return fd >= 0 && write(fd, text, strlen(text)) == (long)strlen(text) && !close(fd);
}

/* Whether the descriptor, sent to oneself, closed and received, is still of the same file after another was opened. */
static bool pass(int fd, const char *expected)
{
	int pair[2], got = -1;
	char byte = 0, bytes[16] = "";
	_Alignas(8) char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return false;
	*header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	bool good = sendmsg(pair[0], &message, 0) == 1 && !close(fd) && is("two", "two!");
	int other = open("two", O_RDONLY);
	good = good && recvmsg(pair[1], &message, 0) == 1 && (header = CMSG_FIRSTHDR(&message));
	if (good)
		memcpy(&got, CMSG_DATA(header), sizeof got);
	good = good && pread(got, bytes, sizeof bytes, 0) == (long)strlen(expected) &&
	        !memcmp(bytes, expected, strlen(expected));
	return !close(other) && !close(pair[0]) && !close(pair[1]) && !close(got) && good;
}

/* Names that are opened and closed often: the sender of one that was closed serves for the next. */
static void opens(void)
{
	bool good = make("one", "one") && make("two", "two!");
	char bytes[16];
	struct stat st;
	int status, go[2];
	for (int i = 0; good && i < OFTEN; i++)
		good = is("one", "one") && is("two", "two!") && open("none", O_RDONLY) == -1 && errno == ENOENT;
	TEST("each_is_itself", good);
	int one = open("one", O_RDWR), again = open("one", O_RDONLY), two = open("two", O_RDONLY);
	TEST("several_at_once", read(one, bytes, 1) == 1 && read(again, bytes, 16) == 3 && read(two, bytes, 16) == 4);
	TEST("each_has_its_place", read(one, bytes, 16) == 2 && !memcmp(bytes, "ne", 2) && !close(again));
	TEST("access_is_the_new_ones", ({
		again = open("one", O_WRONLY);
		errno = 0;
		read(again, bytes, 1) == -1 && errno == EBADF && !close(again);
	}));
	TEST("a_name_that_is_taken_away", !unlink("two") && !close(two) && open("two", O_RDONLY) == -1 && make("two", "two!"));
	TEST("what_is_closed_is_gone", ({
		two = open("two", O_RDONLY);
		good = !link("two", "three") && !fstat(two, &st) && st.st_nlink == 2 && !unlink("three") && !close(two);
		good &&fstat(two, &st) == -1 && errno == EBADF;
	}));
	TEST("locks_go", ({
		again = open("one", O_RDONLY);
		good = !flock(one, LOCK_EX) && flock(again, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK;
		good && !close(one) && is("two", "two!") && !flock(again, LOCK_EX | LOCK_NB) && !close(again);
	}));
	TEST("truncated_and_appended", make("one", "x") && is("one", "x") && make("one", "one") && is("one", "one") && ({
		again = open("one", O_WRONLY | O_APPEND);
		write(again, "+", 1) == 1 && !close(again) && is("one", "one+") && make("one", "one");
	}));
	TEST("a_directory",
	        (two = open(".", O_RDONLY | O_DIRECTORY)) >= 0 && faccessat(two, "one", F_OK, 0) == 0 && !close(two));
	one = open("one", O_RDONLY);
	pid_t child = pipe(go) ? -1 : fork();
	if (!child) {
		good = read(go[0], bytes, 1) == 1 && pread(one, bytes, 16, 0) == 3 && !memcmp(bytes, "one", 3);
		_exit(good && !close(one) && is("two", "two!") ? 0 : 1);
	}
	good = !close(one) && (two = open("two", O_RDONLY)) >= 0 && write(go[1], "", 1) == 1;
	TEST("a_child_keeps_what_its_parent_closes", good && waitpid(child, &status, 0) == child && !status);
	TEST("and_its_parent_what_it_opened", read(two, bytes, 16) == 4 && !memcmp(bytes, "two!", 4) && !close(two));
	one = open("one", O_RDONLY);
	child = vfork();
	if (!child)
		_exit(!close(one) && is("two", "two!") ? 0 : 1);
	TEST("a_lender_keeps_what_is_closed_in_its_memory",
	        waitpid(child, &status, 0) == child && !status && is("two", "two!") && read(one, bytes, 16) == 3 &&
	                !close(one));
	TEST("so_does_who_is_sent_it", (one = open("one", O_RDONLY)) >= 0 && pass(one, "one"));
	TEST("opened_and_gone", !close(go[0]) && !close(go[1]) && !unlink("one") && !unlink("two"));
}

static void *ask(void *inode)
{
	for (int i = 0; i < 20; i++)
		if (!ask_often(file, (ino_t)(uintptr_t)inode) || !is(file, "abc"))
			return NULL;
	return inode;
}

/* A process that has not asked yet, in which several threads learn at once. */
static bool ask_by_threads(void)
{
	pthread_t thread[THREADS];
	struct stat st;
	bool good = !stat(file, &st);
	for (int i = 0; good && i < THREADS; i++)
		good = !pthread_create(&thread[i], NULL, ask, (void *)(uintptr_t)st.st_ino);
	for (int i = 0; good && i < THREADS; i++) {
		void *result;
		good = !pthread_join(thread[i], &result) && result;
	}
	return good;
}

static bool in_child(bool (*what)(void))
{
	int status;
	pid_t child = fork();
	if (!child)
		_exit(what() ? 0 : 1);
	return child > 0 && waitpid(child, &status, 0) == child && !status;
}

/* One that is a copy of a process which knows, and asks often itself. */
static bool ask_alone(void)
{
	struct stat st;
	return !stat(file, &st) && ask_often(file, st.st_ino) && in_child(ask_by_threads) && ask_often(file, st.st_ino);
}

static void processes(void)
{
	struct stat st;
	TEST("threads_learn_together", in_child(ask_by_threads));
	TEST("a_child_learns_for_itself", in_child(ask_alone));
	TEST("and_its_parent_goes_on", !stat(file, &st) && ask_often(file, st.st_ino));
	pid_t child = vfork();
	if (!child) {
		static const char *const program[] = {"/proc/self/exe", "again", NULL};
		for (int i = 0; i < OFTEN; i++)
			if (stat(file, &st))
				_exit(1);
		execv(program[0], (char *const *)program);
		_exit(2);
	}
	int status = 0;
	TEST("a_borrower_learns_for_itself_and_so_does_its_next_program",
	        child > 0 && waitpid(child, &status, 0) == child && status == 3 << 8);
	TEST("and_the_lender_goes_on", !stat(file, &st) && ask_often(file, st.st_ino));
}

int main(int argc, char **argv)
{
	struct stat st;
	if (argc > 1 && !strcmp(argv[1], "again"))
		return !stat("file", &st) && ask_often("file", st.st_ino) ? 3 : 4;
	test_prefix = "linux.often";
	umask(022);
	snprintf(folder, sizeof folder, "/tmp/often.%d", (int)getpid());
	snprintf(file, sizeof file, "%s/file", folder);
	TEST("a_folder_of_its_own", !mkdir(folder, 0755));
	the_same_file();
	made_and_gone();
	links();
	reads();
	opens();
	processes();
	TEST("everything_is_gone", !unlink(file) && !chdir("/") && !rmdir(folder) && missing(folder));
	return test_result();
}
