/* Labels, flags and structures of protocol fs (fs.def). */
#pragma once

#include <stdint.h>

enum {
#define FS_OP(label, name, ...) FS_##name = (label),
#include "abi/proto/fs.def"
#undef FS_OP
};

#define FS_PATH_MAX 4096
#define FS_NAME_MAX 255
#define FS_LINKS_MAX 40 /* symbolic links followed in one walk */

#define OPEN_READ 0x1u
#define OPEN_WRITE 0x2u
#define OPEN_CREATE 0x4u
#define OPEN_EXCLUSIVE 0x8u
#define OPEN_TRUNCATE 0x10u
#define OPEN_APPEND 0x20u
#define OPEN_DIRECTORY 0x40u /* NOT_DIRECTORY if it is none */
#define OPEN_NO_FOLLOW 0x80u /* LINK_LOOP if the last name is a symbolic link */
#define OPEN_EXECUTE 0x100u  /* the frame of `map` conveys RIGHT_EXECUTE */
#define OPEN_NONBLOCK 0x200u /* read and write answer WOULD_BLOCK */

enum {
	FS_KIND_FILE = 1,
	FS_KIND_DIRECTORY,
	FS_KIND_SYMLINK,
	FS_KIND_TERMINAL,
	FS_KIND_DEVICE,
	FS_KIND_STREAM,
	FS_KIND_FIFO,      /* as a name only: what is opened there is found out by fstat and looked for at the stream server */
	FS_KIND_SOCKET,    /* the same; or one that is open */
	FS_KIND_ANONYMOUS, /* open, and neither this nor that: an event, an alarm */
	FS_KIND_BLOCK_DEVICE /* as a name only, as is a _DEVICE in a file system that keeps names */
};
enum { FS_SEEK_SET, FS_SEEK_CURRENT, FS_SEEK_END };

#define FS_UNLINK_DIRECTORY 0x1u   /* an empty directory and nothing else; without it anything else */
#define FS_LINK_FOLLOW 0x1u        /* a link to a link is one to its target */
#define FS_RENAME_NO_REPLACE 0x1u  /* EXISTS if there is something of the new name */
#define FS_RENAME_EXCHANGE 0x2u    /* both must be there */
#define FS_ALLOCATE_KEEP_SIZE 0x1u /* of the file as it is told */
#define FS_ALLOCATE_PUNCH 0x2u     /* makes a hole; needs KEEP_SIZE */
#define FS_ALLOCATE_ZERO 0x4u      /* the range reads as zeros afterwards */

enum { FS_LOCK_NONE, FS_LOCK_SHARED, FS_LOCK_EXCLUSIVE };
#define FS_LOCK_WAIT 0x1u  /* until it can be had */
#define FS_LOCK_TEST 0x2u  /* only tell what is in the way */
#define FS_LOCK_WHOLE 0x4u /* of the whole file, owned by the open file; has nothing to do with those of ranges */

#define FS_READY_READ 0x1u
#define FS_READY_WRITE 0x4u
#define FS_READY_ERROR 0x8u   /* nobody will ever read what is written here */
#define FS_READY_HANGUP 0x10u /* nothing more will come than what is there */

/* Beside FS_READY_* in a watch: not what holds now is waited for but what comes next; what holds is told all the same. */
#define FS_WATCH_NEXT 0x80000000u

/* read and write; a server that never waits, or has files opened with OPEN_NONBLOCK only, need not look at it. */
#define FS_TRANSFER_FORCED 0x2u  /* of a terminal: from the background all the same */
#define FS_TRANSFER_NO_WAIT 0x1u /* WOULD_BLOCK instead of waiting */

struct fs_stat {
	uint64_t file_system; /* number of the file system, told apart by vfs */
	uint64_t file;        /* number of the file in it */
	uint32_t kind;        /* FS_KIND_* */
	uint32_t mode;        /* permission bits */
	uint32_t links;
	uint32_t block_size;
	uint64_t size;
	uint64_t blocks; /* of 512 bytes */
	uint32_t uid;
	uint32_t gid;
	int64_t access_seconds, modify_seconds, change_seconds;
	uint32_t access_ns, modify_ns, change_ns;
	uint32_t device; /* number of the device it stands for */
};

/* Which fields of struct fs_attributes are to be set. */
#define FS_SET_MODE 0x1u
#define FS_SET_USER 0x2u
#define FS_SET_GROUP 0x4u
#define FS_SET_ACCESS_TIME 0x8u
#define FS_SET_MODIFY_TIME 0x10u
#define FS_SET_ACCESS_NOW 0x20u /* to the server's clock, whatever the field says */
#define FS_SET_MODIFY_NOW 0x40u
#define FS_SET_SIZE 0x80u /* of a file, by its path: truncate */
#define FS_SET_ALL 0xffu

struct fs_attributes {
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t reserved;
	int64_t access_seconds, modify_seconds;
	uint32_t access_ns, modify_ns;
	uint64_t size;
};

#define FS_INFO_READ_ONLY 0x1u

/* A file system as a whole. */
struct fs_info {
	uint64_t file_system; /* as in struct fs_stat */
	uint64_t block_size;
	uint64_t blocks, blocks_free; /* 0 where there is no such limit */
	uint64_t files, files_free;
	uint32_t name_max;
	uint32_t flags; /* FS_INFO_* */
	char type[16];  /* "tmpfs", with a NUL */
};

/* One name of a directory; the next starts `size` bytes on, a multiple of 8. */
struct fs_entry {
	uint64_t file;
	uint32_t kind;
	uint16_t size;
	uint16_t name_length;
	uint64_t next; /* where `seek` goes on behind this entry; 0: at the number of entries told so far */
	char name[];   /* followed by a NUL */
};
