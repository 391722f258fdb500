/*
 * What a program sees of its files in memory while tmpfs ends at point after point of its work (points.c): every name, byte, position and
 * lock is as if nothing had happened.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER "/tmp/kept"
#define POINTS 1500
#define STEP 11
#define LARGE 9000 /* bytes: a file that is a frame */

static int point, held;
static char large[LARGE], got[LARGE + 1];

static void fail(const char *what)
{
	printf("not ok kept: point %d: %s: %s\n", point, what, strerror(errno));
	exit(1);
}

#define MUST(condition) ((condition) ? (void)0 : fail(#condition))

static void check_bytes(const char *path, const char *bytes, size_t length)
{
	int file = open(path, O_RDONLY);
	MUST(file >= 0);
	MUST(read(file, got, sizeof got) == (ssize_t)length);
	MUST(!memcmp(got, bytes, length));
	MUST(!close(file));
}

static void write_small(void)
{
	int file = open(FOLDER "/small", O_WRONLY | O_CREAT | O_APPEND, 0600);
	MUST(file >= 0);
	MUST(write(file, "one ", 4) == 4);
	MUST(write(file, "two ", 4) == 4);
	MUST(!close(file));
	check_bytes(FOLDER "/small", "one two ", 8);
}

static void write_large(void)
{
	int file = open(FOLDER "/large", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (int i = 0; i < LARGE; i++)
		large[i] = (char)(i * 7 + point);
	MUST(file >= 0);
	for (int i = 0; i < LARGE; i += 1500)
		MUST(write(file, large + i, 1500) == 1500);
	large[5000] = 'x';
	MUST(pwrite(file, "x", 1, 5000) == 1);
	MUST(lseek(file, 0, SEEK_CUR) == LARGE);
	check_bytes(FOLDER "/large", large, LARGE);
	const char *mapped = mmap(NULL, LARGE, PROT_READ, MAP_SHARED, file, 0);
	MUST(mapped != MAP_FAILED);
	MUST(!memcmp(mapped, large, LARGE));
	MUST(!munmap((void *)mapped, LARGE));
	MUST(!ftruncate(file, 4097));
	MUST(!close(file));
	check_bytes(FOLDER "/large", large, 4097);
}

static void change_names(void)
{
	char target[16] = "";
	MUST(!mkdir(FOLDER "/folder", 0700));
	MUST(!rename(FOLDER "/small", FOLDER "/folder/moved"));
	MUST(!link(FOLDER "/folder/moved", FOLDER "/second"));
	MUST(!symlink("folder/moved", FOLDER "/link"));
	MUST(readlink(FOLDER "/link", target, sizeof target) == 12 && !strcmp(target, "folder/moved"));
	check_bytes(FOLDER "/link", "one two ", 8);
	MUST(rmdir(FOLDER "/folder") == -1 && errno == ENOTEMPTY);
	MUST(!rename(FOLDER "/large", FOLDER "/second"));
	check_bytes(FOLDER "/second", large, 4097);
	DIR *directory = opendir(FOLDER);
	int names = 0;
	MUST(directory);
	while (readdir(directory))
		names++;
	MUST(names == 6); /* . .. folder link second held */
	MUST(!closedir(directory));
	MUST(!unlink(FOLDER "/link") && !unlink(FOLDER "/second") && !unlink(FOLDER "/folder/moved"));
	MUST(!rmdir(FOLDER "/folder"));
	MUST(access(FOLDER "/folder", F_OK) == -1 && errno == ENOENT);
}

/* One who waits for a lock gets it in the life in which it is let go. */
static void lock(void)
{
	int file = open(FOLDER "/held", O_RDWR), status;
	MUST(file >= 0 && !flock(file, LOCK_EX));
	pid_t child = fork();
	if (!child) {
		int own = open(FOLDER "/held", O_RDWR);
		_exit(own < 0 || flock(own, LOCK_EX) || pwrite(own, "child", 5, 100) != 5);
	}
	usleep(1000);
	MUST(!flock(file, LOCK_UN));
	MUST(waitpid(child, &status, 0) == child && !status);
	MUST(pread(file, got, 5, 100) == 5 && !memcmp(got, "child", 5));
	MUST(!close(file));
}

/* Names nothing; the server that ends at points takes it as its order. */
static void arm(void)
{
	char name[32];
	struct stat stat;
	snprintf(name, sizeof name, "/tmp/arm-%d", point);
	MUST(lstat(name, &stat) == -1 && errno == ENOENT);
}

int main(void)
{
	struct stat stat;
	off_t length = 0;
	MUST(!mkdir(FOLDER, 0700));
	held = open(FOLDER "/held", O_RDWR | O_CREAT, 0600); /* open all the time */
	int unlinked = open(FOLDER "/unlinked", O_RDWR | O_CREAT, 0600);
	MUST(held >= 0 && unlinked >= 0 && write(unlinked, "still here", 10) == 10 && !unlink(FOLDER "/unlinked"));
	for (point = 1; point <= POINTS; point += STEP) {
		arm();
		write_small();
		write_large();
		change_names();
		lock();
		MUST(write(held, &point, sizeof point) == sizeof point);
		length += sizeof point;
		MUST(lseek(held, 0, SEEK_CUR) == length);
	}
	for (int i = 1, value; i <= POINTS; i += STEP)
		MUST(pread(held, &value, sizeof value, (i - 1) / STEP * (off_t)sizeof value) == sizeof value &&
		        (value == i || (i - 1) / STEP * (off_t)sizeof value == 100 ||
		                (i - 1) / STEP * (off_t)sizeof value == 104));
	MUST(pread(unlinked, got, 10, 0) == 10 && !memcmp(got, "still here", 10));
	MUST(!unlink(FOLDER "/held") && !rmdir(FOLDER) && !fstat(held, &stat) && stat.st_nlink == 0);
	printf("ok kept\n");
	return 7;
}
