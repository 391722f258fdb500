/*
 * What a tmpfs is made of: volumes, and nodes in them.
 *
 * A volume is one file system with a root of its own; what is mounted at two places is two volumes of one server. It may hold
 * so many nodes and so many pages of content; and all volumes together hold at most what the pool has.
 *
 * A node is a file, a directory, a symbolic link, or a name for something that other servers have (FIFOs, sockets). It lives as
 * long as a name leads to it (`links`) or somebody uses it (`users`: open files, calls that wait). What it contains is a union:
 * directory.h and content.h say what each part is.
 *
 * A directory's `links` are, as everywhere, its own name, its "." and the ".." of each directory in it; one that was removed
 * has none, and nothing can be put into it any more.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/handle.h"
#include "abi/proto/fs.h"
#include "user/servers/tmpfs/content.h"
#include "user/servers/tmpfs/directory.h"

#define VOLUME_LINKS_MAX 65000u /* names of one file */

struct node_time {
	int64_t seconds; /* since 1970 */
	uint32_t ns;
};

struct node {
	struct volume *volume;
	struct node *next, *previous; /* all of the volume */
	uint64_t number;              /* in the volume; never used again */
	uint32_t kind;                /* FS_KIND_* */
	uint32_t mode;                /* permission bits, set-id bits and sticky bit */
	uint32_t uid, gid;
	uint32_t links;
	uint32_t users;
	struct node_time access, modify, change;
	struct file_lock *locks; /* locks.h */
	union {
		struct directory directory;
		struct content content;
		struct {
			char *text; /* with a NUL */
			uint32_t length;
		} target;        /* of a symbolic link */
		handle_t token;  /* of a FIFO's or socket's name; HANDLE_NONE: nobody has asked for it yet */
		uint32_t device; /* of a device's: its number */
	};
};

static inline bool node_is_device(const struct node *node)
{
	return node->kind == FS_KIND_DEVICE || node->kind == FS_KIND_BLOCK_DEVICE;
}

struct volume {
	struct volume *next, **link; /* in a list, NULL: in none */
	uint64_t session;            /* stamp by which its clients are known */
	uint64_t number;             /* as fs_stat.file_system tells it */
	uint64_t next_node;
	uint64_t nodes, nodes_max;
	struct content_space space; /* pages of its files */
	struct node *root;
	struct node *first;     /* of all nodes */
	struct node *condemned; /* directories without a name whose own names are still to be taken away; each is held */
};

/* Makes a volume with an empty root of the given mode. ERR_NO_MEMORY. */
status_t volume_create(uint64_t number, uint64_t nodes_max, uint64_t pages_max, uint32_t root_mode, struct volume **out)
        __attribute__((warn_unused_result));

/*
 * Takes all names away, and the root. Nodes that are still in use live until they are let go of; the volume itself goes with the last of
 * them. It is done in steps, because one message can only change so much: destroying begins it, and true means that there is more,
 * for another message. Once false was answered, the volume may be gone.
 */
void volume_destroy(struct volume *volume);
bool volume_destroy_more(struct volume *volume) __attribute__((warn_unused_result));

/*
 * A new node with no name and no user yet, all times now. It is for node_drop() or a directory to take. ERR_DISK_FULL,
 * ERR_NO_MEMORY.
 */
status_t node_create(struct volume *volume, uint32_t kind, uint32_t mode, struct node **out)
        __attribute__((warn_unused_result));

/* One user more, one less. The last to let go of a node without names frees it. */
void node_hold(struct node *node);
void node_drop(struct node *node);

/* Frees the node if nothing leads to it and nobody uses it. */
void node_forget(struct node *node);

/* Sets times to now. */
void node_touch_modified(struct node *node); /* the content: modify and change */
void node_touch_changed(struct node *node);  /* anything else about it */
void node_touch_accessed(struct node *node); /* only if it was changed since the last time, as "relatime" has it */
