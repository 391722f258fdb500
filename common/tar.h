/*
 * Tar archives (POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU's long names) in a buffer, read member by member from bytes that
 * nobody vouches for: every header's checksum, every number and every length is checked against the buffer before it is used,
 * nothing is allocated, nothing is written but the reader. Reading ends at the first error, which names what is wrong; the
 * reader then says at which offset and at which member.
 *
 * Of pax headers, `path`, `linkpath` and `size` are understood and all other keys passed over, also those of global headers.
 * What is no file, directory or link (devices, FIFOs, sparse files, volumes) is an error and not skipped: an archive that
 * means something else than is read would be a trap.
 */
#pragma once

#include <stdint.h>

#define TAR_BLOCK 512
#define TAR_PATH_SIZE 4096 /* with the NUL */

enum tar_kind { TAR_FILE = 1, TAR_DIRECTORY, TAR_SYMLINK, TAR_HARD_LINK };

struct tar_member {
	const char *path; /* as the archive spells it; in the reader, until the next member is read */
	const char *link; /* target of a link, else ""; likewise */
	enum tar_kind kind;
	uint32_t mode;     /* permission bits, 07777 */
	uint64_t modified; /* seconds since 1970 */
	uint64_t start;    /* offset of the member's first header, a pax header if it has one */
	uint64_t offset;   /* of the content */
	uint64_t size;     /* of the content; 0 for what is no file */
};

struct tar_reader {
	const uint8_t *bytes;
	uint64_t size;
	uint64_t next;            /* offset of the next header */
	uint64_t failed_at;       /* offset of the header that the error is about */
	char path[TAR_PATH_SIZE]; /* of the current member; with an error, of the last one read, or "" */
	char link[TAR_PATH_SIZE];
};

enum tar_error {
	TAR_OK,
	TAR_END, /* no error: there are no more members */
	TAR_NO_END,
	TAR_NOT_TAR,
	TAR_BAD_CHECKSUM,
	TAR_BAD_NUMBER,
	TAR_OUTSIDE,
	TAR_BAD_PAX,
	TAR_NO_NAME,
	TAR_NAME_TOO_LONG,
	TAR_UNKNOWN_TYPE,
	TAR_ERRORS,
};

/* A sentence's predicate about the member: "has a wrong checksum". */
const char *tar_error_text(enum tar_error error);

/* Begins to read an archive of `size` bytes, which must stay as they are while it is read. */
void tar_open(struct tar_reader *reader, const void *bytes, uint64_t size);

/* Reads the next member; *out is written only on TAR_OK. After an error or the end every call answers the same. */
enum tar_error tar_next(struct tar_reader *reader, struct tar_member *out) __attribute__((warn_unused_result));
