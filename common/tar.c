/* Tar archives: see tar.h. The header's fields: POSIX.1-2017, pax, "ustar Interchange Format". */
#include "common/tar.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char padding[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a block of the format");

/* What extended headers say of the member that follows them. */
struct extension {
	bool has_path, has_link, has_size;
	uint64_t size;
};

const char *tar_error_text(enum tar_error error)
{
	static const char *const text[TAR_ERRORS] = {
	        [TAR_OK] = "is right",
	        [TAR_END] = "is the last",
	        [TAR_NO_END] = "is missing: the archive stops without the empty block that ends it",
	        [TAR_NOT_TAR] = "does not begin with a ustar header",
	        [TAR_BAD_CHECKSUM] = "has a header with a wrong checksum",
	        [TAR_BAD_NUMBER] = "has a header with something else than a number in a numeric field",
	        [TAR_OUTSIDE] = "has content that reaches beyond the end of the archive",
	        [TAR_BAD_PAX] = "has an extended header whose records are malformed",
	        [TAR_NO_NAME] = "has no name",
	        [TAR_NAME_TOO_LONG] = "has a name or a link of 4096 bytes or more",
	        [TAR_UNKNOWN_TYPE] = "is neither file, directory nor link",
	};
	return (unsigned)error < TAR_ERRORS && text[error] ? text[error] : "has an unknown fault";
}

void tar_open(struct tar_reader *reader, const void *bytes, uint64_t size)
{
	reader->bytes = bytes;
	reader->size = size;
	reader->next = 0;
	reader->failed_at = 0;
	reader->path[0] = 0;
	reader->link[0] = 0;
}

