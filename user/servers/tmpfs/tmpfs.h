/*
 * tmpfs: files in memory. What the handlers of names (names.c) and of open files (files.c, transfer.c, lock_calls.c) share.
 *
 * Every session stamp is a volume of its own: what init mounts at /tmp and at /var are two file systems, made when they are
 * first asked for something.
 */
#pragma once

#include "user/lib/server.h"
#include "user/servers/tmpfs/walk.h"

#define TMPFS_OPEN_FILES 65536u
#define TMPFS_CLIENT_OPEN_FILES 4096u

/* The root of what outlives the server (user/lib/state.h). */
struct tmpfs {
	struct volume *volumes;
	struct process_locks *process_locks; /* all of them; by these a process's second lock finds that it has a sender */
	struct lock_waiter *waiters;         /* in the order of coming */
	uint64_t waiting;
	struct content_space pool; /* of all volumes */
	uint64_t secret;           /* directory.h */
};
extern struct tmpfs *tmpfs;

/* What the server opens for its clients. */
enum object_kind { OBJECT_OPEN_FILE = 1, OBJECT_LOCKS };

struct open_file {
	enum object_kind kind; /* OBJECT_OPEN_FILE */
	uint32_t flags;        /* OPEN_* */
	struct node *node;     /* NULL: it rests */
	uint64_t position;     /* in bytes; of a directory: of the next entry */
	bool has_locks;        /* of the whole file, by this open file */
	uint64_t lease;        /* that it was opened through, 0: none */
};

/* Stands for what a process has locked in a file. */
struct process_locks {
	enum object_kind kind; /* OBJECT_LOCKS */
	uint32_t process;
	struct node *node;
	struct process_locks *next;
};

/* The open file of a request, NULL if it is something else. */
static inline struct open_file *file_of(const struct request *request)
{
	struct open_file *file = request->object;
	return file && file->kind == OBJECT_OPEN_FILE && file->node ? file : NULL;
}

/* Fills the numbers of a stat, or of a file system. */
void tmpfs_fill_stat(struct node *node, struct fs_stat *out);
void tmpfs_fill_info(const struct volume *volume, struct fs_info *out);

/* FS_SET_* on a node. ERR_BAD_ARGUMENT, and those of content_truncate. */
status_t tmpfs_set_attributes(struct node *node, uint32_t mask, const struct fs_attributes *attributes)
        __attribute__((warn_unused_result));

/* Volumes that were being destroyed are. */
void tmpfs_go_on_destroying(void);

/* The volume of a session. ERR_NO_MEMORY. */
status_t tmpfs_volume(uint64_t session, struct volume **out) __attribute__((warn_unused_result));

status_t names_open(struct request *request);
status_t names_reopen(struct request *request);
status_t names_stat(struct request *request);
status_t names_readlink(struct request *request);
status_t names_unlink(struct request *request);
status_t names_mkdir(struct request *request);
status_t names_symlink(struct request *request);
status_t names_link(struct request *request);
status_t names_rename(struct request *request);
status_t names_set_attributes(struct request *request);
status_t names_statfs(struct request *request);
status_t names_mknod(struct request *request);
status_t names_program(struct request *request);

/* Answers as map does for an open file of these OPEN_* flags. */
status_t files_answer_frame(struct request *request, struct node *node, uint32_t flags);

status_t files_rest(struct request *request);
status_t files_seek(struct request *request);
status_t files_fstat(struct request *request);
status_t files_readdir(struct request *request);
status_t files_map(struct request *request);
status_t files_content(struct request *request);
status_t files_truncate(struct request *request);
status_t files_sync(struct request *request);
status_t files_watch(struct request *request);
status_t files_set_attributes(struct request *request);
status_t files_statfs(struct request *request);
status_t files_allocate(struct request *request);
status_t files_available(struct request *request);
status_t files_token(struct request *request);

status_t transfer_read(struct request *request);
status_t transfer_pread(struct request *request);
status_t transfer_write(struct request *request);
status_t transfer_pwrite(struct request *request);

status_t lock_calls_lock(struct request *request);

/* The last sender of an object is gone. */
void lock_calls_close(struct process_locks *locks);
void files_close(struct open_file *file);

/* Whether what a predecessor left is sound; and what is to be done before it can be used. */
bool check_state(struct server *server);
void resume_state(struct server *server);
