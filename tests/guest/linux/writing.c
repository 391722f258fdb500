/*
 * Files that are written: everything that Linux promises of names, contents, times, locks and mappings in a file system that
 * can be changed. Works in a folder of its own below /tmp.
 */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <utime.h>

static char folder[64];

static int make(const char *name, const char *text)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (fd >= 0 && write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -1;
	return fd;
}

static bool holds(const char *name, const char *text)
{
	char buffer[256];
	int fd = open(name, O_RDONLY);
	ssize_t length = read(fd, buffer, sizeof buffer);
	close(fd);
	return length == (ssize_t)strlen(text) && !memcmp(buffer, text, (size_t)length);
}

static ino_t number(const char *name)
{
	struct stat st;
	return lstat(name, &st) ? 0 : st.st_ino;
}

static nlink_t links(const char *name)
{
	struct stat st;
	return lstat(name, &st) ? 0 : st.st_nlink;
}

static off_t size_of(int fd)
{
	struct stat st;
	return fstat(fd, &st) ? -1 : st.st_size;
}

static void making(void)
{
	struct stat st;
	char buffer[64];
	int fd = make("a", "hello");
	TEST("create_and_write", fd >= 0 && size_of(fd) == 5 && lseek(fd, 0, SEEK_CUR) == 5);
	TEST("read_back", pread(fd, buffer, 64, 0) == 5 && !memcmp(buffer, "hello", 5));
	TEST("mode_is_masked", !fstat(fd, &st) && (st.st_mode & 07777) == 0644 && st.st_nlink == 1 && S_ISREG(st.st_mode));
	TEST("pwrite_moves_nothing", pwrite(fd, "J", 1, 0) == 1 && lseek(fd, 0, SEEK_CUR) == 5 && holds("a", "Jello"));
	close(fd);
	TEST_ERRNO("exclusive", open("a", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	fd = open("a", O_WRONLY | O_APPEND);
	TEST("append",
	        write(fd, "!", 1) == 1 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, "?", 1) == 1 && holds("a", "Jello!?"));
	TEST_ERRNO("write_only_is_not_read", read(fd, buffer, 1), EBADF);
	close(fd);
	fd = open("a", O_WRONLY | O_TRUNC);
	TEST("truncated_at_the_opening", size_of(fd) == 0);
	close(fd);
	TEST_ERRNO("no_file_below_a_file", open("a/b", O_CREAT | O_RDWR, 0600), ENOTDIR);
	TEST_ERRNO("no_file_in_nothing", open("nothing/b", O_CREAT | O_RDWR, 0600), ENOENT);
	TEST_ERRNO("no_file_with_a_slash", open("b/", O_CREAT | O_RDWR, 0600), EISDIR);
	TEST_ERRNO("a_directory_is_not_written", open(".", O_RDWR), EISDIR);
	TEST_ERRNO("no_nameless_files", open(".", O_TMPFILE | O_RDWR, 0600), EOPNOTSUPP);
	TEST("creat", (fd = creat("c", 0777)) >= 0 && !fstat(fd, &st) && (st.st_mode & 07777) == 0755);
	close(fd);
	TEST("unlink", !unlink("c") && access("c", F_OK));
	TEST_ERRNO("unlink_nothing", unlink("c"), ENOENT);
	fd = make("gone", "still here");
	TEST("unlinked_but_open", !unlink("gone") && pread(fd, buffer, 64, 0) == 10 && !fstat(fd, &st) && st.st_nlink == 0);
	TEST("and_can_be_made_anew", make("gone", "new") >= 0 && holds("gone", "new") && size_of(fd) == 10);
}

static void directories(void)
{
	struct stat st;
	TEST("mkdir",
	        !mkdir("d", 0777) && !stat("d", &st) && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0755 && st.st_nlink == 2);
	TEST_ERRNO("mkdir_again", mkdir("d", 0777), EEXIST);
	TEST_ERRNO("mkdir_over_a_file", mkdir("a", 0777), EEXIST);
	TEST_ERRNO("mkdir_here", mkdir(".", 0777), EEXIST);
	TEST_ERRNO("mkdir_in_nothing", mkdir("x/y", 0777), ENOENT);
	TEST("mkdir_with_a_slash", !mkdir("d/e/", 0700) && links("d") == 3);
	TEST_ERRNO("rmdir_with_something_in_it", rmdir("d"), ENOTEMPTY);
	TEST_ERRNO("rmdir_of_a_file", rmdir("a"), ENOTDIR);
	TEST_ERRNO("rmdir_of_dot", rmdir("d/e/."), EINVAL);
	TEST_ERRNO("rmdir_of_dots", rmdir("d/e/.."), ENOTEMPTY);
	TEST_ERRNO("unlink_of_a_directory", unlink("d/e"), EISDIR);
	TEST_ERRNO("unlink_of_a_file_with_a_slash", unlink("a/"), ENOTDIR);
	TEST("rmdir", !rmdir("d/e") && links("d") == 2 && !rmdir("d/"));
	TEST_ERRNO("a_link_to_a_directory", (mkdir("d", 0755), link("d", "dd")), EPERM);
	int here = open("d", O_RDONLY | O_DIRECTORY);
	TEST("mkdirat", !mkdirat(here, "in", 0755) && !access("d/in", F_OK) && !unlinkat(here, "in", AT_REMOVEDIR));
	TEST("openat_creates", close(openat(here, "f", O_CREAT | O_RDWR, 0600)) == 0 && !access("d/f", F_OK));
	TEST("unlinkat", !unlinkat(here, "f", 0) && access("d/f", F_OK));
	TEST("a_removed_directory_takes_nothing",
	        !rmdir("d") && openat(here, "f", O_CREAT | O_RDWR, 0600) == -1 && errno == ENOENT);
	close(here);
}

static void renaming(void)
{
	close(make("one", "1"));
	close(make("two", "2"));
	ino_t one = number("one");
	TEST("rename", !rename("one", "uno") && number("uno") == one && access("one", F_OK));
	TEST("rename_over", !rename("uno", "two") && number("two") == one && holds("two", "1"));
	TEST_ERRNO("rename_nothing", rename("one", "x"), ENOENT);
	mkdir("d1", 0755);
	mkdir("d2", 0755);
	mkdir("d2/sub", 0755);
	TEST("rename_into_a_directory", !rename("two", "d1/two") && holds("d1/two", "1"));
	TEST_ERRNO("rename_a_directory_over_a_full_one", rename("d1", "d2"), ENOTEMPTY);
	TEST_ERRNO("rename_a_file_over_a_directory", rename("d1/two", "d2"), EISDIR);
	TEST_ERRNO("rename_a_directory_over_a_file", rename("d2", "d1/two"), ENOTDIR);
	TEST_ERRNO("rename_into_itself", rename("d2", "d2/sub/x"), EINVAL);
	TEST_ERRNO("rename_a_file_with_a_slash", rename("d1/two/", "x"), ENOTDIR);
	TEST("rename_a_directory", !rename("d2/sub", "d1/sub") && links("d2") == 2 && links("d1") == 3);
	TEST("rename_over_an_empty_one", !rename("d1", "d2") && holds("d2/two", "1") && links("d2") == 3);
	TEST("rename_to_itself", !rename("d2/two", "d2/two") && holds("d2/two", "1"));
	close(make("three", "3"));
	TEST_ERRNO("rename_without_replacing", syscall(SYS_renameat2, AT_FDCWD, "three", AT_FDCWD, "d2/two", 1), EEXIST);
	TEST("rename_exchanges",
	        !syscall(SYS_renameat2, AT_FDCWD, "three", AT_FDCWD, "d2/two", 2) && holds("three", "1") &&
	                holds("d2/two", "3"));
}

static void linking(void)
{
	char buffer[64];
	struct stat st;
	close(make("l1", "text"));
	TEST("link", !link("l1", "l2") && links("l1") == 2 && number("l1") == number("l2"));
	TEST_ERRNO("link_over", link("l1", "l2"), EEXIST);
	TEST("unlink_one_of_two", !unlink("l1") && links("l2") == 1 && holds("l2", "text"));
	TEST("both_names_of_one_file_renamed", !link("l2", "l3") && !rename("l2", "l3") && links("l2") == 2);
	TEST("symlink",
	        !symlink("l2", "s") && readlink("s", buffer, 64) == 2 && holds("s", "text") && !lstat("s", &st) &&
	                S_ISLNK(st.st_mode));
	TEST_ERRNO("symlink_over", symlink("x", "s"), EEXIST);
	TEST("symlink_to_nowhere_is_written_through",
	        !symlink("new", "t") && close(make("t", "through")) == 0 && holds("new", "through"));
	TEST("unlink_takes_the_link", !unlink("t") && holds("new", "through"));
	TEST("link_of_a_link", !link("s", "s2") && !lstat("s2", &st) && S_ISLNK(st.st_mode));
	TEST("linkat_follows", !linkat(AT_FDCWD, "s", AT_FDCWD, "f2", AT_SYMLINK_FOLLOW) && number("f2") == number("l2"));
	TEST_ERRNO("open_no_follow", open("s", O_RDONLY | O_NOFOLLOW), ELOOP);
	TEST_ERRNO("a_loop", (symlink("y", "x"), symlink("x", "y"), open("x", O_RDONLY)), ELOOP);
	mkdir("dir", 0755);
	symlink("dir", "ld");
	TEST("through_a_link_to_a_directory", close(make("ld/f", "f")) == 0 && holds("dir/f", "f"));
	symlink("../l2", "dir/up");
	TEST("up_and_over", holds("dir/up", "text"));
	char absolute[128];
	snprintf(absolute, sizeof absolute, "%s/l2", folder);
	TEST("an_absolute_link", !symlink(absolute, "abs") && holds("abs", "text"));
	TEST("a_link_to_another_file_system", !symlink("/dev/null", "null") && (close(open("null", O_WRONLY | O_TRUNC)) == 0));
	TEST("a_link_over_two_more", !symlink("abs", "abs2") && !symlink("abs2", "abs3") && holds("abs3", "text"));
	TEST("rename_behind_a_link", !symlink(folder, "self") && !rename("self/f2", "self/f3") && number("f3") == number("l2"));
	TEST_ERRNO("a_directory_behind_a_link", rmdir("ld"), ENOTDIR);
}

static void sizes(void)
{
	char buffer[8192];
	struct stat st;
	int fd = make("s1", "0123456789");
	TEST("ftruncate_down", !ftruncate(fd, 4) && size_of(fd) == 4 && holds("s1", "0123"));
	TEST("ftruncate_up_is_zeros",
	        !ftruncate(fd, 10) && pread(fd, buffer, 64, 0) == 10 && !memcmp(buffer, "0123\0\0\0\0\0\0", 10));
	TEST("truncate", !truncate("s1", 2) && size_of(fd) == 2);
	TEST_ERRNO("truncate_negative", ftruncate(fd, -1), EINVAL);
	TEST_ERRNO("truncate_a_directory", truncate(".", 0), EISDIR);
	TEST("a_hole", pwrite(fd, "x", 1, 1 << 20) == 1 && size_of(fd) == (1 << 20) + 1);
	memset(buffer, 1, sizeof buffer);
	bool zeros = pread(fd, buffer, 8192, 8192) == 8192;
	for (unsigned i = 0; i < sizeof buffer; i++)
		zeros = zeros && !buffer[i];
	TEST("a_hole_is_zeros", zeros);
	TEST("a_hole_takes_no_room", !fstat(fd, &st) && st.st_blocks < 64);
	TEST("far_behind_the_end",
	        pwrite(fd, "y", 1, 1ll << 40) == 1 && size_of(fd) == (1ll << 40) + 1 && pread(fd, buffer, 9, 1ll << 40) == 1 &&
	                buffer[0] == 'y');
	TEST("shorter_again", !ftruncate(fd, 3) && size_of(fd) == 3 && !fstat(fd, &st) && st.st_blocks <= 8);
	TEST("fallocate", !fallocate(fd, 0, 0, 10000) && size_of(fd) == 10000);
	TEST("fallocate_keeps_the_size", !fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20000) && size_of(fd) == 10000);
	memset(buffer, 'z', sizeof buffer);
	pwrite(fd, buffer, 8192, 0);
	TEST("punch_a_hole",
	        !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 5000) && pread(fd, buffer, 8192, 0) == 8192 &&
	                buffer[99] == 'z' && !buffer[100] && !buffer[5099] && buffer[5100] == 'z');
	TEST("seek_data", lseek(fd, 5, SEEK_DATA) == 5 && lseek(fd, 0, SEEK_END) == 10000);
	TEST_ERRNO("seek_data_behind_the_end", lseek(fd, 10000, SEEK_DATA), ENXIO);
	close(fd);

	int large = open("large", O_RDWR | O_CREAT | O_TRUNC, 0644);
	unsigned sum = 0, again = 0;
	for (unsigned i = 0; i < 300; i++) {
		memset(buffer, (int)(i * 7 & 255), sizeof buffer);
		if (write(large, buffer, sizeof buffer) != sizeof buffer)
			break;
		sum += (i * 7 & 255) * 8192;
	}
	lseek(large, 0, SEEK_SET);
	for (ssize_t bytes; (bytes = read(large, buffer, sizeof buffer)) > 0;)
		for (ssize_t i = 0; i < bytes; i++)
			again += (unsigned char)buffer[i];
	TEST("two_megabytes", size_of(large) == 300 * 8192 && sum == again);
	struct iovec parts[] = {{(char[]){"abc"}, 3}, {(char[]){"defg"}, 4}};
	TEST("pwritev", pwritev(large, parts, 2, 5) == 7 && pread(large, buffer, 7, 5) == 7 && !memcmp(buffer, "abcdefg", 7));
	TEST("preadv", preadv(large, parts, 2, 6) == 7 && !memcmp(parts[0].iov_base, "bcd", 3));
	TEST_ERRNO("write_from_nowhere", write(large, (void *)~0xfffful, 5), EFAULT);
	close(large);
}

