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
};

static status_t builder_push(struct builder *builder, const char *name, size_t length)
{
	if (length > PATH_NAME_MAX || length >= builder->size || builder->length + 1 >= builder->size - length)
		return ERR_NAME_TOO_LONG;
	builder->out[builder->length++] = '/';
	for (size_t i = 0; i < length; i++)
		builder->out[builder->length++] = name[i];
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

/* Walks the names of `path` and pushes or pops. */
static status_t builder_walk(struct builder *builder, const char *path)
{
	while (*path) {
		size_t length = 0;
		while (path[length] && path[length] != '/')
			length++;
		if (length == 2 && path[0] == '.' && path[1] == '.') {
			if (!is_scheme_root(builder))
				builder->length = last_slash(builder->out, builder->length);
		} else if (length && !(length == 1 && path[0] == '.')) {
			status_t status = builder_push(builder, path, length);
			if (status)
				return status;
		}
		path += length;
		while (*path == '/')
			path++;
	}
	return ERR_OK;
}

/* Pushes /scheme/NAME for a path that begins with "NAME:"; *path is then what follows. */
static status_t builder_push_scheme(struct builder *builder, const char **path, size_t name_length, size_t rest)
{
	status_t status = builder_push(builder, "scheme", 6);
	if (!status)
		status = builder_push(builder, *path, name_length);
	*path += rest;
	return status;
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

status_t path_join_normalise(const char *cwd, const char *path, char *out, size_t out_size)
{
	struct builder builder = {out, out_size, 0};
	size_t name_length, rest;
	status_t status = ERR_OK;

	if (!*path)
		return ERR_NOT_FOUND;
	if (path_is_uri(path, &name_length, &rest)) {
		status = builder_push_scheme(&builder, &path, name_length, rest);
	} else if (*path != '/') {
		if (*cwd != '/')
			return ERR_BAD_ARGUMENT;
		status = builder_walk(&builder, cwd);
	}
	if (!status)
		status = builder_walk(&builder, path);
	return status ? status : builder_finish(&builder);
}

status_t path_through_link(const char *path, size_t left, const char *target, char *out, size_t out_size)
{
	struct builder builder = {out, out_size, 0};
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
		size_t name = 0;
		while (place + name < length && path[place + name] != '/') {
			if (!path[place + name])
				return ERR_BAD_ARGUMENT;
			name++;
		}
		if (name > PATH_NAME_MAX)
			return ERR_NAME_TOO_LONG;
		if (!name || (path[place] == '.' && (name == 1 || (name == 2 && path[place + 1] == '.'))))
			return ERR_BAD_ARGUMENT;
		place += name;
	}
	return ERR_OK;
}
