/*
 * initfs_pack OUTPUT.tar STAGING_DIR
 *
 * Packs a folder into a ustar archive in which the content of every file begins at a multiple of 4096 bytes, so that a program
 * can be mapped from the archive as it lies in memory. What must be filled up for that is a pax header with a comment before
 * the member: any tar reads the result, and none sees the difference.
 *
 * The same folder gives the same bytes anywhere: members are sorted by path, owned by 0, modified at SOURCE_DATE_EPOCH (0 if
 * it is not set), and have the mode 0755 or, if their owner may not execute them, 0644. Symbolic links are kept; hard links
 * become files of their own; anything else than files, directories and symbolic links is refused.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512u
#define PAGE 4096u
#define PAX_COMMENT_LEAST 12u /* "12 comment=\n" */

struct member {
	char *path; /* in the archive, without a slash at either end */
	struct stat stat;
};

static struct member *members;
static size_t member_count, member_capacity;
static FILE *output;
static const char *output_path;
static uint64_t position;
static uint64_t epoch;

static _Noreturn void give_up(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("initfs_pack: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	if (output) {
		fclose(output);
		unlink(output_path);
	}
	exit(1);
}

static void *must(void *pointer)
{
	if (!pointer)
		give_up("no memory");
	return pointer;
}

static char *joined(const char *folder, const char *name)
{
	char *path;
	if (asprintf(&path, "%s%s%s", folder, *folder && *name ? "/" : "", name) < 0)
		give_up("no memory");
	return path;
}

static void add_member(const char *path, const struct stat *stat)
{
	if (member_count == member_capacity) {
		member_capacity = member_capacity ? member_capacity * 2 : 256;
		members = must(realloc(members, member_capacity * sizeof *members));
	}
	members[member_count++] = (struct member){must(strdup(path)), *stat};
}

/* Collects everything beneath the folder `path` of the archive, which is staging/path. */
static void collect(const char *staging, const char *path)
{
	char *folder_path = joined(staging, path);
	DIR *folder = opendir(folder_path);
	struct dirent *entry;

	if (!folder)
		give_up("cannot read the folder %s: %s", folder_path, strerror(errno));
	while (errno = 0, (entry = readdir(folder))) {
		struct stat stat;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		char *inner = joined(path, entry->d_name), *inner_path = joined(staging, inner);
		if (lstat(inner_path, &stat))
			give_up("cannot look at %s: %s", inner_path, strerror(errno));
		if (!S_ISREG(stat.st_mode) && !S_ISDIR(stat.st_mode) && !S_ISLNK(stat.st_mode))
			give_up("%s is neither file, folder nor symbolic link; the archive can hold nothing else", inner_path);
		add_member(inner, &stat);
		if (S_ISDIR(stat.st_mode))
			collect(staging, inner);
		free(inner);
		free(inner_path);
	}
	if (errno)
		give_up("cannot read the folder %s: %s", folder_path, strerror(errno));
	closedir(folder);
	free(folder_path);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->path, ((const struct member *)b)->path);
}

static void put(const void *bytes, size_t length)
{
	if (fwrite(bytes, 1, length, output) != length)
		give_up("cannot write %s: %s", output_path, strerror(errno));
	position += length;
}

static void put_zeros_to(unsigned multiple)
{
	static const char zeros[PAGE];
	put(zeros, (multiple - position % multiple) % multiple);
}

/* Splits a path for the header: up to 100 bytes of name behind a slash, up to 155 of prefix before it. */
static int split_path(const char *path, char *name, char *prefix)
{
	size_t length = strlen(path);
	size_t cut = 0;

	if (length > 100) {
		for (cut = length - 101; cut < length && path[cut] != '/'; cut++)
			;
		if (cut >= length - 1 || cut > 155 || cut == 0)
			return 0;
		memcpy(prefix, path, cut++);
	}
	memcpy(name, path + cut, length - cut);
	return 1;
}

