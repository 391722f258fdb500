/* Names, files, descriptors, directories. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>

static const char *folder;

static void reading(void)
{
	char buffer[64] = {0};
	struct stat st;
	int fd = open("hello", O_RDONLY);
	TEST("open_relative", fd >= 0);
	TEST("fstat_size_and_kind", !fstat(fd, &st) && st.st_size == 13 && S_ISREG(st.st_mode) && st.st_nlink >= 1);
	TEST("read", read(fd, buffer, 5) == 5 && !memcmp(buffer, "hello", 5));
	TEST("read_goes_on_to_the_end",
	        read(fd, buffer, 64) == 8 && !memcmp(buffer, ", world\n", 8) && read(fd, buffer, 64) == 0);
	TEST("lseek_and_read", lseek(fd, 7, SEEK_SET) == 7 && read(fd, buffer, 5) == 5 && !memcmp(buffer, "world", 5));
	TEST("lseek_from_end", lseek(fd, -6, SEEK_END) == 7 && lseek(fd, 2, SEEK_CUR) == 9);
	TEST("pread_moves_nothing", pread(fd, buffer, 5, 0) == 5 && !memcmp(buffer, "hello", 5) && lseek(fd, 0, SEEK_CUR) == 9);
	char one[3], two[10];
	struct iovec parts[] = {{one, 3}, {NULL, 0}, {two, 10}};
	lseek(fd, 0, SEEK_SET);
	TEST("readv_scatters", readv(fd, parts, 3) == 13 && !memcmp(one, "hel", 3) && !memcmp(two, "lo, world\n", 10));
	TEST_ERRNO("write_to_read_only", write(fd, "x", 1), EBADF);
	TEST_ERRNO("read_into_nowhere", read(fd, (void *)~0xfffful, 5), EFAULT);
	close(fd);
	TEST_ERRNO("read_closed", read(fd, buffer, 1), EBADF);

	fd = open("numbers", O_RDONLY);
	char *all = malloc(200000);
	TEST("a_large_read_is_one_call", read(fd, all, 200000) == 108894 && !memcmp(all + 108888, "20000\n", 6));
	free(all);
	close(fd);
	TEST("stdio_reads_lines", ({
		FILE *f = fopen("numbers", "r");
		int sum = 0, value;
		while (f && fscanf(f, "%d", &value) == 1)
			sum += value;
		if (f)
			fclose(f);
		sum == 20000 / 2 * 20001;
	}));
}

static void names(void)
{
	char buffer[4096], link[64];
	struct stat one, two;
	TEST("getcwd", getcwd(buffer, sizeof buffer) && !strcmp(buffer, folder));
	TEST_ERRNO("getcwd_too_small", syscall(SYS_getcwd, buffer, 3), ERANGE);
	TEST("dots_and_slashes", !stat("./dir/..//hello", &one) && !stat("hello", &two) && one.st_ino == two.st_ino);
	TEST_ERRNO("absent", open("absent", O_RDONLY), ENOENT);
	TEST_ERRNO("empty", open("", O_RDONLY), ENOENT);
	TEST_ERRNO("file_as_directory", open("hello/", O_RDONLY), ENOTDIR);
	TEST_ERRNO("file_in_the_middle", open("hello/x", O_RDONLY), ENOTDIR);
	TEST_ERRNO("o_directory_on_file", open("hello", O_RDONLY | O_DIRECTORY), ENOTDIR);
	TEST_ERRNO("colon_in_a_name", open("a:b", O_RDONLY), ENOENT);
	TEST_ERRNO("scheme_not_mounted", open("nosuchscheme:/x", O_RDONLY), ENOENT);
	memset(buffer, 'x', 4095);
	buffer[4095] = 0;
	TEST_ERRNO("name_too_long", open(buffer, O_RDONLY), ENAMETOOLONG);
	TEST_ERRNO("name_nowhere", open((char *)~0xfffful, O_RDONLY), EFAULT);
	TEST("access", !access("hello", R_OK) && !access("dir", X_OK) && !access("hello", F_OK));
	TEST_ERRNO("access_absent", access("absent", F_OK), ENOENT);
	TEST_ERRNO("access_not_executable", access("hello", X_OK), EACCES);
	TEST_ERRNO("readlink_of_a_file", readlink("hello", link, sizeof link), EINVAL);
	TEST("own_name", readlink("/proc/self/exe", buffer, sizeof buffer) > 0 && buffer[0] == '/');
	TEST("own_name_is_cut", readlink("/proc/self/exe", buffer, 1) == 1);
	TEST("umask", umask(027) == 022 && umask(022) == 027);
}

/* The file system that the folder is in is mounted as the scheme initfs too, and the folder is /fixture in it. */
static void schemes(void)
{
	char buffer[256];
	struct stat one, two;
	bool same = !stat("hello", &one) && !stat("initfs:///fixture/hello", &two) && one.st_ino == two.st_ino;
	TEST("a_uri_names_a_file", same);
	TEST("slashes_of_a_uri_are_free", !access("initfs:/fixture//hello", F_OK) && !access("initfs://fixture/hello", F_OK));
	TEST("the_posix_spelling", !access("/scheme/initfs/fixture/hello", F_OK));
	bool changed = !chdir("initfs://fixture/dir") && getcwd(buffer, sizeof buffer);
	TEST("getcwd_is_the_posix_spelling", changed && !strcmp(buffer, "/scheme/initfs/fixture/dir"));
	TEST("relative_within_a_scheme", !access("bb", F_OK) && !access("../hello", F_OK));
	TEST("dots_stop_at_a_scheme",
	        !access("../../../../fixture/hello", F_OK) && !chdir("initfs:/../..") && getcwd(buffer, sizeof buffer) &&
	                !strcmp(buffer, "/scheme/initfs"));
	TEST("and_back", !chdir(folder));
}