static void attributes(void)
{
	struct stat st;
	int fd = make("m", "x");
	TEST("chmod", !chmod("m", 04711) && !stat("m", &st) && (st.st_mode & 07777) == 04711);
	TEST("fchmod", !fchmod(fd, 0600) && !stat("m", &st) && (st.st_mode & 07777) == 0600);
	TEST("chown_is_kept", !chown("m", 12, 34) && !stat("m", &st) && st.st_uid == 12 && st.st_gid == 34);
	TEST("chown_leaves_what_is_minus_one",
	        !fchown(fd, (uid_t)-1, 56) && !stat("m", &st) && st.st_uid == 12 && st.st_gid == 56);
	symlink("m", "lm");
	TEST("lchown", !lchown("lm", 7, 8) && !stat("m", &st) && st.st_uid == 12 && !lstat("lm", &st) && st.st_uid == 7);
	struct timespec times[] = {{1000, 1}, {2000, 2}};
	TEST("utimensat",
	        !utimensat(AT_FDCWD, "m", times, 0) && !stat("m", &st) && st.st_atim.tv_sec == 1000 &&
	                st.st_atim.tv_nsec == 1 && st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 2);
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_nsec = UTIME_NOW;
	TEST("utime_omit_and_now",
	        !futimens(fd, times) && !stat("m", &st) && st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec > 2000);
	TEST_ERRNO("utimensat_nonsense", (times[0].tv_nsec = 1000000000, futimens(fd, times)), EINVAL);
	TEST("utimes",
	        !utimes("m", (struct timeval[]){{5, 6}, {7, 8}}) && !stat("m", &st) && st.st_mtim.tv_sec == 7 &&
	                st.st_mtim.tv_nsec == 8000);
	TEST("before_1970",
	        !utimensat(AT_FDCWD, "m", (struct timespec[]){{-5, 0}, {-7, 5}}, 0) && !stat("m", &st) &&
	                st.st_mtim.tv_sec == -7);
	TEST("a_write_sets_the_time", write(fd, "y", 1) == 1 && !stat("m", &st) && st.st_mtim.tv_sec > 2000);
	TEST("access_as_root", !chmod("m", 0) && !access("m", R_OK | W_OK) && access("m", X_OK) == -1 && errno == EACCES);
	struct {
		uint32_t mask, block_size;
		uint64_t attributes;
		uint32_t links, uid, gid;
		uint16_t mode, unused;
		uint64_t file, size;
		char rest[256 - 48];
	} sx; /* the beginning of struct statx, which musl does not have */
	TEST("statx",
	        !syscall(SYS_statx, AT_FDCWD, "m", 0, 0x7ff, &sx) && sx.size == 2 && sx.file == st.st_ino && S_ISREG(sx.mode));
	struct statfs sf;
	TEST("statfs",
	        !statfs(".", &sf) && sf.f_bsize == 4096 && sf.f_blocks > 1000 && sf.f_bfree <= sf.f_blocks &&
	                sf.f_namelen == 255);
	TEST("fstatfs", !fstatfs(fd, &sf) && sf.f_files > 1000 && sf.f_ffree < sf.f_files);
	TEST("fifos_have_names", !mkfifo("fifo", 0644) && !stat("fifo", &st) && S_ISFIFO(st.st_mode) && !unlink("fifo"));
	TEST("mknod_of_a_file", !mknod("node", S_IFREG | 0644, 0) && !stat("node", &st) && S_ISREG(st.st_mode));
	TEST("fsync", !fsync(fd) && !fdatasync(fd) && (sync(), true));
	close(fd);
}

