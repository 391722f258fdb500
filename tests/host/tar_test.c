/*
 * The tar reader: what good archives of three dialects say, and for every kind of damage its own error at its own place. The
 * archive is always in an allocation of exactly its size.
 */
/* sources: common/tar.c */
#include "common/tar.h"

#include "check.h"
#include "tar_builder.h"

static struct tar_reader reader;
static struct tar_member member;

static void begin(const struct tar_builder *builder)
{
	tar_open(&reader, builder->bytes, builder->size);
}

/* Reads on until something else than TAR_OK. */
static enum tar_error rest(void)
{
	enum tar_error error;
	while (!(error = tar_next(&reader, &member)))
		;
	return error;
}

static bool next_is(enum tar_kind kind, const char *path, const char *link, const char *content)
{
	if (tar_next(&reader, &member))
		return false;
	return member.kind == kind && !strcmp(member.path, path) && !strcmp(member.link, link) &&
	        member.size == strlen(content) && !memcmp(reader.bytes + member.offset, content, member.size);
}

static void test_members(void)
{
	struct tar_builder builder = {0};
	check_begin("tar: files, directories and links are told with their attributes");
	tar_builder_add(&builder, '5', "d/", "", "", 0);
	size_t file = tar_builder_add_file(&builder, "d/f", "content");
	memcpy(builder.bytes + file + 100, "0004755", 8);
	tar_builder_sum(&builder, file);
	tar_builder_add(&builder, '2', "d/s", "f", "", 0);
	tar_builder_add(&builder, '1', "d/h", "d/f", "", 0);
	tar_builder_add(&builder, 0, "old/", "", "", 0);
	tar_builder_add_file(&builder, "empty", "");
	tar_builder_end(&builder);
	begin(&builder);
	CHECK(next_is(TAR_DIRECTORY, "d/", "", ""));
	CHECK(member.mode == 0644 && member.modified == 5 && member.start == 0);
	CHECK(next_is(TAR_FILE, "d/f", "", "content"));
	CHECK(member.mode == 04755 && member.start == file && member.offset == file + 512);
	CHECK(next_is(TAR_SYMLINK, "d/s", "f", ""));
	CHECK(next_is(TAR_HARD_LINK, "d/h", "d/f", ""));
	CHECK(next_is(TAR_DIRECTORY, "old/", "", ""));
	CHECK(next_is(TAR_FILE, "empty", "", ""));
	CHECK(tar_next(&reader, &member) == TAR_END);
	CHECK(tar_next(&reader, &member) == TAR_END);
	tar_builder_free(&builder);
}

static void test_names(void)
{
	struct tar_builder builder = {0};
	char hundred[101] = {0}, prefixed[260], record[300];
	check_begin("tar: names that fill their field, prefixes and long names");
	memset(hundred, 'n', 100);
	tar_builder_add(&builder, '2', hundred, hundred, "", 0);
	size_t offset = tar_builder_add_file(&builder, hundred, "");
	memset(builder.bytes + offset + 345, 'p', 155);
	tar_builder_sum(&builder, offset);
	offset = tar_builder_add_file(&builder, "gnu", "");
	memcpy(builder.bytes + offset + 257, "ustar  ", 8);
	memcpy(builder.bytes + offset + 345, "not a prefix", 12);
	tar_builder_sum(&builder, offset);
	snprintf(record, sizeof record, "111 path=%s\n17 linkpath=here\n13 size=0004\n19 comment=nothing\n", hundred);
	memmove(record, "110", 3);
	tar_builder_add_pax(&builder, record);
	tar_builder_add(&builder, '0', "short", "", "fourfive", 8);
	tar_builder_add(&builder, 'L', "././@LongLink", "", "long", 5);
	tar_builder_add(&builder, 'K', "././@LongLink", "", "longer", 7);
	tar_builder_add(&builder, '2', "cut", "cut", "", 0);
	tar_builder_add(&builder, 'g', "global", "", "13 path=bad!\n", 13);
	tar_builder_add_file(&builder, "after", "");
	tar_builder_end(&builder);
	begin(&builder);
	CHECK(next_is(TAR_SYMLINK, hundred, hundred, ""));
	memset(prefixed, 'p', 155);
	snprintf(prefixed + 155, sizeof prefixed - 155, "/%s", hundred);
	CHECK(next_is(TAR_FILE, prefixed, "", ""));
	CHECK(next_is(TAR_FILE, "gnu", "", ""));
	CHECK(next_is(TAR_FILE, hundred, "here", "four"));
	CHECK(next_is(TAR_SYMLINK, "long", "longer", ""));
	CHECK(next_is(TAR_FILE, "after", "", ""));
	CHECK(rest() == TAR_END);
	tar_builder_free(&builder);
}

