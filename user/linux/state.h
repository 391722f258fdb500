/*
 * All state of the image: one struct process, reached through each thread's struct thread, which GS points to.
 *
 * A process's state is one mapping, made once at the start. A thread's is one mapping too, its stack for Linux calls below it
 * (the first thread has its starter's stack for that), and goes with the thread. Both are ordinary private memory, name the
 * process's own objects only by HANDLE_SELF_*, and would mean the same in a copy of the process.
 *
 * Who guards what: fields without a word about it are written at the start only, or belong to the one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/control_block.h"
#include "abi/linux_image.h"
#include "abi/proto/fs.h"
#include "abi/start.h"
#include "abi/syscalls.h"
#include "abi/time_page.h"
#include "common/chacha.h"
#include "user/linux/layout.h"
#include "user/linux/linux_abi.h"
#include "user/linux/lock.h"

#define PAGE_SIZE 4096ull
#define DESCRIPTORS_MAX 1024u
#define DESCRIPTORS_NEAR 64u /* lie where every process has memory */
#define SHORT_DIRECTORY 160u
#define VECTORS_USUAL 832u /* bytes of vector state with AVX */
#define CALLS_MAX 512u     /* numbers of Linux calls end below */

/* The program's registers during a Linux call. */
struct frame {
	uint64_t rax, rdi, rsi, rdx, r10, r8, r9, rbx, rbp, r12, r13, r14, r15, rsp, rip, rflags;
};

#define PATH_SHORT 58u /* most paths are, and need no memory of their own */

struct open_file;

struct thread {
	struct thread *self;
	struct control_block *control_block;
	uint64_t stack_top; /* of the stack for Linux calls; the frame of the call is right below */
	struct process *process;
	uint64_t return_rip;
	uint8_t vectors_saved;
	uint8_t return_full;
	uint8_t vectors_how;
	uint8_t reserved[5];
	uint64_t rcx, r11; /* of the program, with return_full */

	uint32_t id;         /* as gettid tells */
	uint32_t sleep_word; /* always 0: sleepers wait on it for a wake-up that never comes */
	uint64_t clear_id;   /* address of a word to clear and wake when the thread ends, 0: none */
	uint64_t mapping;    /* what its end unmaps */
	uint64_t mapping_size;
	handle_t notify; /* for poll; made when first needed */
	struct open_file
	        *held_file; /* the last that a call of this thread has begun to use: let go if the call fails on bad memory */
	handle_t
	        signal_notify; /* whose bits come to this thread as upcalls; HANDLE_SELF_NOTIFY or its own; HANDLE_NONE: none */

	uint64_t signal_mask;    /* bit N-1: signal N; written by the thread alone */
	uint64_t signal_pending; /* for this thread alone; guarded by process.signals_lock */
	uint64_t mask_to_restore;
	bool restore_mask; /* a handler that runs now returns to mask_to_restore, not to signal_mask */
	bool failed;       /* the image has, in answering a call of this thread, and is about to report it */
	struct linux_stack signal_stack;
	uint64_t trap_vector, trap_error, trap_address; /* of the last exception, for signal frames */
	struct thread *next, *previous;                 /* all threads of the process; guarded by process.threads_lock */
};

