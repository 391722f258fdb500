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
#define CALLS_MAX 512u /* numbers of Linux calls end below */

/* The program's registers during a Linux call. */
struct frame {
	uint64_t rax, rdi, rsi, rdx, r10, r8, r9, rbx, rbp, r12, r13, r14, r15, rsp, rip, rflags;
};

struct thread {
	struct thread *self;
	struct control_block *control_block;
	uint64_t stack_top; /* of the stack for Linux calls; the frame of the call is right below */
	struct process *process;
	uint64_t entry; /* where entry_run goes */
	uint8_t vectors_saved;
	uint8_t vectors_how;
	uint8_t reserved[6];

	uint32_t id;         /* as gettid tells */
	uint32_t sleep_word; /* always 0: sleepers wait on it for a wake-up that never comes */
	uint64_t clear_id;   /* address of a word to clear and wake when the thread ends, 0: none */
	uint64_t mapping;    /* what its end unmaps */
	uint64_t mapping_size;
	handle_t notify;      /* for poll; made when first needed */
	uint64_t signal_mask; /* bit N-1: signal N */
	uint64_t signal_pending;
	struct linux_stack signal_stack;
	struct thread *next, *previous; /* all threads of the process; guarded by process.threads_lock */
};

_Static_assert(offsetof(struct thread, self) == LINUX_GS_SELF, "layout.h");
_Static_assert(offsetof(struct thread, control_block) == LINUX_GS_CONTROL_BLOCK, "layout.h");
_Static_assert(offsetof(struct thread, stack_top) == THREAD_STACK_TOP, "layout.h");
_Static_assert(offsetof(struct thread, process) == THREAD_PROCESS, "layout.h");
_Static_assert(offsetof(struct thread, entry) == THREAD_ENTRY, "layout.h");
_Static_assert(offsetof(struct thread, vectors_saved) == THREAD_VECTORS_SAVED, "layout.h");
_Static_assert(offsetof(struct thread, vectors_how) == THREAD_VECTORS_HOW, "layout.h");
_Static_assert(sizeof(struct thread) <= THREAD_AREA, "layout.h");
_Static_assert(offsetof(struct control_block, foreign_rip) == CONTROL_RIP, "layout.h");
_Static_assert(offsetof(struct control_block, foreign_rflags) == CONTROL_RFLAGS, "layout.h");
_Static_assert(offsetof(struct control_block, hold_off) == CONTROL_HOLD_OFF, "layout.h");
_Static_assert(offsetof(struct frame, rip) == FRAME_RIP && sizeof(struct frame) == FRAME_SIZE, "layout.h");

/* What several descriptors can share: an open file of a server, or the log. */
struct open_file {
	uint32_t references;     /* 0: free; guarded by process.descriptors_lock */
	handle_t handle;         /* HANDLE_NONE: the log */
	uint32_t kind;           /* FS_KIND_*, 0: not known */
	uint32_t flags;          /* LINUX_O_* as F_GETFL tells them */
	uint8_t log_stream;      /* of process.log_streams */
	bool server_never_waits; /* opened with OPEN_NONBLOCK */
	bool has_path;           /* process.directory_paths holds it: an open directory */
	handle_t locks;          /* stands for what this process has locked in the file (record_lock.h) */
	uint32_t locks_owner;    /* number of the process that was; a child has a copy of this and not the handle */
	uint64_t entries_read;   /* of a directory: the d_off of its next entry */
};

struct descriptor {
	uint16_t file; /* index in process.files plus one, 0: not open */
	uint16_t close_on_exec;
};

/* A line on its way to the log. */
struct log_stream {
	struct lock lock;
	uint32_t length;
	uint32_t level;
	char text[LOG_LINE_MAX];
};

enum { LOG_STREAM_OUTPUT, LOG_STREAM_ERRORS, LOG_STREAMS };

struct process {
	struct start_block *start;
	const struct time_page *time_page;
	uint32_t number;
	uint32_t vectors_size; /* of a thread's area for vector state */
	uint8_t vectors_how;
	bool has_rdrand;
	bool log_unknown_calls;
	handle_t log; /* HANDLE_NONE where none was granted; so the next */
	handle_t vfs;
	handle_t stream;
	char name[16]; /* PR_SET_NAME */

	struct lock threads_lock;
	struct thread *threads;
	uint32_t thread_count;        /* guarded by threads_lock */
	uint32_t first_thread_number; /* the kernel's; the first thread calls itself by the process's number instead */

	struct lock random_lock;
	struct chacha_generator random; /* guarded by random_lock */

	struct lock heap_lock; /* guards the three */
	uint64_t heap_start, heap_break, heap_mapped;

	struct lock signals_lock;
	uint64_t signal_pending; /* guarded by signals_lock, as are the actions */
	struct linux_sigaction signal_actions[LINUX_SIGNALS];

	struct lock descriptors_lock;         /* guards the tables, and directory_paths once made */
	char (*directory_paths)[FS_PATH_MAX]; /* by index of the open file */
	struct descriptor descriptors[DESCRIPTORS_MAX];
	struct open_file files[DESCRIPTORS_MAX];

	struct lock directory_lock; /* guards the next two */
	uint32_t umask;
	bool has_locked; /* a range of some file, once */
	char working_directory[FS_PATH_MAX];

	struct log_stream log_streams[LOG_STREAMS];
	uint64_t unknown_told[CALLS_MAX / 64]; /* bit: this unknown call has had its line on the log */
};

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
