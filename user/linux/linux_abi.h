/*
 * What Linux on x86-64 promises to programs, as far as it is answered here: flags, commands and structures of its system
 * calls; those of signals and sockets are in headers of their own, which come with this one. Names carry LINUX_ because some of
 * Hearth's own are spelled alike. Error numbers come from <asm/errno.h>.
 */
#pragma once

#include <stdint.h>

#include "user/linux/linux_abi_signals.h"
#include "user/linux/linux_abi_sockets.h"

/* open, fcntl */
#define LINUX_O_ACCMODE 03u
#define LINUX_O_RDONLY 00u
#define LINUX_O_WRONLY 01u
#define LINUX_O_RDWR 02u
#define LINUX_O_CREAT 0100u
#define LINUX_O_EXCL 0200u
#define LINUX_O_NOCTTY 0400u
#define LINUX_O_TRUNC 01000u
#define LINUX_O_APPEND 02000u
#define LINUX_O_NONBLOCK 04000u
#define LINUX_O_LARGEFILE 0100000u
#define LINUX_O_DIRECTORY 0200000u
#define LINUX_O_NOFOLLOW 0400000u
#define LINUX_O_CLOEXEC 02000000u
#define LINUX_O_PATH 010000000u
#define LINUX_O_TMPFILE 020200000u

#define LINUX_SEEK_DATA 3u
#define LINUX_SEEK_HOLE 4u

#define LINUX_F_DUPFD 0
#define LINUX_F_GETFD 1
#define LINUX_F_SETFD 2
#define LINUX_F_GETFL 3
#define LINUX_F_SETFL 4
#define LINUX_F_DUPFD_CLOEXEC 1030
#define LINUX_F_SETPIPE_SZ 1031
#define LINUX_F_GETPIPE_SZ 1032
#define LINUX_FD_CLOEXEC 1u

#define LINUX_AT_FDCWD (-100)
#define LINUX_AT_SYMLINK_NOFOLLOW 0x100u
#define LINUX_AT_EACCESS 0x200u
#define LINUX_AT_REMOVEDIR 0x200u
#define LINUX_AT_SYMLINK_FOLLOW 0x400u
#define LINUX_AT_NO_AUTOMOUNT 0x800u
#define LINUX_AT_EMPTY_PATH 0x1000u
#define LINUX_AT_STATX_SYNC 0x6000u

#define LINUX_RENAME_NOREPLACE 1u
#define LINUX_RENAME_EXCHANGE 2u
#define LINUX_UTIME_NOW 0x3fffffff
#define LINUX_UTIME_OMIT 0x3ffffffe

#define LINUX_F_GETLK 5
#define LINUX_F_SETLK 6
#define LINUX_F_SETLKW 7
#define LINUX_F_RDLCK 0
#define LINUX_F_WRLCK 1
#define LINUX_F_UNLCK 2
struct linux_flock {
	int16_t type, whence;
	int64_t start, length;
	int32_t process;
};
_Static_assert(sizeof(struct linux_flock) == 32, "Linux's struct flock");

#define LINUX_R_OK 4u
#define LINUX_W_OK 2u
#define LINUX_X_OK 1u

/* stat */
#define LINUX_S_IFIFO 0010000u
#define LINUX_S_IFCHR 0020000u
#define LINUX_S_IFBLK 0060000u
#define LINUX_S_IFDIR 0040000u
#define LINUX_S_IFREG 0100000u
#define LINUX_S_IFLNK 0120000u
#define LINUX_S_IFSOCK 0140000u
#define LINUX_S_IFMT 0170000u

struct linux_timespec {
	int64_t seconds;
	int64_t nanoseconds;
};

struct linux_timeval {
	int64_t seconds;
	int64_t microseconds;
};

struct linux_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, reserved0;
	uint64_t rdev;
	int64_t size, block_size, blocks;
	struct linux_timespec access, modify, change;
	int64_t reserved1[3];
};
_Static_assert(sizeof(struct linux_stat) == 144, "Linux's struct stat");

/* statx; what it can tell that stat does not is left out of the mask. */
#define LINUX_STATX_BASIC 0x7ffu
struct linux_statx_time {
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t reserved;
};

