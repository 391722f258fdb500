/*
 * The start block: what a starter hands to a new process, in memory of the process, read and write.
 *
 * A starter makes a process, maps into it the image of user/linux (linux_image.h), a time page, this block and a first stack,
 * gives it the handles named here, and starts its first thread at the image's entry with rdi = address of this block and rsi =
 * address of the thread's control block, rsp = stack_base + stack_size. The image loads the program, inside the process that runs it: no starter maps foreign ELF bytes.
 * A native program finds the block by getauxval(AT_HEARTH_START). execve builds the same block for the program that it starts in
 * its own process.
 *
 * All offsets are from the beginning of the block; strings end with a NUL and lie inside `size`.
 */
#pragma once

#include <stdint.h>

#include "abi/handle.h"

#define START_MAGIC 0x5452415453485248ull /* "HRHSTART" */
#define START_VERSION 4
#define START_SIZE_MAX (1024u * 1024u)
#define START_GRANTS 40
#define START_FILES 1024
#define START_NAME 24
#define AT_HEARTH_START 0x48454152u /* "HEAR" */

/* A handle that the starter granted, by the name of the import: "log", "vfs", "machine", "export.console", "irq.4" ... */
struct start_grant {
	char name[START_NAME];
	handle_t handle;
	uint32_t reserved;
};

/* A file descriptor that is open from the start: a sender of protocol fs, or the log when handle is 0. */
struct start_file {
	uint32_t descriptor;
	handle_t handle;
	uint32_t flags; /* as Linux's F_GETFL tells them, and START_FILE_CLOSE_ON_EXEC; 0 with kind 0: open to read and write */
	uint32_t kind;  /* FS_KIND_*, 0: not known */
	uint32_t same_as; /* index of an earlier file whose open file this is another descriptor of; START_FILE_ITS_OWN: none */
	uint32_t path;    /* offset of the path that it was opened by; 0: not known */
};

#define START_FILE_CLOSE_ON_EXEC 02000000u /* Linux's O_CLOEXEC */
#define START_FILE_LOG_ERRORS 0x40000000u  /* of the log: lines of level warning, as descriptor 2 has them in any case */
#define START_FILE_NEVER_WAITS 0x80000000u /* it was opened with OPEN_NONBLOCK */
#define START_FILE_ITS_OWN UINT32_MAX

#define START_PROGRAM_MAPPED 0x1u    /* the program is there already (only root): program_* describe it */
#define START_LOG_UNKNOWN_CALLS 0x2u /* a Linux call that is not answered leaves a line on the log */
#define START_TRACE 0x4u             /* its Linux calls are told one by one (user/linux/trace.h), in trace_output */
#define START_TRACE_CHILDREN 0x10u   /* and those of what it forks */
#define START_TRACE_STRINGS_SHIFT 16 /* from there on: so many bytes of a string are told */
#define START_TAKE_TERMINAL 0x8u     /* descriptor 0 is to become the terminal of its session, which it leads */

struct start_block {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* of the whole block with its strings */
	uint32_t flags;
	uint32_t process_number;

	uint64_t linux_image; /* where the image is mapped */
	uint64_t linux_image_size;
	uint64_t time_page;     /* where, or 0 */
	uint64_t control_block; /* of the first thread, or 0: rsi tells it */
	uint64_t stack_base;    /* the first stack; becomes the first thread's stack for Linux calls */
	uint64_t stack_size;
	uint64_t room;    /* zeroed memory for the image's state, as much as it wants there and before (execve knows), or 0 */
	uint8_t seed[32]; /* secret random bytes, the process's own; erased once taken */
	uint8_t chances
	        [24]; /* likewise, for what chance decides about the program: AT_RANDOM, its places; zeros: the seed does */

	/* The program's ELF file: length bytes from offset in a frame (rights READ, and EXECUTE to map its text). */
	handle_t program_frame;
	uint32_t program_name; /* offset of the path that it was started by (AT_EXECFN) */
	uint64_t program_offset;
	uint64_t program_length;
	/* With START_PROGRAM_MAPPED: addresses in the process. */
	uint64_t program_base;
	uint64_t program_headers;
	uint64_t program_entry;
	uint32_t program_header_count;

	uint32_t argument_count; /* NUL-ended strings one after another from `arguments` */
	uint32_t arguments;
	uint32_t environment_count; /* likewise */
	uint32_t environment;
	uint32_t working_directory; /* offset of an absolute path */

	uint32_t grant_count;
	uint32_t file_count; /* at most START_FILES */
	uint32_t files;      /* offset of a struct start_file for each, a multiple of 8 */
	uint32_t executable; /* offset of the absolute path of the program's file, what /proc/self/exe names; 0: program_name */
	uint32_t umask;
	handle_t alarm;                /* a timer that will signal SIGALRM to the process's own notify, or 0 */
	uint32_t children_flags;       /* PROCESS_CHILDREN_* that pm has been told for this process */
	handle_t trace_output;         /* of START_TRACE: an open file; 0: the log */
	uint32_t descriptors_refused;  /* of START_FILES, by RLIMIT_NOFILE */
	uint32_t program_headers_read; /* offset of what execve found in the program's headers, a multiple of 8; 0: nothing */
	uint64_t memory_limit;         /* RLIMIT_AS, 0: none */
	uint64_t alarm_deadline, alarm_period;
	uint64_t signals_ignored; /* bit N-1: signal N */
	uint64_t signal_mask;
	uint64_t program_stack; /* memory for the program's stack, from here to stack_base (execve knows how much), or 0 */
	struct start_grant grants[START_GRANTS];
};