static bool is_zero_block(const uint8_t *block)
{
	for (int i = 0; i < TAR_BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

/* Octal digits, spaces allowed before, ended by a space, a NUL or the field's end; or GNU's big-endian binary numbers. */
static bool read_number(const char *field, size_t length, uint64_t *out)
{
	uint64_t value = 0;
	size_t i = 0;

	if ((uint8_t)field[0] == 0x80) {
		for (i = 1; i < length; i++) {
			if (value >> 56)
				return false;
			value = value << 8 | (uint8_t)field[i];
		}
		*out = value;
		return true;
	}
	while (i < length && field[i] == ' ')
		i++;
	for (; i < length && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0');
	if (i < length && field[i] != ' ' && field[i] != 0)
		return false;
	*out = value;
	return true;
}

/* The sum of the header's bytes, those of the checksum itself taken for spaces. */
static bool checksum_matches(const struct tar_header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	uint64_t expected, sum = 8 * ' ';

	for (size_t i = 0; i < sizeof *header; i++)
		if (i < offsetof(struct tar_header, checksum) || i >= offsetof(struct tar_header, type))
			sum += bytes[i];
	return read_number(header->checksum, sizeof header->checksum, &expected) && sum == expected;
}

/* Copies at most `most` bytes that end early at a NUL, and adds one. */
static size_t copy_text(char *to, const void *from, size_t most)
{
	const char *bytes = from;
	size_t length = 0;
	while (length < most && bytes[length])
		length++;
	memcpy(to, bytes, length);
	to[length] = 0;
	return length;
}

static enum tar_error copy_long_text(char *to, const uint8_t *from, uint64_t length)
{
	if (length >= TAR_PATH_SIZE)
		return TAR_NAME_TOO_LONG;
	copy_text(to, from, (size_t)length);
	return TAR_OK;
}

static bool read_decimal(const uint8_t *digits, uint64_t length, uint64_t *out)
{
	uint64_t value = 0;
	if (!length)
		return false;
	for (uint64_t i = 0; i < length; i++) {
		if (digits[i] < '0' || digits[i] > '9' || value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(digits[i] - '0');
	}
	*out = value;
	return true;
}

/* One record of a pax header, without its length and newline: "key=value". */
static enum tar_error read_record(
        struct tar_reader *reader, const uint8_t *record, uint64_t length, struct extension *extension)
{
	const uint8_t *equals = memchr(record, '=', (size_t)length);
	if (!equals)
		return TAR_BAD_PAX;
	uint64_t key = (uint64_t)(equals - record);
	const uint8_t *value = equals + 1;
	uint64_t value_length = length - key - 1;

	if (key == 4 && !memcmp(record, "path", 4)) {
		extension->has_path = true;
		return copy_long_text(reader->path, value, value_length);
	}
	if (key == 8 && !memcmp(record, "linkpath", 8)) {
		extension->has_link = true;
		return copy_long_text(reader->link, value, value_length);
	}
	if (key == 4 && !memcmp(record, "size", 4)) {
		extension->has_size = true;
		return read_decimal(value, value_length, &extension->size) ? TAR_OK : TAR_BAD_NUMBER;
	}
	return TAR_OK;
}

/* The content of a pax header: records of the form "LENGTH KEY=VALUE\n", the length being that of the whole record. */
static enum tar_error read_pax(struct tar_reader *reader, const uint8_t *content, uint64_t size, struct extension *extension)
{
	for (uint64_t place = 0; place < size;) {
		const uint8_t *record = content + place;
		uint64_t left = size - place, digits = 0, length;
		while (digits < left && record[digits] != ' ')
			digits++;
		if (digits == left || !read_decimal(record, digits, &length))
			return TAR_BAD_PAX;
		if (length > left || length < digits + 3 || record[length - 1] != '\n')
			return TAR_BAD_PAX;
		enum tar_error error = read_record(reader, record + digits + 1, length - digits - 2, extension);
		if (error)
			return error;
		place += length;
	}
	return TAR_OK;
}

/* Extended headers: what they say goes into `extension` and, of names, into the reader. */
static enum tar_error read_extension(
        struct tar_reader *reader, char type, const uint8_t *content, uint64_t size, struct extension *extension)
{
	struct extension ignored = {0};
	switch (type) {
	case 'x': return read_pax(reader, content, size, extension);
	case 'g': return read_pax(&(struct tar_reader){0}, content, size, &ignored);
	case 'L': extension->has_path = true; return copy_long_text(reader->path, content, size);
	default: extension->has_link = true; return copy_long_text(reader->link, content, size);
	}
}

/* The names of the header itself, where no extended header has given them. */
static enum tar_error read_names(struct tar_reader *reader, const struct tar_header *header, const struct extension *extension)
{
	/* The prefix is POSIX's; GNU's format, whose magic has a space, keeps other things there. */
	bool prefixed = !memcmp(header->magic, "ustar", 6) && header->prefix[0];

	if (!extension->has_path) {
		size_t length = 0;
		if (prefixed) {
			length = copy_text(reader->path, header->prefix, sizeof header->prefix);
			reader->path[length++] = '/';
		}
		copy_text(reader->path + length, header->name, sizeof header->name);
	}
	if (!extension->has_link)
		copy_text(reader->link, header->link, sizeof header->link);
	return reader->path[0] ? TAR_OK : TAR_NO_NAME;
}

static bool kind_of_type(char type, const char *path, enum tar_kind *out)
{
	size_t length = strlen(path);
	switch (type) {
	case 0:
	case '0':
	case '7': *out = path[length - 1] == '/' ? TAR_DIRECTORY : TAR_FILE; return true;
	case '1': *out = TAR_HARD_LINK; return true;
	case '2': *out = TAR_SYMLINK; return true;
	case '5': *out = TAR_DIRECTORY; return true;
	default: return false;
	}
}

/* Checks the block at `at` as a header; the size of the content is not yet compared with anything. */
static enum tar_error read_header(
        const struct tar_reader *reader, uint64_t at, const struct tar_header **out, uint64_t *out_size)
{
	if (at > reader->size || reader->size - at < TAR_BLOCK)
		return TAR_NO_END;
	const struct tar_header *header = (const void *)(reader->bytes + at);
	if (is_zero_block(reader->bytes + at))
		return TAR_END;
	if (memcmp(header->magic, "ustar", 5))
		return TAR_NOT_TAR;
	if (!checksum_matches(header))
		return TAR_BAD_CHECKSUM;
	if (!read_number(header->size, sizeof header->size, out_size))
		return TAR_BAD_NUMBER;
	*out = header;
	return TAR_OK;
}

/* Where the header behind a content of `size` bytes at `offset` is; false if the content is not in the archive. */
static bool skip_content(const struct tar_reader *reader, uint64_t offset, uint64_t size, uint64_t *out_next)
{
	if (offset > reader->size || size > reader->size - offset)
		return false;
	/* The rounding may step over the archive's end, which the next header's check finds; it cannot overflow. */
	*out_next = offset + (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	return true;
}

static enum tar_error fail(struct tar_reader *reader, uint64_t at, enum tar_error error)
{
	reader->failed_at = at;
	return error;
}

/* The member's own header, behind its extended ones. */
static enum tar_error read_member(struct tar_reader *reader, const struct tar_header *header, uint64_t at, uint64_t size,
        const struct extension *extension, struct tar_member *out)
{
	struct tar_member member = {.path = reader->path, .link = reader->link, .offset = at + TAR_BLOCK};
	uint64_t mode, next;
	enum tar_error error = read_names(reader, header, extension);

	if (error)
		return error;
	if (!kind_of_type(header->type, reader->path, &member.kind))
		return TAR_UNKNOWN_TYPE;
	if (!read_number(header->mode, sizeof header->mode, &mode) ||
	        !read_number(header->mtime, sizeof header->mtime, &member.modified))
		return TAR_BAD_NUMBER;
	member.mode = mode & 07777;
	/* Only files have content: other kinds may name a size that nothing follows. */
	if (member.kind == TAR_FILE)
		member.size = extension->has_size ? extension->size : size;
	if (!skip_content(reader, member.offset, member.size, &next))
		return TAR_OUTSIDE;
	member.start = reader->next;
	reader->next = next;
	*out = member;
	return TAR_OK;
}

enum tar_error tar_next(struct tar_reader *reader, struct tar_member *out)
{
	struct extension extension = {0};

	for (uint64_t at = reader->next;;) {
		const struct tar_header *header;
		uint64_t size, next;
		enum tar_error error = read_header(reader, at, &header, &size);
		if (error)
			return fail(reader, at, error);
		if (header->type != 'x' && header->type != 'g' && header->type != 'L' && header->type != 'K') {
			error = read_member(reader, header, at, size, &extension, out);
			return error ? fail(reader, at, error) : TAR_OK;
		}
		if (!skip_content(reader, at + TAR_BLOCK, size, &next))
			return fail(reader, at, TAR_OUTSIDE);
		error = read_extension(reader, header->type, reader->bytes + at + TAR_BLOCK, size, &extension);
		if (error)
			return fail(reader, at, error);
		at = next;
	}
}