struct linux_statx {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t links, uid, gid;
	uint16_t mode, reserved0;
	uint64_t file, size, blocks, attributes_mask;
	struct linux_statx_time access, birth, change, modify;
	uint32_t device_major, device_minor, file_system_major, file_system_minor;
	uint64_t reserved1[14];
};
_Static_assert(sizeof(struct linux_statx) == 256, "Linux's struct statx");

struct linux_statfs {
	int64_t type, block_size;
	uint64_t blocks, blocks_free, blocks_available, files, files_free, file_system;
	int64_t name_max, fragment_size, flags, reserved[4];
};
_Static_assert(sizeof(struct linux_statfs) == 120, "Linux's struct statfs");

struct linux_dirent {
	uint64_t ino;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
} __attribute__((packed, aligned(8)));
#define LINUX_DIRENT_NAME 19 /* offset of the name, which begins before the structure's padded end */

#define LINUX_DT_UNKNOWN 0
#define LINUX_DT_FIFO 1
#define LINUX_DT_CHR 2
#define LINUX_DT_BLK 6
#define LINUX_DT_DIR 4
#define LINUX_DT_REG 8
#define LINUX_DT_LNK 10
#define LINUX_DT_SOCK 12

struct linux_iovec {
	uint64_t base, length;
};
#define LINUX_IOV_MAX 1024u
#define LINUX_TRANSFER_MAX 0x7ffff000ull /* most that one read or write moves */

/* mmap */
#define LINUX_PROT_READ 1u
#define LINUX_PROT_WRITE 2u
#define LINUX_PROT_EXEC 4u
#define LINUX_MAP_SHARED 0x1u
#define LINUX_MAP_PRIVATE 0x2u
#define LINUX_MAP_TYPE 0xfu
#define LINUX_MAP_FIXED 0x10u
#define LINUX_MAP_ANONYMOUS 0x20u
#define LINUX_MAP_HUGETLB 0x40000u
#define LINUX_MAP_FIXED_NOREPLACE 0x100000u
#define LINUX_MREMAP_MAYMOVE 1u
#define LINUX_MREMAP_FIXED 2u

/* ioctl */
#define LINUX_TCGETS 0x5401u
#define LINUX_TCSETS 0x5402u
#define LINUX_TCSETSW 0x5403u
#define LINUX_TCSETSF 0x5404u
#define LINUX_TCSBRK 0x5409u
#define LINUX_TCFLSH 0x540bu
#define LINUX_TIOCSCTTY 0x540eu
#define LINUX_TIOCGPGRP 0x540fu
#define LINUX_TIOCSPGRP 0x5410u
#define LINUX_TIOCGWINSZ 0x5413u
#define LINUX_TIOCSWINSZ 0x5414u
#define LINUX_FIONREAD 0x541bu
#define LINUX_FIONBIO 0x5421u
#define LINUX_TIOCNOTTY 0x5422u
#define LINUX_TIOCGSID 0x5429u
#define LINUX_TIOCGPTN 0x80045430u
#define LINUX_TIOCSPTLCK 0x40045431u
#define LINUX_FIONCLEX 0x5450u
#define LINUX_FIOCLEX 0x5451u

#define LINUX_RTC_RD_TIME 0x80247009u
#define LINUX_RTC_SET_TIME 0x4024700au

struct linux_rtc_time {
	int32_t second, minute, hour, day, month, year, weekday, yearday, summer;
};

struct linux_winsize {
	uint16_t rows, columns, width, height;
};

/* poll, select */
#define LINUX_POLLIN 0x1
#define LINUX_POLLPRI 0x2
#define LINUX_POLLOUT 0x4
#define LINUX_POLLERR 0x8
#define LINUX_POLLHUP 0x10
#define LINUX_POLLNVAL 0x20
#define LINUX_POLLRDNORM 0x40
#define LINUX_POLLWRNORM 0x100

struct linux_pollfd {
	int32_t fd;
	int16_t events, revents;
};

/* eventfd, timerfd */
#define LINUX_EFD_SEMAPHORE 1u
#define LINUX_TFD_CANCEL_ON_SET 2u

struct linux_itimerspec {
	struct linux_timespec interval, value;
};