static void mapping(void)
{
	char buffer[16];
	int fd = make("map", "0123456789");
	char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	TEST("a_shared_mapping", shared != MAP_FAILED && !memcmp(shared, "0123456789", 11));
	if (shared == MAP_FAILED)
		return;
	shared[0] = 'm';
	TEST("a_mapping_is_written_and_read", pread(fd, buffer, 10, 0) == 10 && !memcmp(buffer, "m123456789", 10));
	TEST("and_the_other_way", pwrite(fd, "WW", 2, 4) == 2 && !memcmp(shared, "m123WW6789", 10));
	char *second = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	shared[9] = '!';
	TEST("two_mappings_are_one", second != MAP_FAILED && second[9] == '!' && !msync(shared, 4096, MS_SYNC));
	shared[50] = 'b';
	TEST("behind_the_end_is_not_the_file",
	        !ftruncate(fd, 100) && pread(fd, buffer, 1, 50) == 1 && !buffer[0] && !shared[50]);
	char *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	TEST("a_private_mapping", private != MAP_FAILED && private[0] == 'm');
	private[0] = 'p';
	TEST("is_the_programs_own", shared[0] == 'm' && pread(fd, buffer, 1, 0) == 1 && buffer[0] == 'm');
	TEST("a_file_grows_under_its_mapping", pwrite(fd, "g", 1, 20000) == 1 && shared[0] == 'm');
	int reader = open("map", O_RDONLY);
	TEST_ERRNO("read_only_is_not_mapped_for_writing", (int)(intptr_t)mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, reader, 0),
	        EACCES);
	close(reader);
	close(fd);
	TEST("a_mapping_outlives_its_file", !unlink("map") && shared[0] == 'm' && (shared[1] = 'n') == second[1]);
	munmap(shared, 4096);
	munmap(second, 4096);
	munmap(private, 4096);
}

