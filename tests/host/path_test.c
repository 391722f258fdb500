/*
 * Paths: every spelling has one normal form, what cannot have one is refused, and the form itself passes path_check().
 */
/* sources: common/path.c */
#include "common/path.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

/*
 * Into an allocation of exactly the size, so that the sanitizer sees a byte too many. Where ".." takes names back, more is
 * needed on the way.
 */
static bool becomes(const char *cwd, const char *path, const char *expected)
{
	size_t size = strlen(expected) + 1, room = strstr(path, "..") ? size + 64 : size;
	char *out = malloc(room), *smaller = malloc(size);
	bool ok = path_join_normalise(cwd, path, out, room) == ERR_OK && !strcmp(out, expected);
	ok = ok && path_check(out, size - 1) == ERR_OK;
	ok = ok && path_join_normalise(cwd, path, smaller, size - 1) == ERR_NAME_TOO_LONG;
	if (!ok)
		printf("# %s + %s is not %s\n", cwd, path, expected);
	free(out);
	free(smaller);
	return ok;
}

static status_t refused(const char *cwd, const char *path)
{
	char out[PATH_SIZE_MAX];
	return path_join_normalise(cwd, path, out, sizeof out);
}

static void test_plain(void)
{
	check_begin("path: dots and slashes vanish");
	CHECK(becomes("/", "/", "/"));
	CHECK(becomes("/", ".", "/"));
	CHECK(becomes("/", "..", "/"));
	CHECK(becomes("/", "../../..", "/"));
	CHECK(becomes("/a/b", ".", "/a/b"));
	CHECK(becomes("/a/b", "..", "/a"));
	CHECK(becomes("/a/b", "../..", "/"));
	CHECK(becomes("/a/b", "../../../x", "/x"));
	CHECK(becomes("/a/b", "c", "/a/b/c"));
	CHECK(becomes("/a/b", "/c", "/c"));
	CHECK(becomes("/a/b", "//c///d//", "/c/d"));
	CHECK(becomes("/a", "./b/./c/../d/", "/a/b/d"));
	CHECK(becomes("/", "...", "/..."));
	CHECK(becomes("/", ".a/..b", "/.a/..b"));
	check_begin("path: an empty one names nothing, and a relative one needs a directory");
	CHECK(refused("/", "") == ERR_NOT_FOUND);
	CHECK(refused("a", "b") == ERR_BAD_ARGUMENT);
	CHECK(refused("", "b") == ERR_BAD_ARGUMENT);
}

static void test_uri(void)
{
	check_begin("path: a URI becomes its POSIX spelling");
	CHECK(becomes("/a", "initfs:///etc/motd", "/scheme/initfs/etc/motd"));
	CHECK(becomes("/a", "initfs://etc/motd", "/scheme/initfs/etc/motd"));
	CHECK(becomes("/a", "initfs:/etc", "/scheme/initfs/etc"));
	CHECK(becomes("/a", "initfs:", "/scheme/initfs"));
	CHECK(becomes("/a", "initfs:/", "/scheme/initfs"));
	CHECK(becomes("/a", "tcp://example.org:80", "/scheme/tcp/example.org:80"));
	CHECK(becomes("/a", "x2+y-z.w:/q", "/scheme/x2+y-z.w/q"));
	check_begin("path: what only looks like a URI is a name");
	CHECK(becomes("/a", "a:b", "/a/a:b"));
	CHECK(becomes("/a", "12:/x", "/a/12:/x"));
	CHECK(becomes("/a", ":/x", "/a/:/x"));
	CHECK(becomes("/a", "Abc:/x", "/a/Abc:/x"));
	CHECK(becomes("/a", "./initfs:/x", "/a/initfs:/x"));
	CHECK(becomes("/a", "b/initfs:/x", "/a/b/initfs:/x"));
	check_begin("path: .. stops at a scheme's root");
	CHECK(becomes("/", "initfs:///../../x", "/scheme/initfs/x"));
	CHECK(becomes("/scheme/initfs/etc", "../../../..", "/scheme/initfs"));
	CHECK(becomes("/scheme/initfs", "../b", "/scheme/initfs/b"));
	CHECK(becomes("/scheme", "..", "/"));
	CHECK(becomes("/", "/scheme/../x", "/x"));
	CHECK(becomes("/", "/schema/a/../..", "/"));
	CHECK(becomes("/", "/a/scheme/..", "/a"));
}