static void directories(void)
{
	char buffer[4096];
	int found = 0, strange = 0;
	DIR *dir = opendir("dir");
	struct dirent *entry;
	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!strcmp(entry->d_name, "a") || !strcmp(entry->d_name, "bb") || !strcmp(entry->d_name, "ccc") ||
		        !strcmp(entry->d_name, "a-name-that-is-long-enough-to-need-more-than-one-word"))
			found++;
		else
			strange++;
	}
	TEST("readdir_finds_each_once", found == 4 && strange == 0);
	rewinddir(dir);
	TEST("rewinddir", (entry = readdir(dir)) && !strcmp(entry->d_name, "."));
	struct stat here, above;
	long place = telldir(dir);
	TEST("a_listing_begins_with_the_folder_itself", !stat("dir", &here) && here.st_ino == entry->d_ino);
	TEST("and_the_one_above",
	        (entry = readdir(dir)) && !strcmp(entry->d_name, "..") && !stat(".", &above) && above.st_ino == entry->d_ino);
	int dots = 0;
	while ((entry = readdir(dir)))
		dots += entry->d_name[0] == '.';
	TEST("each_once", dots == 0);
	seekdir(dir, place);
	TEST("seekdir_to_the_second_entry", (entry = readdir(dir)) && !strcmp(entry->d_name, ".."));
	int fd = dirfd(dir), file = openat(fd, "bb", O_RDONLY);
	TEST("openat", file >= 0 && read(file, buffer, 10) == 3 && !memcmp(buffer, "bb\n", 3));
	struct stat st;
	TEST("fstatat",
	        !fstatat(fd, "ccc", &st, 0) && st.st_size == 4 && !fstatat(fd, "", &st, AT_EMPTY_PATH) && S_ISDIR(st.st_mode));
	TEST_ERRNO("read_a_directory", read(fd, buffer, 10), EISDIR);
	TEST_ERRNO("readdir_of_a_file", syscall(SYS_getdents64, file, buffer, sizeof buffer), ENOTDIR);
	TEST_ERRNO("openat_below_a_file", openat(file, "x", O_RDONLY), ENOTDIR);
	TEST_ERRNO("openat_below_nothing", openat(99, "x", O_RDONLY), EBADF);
	close(file);
	TEST("fchdir",
	        !fchdir(fd) && getcwd(buffer, sizeof buffer) && strlen(buffer) == strlen(folder) + 4 && !access("bb", F_OK));
	closedir(dir);
	TEST("chdir_up", !chdir("..") && getcwd(buffer, sizeof buffer) && !strcmp(buffer, folder));
	TEST_ERRNO("chdir_to_a_file", chdir("hello"), ENOTDIR);
	TEST_ERRNO("chdir_to_nothing", chdir("absent"), ENOENT);
	TEST("chdir_to_the_root", !chdir("/../..") && getcwd(buffer, sizeof buffer) && !strcmp(buffer, "/") && !chdir(folder));
}

