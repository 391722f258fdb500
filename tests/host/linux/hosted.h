/*
 * A stand-in for Hearth's kernel on the build machine, as far as the image of user/linux can tell: so that the image, the very
 * bytes that go into the system, runs unmodified programs under Linux, and its tests need no boot.
 *
 *   hosted IMAGE ROOT PROGRAM [ARGUMENT...]
 *
 * Linux's syscall user dispatch sends every `syscall` outside of this program's own text to a signal handler. Numbers from
 * 0x1000 on are native calls and done here (hosted_calls.c), others are bounced to the image's registered entry by way of the
 * control block, exactly as the kernel does. Each native call leaves all vector registers zero, which is the worst that the
 * native convention allows. Names are looked up below the folder ROOT, which the process sees as "/" (hosted_files.c).
 *
 * Freestanding: no libc, no thread-local storage, because FS belongs to the guest program and GS to the image.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/control_block.h"
#include "abi/errors.h"
#include "abi/handle.h"
#include "abi/message.h"
#include "abi/proto/fs.h"
#include "abi/proto/tty.h"
#include "abi/syscalls.h"
#include "abi/time_page.h"

/* A system call of the host's. A negative result is an errno. */

int64_t host6(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
#define HOST0(n) host6(n, 0, 0, 0, 0, 0, 0)
#define HOST1(n, a) host6(n, (uint64_t)(a), 0, 0, 0, 0, 0)
#define HOST2(n, a, b) host6(n, (uint64_t)(a), (uint64_t)(b), 0, 0, 0, 0)
#define HOST3(n, a, b, c) host6(n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0, 0)
#define HOST4(n, a, b, c, d) host6(n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), 0, 0)
#define HOST6(n, a, b, c, d, e, f) \
	host6(n, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), (uint64_t)(f))

/* mmap's of the host; the names without HOST_ are Hearth's. */
#define HOST_PROT_READ 1u
#define HOST_PROT_WRITE 2u
#define HOST_PROT_EXEC 4u
#define HOST_MAP_SHARED 1u
#define HOST_MAP_PRIVATE 2u
#define HOST_MAP_FIXED 0x10u
#define HOST_MAP_ANONYMOUS 0x20u
#define HOST_MAP_NORESERVE 0x4000u
#define HOST_MAP_FIXED_NOREPLACE 0x100000u

#define THREADS_MAX 64
#define HANDLES_MAX 2048

struct hosted_thread {
	uint32_t host_id; /* the host's thread id, 0: free */
	struct control_block *control_block;
	uint64_t signal_stack;
	uint64_t entry, stack, argument, fs_base, gs_base;
};

enum { SENDER_VFS = 1, SENDER_FILE };

struct hosted_handle {
	uint32_t type; /* OBJECT_*, 0: free */
	uint32_t rights;
	uint32_t sender; /* SENDER_* */
	int fd;          /* frame, file */
	bool directory;
	uint32_t notify; /* index of the notify */
	uint32_t thread; /* index of the thread */
	uint16_t generation;
};

struct hosted_watch {
	int fd; /* -1: free */
	uint32_t events;
	uint32_t notify;
	uint64_t bits;
};

#define WATCHES_MAX 256
#define NOTIFIES_MAX 64

/* Everything this program knows. One lock would do, but tests' threads do not make handles at the same time in earnest. */
struct hosted {
	uint64_t foreign_entry;
	const struct time_page *time_page;
	int root; /* descriptor of ROOT */
	uint32_t lock;
	struct hosted_thread threads[THREADS_MAX];
	struct hosted_handle handles[HANDLES_MAX];
	uint64_t notify_bits[NOTIFIES_MAX];
	bool notify_used[NOTIFIES_MAX];
	struct hosted_watch watches[WATCHES_MAX];
	uint64_t native_calls;
};

extern struct hosted hosted;

void hosted_lock(void);
void hosted_unlock(void);

/* By the time page, which runs a little apart from the clocks of the host. */
uint64_t hosted_now(void);

handle_t hosted_add(struct hosted_handle what);
/* NULL unless it is a live handle of that type (OBJECT_NONE: any). */
struct hosted_handle *hosted_find(handle_t handle, uint32_t type);
struct hosted_thread *hosted_thread_self(void);
_Noreturn void hosted_die(const char *why);
status_t hosted_status(int64_t host_result);
/* Starts the slot's thread on the host. */
int64_t hosted_thread_run(struct hosted_thread *thread);
void hosted_dispatch_on(struct hosted_thread *thread);

/* Does a native call: takes and gives words and rax as registers do. */
uint64_t hosted_native(uint64_t rax, uint64_t word[MESSAGE_WORDS]);
/* A call on a server of protocol fs; `message` words in and out; the label of the answer. */
uint32_t hosted_serve(struct hosted_handle *sender, uint32_t label, uint64_t word[MESSAGE_WORDS], bool *out_extras);
/* Signals the notifies of watches that have become ready. */
void hosted_watch_poll(void);