static void test_numbers(void)
{
	struct tar_builder builder = {0};
	check_begin("tar: binary sizes are read, and content beyond the end is refused");
	tar_builder_add_file(&builder, "f", "12345");
	memcpy(builder.bytes + 124, "\x80\0\0\0\0\0\0\0\0\0\0\5", 12);
	tar_builder_sum(&builder, 0);
	tar_builder_end(&builder);
	begin(&builder);
	CHECK(next_is(TAR_FILE, "f", "", "12345"));
	memcpy(builder.bytes + 124, "\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 12);
	tar_builder_sum(&builder, 0);
	begin(&builder);
	CHECK(rest() == TAR_OUTSIDE);
	memcpy(builder.bytes + 124, "\x80\0\0\1\xff\xff\xff\xff\xff\xff\xff\xff", 12);
	tar_builder_sum(&builder, 0);
	begin(&builder);
	CHECK(rest() == TAR_BAD_NUMBER);
	memcpy(builder.bytes + 124, "77777777777", 12);
	tar_builder_sum(&builder, 0);
	begin(&builder);
	CHECK(rest() == TAR_OUTSIDE);
	memcpy(builder.bytes + 124, "0000000000x", 12);
	tar_builder_sum(&builder, 0);
	begin(&builder);
	CHECK(rest() == TAR_BAD_NUMBER);
	CHECK(reader.failed_at == 0);
	tar_builder_free(&builder);
}

/* One good file, then a member to be broken. */
static enum tar_error read_broken(size_t offset, int byte)
{
	struct tar_builder builder = {0};
	tar_builder_add_file(&builder, "good", "content");
	size_t bad = tar_builder_add_file(&builder, "bad", "content");
	tar_builder_end(&builder);
	builder.bytes[bad + offset] = (uint8_t)byte;
	if (offset < 148 || offset >= 156)
		tar_builder_sum(&builder, bad);
	begin(&builder);
	enum tar_error error = rest();
	CHECK(error == TAR_END || (reader.failed_at == bad && error == tar_next(&reader, &member)));
	tar_builder_free(&builder);
	return error;
}

static void test_damage(void)
{
	check_begin("tar: each damage of a header has its own error at its own offset");
	CHECK(read_broken(0, 'b') == TAR_END);
	CHECK(read_broken(0, 0) == TAR_NO_NAME);
	CHECK(read_broken(148, '7') == TAR_BAD_CHECKSUM);
	CHECK(read_broken(257, 'U') == TAR_NOT_TAR);
	CHECK(read_broken(156, '3') == TAR_UNKNOWN_TYPE);
	CHECK(read_broken(156, 'S') == TAR_UNKNOWN_TYPE);
	CHECK(read_broken(100, '9') == TAR_BAD_NUMBER);
	CHECK(read_broken(136, '-') == TAR_BAD_NUMBER);
}

static void test_truncation(void)
{
	struct tar_builder builder = {0};
	check_begin("tar: an archive that is cut anywhere is refused");
	tar_builder_add_file(&builder, "one", "content");
	tar_builder_add_pax(&builder, "12 path=two\n");
	tar_builder_add_file(&builder, "x", "content");
	tar_builder_end(&builder);
	for (size_t size = 0; size < builder.size - 1024; size += 64) {
		uint8_t *cut = malloc(size ? size : 1);
		memcpy(cut, builder.bytes, size);
		tar_open(&reader, cut, size);
		enum tar_error error = rest();
		CHECK(error == TAR_NO_END || error == TAR_OUTSIDE);
		free(cut);
	}
	begin(&builder);
	CHECK(rest() == TAR_END);
	tar_builder_free(&builder);
}

static enum tar_error read_pax_records(const char *records)
{
	struct tar_builder builder = {0};
	tar_builder_add_pax(&builder, records);
	tar_builder_add_file(&builder, "file", "");
	tar_builder_end(&builder);
	begin(&builder);
	enum tar_error error = rest();
	tar_builder_free(&builder);
	return error;
}

static void test_pax(void)
{
	char *long_record = malloc(5000);
	check_begin("tar: malformed pax records are refused");
	CHECK(read_pax_records("") == TAR_END);
	CHECK(read_pax_records("12 path=abc\n") == TAR_END);
	CHECK(read_pax_records("12 path=abcd\n") == TAR_BAD_PAX);
	CHECK(read_pax_records("13 path=abc\n") == TAR_BAD_PAX);
	CHECK(read_pax_records("12path=abcd\n") == TAR_BAD_PAX);
	CHECK(read_pax_records("11 path=ab!12 path=abc\n") == TAR_BAD_PAX);
	CHECK(read_pax_records("path=abc\n") == TAR_BAD_PAX);
	CHECK(read_pax_records(" path=abc\n") == TAR_BAD_PAX);
	CHECK(read_pax_records("0 path=abc\n") == TAR_BAD_PAX);
	CHECK(read_pax_records("3 \n") == TAR_BAD_PAX);
	CHECK(read_pax_records("10 pathabc\n") == TAR_BAD_PAX);
	CHECK(read_pax_records("99999999999999999999999 path=abc\n") == TAR_BAD_PAX);
	CHECK(read_pax_records("11 size=-1\n") == TAR_BAD_NUMBER);
	CHECK(read_pax_records("8 size=\n") == TAR_BAD_NUMBER);
	CHECK(read_pax_records("28 size=9999999999999999999\n") == TAR_OUTSIDE);
	CHECK(read_pax_records("29 size=99999999999999999999\n") == TAR_BAD_NUMBER);
	CHECK(read_pax_records("9 path=\n") == TAR_BAD_PAX);
	CHECK(read_pax_records("8 path=\n") == TAR_NO_NAME);
	memset(long_record, 'x', 5000);
	memcpy(long_record, "4107 path=", 10);
	memcpy(long_record + 4106, "\n", 2);
	CHECK(read_pax_records(long_record) == TAR_NAME_TOO_LONG);
	memcpy(long_record, "4106 path=", 10);
	memcpy(long_record + 4105, "\n", 2);
	CHECK(read_pax_records(long_record) == TAR_END);
	CHECK(strlen(reader.path) == 4095);
	free(long_record);
}

static void test_texts(void)
{
	check_begin("tar: every error has a sentence");
	for (int i = 0; i < TAR_ERRORS; i++)
		CHECK(strcmp(tar_error_text((enum tar_error)i), tar_error_text(TAR_ERRORS)));
}

int main(void)
{
	test_members();
	test_names();
	test_numbers();
	test_damage();
	test_truncation();
	test_pax();
	test_texts();
	return check_result();
}