static void descriptors(void)
{
	char buffer[8];
	int fd = open("hello", O_RDONLY | O_CLOEXEC);
	TEST("cloexec", fcntl(fd, F_GETFD) == FD_CLOEXEC && !fcntl(fd, F_SETFD, 0) && fcntl(fd, F_GETFD) == 0);
	TEST("flags", (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	int copy = dup(fd);
	TEST("dup_shares_the_offset",
	        copy > fd && read(fd, buffer, 3) == 3 && read(copy, buffer, 2) == 2 && !memcmp(buffer, "lo", 2));
	TEST("dup2", dup2(fd, 100) == 100 && dup2(fd, fd) == fd && lseek(100, 0, SEEK_CUR) == 5);
	TEST("dup3", dup3(fd, 101, O_CLOEXEC) == 101 && fcntl(101, F_GETFD) == FD_CLOEXEC);
	TEST_ERRNO("dup3_same", dup3(fd, fd, 0), EINVAL);
	TEST_ERRNO("dup2_too_high", dup2(fd, 5000), EBADF);
	TEST("f_dupfd",
	        fcntl(fd, F_DUPFD, 50) == 50 && fcntl(fd, F_DUPFD_CLOEXEC, 50) == 51 && fcntl(51, F_GETFD) == FD_CLOEXEC);
	TEST_ERRNO("f_dupfd_too_high", fcntl(fd, F_DUPFD, 5000), EINVAL);
	close(fd);
	TEST("the_file_lives_as_long_as_a_descriptor", read(copy, buffer, 2) == 2);
	snprintf(buffer, sizeof buffer, "%d", copy);
	char named[32] = "/dev/fd/";
	int again = open(strcat(named, buffer), O_RDONLY);
	TEST("dev_fd_is_another_name", again >= 0 && lseek(again, 0, SEEK_CUR) == lseek(copy, 0, SEEK_CUR));
	close(again);
	TEST_ERRNO("dev_fd_of_nothing", open("/proc/self/fd/999", O_RDONLY), ENOENT);
	TEST("lowest_is_taken", open("hello", O_RDONLY) == fd);
	TEST("close_range", !syscall(SYS_close_range, 50, 200, 0) && fcntl(100, F_GETFD) == -1 && fcntl(fd, F_GETFD) == 0);
	TEST_ERRNO("close_twice", (close(copy), close(copy)), EBADF);
	int last = fd, opened = 0;
	while ((last = open("hello", O_RDONLY)) >= 0 && opened < 5000)
		opened++;
	TEST("the_table_ends_with_emfile", errno == EMFILE && opened > 900);
	for (int i = fd; i < 1024; i++)
		close(i);
	TEST("and_is_free_again", open("hello", O_RDONLY) == fd && !close(fd));
}

static void waiting(void)
{
	int fd = open("hello", O_RDONLY);
	struct pollfd items[] = {{fd, POLLIN, 0}, {-1, POLLIN, 5}, {77, POLLIN, 0}};
	TEST("a_file_is_always_ready", poll(items, 1, -1) == 1 && items[0].revents == POLLIN);
	TEST("poll_skips_and_tells", poll(items, 3, 0) == 2 && items[1].revents == 0 && items[2].revents == POLLNVAL);
	TEST("poll_as_a_sleep", poll(NULL, 0, 10) == 0);
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	struct timeval tv = {0, 0};
	TEST("select", select(fd + 1, &set, NULL, NULL, &tv) == 1 && FD_ISSET(fd, &set));
	FD_SET(77, &set);
	TEST_ERRNO("select_bad", select(78, &set, NULL, NULL, &tv), EBADF);
	struct winsize size;
	struct termios attributes;
	TEST_ERRNO("a_file_is_no_terminal", ioctl(fd, TIOCGWINSZ, &size), ENOTTY);
	TEST_ERRNO("a_file_has_no_attributes", tcgetattr(fd, &attributes), ENOTTY);
	int left = 0;
	TEST("fionread", !ioctl(fd, FIONREAD, &left) && left == 13);
	close(fd);
}

int main(int count, char **argument)
{
	test_prefix = "linux.files";
	folder = TEST_FOLDER(count, argument);
	if (chdir(folder))
		perror(folder);
	if (fcntl(0, F_GETFD) == -1)
		open(".", O_RDONLY); /* descriptors from 3 on are the test's */
	reading();
	names();
	schemes();
	directories();
	descriptors();
	waiting();
	return test_result();
}
