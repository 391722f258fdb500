/*
 * What a program sees of names while vfs ends at point after point of its work (points.c): each call that names a path is done once, what is
 * open stays open, and a directory with mount points in it tells each of its names once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER "/tmp/named"
#define ROUNDS 70
#define NAMES 40 /* most in the root */

static int point;

static void fail(const char *what)
{
	printf("not ok named: point %d: %s: %s\n", point, what, strerror(errno));
	exit(1);
}

#define MUST(condition) ((condition) ? (void)0 : fail(#condition))

struct entry {
	uint64_t number, next;
	unsigned short size;
	unsigned char type;
	char name[];
};

/* Names nothing; the server that ends at points takes it as its order. */
static void arm(int points)
{
	char name[32];
	struct stat stat;
	snprintf(name, sizeof name, "/arm-%d", points);
	MUST(lstat(name, &stat) == -1 && errno == ENOENT);
}

/* How many names the directory has, read few at a time; each of them is another. */
static int list(int directory)
{
	static char names[NAMES][64];
	_Alignas(8) char buffer[80];
	int count = 0;
	long bytes;
	MUST(!lseek(directory, 0, SEEK_SET));
	while ((bytes = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
		for (long at = 0; at < bytes; at += ((struct entry *)(void *)(buffer + at))->size) {
			const struct entry *entry = (struct entry *)(void *)(buffer + at);
			for (int i = 0; i < count; i++)
				MUST(strcmp(names[i], entry->name));
			MUST(count < NAMES && strlen(entry->name) < 64);
			strcpy(names[count++], entry->name);
		}
	MUST(!bytes);
	return count;
}

static void change_names(void)
{
	struct stat stat;
	char target[16] = "";
	int file;
	MUST(!mkdir(FOLDER "/one", 0700));
	file = open(FOLDER "/one/file", O_RDWR | O_CREAT | O_EXCL, 0600);
	MUST(file >= 0 && write(file, &point, sizeof point) == sizeof point);
	MUST(!rename(FOLDER "/one/file", FOLDER "/moved"));
	MUST(!link(FOLDER "/moved", FOLDER "/second"));
	MUST(!symlink("moved", FOLDER "/link"));
	MUST(readlink(FOLDER "/link", target, sizeof target) == 5 && !strcmp(target, "moved"));
	MUST(!fstatat(AT_FDCWD, FOLDER "/link", &stat, 0) && stat.st_size == sizeof point && stat.st_nlink == 2);
	MUST(!unlink(FOLDER "/moved") && !unlink(FOLDER "/second") && !unlink(FOLDER "/link"));
	MUST(!rmdir(FOLDER "/one") && access(FOLDER "/one", F_OK) == -1 && errno == ENOENT);
	MUST(!fstat(file, &stat) && stat.st_nlink == 0 && !close(file));
}

static void look_above_mounts(int root, int expected)
{
	struct stat stat;
	MUST(list(root) == expected);
	int directory = open("/", O_RDONLY | O_DIRECTORY);
	MUST(directory >= 0 && list(directory) == expected && !close(directory));
	MUST(!fstatat(AT_FDCWD, "/scheme", &stat, 0) && S_ISDIR(stat.st_mode));
	MUST(mkdir("/tmp", 0700) == -1 && errno == EEXIST);
	MUST(rmdir("/tmp") == -1 && errno == EBUSY);
}

/*
 * From the initfs, by another process. A young one asks vfs for every name; this one has got to know /tmp's file system in the first
 * round, and asks that for most.
 */
static void run(void)
{
	int status;
	pid_t child = fork();
	if (!child) {
		change_names();
		execl("/bin/busybox", "true", (char *)NULL);
		_exit(9);
	}
	MUST(waitpid(child, &status, 0) == child && !status);
}

int main(void)
{
	int root = open("/", O_RDONLY | O_DIRECTORY), expected;
	MUST(root >= 0 && !mkdir(FOLDER, 0700) && (expected = list(root)) > 5);
	for (int round = 0; round < ROUNDS; round++) {
		point = round + 1;
		arm(point);
		change_names();
		look_above_mounts(root, expected);
		run();
		change_names();
	}
	MUST(!rmdir(FOLDER));
	printf("ok named\n");
	return 7;
}