static int set_lock(int fd, int command, short type, off_t start, off_t length)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
	return fcntl(fd, command, &lock);
}

static void locking(void)
{
	int fd = make("lock", "0123456789"), other = open("lock", O_RDWR);
	TEST("flock", !flock(fd, LOCK_EX));
	TEST_ERRNO("flock_of_another_open_file", flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	TEST("flock_becomes_shared", !flock(fd, LOCK_SH) && !flock(other, LOCK_SH | LOCK_NB) && !flock(other, LOCK_UN));
	TEST("flock_goes_with_the_file", !flock(fd, LOCK_EX) && !close(fd) && !flock(other, LOCK_EX | LOCK_NB));
	fd = open("lock", O_RDWR);
	TEST("a_range_is_locked", !set_lock(fd, F_SETLK, F_WRLCK, 0, 5) && !set_lock(fd, F_SETLK, F_RDLCK, 2, 10));
	TEST("ones_own_is_not_in_the_way", !set_lock(other, F_SETLKW, F_WRLCK, 0, 0));
	struct flock test = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -3};
	TEST("getlk", !fcntl(fd, F_GETLK, &test) && test.l_type == F_UNLCK);
	TEST("unlock", !set_lock(fd, F_SETLK, F_UNLCK, 0, 0));
	int reader = open("lock", O_RDONLY);
	TEST_ERRNO("a_reader_does_not_lock_for_writing", set_lock(reader, F_SETLK, F_WRLCK, 0, 1), EBADF);
	TEST_ERRNO("a_lock_of_no_kind", set_lock(fd, F_SETLK, 17, 0, 1), EINVAL);
	TEST("dupfd_cloexec", fcntl(fd, F_DUPFD_CLOEXEC, 60) == 60 && fcntl(60, F_GETFD) == FD_CLOEXEC && !close(60));
	close(reader);
	close(other);
	close(fd);
}

