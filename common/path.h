/*
 * Paths as a program spells them, made into the only form that protocol fs carries: absolute, without "." and "..", without
 * double slashes, without a slash at the end. Freestanding; allocates nothing.
 *
 * Every file system has a name, and a file in it two spellings: NAME://a/b, the URI, and /scheme/NAME/a/b, its POSIX spelling,
 * which is the normal form. A leading "NAME:" is taken for a URI if NAME is a lower-case letter followed by lower-case
 * letters, digits, '+', '-' or '.', and the colon is followed by a slash or by nothing; any number of slashes is one. So
 * "initfs:/etc", "initfs:///etc" and "initfs:" are URIs, while "a:b" and "12:/x" are names of files.
 *
 * ".." goes up by one name and stops at the root, and at the root of a scheme: /scheme/NAME/.. is /scheme/NAME. It is resolved
 * here by the spelling alone; where symbolic links to directories are on the way this differs from what a walk would find.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "abi/errors.h"

#define PATH_SIZE_MAX 4096 /* bytes with the NUL: FS_PATH_MAX */
#define PATH_NAME_MAX 255  /* FS_NAME_MAX */

/*
 * Writes the normal form of `path`, taken relative to `cwd` (a normal form) if it is relative, into out[out_size] with a NUL.
 * ERR_NOT_FOUND for an empty path (as POSIX asks), ERR_NAME_TOO_LONG for a name above PATH_NAME_MAX or a result that does not
 * fit, what a later ".." takes back included, ERR_BAD_ARGUMENT for a cwd that is not absolute. `out` may be none of the inputs;
 * undefined on an error.
 */
status_t path_join_normalise(const char *cwd, const char *path, char *out, size_t out_size) __attribute__((warn_unused_result));

/*
 * The same, with the length of the result, and whether the spelling says that it must be a directory, as path_wants_directory() has
 * it. Both are undefined on an error.
 */
status_t path_resolve(const char *cwd, const char *path, char *out, size_t out_size, size_t *out_length, bool *out_directory)
        __attribute__((warn_unused_result));

/*
 * Where a path leads on behind a symbolic link that a server does not follow itself: `path`, a normal form, without its last
 * `left` bytes names the link; `target` is what the link says, relative to the link's directory or not. Writes the normal form
 * as above; ERR_BAD_ARGUMENT if `left` is not where a name of the path ends.
 */
status_t path_through_link(const char *path, size_t left, const char *target, char *out, size_t out_size)
        __attribute__((warn_unused_result));

/* Whether the spelling says that it must be a directory: it ends in "/", "/." or "/..", or is "." or "..". */
bool path_wants_directory(const char *path);

/* Whether a path of `length` bytes is a normal form, or empty (the root of a mounted file system); else why not. */
status_t path_check(const char *path, size_t length) __attribute__((warn_unused_result));

/*
 * If the path begins with "NAME:" as above: true, the length of NAME and the place where what follows the colon's slashes
 * begins. Else false.
 */
bool path_is_uri(const char *path, size_t *out_name_length, size_t *out_rest);
