/* The tables of trace_names.h, without pointers in them: the image has no relocations. */
#include "user/linux/trace_names.h"

#include <stddef.h>

#include "user/linux/errors.h"

static const struct trace_flag flag_names[] = {
        /* O: open. */
        {01, "O_WRONLY"},
        {02, "O_RDWR"},
        {0100, "O_CREAT"},
        {0200, "O_EXCL"},
        {0400, "O_NOCTTY"},
        {01000, "O_TRUNC"},
        {02000, "O_APPEND"},
        {04000, "O_NONBLOCK"},
        {0200000, "O_DIRECTORY"},
        {0400000, "O_NOFOLLOW"},
        {02000000, "O_CLOEXEC"},
        {010000000, "O_PATH"},
        {0100000, "O_LARGEFILE"},
        /* P: protection. */
        {1, "PROT_READ"},
        {2, "PROT_WRITE"},
        {4, "PROT_EXEC"},
        /* M: mmap. */
        {1, "MAP_SHARED"},
        {2, "MAP_PRIVATE"},
        {0x10, "MAP_FIXED"},
        {0x20, "MAP_ANONYMOUS"},
        {0x4000, "MAP_NORESERVE"},
        {0x20000, "MAP_STACK"},
        {0x100000, "MAP_FIXED_NOREPLACE"},
        /* C: clone. */
        {0x100, "CLONE_VM"},
        {0x200, "CLONE_FS"},
        {0x400, "CLONE_FILES"},
        {0x800, "CLONE_SIGHAND"},
        {0x4000, "CLONE_VFORK"},
        {0x10000, "CLONE_THREAD"},
        {0x40000, "CLONE_SYSVSEM"},
        {0x80000, "CLONE_SETTLS"},
        {0x100000, "CLONE_PARENT_SETTID"},
        {0x200000, "CLONE_CHILD_CLEARTID"},
        {0x1000000, "CLONE_CHILD_SETTID"},
        {17, "SIGCHLD"},
        /* W: wait. */
        {1, "WNOHANG"},
        {2, "WUNTRACED"},
        {4, "WEXITED"},
        {8, "WCONTINUED"},
        {0x1000000, "WNOWAIT"},
        /* A: access. */
        {1, "X_OK"},
        {2, "W_OK"},
        {4, "R_OK"},
        /* a: names relative to a directory. */
        {0x100, "AT_SYMLINK_NOFOLLOW"},
        {0x200, "AT_REMOVEDIR"},
        {0x400, "AT_SYMLINK_FOLLOW"},
        {0x1000, "AT_EMPTY_PATH"},
        /* H: lseek. */
        {0, "SEEK_SET"},
        {1, "SEEK_CUR"},
        {2, "SEEK_END"},
        {3, "SEEK_DATA"},
        {4, "SEEK_HOLE"},
        /* m: rt_sigprocmask. */
        {0, "SIG_BLOCK"},
        {1, "SIG_UNBLOCK"},
        {2, "SIG_SETMASK"},
        /* K: clocks. */
        {0, "CLOCK_REALTIME"},
        {1, "CLOCK_MONOTONIC"},
        {2, "CLOCK_PROCESS_CPUTIME"},
        {3, "CLOCK_THREAD_CPUTIME"},
        {7, "CLOCK_BOOTTIME"},
        /* F: fcntl. */
        {0, "F_DUPFD"},
        {1, "F_GETFD"},
        {2, "F_SETFD"},
        {3, "F_GETFL"},
        {4, "F_SETFL"},
        {5, "F_GETLK"},
        {6, "F_SETLK"},
        {7, "F_SETLKW"},
        {1030, "F_DUPFD_CLOEXEC"},
        /* I: ioctl. */
        {0x5401, "TCGETS"},
        {0x5402, "TCSETS"},
        {0x5403, "TCSETSW"},
        {0x5404, "TCSETSF"},
        {0x540e, "TIOCSCTTY"},
        {0x540f, "TIOCGPGRP"},
        {0x5410, "TIOCSPGRP"},
        {0x5413, "TIOCGWINSZ"},
        {0x5414, "TIOCSWINSZ"},
        {0x541b, "FIONREAD"},
        {0x5421, "FIONBIO"},
        /* U: futex. */
        {0, "FUTEX_WAIT"},
        {1, "FUTEX_WAKE"},
        {3, "FUTEX_REQUEUE"},
        {4, "FUTEX_CMP_REQUEUE"},
        {9, "FUTEX_WAIT_BITSET"},
        {128, "FUTEX_WAIT_PRIVATE"},
        {129, "FUTEX_WAKE_PRIVATE"},
        {131, "FUTEX_REQUEUE_PRIV"},
        {137, "FUTEX_WAIT_BITSET_P"},
        /* N: arch_prctl. */
        {0x1001, "ARCH_SET_GS"},
        {0x1002, "ARCH_SET_FS"},
        {0x1003, "ARCH_GET_FS"},
        {0x1004, "ARCH_GET_GS"},
        /* 3: events of poll. */
        {1, "POLLIN"},
        {2, "POLLPRI"},
        {4, "POLLOUT"},
        {8, "POLLERR"},
        {16, "POLLHUP"},
        {32, "POLLNVAL"},
        {64, "POLLRDNORM"},
        {256, "POLLWRNORM"},
        /* 4: families of sockets. */
        {0, "AF_UNSPEC"},
        {1, "AF_UNIX"},
        {2, "AF_INET"},
        {10, "AF_INET6"},
        /* 5: kinds of files. */
        {0010000, "S_IFIFO"},
        {0020000, "S_IFCHR"},
        {0040000, "S_IFDIR"},
        {0060000, "S_IFBLK"},
        {0100000, "S_IFREG"},
        {0120000, "S_IFLNK"},
        {0140000, "S_IFSOCK"},
        /* 6: flags of sigaction. */
        {1, "SA_NOCLDSTOP"},
        {2, "SA_NOCLDWAIT"},
        {4, "SA_SIGINFO"},
        {0x04000000, "SA_RESTORER"},
        {0x08000000, "SA_ONSTACK"},
        {0x10000000, "SA_RESTART"},
        {0x40000000, "SA_NODEFER"},
        {0x80000000, "SA_RESETHAND"},
        /* q: limits. */
        {0, "RLIMIT_CPU"},
        {1, "RLIMIT_FSIZE"},
        {2, "RLIMIT_DATA"},
        {3, "RLIMIT_STACK"},
        {4, "RLIMIT_CORE"},
        {5, "RLIMIT_RSS"},
        {6, "RLIMIT_NPROC"},
        {7, "RLIMIT_NOFILE"},
        {8, "RLIMIT_MEMLOCK"},
        {9, "RLIMIT_AS"},
        {10, "RLIMIT_LOCKS"},
        {11, "RLIMIT_SIGPENDING"},
        {12, "RLIMIT_MSGQUEUE"},
        {13, "RLIMIT_NICE"},
        {14, "RLIMIT_RTPRIO"},
        {15, "RLIMIT_RTTIME"},
};