_Static_assert(offsetof(struct thread, self) == LINUX_GS_SELF, "layout.h");
_Static_assert(offsetof(struct thread, control_block) == LINUX_GS_CONTROL_BLOCK, "layout.h");
_Static_assert(offsetof(struct thread, stack_top) == THREAD_STACK_TOP, "layout.h");
_Static_assert(offsetof(struct thread, process) == THREAD_PROCESS, "layout.h");
_Static_assert(offsetof(struct thread, return_rip) == THREAD_RETURN_RIP, "layout.h");
_Static_assert(offsetof(struct thread, return_full) == THREAD_RETURN_FULL, "layout.h");
_Static_assert(offsetof(struct thread, rcx) == THREAD_RCX && offsetof(struct thread, r11) == THREAD_R11, "layout.h");
_Static_assert(offsetof(struct thread, vectors_saved) == THREAD_VECTORS_SAVED, "layout.h");
_Static_assert(offsetof(struct thread, vectors_how) == THREAD_VECTORS_HOW, "layout.h");
_Static_assert(sizeof(struct thread) <= THREAD_AREA, "layout.h");
_Static_assert(offsetof(struct control_block, foreign_rip) == CONTROL_RIP, "layout.h");
_Static_assert(offsetof(struct control_block, foreign_rflags) == CONTROL_RFLAGS, "layout.h");
_Static_assert(offsetof(struct control_block, hold_off) == CONTROL_HOLD_OFF, "layout.h");
_Static_assert(offsetof(struct control_block, upcall_pending) == CONTROL_UPCALL_PENDING, "layout.h");
_Static_assert(offsetof(struct control_block, upcall_frame) == CONTROL_UPCALL_FRAME, "layout.h");
_Static_assert(offsetof(struct control_block, upcall_frame.rip) == UPCALL_RIP, "layout.h");
_Static_assert(offsetof(struct control_block, upcall_frame.held) == UPCALL_HELD, "layout.h");
_Static_assert(offsetof(struct frame, rip) == FRAME_RIP && sizeof(struct frame) == FRAME_SIZE, "layout.h");

struct epoll;

/* What several descriptors can share: an open file of a server, or the log. */
struct open_file {
	uint32_t references;     /* 0: free; guarded by process.descriptors_lock */
	handle_t handle;         /* HANDLE_NONE: the log */
	uint32_t kind;           /* FS_KIND_*, 0: not known */
	uint32_t flags;          /* LINUX_O_* as F_GETFL tells them */
	uint8_t log_stream;      /* of process.log_streams */
	uint8_t dots_given;      /* of a directory: how many of "." and "..", its first entries, a listing has given */
	bool server_never_waits; /* opened with OPEN_NONBLOCK */
	bool lists_descriptors;  /* /proc/self/fd: what is in it the process knows (proc.h) */
	handle_t locks;          /* stands for what this process has locked in the file (record_lock.h) */
	uint32_t locks_owner;    /* number of the process that was; a child has a copy of this and not the handle */
	uint32_t serial;         /* of this open file, among all that the process has had; never 0 */
	struct epoll *epoll;     /* NULL: it is no list of epoll's */
	uint64_t entries_read;   /* of a directory: the d_off of its next entry */
	uint16_t lease;          /* serial of the lease that it was opened by, while nobody else can have its handle; 0: none */
	uint8_t preads;          /* by its server; counted as far as content.c wants to know */
	uint8_t by_frame;        /* enum content_way */
	uint16_t path_length;    /* of the path that it was opened by; 0: not known */
	char short_path[PATH_SHORT]; /* it with its NUL if it fits, else it is in process.long_paths */
};

struct descriptor {
	uint16_t file : 15; /* index in process.files plus one, 0: not open */
	uint16_t close_on_exec : 1;
};

/* What a signal brings along, for siginfo. */
struct signal_note {
	int32_t code;  /* LINUX_SI_* and the like */
	uint32_t pid;  /* of the sender; of SIGCHLD: the child */
	uint64_t word; /* an address, or a value */
};

/* A signal that waits with a note of its own: real-time signals to this process, which come as often as they are sent. */
struct queued_signal {
	uint32_t signal; /* 0: free */
	uint32_t thread; /* id; 0: to the process */
	struct signal_note note;
};
#define QUEUED_SIGNALS 64u

/* A timer of timer_create (timers.c). */
struct posix_timer {
	bool used;
	int clock, signal;
	uint32_t thread; /* that the signal is for, 0: the process */
	uint32_t overrun;
	handle_t handle; /* HANDLE_NONE: it sends no signals */
	uint64_t value;
	uint64_t deadline, period; /* ns since boot, 0: it is off; 0: once */
};
#define POSIX_TIMERS 32u

/* A line on its way to the log: its text is in process.log_texts. */
struct log_stream {
	struct lock lock;
	uint32_t length;
};

