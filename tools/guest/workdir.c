#include "tools/guest/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/guest/outcome.h"

static char *tree;
static char *folder;
static int lock = -1;

/* A run's folder has files and no folders. */
static void remove_folder(const char *path)
{
	DIR *directory = opendir(path);
	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(path);
}

/* The folders under `runs` whose lock can be had belong to nobody. */
static void remove_abandoned(const char *runs)
{
	DIR *directory = opendir(runs);
	if (!directory)
		return;
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name))
			continue;
		char *path = format("%s/%s", runs, entry->d_name);
		char *lock_path = format("%s/lock", path);
		int descriptor = open(lock_path, O_RDWR | O_CLOEXEC);
		if (descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
			remove_folder(path);
		if (descriptor >= 0)
			close(descriptor);
		free(lock_path);
		free(path);
	}
	closedir(directory);
}

static void find_tree(void)
{
	static char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	if (length < 0)
		die("cannot tell where this program lies: %s", strerror(errno));
	self[length] = 0;
	/* build/tools/guest */
	tree = must_allocate(strdup(dirname(dirname(dirname(self)))));
}

static void make_folder(const char *path)
{
	if (mkdir(path, 0777) && errno != EEXIST)
		die("cannot make the folder %s: %s", path, strerror(errno));
}

static bool lock_folder(void)
{
	struct stat info;
	make_folder(folder);
	char *path = workdir_file("lock");
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	free(path);
	if (lock >= 0 && (flock(lock, LOCK_EX | LOCK_NB) || fstat(lock, &info) || info.st_nlink == 0)) {
		close(lock);
		lock = -1;
	}
	return lock >= 0;
}

void workdir_make(void)
{
	find_tree();
	char *runs = workdir_tree_file("build/run");
	make_folder(runs);
	remove_abandoned(runs);
	folder = format("%s/%d", runs, (int)getpid());
	free(runs);
	/* Another run may take the new folder for an abandoned one until it is locked: then it is made again. */
	for (int attempt = 0; attempt < 100 && !lock_folder(); attempt++)
		;
	if (lock < 0)
		die("cannot lock the folder %s: %s", folder, strerror(errno));
	atexit(workdir_remove);
}

void workdir_remove(void)
{
	if (folder)
		remove_folder(folder);
}

char *workdir_file(const char *name)
{
	return format("%s/%s", folder, name);
}

char *workdir_tree_file(const char *name)
{
	return format("%s/%s", tree, name);
}
