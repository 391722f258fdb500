/*
 * Servers of devices: files without a length, a position or a content of their own. A server lists its devices in a table and
 * ends its table of operations with DEVICE_ROWS; what a read or a write does is the device's two functions.
 *
 * The device with the empty name is the mount point itself; the others are the entries of a directory that the mount point is, and
 * a server has one or the other. A name can also be another server's: calls with a path that begins with it are handed on to that
 * server as they are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/proto/fs.h"
#include "user/lib/server_fs.h"

struct device {
	const char *name;
	uint32_t mode;   /* permission bits */
	uint32_t number; /* as Linux's programs know it: DEVICE_NUMBER */
	/* Set request->answer.word[0]: bytes. At most `length` of the caller's buffer, which has them. NULL: ERR_NOT_SUPPORTED. */
	status_t (*read)(struct request *request, uint64_t length);
	status_t (*write)(struct request *request, uint64_t length);
	/*
	 * In place of `read`, for one whose bytes have no end: the next of them, until the next call; at most *length, of which it
	 * leaves how many those are, at least one. NULL: it can not. Whatever is asked for is given whole, as Linux does, by steps
	 * between which others have their turn.
	 */
	const void *(*next)(uint64_t *length);
	status_t (*watch)(struct request *request); /* protocol fs, watch. NULL: it is always ready */
	handle_t server;                            /* whose name it is, HANDLE_NONE: this one's */
	bool is_directory;                          /* at that server */
};

#define DEVICE_NUMBER(major, minor) ((major) << 8 | (minor))

/* An open device, or the open directory; what server_open() is given. Of a server with state, it is memory of that. */
struct device_open {
	uint32_t place;    /* in the table, 0 for the directory, else from 1 on */
	uint32_t access;   /* OPEN_* */
	uint64_t position; /* in the directory */
};

/* NULL: the directory. */
const struct device *device_of(const struct device_open *open);

/* Whether an object that a predecessor left is an open device of this table. */
bool device_check(struct server *server, uint64_t stamp, void *object);

/* The devices of this server; the table stays where it is. */
void device_begin(const struct device *devices, size_t count);

/* The last rows of the server's table of operations, and its close_object. */
#define DEVICE_ROWS \
	DEVICE_HAS(open, open), DEVICE_HAS(stat, stat), DEVICE_BARE(readlink, readlink), DEVICE_BARE(mkdir, change), \
	        DEVICE_BARE(unlink, change), DEVICE_HAS(read, read), DEVICE_HAS(pread, read), DEVICE_HAS(write, write), \
	        DEVICE_HAS(pwrite, write), DEVICE_HAS(seek, seek), DEVICE_HAS(fstat, fstat), DEVICE_HAS(readdir, readdir), \
	        DEVICE_HAS(truncate, nothing), DEVICE_HAS(sync, nothing), DEVICE_HAS(watch, watch)

#define DEVICE_HAS(name, function) FS_ROW(SERVER_SESSION, name, device_serve_##function)
#define DEVICE_BARE(name, function) FS_ROW_BARE(SERVER_SESSION, name, device_serve_##function)

status_t device_serve_open(struct request *request);
status_t device_serve_stat(struct request *request);
status_t device_serve_readlink(struct request *request);
status_t device_serve_change(struct request *request);
status_t device_serve_read(struct request *request);
status_t device_serve_write(struct request *request);
status_t device_serve_seek(struct request *request);
status_t device_serve_fstat(struct request *request);
status_t device_serve_readdir(struct request *request);
status_t device_serve_nothing(struct request *request);
status_t device_serve_watch(struct request *request);
void device_close(struct server *server, void *object);

/* Of a device that can be opened either way and has no bytes: ERR_NOT_SUPPORTED. */
status_t device_transfer_nothing(struct request *request, uint64_t length);

/* Of a device with `next`: gives `length` bytes to the caller's buffer, at once up to DEVICE_STEP_BYTES; more, of an open one, by steps. */
#define DEVICE_STEP_BYTES 65536u
MUST_CHECK status_t device_read_endless(struct request *request, const struct device *device, uint64_t length);

/* The calls by this object that are being answered end. */
void device_read_drop(const struct device_open *open);