enum { LOG_STREAM_OUTPUT, LOG_STREAM_ERRORS, LOG_STREAMS };

/* Where an open file can be read without its server (content.h). */
struct file_content {
	handle_t frame;
	uint64_t offset, length;
};

#define LEASES_MAX 4u
#define LEASE_PATH 64u

/* A file system that is asked directly for names below a mount point (leases.h). */
struct lease {
	uint64_t head, mask; /* the first eight bytes of `path`, and 1s where it has some */
	uint32_t users;      /* threads that make a call by it, and one more as long as it is `live`; 0: free */
	bool live;
	bool no_rest;    /* its file system does not know FS_rest */
	uint16_t serial; /* no other lease of the process has had it lately; not 0 */
	handle_t handle;
	handle_t resting;      /* an open file that rests, to be opened next; HANDLE_NONE: none */
	handle_t vfs;          /* whose table it is of */
	uint32_t length;       /* of the mount point: names below it begin there */
	char path[LEASE_PATH]; /* the mount point with a slash behind it, no NUL */
};

struct heap {
	struct lock lock; /* guards the rest */
	uint64_t start, end, mapped;
	struct mapped_files *mapped_files; /* of the address space besides: mapped.h */
};

/* random.h */
#define RANDOM_AHEAD 224u /* bytes that four blocks give */
struct random_source {
	struct lock lock; /* guards the rest */
	bool stale;       /* it is a copy of the parent's */
	bool was_used;
	uint8_t left; /* the last so many bytes of `ahead` have not been handed out; others are zero */
	struct chacha_generator generator;
	uint8_t ahead[RANDOM_AHEAD];
};

struct borrower;

/*
 * From the first field to `not_copied` this is what a process that borrows the memory begins with (fork.c). What every process uses
 * comes first, the first descriptors and open files included, and is one page with the state of the first thread right before it:
 * memory that a process does not touch it does not have.
 */
struct process {
	struct start_block *start;
	const struct time_page *time_page;
	uint64_t program_start, program_end; /* where they lie, for /proc/self/maps */
	uint64_t program_stack, program_stack_end;
	uint32_t number;
	uint32_t vectors_size;     /* of a thread's area for vector state */
	uint64_t vectors_features; /* XCR0 */
	uint8_t vectors_how;
	bool has_rdrand;
	bool log_unknown_calls;
	uint32_t descriptors_refused; /* the highest so many are beyond RLIMIT_NOFILE */
	uint64_t memory_limit;        /* RLIMIT_AS; 0: none */
	uint32_t trace;               /* START_TRACE and what belongs to it; 0: off */
	handle_t trace_output;
	bool paths_borrowed; /* long_paths is the parent's, and not to be written */
	handle_t log;        /* HANDLE_NONE where none was granted; so the next */
	handle_t vfs;
	handle_t stream;
	handle_t pm;
	handle_t linux_image, time_frame; /* what execve builds from */
	char name[16];                    /* PR_SET_NAME */

	struct random_source *random; /* own_random, or the parent's where the memory is */

	struct heap *heap; /* own_heap, or the parent's where the memory is */

	struct lock signals_lock;       /* guards these */
	uint64_t signal_pending;        /* for any thread */
	uint64_t signal_from_elsewhere; /* of those pending: pm has more to tell of it */
	uint64_t signals_changed;       /* whose action was set: it is in signal_actions, those of others are not */
	uint64_t signals_ignored;       /* since the start, and not changed */
	uint32_t queued_count;
	uint32_t children_flags; /* PROCESS_CHILDREN_* that pm was told last */
	uint32_t stopped;        /* 1 while a stop signal's action is being done; other threads wait here */
	bool crash_reported;
	bool signals_unattended; /* the thread that the own notify came to has ended */

	struct lock alarm_lock; /* guards these */
	handle_t alarm;         /* a timer that signals SIGALRM */
	uint64_t alarm_deadline, alarm_period;

	struct lock descriptors_lock;    /* guards the tables, and long_paths once made */
	char (*long_paths)[FS_PATH_MAX]; /* by index of the open file */

