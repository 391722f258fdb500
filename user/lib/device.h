/*
 * Servers of devices: files without a length, a position or a content of their own. A server lists its devices in a table and
 * takes device_operations into its own; what a read or a write does is the device's two functions.
 *
 * The device with the empty name is the mount point itself; the others are the entries of a directory that the mount point is, and
 * a server has one or the other. A name can also be another server's: calls with a path that begins with it are handed on to that
 * server as they are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/proto/fs.h"
#include "user/lib/server.h"

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

/* For the server's table of operations, and its close_object. */
#define DEVICE_OPERATIONS 15
extern const struct server_operation device_operations[DEVICE_OPERATIONS];
void device_close(struct server *server, void *object);

/* Fills `out` with `count` operations of the server's own and, behind them, those of devices. */
void device_add_operations(struct server_operation *out, const struct server_operation *own, size_t count);

/* Of a device that can be opened either way and has no bytes: ERR_NOT_SUPPORTED. */
status_t device_transfer_nothing(struct request *request, uint64_t length);

/* Of a device with `next`: gives `length` bytes to the caller's buffer, at once up to DEVICE_STEP_BYTES; more, of an open one, by steps. */
#define DEVICE_STEP_BYTES 65536u
MUST_CHECK status_t device_read_endless(struct request *request, const struct device *device, uint64_t length);

/* The calls by this object that are being answered end. */
void device_read_drop(const struct device_open *open);
