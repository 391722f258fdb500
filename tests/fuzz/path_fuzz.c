/*
 * Any two strings as working directory and path: what path_join_normalise accepts is in normal form, is itself when it is
 * normalised again, and keeps away from what it must not leave; and path_check reads no byte beyond the length.
 */
/* sources: common/path.c */
#include "common/path.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static char *string_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = 0;
	return text;
}

/* Whatever relative path is walked from inside a scheme, it stays there. */
static void demand_inside(const char *path)
{
	char out[PATH_SIZE_MAX];
	if (*path == '/' || path_is_uri(path, &(size_t){0}, &(size_t){0}))
		return;
	if (!path_join_normalise("/scheme/x/y", path, out, sizeof out))
		demand(!strncmp(out, "/scheme/x", 9) && (!out[9] || out[9] == '/'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char first[PATH_SIZE_MAX], second[PATH_SIZE_MAX];
	size_t cut = size ? data[0] % size : 0, name_length, rest;
	char *cwd = string_of(data, cut), *path = string_of(data + cut, size - cut);
	char *bytes = malloc(size ? size : 1);

	size_t length;
	bool directory;
	if (!path_resolve(cwd, path, first, sizeof first, &length, &directory)) {
		demand(length == strlen(first) && directory == path_wants_directory(path));
		demand(strlen(first) && !path_check(first, strlen(first)));
		demand(!path_join_normalise("/", first, second, sizeof second) && !strcmp(first, second));
		demand(!path_is_uri(first, &name_length, &rest));
		/* One byte of room less than the result has is never enough. */
		demand(path_join_normalise(cwd, path, second, strlen(first)) == ERR_NAME_TOO_LONG);
	}
	demand_inside(path);
	if (path_is_uri(path, &name_length, &rest))
		demand(path[name_length] == ':' && rest <= strlen(path) && path[rest] != '/');
	path_wants_directory(path);
	memcpy(bytes, data, size);
	if (!path_check(bytes, size) && size)
		demand(bytes[0] == '/' && !memchr(bytes, 0, size) && size < PATH_SIZE_MAX);
	free(bytes);
	free(cwd);
	free(path);
	return 0;
}