	struct lock directory_lock; /* guards umask and working_directory */
	uint32_t umask;
	bool has_locked; /* a range of some file, once */

	char not_copied[0];
	struct lock timers_lock; /* guards these and `timers` */
	uint32_t timer_count;
	uint32_t descriptors_high, files_high; /* above all that were ever used */
	bool contents_known;                   /* there is something in `contents` */
	uint16_t lease_serial;                 /* of the newest */
	bool leases_known;                     /* there is something in `leases` */
	uint16_t paths_asked, lease_patience;  /* leases.c */
	uint64_t mapped_below;                 /* at the start: what the image has mapped so far begins here */

	struct lock threads_lock;
	struct thread *threads;
	uint32_t thread_count;        /* guarded by threads_lock */
	uint32_t first_thread_number; /* the kernel's; the first thread calls itself by the process's number instead */

	struct heap own_heap;
	struct random_source own_random;
	struct borrower *borrower; /* state for the next vfork */
	uint32_t last_serial;      /* of an open file */
	struct log_stream log_streams[LOG_STREAMS];
	char *working_directory; /* one of the next and long_directory, guarded by directory_lock */
	char short_directory[SHORT_DIRECTORY];
	struct descriptor near_descriptors[DESCRIPTORS_NEAR]; /* descriptor_at() */
	struct open_file files[DESCRIPTORS_MAX];
	struct descriptor far_descriptors[DESCRIPTORS_MAX - DESCRIPTORS_NEAR];

	struct linux_sigaction signal_actions[LINUX_SIGNALS]; /* guarded by signals_lock, as the next two; copied too */
	struct signal_note signal_notes[LINUX_SIGNALS];
	struct queued_signal queued[QUEUED_SIGNALS];
	struct posix_timer timers[POSIX_TIMERS];
	uint64_t unknown_told[CALLS_MAX / 64]; /* bit: this unknown call has had its line on the log */
	char log_texts[LOG_STREAMS][LOG_LINE_MAX];
	char long_directory[FS_PATH_MAX];
	struct lease leases[LEASES_MAX];
	struct file_content contents[DESCRIPTORS_MAX]; /* by index of the open file */
};

#define PROCESS_COPIED offsetof(struct process, not_copied)
_Static_assert(THREAD_AREA + VECTORS_USUAL + offsetof(struct process, files) + 12 * sizeof(struct open_file) <= PAGE_SIZE,
        "a page has what all use, with the first thread's state");

static inline struct descriptor *descriptor_at(const struct process *process, uint32_t fd)
{
	const struct descriptor *near = &process->near_descriptors[fd], *far = &process->far_descriptors[fd - DESCRIPTORS_NEAR];
	return (struct descriptor *)(fd < DESCRIPTORS_NEAR ? near : far);
}

static inline struct thread *thread_self(void)
{
	struct thread *thread;
	__asm__("mov %%gs:%c1, %0" : "=r"(thread) : "i"(LINUX_GS_SELF));
	return thread;
}

static inline struct process *process_self(void)
{
	struct process *process;
	__asm__("mov %%gs:%c1, %0" : "=r"(process) : "i"(THREAD_PROCESS));
	return process;
}

static inline struct frame *thread_frame(const struct thread *thread)
{
	return (struct frame *)thread->stack_top - 1;
}

static inline uint64_t page_down(uint64_t address)
{
	return address & ~(PAGE_SIZE - 1);
}

/* Of an address or length that is at most UINT64_MAX - PAGE_SIZE. */
static inline uint64_t page_up(uint64_t address)
{
	return (address + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

/*
 * Whether [address, address + length) can be the program's memory at all. Whether it is mapped, the kernel finds out where a
 * server or the kernel touches it; what the image itself touches ends the process as a wild pointer of its own would.
 */
static inline bool user_range(uint64_t address, uint64_t length)
{
	return address >= USER_BOTTOM && address < USER_TOP && length <= USER_TOP - address;
}

/* The program's memory as the image touches it. */
static inline void *user_pointer(uint64_t address)
{
	return (void *)address;
}