/* In the order of the names above. */
static const struct trace_kind kinds_named[] = {
        {'O', false, "O_RDONLY", 0, 13},
        {'n', false, "0", 0, 13},
        {'P', false, "PROT_NONE", 13, 3},
        {'M', false, "0", 16, 7},
        {'C', false, "0", 23, 12},
        {'W', false, "0", 35, 5},
        {'A', false, "F_OK", 40, 3},
        {'a', false, "0", 43, 4},
        {'H', true, "", 47, 5},
        {'m', true, "", 52, 3},
        {'K', true, "", 55, 5},
        {'F', true, "", 60, 9},
        {'I', true, "", 69, 11},
        {'U', true, "", 80, 9},
        {'N', true, "", 89, 4},
        {'3', false, "0", 93, 8},
        {'4', true, "", 101, 4},
        {'5', true, "", 105, 7},
        {'6', false, "0", 112, 8},
        {'q', true, "", 120, 16},
};
_Static_assert(sizeof flag_names / sizeof *flag_names == 136, "the table of kinds ends with the names");

static const char signal_names[32][8] = {"0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
        "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
        "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"};

struct errno_name {
	uint8_t number;
	char name[15];
};

#define E(name) \
	{ \
		name, #name \
	}
static const struct errno_name errno_names[] = {E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC),
        E(EBADF), E(ECHILD), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(EBUSY), E(EEXIST), E(EXDEV), E(ENODEV), E(ENOTDIR),
        E(EISDIR), E(EINVAL), E(ENFILE), E(EMFILE), E(ENOTTY), E(ETXTBSY), E(EFBIG), E(ENOSPC), E(ESPIPE), E(EROFS), E(EMLINK),
        E(EPIPE), E(EDOM), E(ERANGE), E(EDEADLK), E(ENAMETOOLONG), E(ENOLCK), E(ENOSYS), E(ENOTEMPTY), E(ELOOP), E(EOVERFLOW),
        E(ENOTSOCK), E(EDESTADDRREQ), E(EMSGSIZE), E(EPROTOTYPE), E(ENOPROTOOPT), E(EOPNOTSUPP), E(EAFNOSUPPORT), E(EADDRINUSE),
        E(ECONNREFUSED), E(ECONNRESET), E(EISCONN), E(ENOTCONN), E(ETIMEDOUT), E(EALREADY), E(EINPROGRESS), E(ETOOMANYREFS),
        E(EDQUOT), E(ECANCELED), E(ENODATA)};
#undef E

const struct trace_kind *trace_kind(char kind)
{
	for (uint32_t i = 0; i < sizeof kinds_named / sizeof *kinds_named; i++) {
		if (kinds_named[i].kind == kind)
			return &kinds_named[i];
	}
	return NULL;
}

const struct trace_flag *trace_flags(const struct trace_kind *kind)
{
	return &flag_names[kind->first];
}

const char *trace_signal_name(uint64_t signal)
{
	return signal && signal < sizeof signal_names / sizeof *signal_names ? signal_names[signal] : NULL;
}

const char *trace_error_name(int64_t error)
{
	for (uint32_t i = 0; i < sizeof errno_names / sizeof *errno_names; i++) {
		if (errno_names[i].number == error)
			return errno_names[i].name;
	}
	return NULL;
}