static void test_lengths(void)
{
	static char name[600], path[3 * PATH_SIZE_MAX];
	check_begin("path: names and paths have limits");
	memset(name, 'n', PATH_NAME_MAX);
	memcpy(path, name, sizeof name);
	CHECK(refused("/", path) == ERR_OK);
	path[PATH_NAME_MAX] = 'n';
	CHECK(refused("/", path) == ERR_NAME_TOO_LONG);
	memset(path, 0, sizeof path);
	for (int i = 0; i < PATH_SIZE_MAX; i += 2)
		memcpy(path + i, "/a", 2);
	CHECK(refused("/", path) == ERR_NAME_TOO_LONG);
	path[PATH_SIZE_MAX - 2] = 0;
	CHECK(refused("/", path) == ERR_OK);
	for (int i = 0; i < 2 * PATH_SIZE_MAX; i += 4)
		memcpy(path + i, "/a/.", 4);
	CHECK(refused("/", path) == ERR_NAME_TOO_LONG);
	for (int i = 0; i < 2 * PATH_SIZE_MAX; i += 8)
		memcpy(path + i, "/a/././.", 8);
	CHECK(refused("/", path) == ERR_OK);
	memset(name, 'n', 300);
	name[299] = ':';
	name[300] = 0;
	CHECK(refused("/", name) == ERR_NAME_TOO_LONG);
	CHECK(path_join_normalise("/", "/", path, 1) == ERR_NAME_TOO_LONG);
	CHECK(path_join_normalise("/", "/", path, 0) == ERR_NAME_TOO_LONG);
	CHECK(path_join_normalise("/", "a", path, 0) == ERR_NAME_TOO_LONG);
}

static void test_directory(void)
{
	check_begin("path: spellings that ask for a directory");
	CHECK(path_wants_directory("/"));
	CHECK(path_wants_directory("a/"));
	CHECK(path_wants_directory("a/."));
	CHECK(path_wants_directory("a/.."));
	CHECK(path_wants_directory("."));
	CHECK(path_wants_directory(".."));
	CHECK(!path_wants_directory("a"));
	CHECK(!path_wants_directory(""));
	CHECK(!path_wants_directory("a/..."));
	CHECK(!path_wants_directory("a/.b"));
	CHECK(!path_wants_directory("..a"));
	check_begin("path: a resolved path says so too, and how long it is");
	static const char *const spellings[] = {"/", "a/", "a/.", "a/..", ".", "..", "a", "a/...", "a/.b", "..a", "/a//b//",
	        "/a/./b", "x:", "x:/", "x:///a", "x:a", "x:/a/", "x:/.", "/..", "a/./", "...", "a-b+c,d", ".a", "/.a/..b"};
	for (unsigned i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		char out[PATH_SIZE_MAX];
		size_t length;
		bool directory;
		CHECK(!path_resolve("/cwd", spellings[i], out, sizeof out, &length, &directory));
		CHECK(length == strlen(out) && directory == path_wants_directory(spellings[i]));
	}
	check_begin("path: a name of a scheme may be as long as any, and the result as long as there is room");
	char uri[300], out[PATH_SIZE_MAX];
	memset(uri, 'x', sizeof uri);
	memcpy(uri + PATH_NAME_MAX, ":/y", 4);
	CHECK(!path_join_normalise("/", uri, out, sizeof "/scheme//y" + PATH_NAME_MAX));
	CHECK(!memcmp(out, "/scheme/xx", 10) && !strcmp(out + 8 + PATH_NAME_MAX, "/y"));
	CHECK(path_join_normalise("/", uri, out, sizeof "/scheme//y" + PATH_NAME_MAX - 1) == ERR_NAME_TOO_LONG);
	uri[PATH_NAME_MAX] = 'x';
	memcpy(uri + PATH_NAME_MAX + 1, ":/y", 4);
	CHECK(path_join_normalise("/", uri, out, sizeof out) == ERR_NAME_TOO_LONG);
}

