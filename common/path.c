/* Paths: see path.h. */
#include "common/path.h"

#include <stdint.h>

static bool is_name_letter(char c, bool first)
{
	if (c >= 'a' && c <= 'z')
		return true;
	return !first && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.');
}

bool path_is_uri(const char *path, size_t *out_name_length, size_t *out_rest)
{
	size_t length = 0;
	while (is_name_letter(path[length], length == 0))
		length++;
	if (!length || path[length] != ':' || (path[length + 1] && path[length + 1] != '/'))
		return false;
	size_t rest = length + 1;
	while (path[rest] == '/')
		rest++;
	*out_name_length = length;
	*out_rest = rest;
	return true;
}

/* The path under construction: "" is the root; every name in it follows a slash. */
struct builder {
	char *out;
	size_t size;
	size_t length;
	bool directory; /* what was walked ends in a way that only a directory can satisfy */
};

/* The name that `path` begins with, up to a slash or the end, both of which are less than what most names consist of. */
static status_t builder_push(struct builder *builder, const char **path)
{
	size_t room = builder->length + 1 < builder->size ? builder->size - builder->length - 2 : 0, length = 0;
	size_t most = room < PATH_NAME_MAX ? room : PATH_NAME_MAX;
	const char *name = *path;
	char *to = builder->out + builder->length + 1;
	for (;; length++) {
		char c = name[length];
		if ((unsigned char)c <= '/' && (c == '/' || !c))
			break;
		if (length == most)
			return ERR_NAME_TOO_LONG;
		to[length] = c;
	}
	to[-1] = '/';
	builder->length += length + 1;
	*path = name + length;
	return ERR_OK;
}

/* Where the last name's slash is, or 0. */
static size_t last_slash(const char *path, size_t length)
{
	while (length && path[length - 1] != '/')
		length--;
	return length ? length - 1 : 0;
}

/* Whether what stands there is "/scheme/NAME": the root of a scheme, above which ".." does not go. */
static bool is_scheme_root(const struct builder *builder)
{
	static const char scheme[] = "/scheme";
	size_t parent = last_slash(builder->out, builder->length);
	if (parent != sizeof scheme - 1)
		return false;
	for (size_t i = 0; i < parent; i++)
		if (builder->out[i] != scheme[i])
			return false;
	return true;
}

/* 1 for ".", 2 for "..", 0 for other names. */
static size_t dots(const char *name)
{
	size_t count = 0;
	while (count < 2 && name[count] == '.')
		count++;
	return !name[count] || name[count] == '/' ? count : 0;
}

/* Walks the names of `path` and pushes or pops. */
static status_t builder_walk(struct builder *builder, const char *path)
{
	for (;;) {
		if (*path == '/') {
			builder->directory = true;
			do
				path++;
			while (*path == '/');
		}
		if (!*path)
			return ERR_OK;
		size_t skipped = *path == '.' ? dots(path) : 0;
		builder->directory = skipped != 0;
		if (skipped == 2 && !is_scheme_root(builder))
			builder->length = last_slash(builder->out, builder->length);
		path += skipped;
		status_t status = skipped ? ERR_OK : builder_push(builder, &path);
		if (status)
			return status;
	}
}

/* Pushes /scheme/NAME for a path that begins with "NAME:"; *path is then what follows. */
static status_t builder_push_scheme(struct builder *builder, const char **path, size_t name_length, size_t rest)
{
	const char *scheme = "scheme";
	status_t status = builder_push(builder, &scheme);
	if (status)
		return status;
	if (name_length > PATH_NAME_MAX || builder->length + 1 + name_length >= builder->size)
		return ERR_NAME_TOO_LONG;
	builder->out[builder->length++] = '/';
	for (size_t i = 0; i < name_length; i++)
		builder->out[builder->length++] = (*path)[i];
	*path += rest;
	builder->directory = (*path)[-1] == '/';
	return ERR_OK;
}

/* Ends the path with its NUL; nothing at all is the root. */
static status_t builder_finish(struct builder *builder)
{
	if (!builder->length) {
		if (builder->size < 2)
			return ERR_NAME_TOO_LONG;
		builder->out[builder->length++] = '/';
	}
	builder->out[builder->length] = 0;
	return ERR_OK;
}

/*
 * Most paths are in normal form already, and short, with no name that begins with a dot: such a one is copied eight bytes at a time, and its
 * length answered; 0: it is to be looked at name by name. What is read behind the end of the path lies in the same page, and is not looked at;
 * a sanitizer would not let it be read.
 */
#define WORD_BYTES 8u
#define PAGE_BYTES 4096u
#define PLAIN_MAX (PATH_NAME_MAX - PATH_NAME_MAX % WORD_BYTES) /* so that no name in it is too long */
#define EACH_BYTE 0x0101010101010101ull