static void copying(void)
{
	int in = make("in", "0123456789"), out = make("out", "");
	off_t place = 2;
	TEST("sendfile",
	        sendfile(out, in, &place, 5) == 5 && place == 7 && holds("out", "23456") && lseek(in, 0, SEEK_CUR) == 10);
	lseek(in, 8, SEEK_SET);
	int ends[2] = {-1, -1};
	TEST_ERRNO("sendfile_from_a_pipe", pipe(ends) == 0 ? sendfile(out, ends[0], NULL, 5) : 0, EINVAL);
	close(ends[0]);
	close(ends[1]);
	TEST("sendfile_from_the_position",
	        sendfile(out, in, NULL, 50) == 2 && holds("out", "2345689") && lseek(in, 0, SEEK_CUR) == 10);
	off_t from = 0, to = 1;
	TEST("copy_file_range",
	        syscall(SYS_copy_file_range, in, &from, out, &to, 3, 0) == 3 && from == 3 && to == 4 &&
	                holds("out", "2012689"));
	close(in);
	close(out);
}

/* Names that stay are listed exactly once although others come and go. */
static void many(void)
{
	enum { COUNT = 2000 };
	static unsigned char seen[COUNT];
	char name[32];
	mkdir("many", 0755);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "many/%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
	DIR *dir = opendir("many");
	struct dirent *entry;
	int i = 0, wrong = 0;
	while (dir && (entry = readdir(dir))) {
		int n = atoi(entry->d_name);
		if (entry->d_name[0] == '.' || entry->d_name[0] == 'x')
			continue;
		seen[n]++;
		if (n % 2) {
			snprintf(name, sizeof name, "many/%d", n);
			wrong += unlink(name) != 0;
		}
		snprintf(name, sizeof name, "many/x%d", i++ % 100);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
	for (int n = 0; n < COUNT; n += 2)
		wrong += seen[n] != 1;
	TEST("a_listing_stands_still", dir && !wrong);
	if (!dir)
		return;
	rewinddir(dir);
	long place = -1;
	char at[256] = "";
	for (int n = 0; n < 500 && (entry = readdir(dir)); n++)
		if (n == 250)
			place = telldir(dir);
		else if (n == 251)
			strcpy(at, entry->d_name);
	seekdir(dir, place);
	TEST("seekdir_goes_back", (entry = readdir(dir)) && !strcmp(entry->d_name, at));
	closedir(dir);
	TEST_ERRNO("a_long_name", open((char[300]){[0 ... 298] = 'n'}, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
	TEST("the_longest_name",
	        close(open((char[256]){[0 ... 254] = 'n'}, O_CREAT | O_WRONLY, 0644)) == 0 &&
	                !unlink((char[256]){[0 ... 254] = 'n'}));
}

/* As `rm -r`; the folder is empty afterwards. */
static void clean(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[PATH_MAX];
	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR)
			clean(name);
		else
			unlink(name);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

/* An absolute path of exactly this length in the folder; `last` is its last letter. */
static const char *path_of(size_t length, char last, char out[PATH_MAX])
{
	size_t prefix = (size_t)snprintf(out, PATH_MAX, "%s/", folder);
	memset(out + prefix, 'n', length - prefix);
	out[length - 1] = last;
	out[length] = 0;
	return out;
}

/* Everything that carries a path or two, and gives one back. */
static bool length_works(size_t length)
{
	char first[PATH_MAX], second[PATH_MAX], target[PATH_MAX];
	struct stat st;
	path_of(length, 'a', first);
	path_of(length, 'b', second);
	int fd = make(first, "content");
	bool good = fd >= 0 && !close(fd) && !stat(first, &st) && st.st_size == 7 && stat(second, &st) == -1 && errno == ENOENT;
	good = good && !chmod(first, 0640) && !stat(first, &st) && (st.st_mode & 07777) == 0640;
	good = good && !link(first, second) && links(first) == 2 && !unlink(first) && !rename(second, first) &&
	        holds(first, "content");
	good = good && !symlink(first, "to") && readlink("to", target, sizeof target) == (ssize_t)length;
	good = good && !memcmp(target, first, length) && holds("to", "content") && !unlink("to");
	return good && !unlink(first) && !mkdir(second, 0755) && !rmdir(second);
}

/* A message carries 256 bytes; what is longer goes another way. */
static void lengths(void)
{
	bool good = true;
	for (size_t length = 120; length <= 136; length++) /* two of them are about as much */
		good = good && length_works(length);
	TEST("two_names_of_any_length_at_once", good);
	TEST("a_path_of_255_bytes", length_works(255));
	TEST("a_path_of_256_bytes", length_works(256));
	TEST("a_path_of_257_bytes", length_works(257));
	char text[600], read_back[601];
	memset(text, 'x', sizeof text);
	int fd = open("short", O_RDWR | O_CREAT, 0600);
	good = fd >= 0;
	for (size_t length = 1; length <= sizeof text; length += length == 16 ? 230 : 1) {
		memset(read_back, '-', sizeof read_back);
		text[length - 1] = (char)length;
		good = good && pwrite(fd, text, length, 0) == (ssize_t)length &&
		        pread(fd, read_back, length, 0) == (ssize_t)length;
		good = good && !memcmp(text, read_back, length) && read_back[length] == '-';
	}
	TEST("bytes_of_every_length_and_none_behind_them", good);
	close(fd);
	unlink("short");
}

int main(void)
{
	test_prefix = "linux.writing";
	umask(022);
	snprintf(folder, sizeof folder, "/tmp/writing.%d", (int)getpid());
	TEST("a_folder_of_its_own", !mkdir(folder, 0755) && !chdir(folder));
	making();
	directories();
	renaming();
	linking();
	sizes();
	attributes();
	mapping();
	locking();
	copying();
	many();
	lengths();
	clean(folder);
	TEST("everything_is_gone", access(folder, F_OK) == -1 && errno == ENOENT);
	return test_result();
}
