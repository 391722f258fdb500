/* Labels, flags and structures of protocol fs (fs.def). */
#pragma once

#include <stdint.h>

enum {
#define FS_OP(label, name) FS_##name = (label),
#include "abi/proto/fs.def"
#undef FS_OP
};

#define FS_PATH_MAX 4096
#define FS_NAME_MAX 255
#define VFS_ADMIN 1 /* stamp of the sender to vfs that may mount */

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

enum { FS_KIND_FILE = 1, FS_KIND_DIRECTORY, FS_KIND_SYMLINK, FS_KIND_TERMINAL, FS_KIND_DEVICE, FS_KIND_STREAM };
enum { FS_SEEK_SET, FS_SEEK_CURRENT, FS_SEEK_END };

#define FS_READY_READ 0x1u
#define FS_READY_WRITE 0x4u
#define FS_READY_HANGUP 0x10u

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

/* One name of a directory; the next starts `size` bytes on, a multiple of 8. */
struct fs_entry {
	uint64_t file;
	uint32_t kind;
	uint16_t size;
	uint16_t name_length;
	char name[]; /* followed by a NUL */
};

/* As POSIX names them; bits and indices are those of Linux's termios on x86-64. */
struct tty_attributes {
	uint32_t input, output, control, local;
	uint8_t line;
	uint8_t cc[19];
};

enum { TTY_SET_NOW, TTY_SET_DRAIN, TTY_SET_FLUSH };