/* The highest bit of each byte that is 0; above the lowest there may be more, if that byte is 1. */
static inline uint64_t zeros(uint64_t word)
{
	return (word - EACH_BYTE) & ~word & EACH_BYTE << 7;
}

__attribute__((no_sanitize_address)) static size_t copy_plain(const char *path, char *out, size_t out_size)
{
	uint64_t before = 0; /* a bit where the byte before is a slash, of which one too many can be a dot behind one */
	size_t most = out_size < PLAIN_MAX ? out_size : PLAIN_MAX;
	for (size_t length = 0; length + WORD_BYTES <= most; length += WORD_BYTES) {
		uint64_t word;
		if (((uintptr_t)(path + length) & (PAGE_BYTES - 1)) > PAGE_BYTES - WORD_BYTES)
			return 0;
		__builtin_memcpy(&word, path + length, sizeof word);
		__builtin_memcpy(out + length, &word, sizeof word);
		uint64_t end = zeros(word), slash = zeros(word ^ EACH_BYTE * '/');
		uint64_t dot_or_slash = zeros((word ^ EACH_BYTE * '.') & ~EACH_BYTE);
		if ((slash << 8 | before) & (dot_or_slash | end) & (end ^ (end - 1)))
			return 0;
		if (end)
			return length + (size_t)__builtin_ctzll(end) / 8;
		before = slash >> 56;
	}
	return 0;
}
_Static_assert('/' == ('.' ^ 1), "the lowest bit tells them apart");

status_t path_resolve(const char *cwd, const char *path, char *out, size_t out_size, size_t *out_length, bool *out_directory)
{
	struct builder builder = {out, out_size, 0, false};
	size_t name_length, rest;
	status_t status = ERR_OK;

	if (!*path)
		return ERR_NOT_FOUND;
	if (*path == '/' && (*out_length = copy_plain(path, out, out_size))) {
		*out_directory = false;
		return ERR_OK;
	}
	if (*path != '/') {
		if (path_is_uri(path, &name_length, &rest))
			status = builder_push_scheme(&builder, &path, name_length, rest);
		else if (*cwd != '/')
			return ERR_BAD_ARGUMENT;
		else
			status = builder_walk(&builder, cwd);
	}
	if (!status)
		status = builder_walk(&builder, path);
	if (!status)
		status = builder_finish(&builder);
	*out_length = builder.length;
	*out_directory = builder.directory;
	return status;
}

status_t path_join_normalise(const char *cwd, const char *path, char *out, size_t out_size)
{
	size_t length;
	bool directory;
	return path_resolve(cwd, path, out, out_size, &length, &directory);
}

status_t path_through_link(const char *path, size_t left, const char *target, char *out, size_t out_size)
{
	struct builder builder = {out, out_size, 0, false};
	size_t length = 0, name_length, rest;
	status_t status = ERR_OK;

	while (path[length])
		length++;
	if (left >= length || (left && path[length - left] != '/'))
		return ERR_BAD_ARGUMENT;
	size_t directory = last_slash(path, length - left);
	if (path_is_uri(target, &name_length, &rest)) {
		status = builder_push_scheme(&builder, &target, name_length, rest);
	} else if (*target != '/') {
		if (directory >= out_size)
			return ERR_NAME_TOO_LONG;
		for (; builder.length < directory; builder.length++)
			out[builder.length] = path[builder.length];
	}
	if (!status)
		status = builder_walk(&builder, target);
	if (!status)
		status = builder_walk(&builder, path + length - left);
	return status ? status : builder_finish(&builder);
}

bool path_wants_directory(const char *path)
{
	size_t length = 0;
	while (path[length])
		length++;
	size_t name = length;
	while (name && path[name - 1] != '/')
		name--;
	length -= name;
	path += name;
	return (!length && name) || (length == 1 && path[0] == '.') || (length == 2 && path[0] == '.' && path[1] == '.');
}

status_t path_check(const char *path, size_t length)
{
	if (length >= PATH_SIZE_MAX)
		return ERR_NAME_TOO_LONG;
	if (!length || (length == 1 && path[0] == '/'))
		return ERR_OK;
	for (size_t place = 0; place < length;) {
		if (path[place++] != '/')
			return ERR_BAD_ARGUMENT;
		size_t start = place;
		for (; place < length; place++) {
			char c = path[place];
			if ((unsigned char)c > '/')
				continue;
			if (c == '/')
				break;
			if (!c)
				return ERR_BAD_ARGUMENT;
		}
		size_t name = place - start;
		if (name > PATH_NAME_MAX)
			return ERR_NAME_TOO_LONG;
		if (!name || (path[start] == '.' && (name == 1 || (name == 2 && path[start + 1] == '.'))))
			return ERR_BAD_ARGUMENT;
	}
	return ERR_OK;
}