/* POSIX.1-2017, pax, "ustar Interchange Format". `path` and `link` are cut if they do not fit: a pax header has them whole. */
static void put_header(const char *path, char type, unsigned mode, uint64_t size, const char *link)
{
	char header[BLOCK] = {0};
	unsigned sum = 0;

	if (!split_path(path, header, header + 345))
		memcpy(header, path, strnlen(path, 100));
	snprintf(header + 100, 8, "%07o", mode);
	snprintf(header + 108, 8, "%07o", 0u);
	snprintf(header + 116, 8, "%07o", 0u);
	snprintf(header + 124, 12, "%011llo", (unsigned long long)size);
	snprintf(header + 136, 12, "%011llo", (unsigned long long)epoch);
	memset(header + 148, ' ', 8);
	header[156] = type;
	memcpy(header + 157, link, strnlen(link, 100));
	memcpy(header + 257, "ustar", 6);
	memcpy(header + 263, "00", 2);
	for (unsigned i = 0; i < BLOCK; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	put(header, BLOCK);
}

/* Appends "LENGTH key=value\n", where the length counts its own digits too. */
static void add_record(char **text, size_t *length, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, total = rest + 1;
	while (total != rest + (size_t)snprintf(NULL, 0, "%zu", total))
		total++;
	*text = must(realloc(*text, *length + total + 1));
	*length += (size_t)sprintf(*text + *length, "%zu %s=%s\n", total, key, value);
}

/* A record of exactly `total` bytes that says nothing. */
static void add_comment(char **text, size_t *length, size_t total)
{
	size_t head = (size_t)snprintf(NULL, 0, "%zu comment=", total);
	*text = must(realloc(*text, *length + total + 1));
	sprintf(*text + *length, "%zu comment=", total);
	memset(*text + *length + head, '.', total - head - 1);
	(*text)[*length + total - 1] = '\n';
	*length += total;
}

/*
 * The pax header that a member needs: for names that do not fit, and so long that the content behind the member's own header
 * begins at a page. Nothing if the member needs none.
 */
static void put_pax(const char *path, const char *link, int align)
{
	char name[100], prefix[155];
	char *text = NULL;
	size_t length = 0;

	if (!split_path(path, name, prefix))
		add_record(&text, &length, "path", path);
	if (strlen(link) > 100)
		add_record(&text, &length, "linkpath", link);
	if (align && (length || (position + BLOCK) % PAGE)) {
		size_t blocks = (length + BLOCK - 1) / BLOCK;
		/* At least one block of records: a pax header without any is not portable. */
		while (!blocks || (position + BLOCK + blocks * BLOCK + BLOCK) % PAGE)
			blocks++;
		if (blocks * BLOCK - length >= PAX_COMMENT_LEAST)
			add_comment(&text, &length, blocks * BLOCK - length);
	}
	if (length) {
		const char *base = strrchr(path, '/');
		char header_name[128];
		snprintf(header_name, sizeof header_name, "PaxHeaders/%.80s", base ? base + 1 : path);
		put_header(header_name, 'x', 0644, length, "");
		put(text, length);
		put_zeros_to(BLOCK);
	}
	free(text);
}

static void put_content(const char *path, uint64_t size)
{
	FILE *input = fopen(path, "rb");
	char buffer[65536];
	uint64_t done = 0;
	size_t length;

	if (!input)
		give_up("cannot open %s: %s", path, strerror(errno));
	while ((length = fread(buffer, 1, sizeof buffer, input))) {
		done += length;
		if (done > size)
			break;
		put(buffer, length);
	}
	if (ferror(input))
		give_up("cannot read %s: %s", path, strerror(errno));
	if (done != size)
		give_up("%s changed its size while it was packed; pack again", path);
	fclose(input);
	put_zeros_to(BLOCK);
}

static void put_link(const char *path, const struct member *member)
{
	char target[PATH_MAX + 1];
	ssize_t length = readlink(path, target, sizeof target - 1);

	if (length < 0)
		give_up("cannot read the symbolic link %s: %s", path, strerror(errno));
	target[length] = 0;
	put_pax(member->path, target, 0);
	put_header(member->path, '2', 0777, 0, target);
}

static void put_member(const char *staging, const struct member *member)
{
	char *path = joined(staging, member->path);
	unsigned mode = member->stat.st_mode & S_IXUSR ? 0755 : 0644;
	uint64_t size = (uint64_t)member->stat.st_size;

	if (S_ISLNK(member->stat.st_mode)) {
		put_link(path, member);
	} else if (S_ISDIR(member->stat.st_mode)) {
		char *with_slash;
		if (asprintf(&with_slash, "%s/", member->path) < 0)
			give_up("no memory");
		put_pax(with_slash, "", 0);
		put_header(with_slash, '5', 0755, 0, "");
		free(with_slash);
	} else {
		if (size >> 33)
			give_up("%s has 8 GiB or more, which the format cannot say", path);
		put_pax(member->path, "", size != 0);
		put_header(member->path, '0', mode, size, "");
		put_content(path, size);
	}
	free(path);
}

int main(int argc, char **argv)
{
	static const char end[2 * BLOCK];
	const char *date = getenv("SOURCE_DATE_EPOCH");

	if (argc != 3) {
		fputs("usage: initfs_pack OUTPUT.tar STAGING_DIR\n", stderr);
		return 2;
	}
	if (date && *date)
		epoch = strtoull(date, NULL, 10) & 077777777777ull;
	collect(argv[2], "");
	qsort(members, member_count, sizeof *members, by_path);

	output_path = argv[1];
	output = fopen(output_path, "wb");
	if (!output)
		give_up("cannot make %s: %s", output_path, strerror(errno));
	for (size_t i = 0; i < member_count; i++)
		put_member(argv[2], &members[i]);
	put(end, sizeof end);
	put_zeros_to(PAGE);
	if (fclose(output)) {
		output = NULL;
		give_up("cannot write %s: %s", output_path, strerror(errno));
	}
	return 0;
}