static status_t checked(const char *text, size_t length)
{
	char *path = malloc(length ? length : 1);
	memcpy(path, text, length);
	status_t status = path_check(path, length);
	free(path);
	return status;
}

static void test_check(void)
{
	static char path[PATH_SIZE_MAX];
	check_begin("path: only the normal form passes");
	CHECK(checked("", 0) == ERR_OK);
	CHECK(checked("/", 1) == ERR_OK);
	CHECK(checked("/a", 2) == ERR_OK);
	CHECK(checked("/a/...", 6) == ERR_OK);
	CHECK(checked("a", 1) == ERR_BAD_ARGUMENT);
	CHECK(checked("//", 2) == ERR_BAD_ARGUMENT);
	CHECK(checked("/a/", 3) == ERR_BAD_ARGUMENT);
	CHECK(checked("/a//b", 5) == ERR_BAD_ARGUMENT);
	CHECK(checked("/.", 2) == ERR_BAD_ARGUMENT);
	CHECK(checked("/a/..", 5) == ERR_BAD_ARGUMENT);
	CHECK(checked("/../a", 5) == ERR_BAD_ARGUMENT);
	CHECK(checked("/a/./b", 6) == ERR_BAD_ARGUMENT);
	CHECK(checked("/a\0b", 4) == ERR_BAD_ARGUMENT);
	CHECK(checked("/a/b\0", 5) == ERR_BAD_ARGUMENT);
	memset(path, 'x', sizeof path);
	path[0] = '/';
	CHECK(checked(path, PATH_NAME_MAX + 1) == ERR_OK);
	CHECK(checked(path, PATH_NAME_MAX + 2) == ERR_NAME_TOO_LONG);
	CHECK(checked(path, PATH_SIZE_MAX) == ERR_NAME_TOO_LONG);
}

static bool through(const char *path, const char *rest, const char *target, const char *expected)
{
	char out[PATH_SIZE_MAX];
	return path_through_link(path, strlen(rest), target, out, sizeof out) == ERR_OK && !strcmp(out, expected);
}

static void test_through_link(void)
{
	char out[PATH_SIZE_MAX], small[4];
	check_begin("path.a_link_is_joined_with_what_is_left_behind_it");
	CHECK(through("/a/l/b", "/b", "x", "/a/x/b"));
	CHECK(through("/a/l", "", "../x", "/x"));
	CHECK(through("/l/b/c", "/b/c", "/x/./y/", "/x/y/b/c"));
	CHECK(through("/l", "", "/", "/"));
	CHECK(through("/l/b", "/b", "initfs:/etc", "/scheme/initfs/etc/b"));
	CHECK(through("/scheme/tmp/l/b", "/b", "../../../x", "/scheme/tmp/x/b"));
	check_begin("path.a_server_that_names_no_end_of_a_name_is_refused");
	CHECK(path_through_link("/ab/c", 3, "x", out, sizeof out) == ERR_BAD_ARGUMENT);
	CHECK(path_through_link("/ab/c", 5, "x", out, sizeof out) == ERR_BAD_ARGUMENT);
	CHECK(path_through_link("/ab/c", SIZE_MAX, "x", out, sizeof out) == ERR_BAD_ARGUMENT);
	CHECK(path_through_link("/abcd/l", 0, "x", small, sizeof small) == ERR_NAME_TOO_LONG);
}

int main(void)
{
	test_through_link();
	test_plain();
	test_uri();
	test_lengths();
	test_directory();
	test_check();
	return check_result();
}