/* clone */
#define LINUX_CLONE_VM 0x100u
#define LINUX_CLONE_FS 0x200u
#define LINUX_CLONE_FILES 0x400u
#define LINUX_CLONE_SIGHAND 0x800u
#define LINUX_CLONE_VFORK 0x4000u
#define LINUX_CLONE_THREAD 0x10000u
#define LINUX_CLONE_SYSVSEM 0x40000u
#define LINUX_CLONE_SETTLS 0x80000u
#define LINUX_CLONE_PARENT_SETTID 0x100000u
#define LINUX_CLONE_CHILD_CLEARTID 0x200000u
#define LINUX_CLONE_DETACHED 0x400000u
#define LINUX_CLONE_CHILD_SETTID 0x1000000u

/* arch_prctl, prctl */
#define LINUX_ARCH_SET_GS 0x1001
#define LINUX_ARCH_SET_FS 0x1002
#define LINUX_ARCH_GET_FS 0x1003
#define LINUX_ARCH_GET_GS 0x1004
#define LINUX_PR_SET_NAME 15
#define LINUX_PR_GET_NAME 16

/* futex */
#define LINUX_FUTEX_WAIT 0u
#define LINUX_FUTEX_WAKE 1u
#define LINUX_FUTEX_REQUEUE 3u
#define LINUX_FUTEX_CMP_REQUEUE 4u
#define LINUX_FUTEX_WAIT_BITSET 9u
#define LINUX_FUTEX_WAKE_BITSET 10u
#define LINUX_FUTEX_PRIVATE 128u
#define LINUX_FUTEX_CLOCK_REALTIME 256u

/* clocks */
#define LINUX_CLOCK_REALTIME 0
#define LINUX_CLOCK_MONOTONIC 1
#define LINUX_CLOCK_PROCESS_CPUTIME 2
#define LINUX_CLOCK_THREAD_CPUTIME 3
#define LINUX_CLOCK_MONOTONIC_RAW 4
#define LINUX_CLOCK_REALTIME_COARSE 5
#define LINUX_CLOCK_MONOTONIC_COARSE 6
#define LINUX_CLOCK_BOOTTIME 7
#define LINUX_CLOCK_TAI 11
#define LINUX_TIMER_ABSTIME 1u
#define LINUX_CLOCK_TICKS 100 /* of times(), a second */

/* resources and the machine */
#define LINUX_RLIMIT_STACK 3
#define LINUX_RLIMIT_CORE 4
#define LINUX_RLIMIT_NOFILE 7
#define LINUX_RLIMIT_AS 9
#define LINUX_RLIMITS 16
#define LINUX_RLIM_INFINITY UINT64_MAX

struct linux_rlimit {
	uint64_t soft, hard;
};

struct linux_utsname {
	char system[65], node[65], release[65], version[65], machine[65], domain[65];
};

struct linux_sysinfo {
	int64_t uptime;
	uint64_t loads[3], total, free, shared, buffer, swap_total, swap_free;
	uint16_t processes, reserved0;
	uint32_t reserved1;
	uint64_t high_total, high_free;
	uint32_t unit, reserved2;
};
_Static_assert(sizeof(struct linux_sysinfo) == 112, "Linux's struct sysinfo");

struct linux_rusage {
	struct linux_timeval user, system;
	int64_t reserved[14]; /* sizes and counts: 0 */
};
_Static_assert(sizeof(struct linux_rusage) == 144, "Linux's struct rusage");

struct linux_tms {
	int64_t user, system, child_user, child_system;
};

/* The auxiliary vector. */
#define LINUX_AT_NULL 0
#define LINUX_AT_PHDR 3
#define LINUX_AT_PHENT 4
#define LINUX_AT_PHNUM 5
#define LINUX_AT_PAGESZ 6
#define LINUX_AT_BASE 7
#define LINUX_AT_FLAGS 8
#define LINUX_AT_ENTRY 9
#define LINUX_AT_UID 11
#define LINUX_AT_EUID 12
#define LINUX_AT_GID 13
#define LINUX_AT_EGID 14
#define LINUX_AT_PLATFORM 15
#define LINUX_AT_HWCAP 16
#define LINUX_AT_CLKTCK 17
#define LINUX_AT_SECURE 23
#define LINUX_AT_RANDOM 25
#define LINUX_AT_HWCAP2 26
#define LINUX_AT_EXECFN 31
#define LINUX_AT_MINSIGSTKSZ 51
#define LINUX_HWCAP2_FSGSBASE 2u
