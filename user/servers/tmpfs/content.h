/*
 * The bytes of a file.
 *
 * A file is a frame: what `map` hands out are the very pages that are read and written here. A file that is small and was never
 * mapped lies in the server's heap instead, so that a hundred thousand of them need neither handles nor a page each; it becomes
 * a frame when it grows or is mapped.
 *
 * The server reaches a frame through a *window*, a mapping of its own with room for growth, so that data goes between it and
 * a client's buffer in one copy by the kernel. The server itself never touches a window: memory may be short, and then a page
 * that is not there yet ends who touches it, while a copy by the kernel merely fails. Frames that are too large for a window,
 * and such with holes, which reading would fill, are reached by frame_read and frame_write through a buffer.
 *
 * Behind the end of a file its last page is zeros, but for what clients write there through mappings; that is cleared when the
 * file grows or shrinks, so a file that was never mapped pays nothing for it.
 *
 * Clients that read a file often read its frame themselves (content_lend()). From then on the kernel is told of each new size, so that they
 * meet the end of the file where it is.
 *
 * Pages are counted per volume and in the pool of all volumes: a file without holes counts for its size, one with holes for
 * the pages that it has. (The kernel charges them to this server's group, whoever writes.)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/handle.h"

#define CONTENT_PAGE 4096ull
#define CONTENT_SMALL 2048ull           /* largest that lies in the heap */
#define CONTENT_MAX (1ull << 43)        /* bytes of a file */
#define CONTENT_WINDOW_MAX (1ull << 30) /* longest frame that has a window */
#define CONTENT_WINDOWS 16384u          /* at a time */
#define CONTENT_BUFFER 65536ull         /* bytes of the buffer for frames without one */

/* What a volume's files use, in pages, and may use. */
struct content_space {
	uint64_t used, max;
};

/* All zero is an empty file. */
struct content {
	uint64_t size;
	char *bytes;                   /* the heap's, or the window; NULL: neither */
	uint64_t capacity;             /* of `bytes` */
	handle_t frame;                /* HANDLE_NONE: in the heap, or empty */
	uint64_t length;               /* of the frame */
	uint64_t charged;              /* pages */
	bool sparse;                   /* there may be pages that the frame does not have */
	bool reserved;                 /* those are charged nevertheless */
	bool shared;                   /* a client may write to it by a mapping */
	bool lent;                     /* clients read the frame: its end is where the file's is */
	struct content *older, *newer; /* contents with windows, by use */
};

/* What all volumes together use, and the most pages that they may. */
void content_begin(struct content_space *of_all, uint64_t pages);
uint64_t content_pool_free(void);

/*
 * At most `length` bytes at `position`, as memory that is good until the next call of this file: *out_length of them, 0 at the
 * end.
 */
status_t content_read(struct content *content, uint64_t position, uint64_t length, const char **out_bytes, uint64_t *out_length)
        __attribute__((warn_unused_result));

/*
 * Makes room for `length` bytes at `position`. *out_length, which is not 0, is how many of them there is room for; they are to
 * be put to *out_bytes by the kernel, or, if that is NULL, given to content_write(). The file's size has not changed yet.
 * ERR_DISK_FULL, ERR_FILE_TOO_LARGE.
 */
status_t content_prepare(struct content *content, struct content_space *space, uint64_t position, uint64_t length,
        char **out_bytes, uint64_t *out_length) __attribute__((warn_unused_result));

/* Puts bytes into the room that was made. ERR_DISK_FULL if the machine has no memory left. */
status_t content_write(struct content *content, uint64_t position, const char *bytes, uint64_t length, uint64_t *out_written)
        __attribute__((warn_unused_result));

/* So many bytes were put to `position` of the room that was made; 0 if none. */
void content_commit(struct content *content, struct content_space *space, uint64_t position, uint64_t length);

/* Sets the size. ERR_DISK_FULL, ERR_FILE_TOO_LARGE. */
status_t content_truncate(struct content *content, struct content_space *space, uint64_t size)
        __attribute__((warn_unused_result));

/* Lets [start, start + length) read as zeros, as far as it lies within the file. */
status_t content_zero(struct content *content, struct content_space *space, uint64_t start, uint64_t length)
        __attribute__((warn_unused_result));

/* Sees that writing [start, start + length) will not lack pages of the volume. */
status_t content_reserve(struct content *content, struct content_space *space, uint64_t start, uint64_t length)
        __attribute__((warn_unused_result));

/* Makes it a frame of at least a page, and says that clients may write there. The handle stays the content's. */
status_t content_map(struct content *content, struct content_space *space, bool writable, handle_t *out_frame)
        __attribute__((warn_unused_result));

/* The frame, for clients to read. ERR_NOT_SUPPORTED: the file lies in the heap. The handle stays the content's. */
status_t content_lend(struct content *content, handle_t *out_frame) __attribute__((warn_unused_result));

/* Tells the kernel where the file ends, if clients read its frame; for a further life of the server, which may have gone back. */
void content_tell_end(const struct content *content);

/* Pages in use, as a file system tells it. */
uint64_t content_pages(struct content *content, struct content_space *space);

/* Frees everything. */
void content_free(struct content *content, struct content_space *space);
