/*
 * Numbers of the native system calls (SYS_*) and the flags and structures that they take. Form of registers: message.h.
 * Words below are in the order rdi rsi rdx r10 r8 r9; "→" names results in the same registers. docs/syscalls/ has the pages.
 *
 * channel_call          label, 6 words → label, info, 6 words. Waits without a deadline: a server's end answers.
 * channel_call_x        the same with control block `send`, also its deadline
 * channel_reply_recv    label, 6 words: answers HANDLE_SELF_REPLY, then waits for the next message → kind, label, 6 words;
 *                       `received.stamp` and `.caller` are always written. BAD_STATE if there is nothing to answer.
 * channel_reply_recv_x  the same with `send` for the answer; send.deadline limits the wait (TIMED_OUT; the answer is given)
 * channel_recv          deadline → as channel_reply_recv. BAD_STATE if an answer is still owed.
 * channel_forward       label, 6 words: hands the call held in HANDLE_SELF_REPLY on to the channel of this sender, with its
 *                       caller, long words, handles and buffers, the new label and words, and this sender's stamp
 * channel_forward_recv  the same, then as channel_recv without a deadline at the receiver that the call came by
 * channel_save_recv     deadline: saves the call held in HANDLE_SELF_REPLY, if any, under the name of control_block.reply_place,
 *                       reserves the next name, then as channel_recv. BAD_STATE if no name is reserved
 * channel_create        → receiver handle
 * channel_mint          stamp, rights → sender handle. EXISTS if that stamp lives.
 * channel_bind          notify handle (0: none): its bits arrive at this receiver as messages of kind RECEIVED_NOTIFY
 * channel_stamps        cursor (0: from the beginning), address, count → stamps written (8 bytes each), next cursor (0: all told)
 * reply_send(_x)        label, 6 words: answers the reply, which is used up. Never waits.
 * reply_save            → reply handle: moves HANDLE_SELF_REPLY into the handle table
 * reply_reserve         → the name that channel_save_recv or reply_save gives the call that the thread holds or receives next; this
 *                       thread can use it at once
 * reply_read            offset in the caller's readable buffer, address, length → bytes copied
 * reply_write           offset in the caller's writable buffer, address, length → bytes copied
 * reply_copy            another reply, offset in this caller's readable buffer, offset in the other caller's writable one,
 *                       length → bytes copied
 * reply_message         receiver handle or 0 → label, info, 6 words and `received` of the call behind the reply, as they were
 *                       received; with a receiver it is held in HANDLE_SELF_REPLY from then on. BAD_STATE if one is held already
 * process_create        name (words 0 to 3, zero padded), PROCESS_* flags → process handle, vmem handle, process number
 * process_give          handle, rights → handle in that process (a copy; the giver's stays)
 * process_kill          status, PROCESS_KILL_* flags
 * process_exit          status; does not return
 * process_info          → state, status, number, resident pages, handles, CPU time in ns
 * process_watch         notify handle, bits, PROCESS_WATCH_* flags: signalled when the process ends, at once if it has
 * process_set_foreign   entry of the foreign-call handler
 * process_set_exception sender handle (0: none) that faults of its threads are reported to
 * process_clone         CLONE_* flags → process handle, thread handle, process number; with CLONE_SHARE_VMEM also the address of
 *                       the thread's control block. In the copy: the word that thread_start has for rdi, and zeros.
 * process_replace       address of a struct process_replacement, its size; of oneself does not return
 * process_signal        bits: set in the process's own notify, its HANDLE_SELF_NOTIFY
 * process_confine       pages, objects, processes (UINT64_MAX: no limit of its own) → group handle: a new group below the process's own, which
 *                       pays for what it makes from now on
 * process_stats         address of a struct process_stats, its size
 * thread_create         → thread handle, address of its control block in that process, thread number
 * thread_start          entry (0: goes on with the registers that it has), stack pointer, word for rdi, FS base, GS base;
 *                       rsi = address of its control block
 * thread_exit           address of a 32-bit word to clear and futex-wake (0: none), range to unmap: address, length (0: none)
 * thread_yield          →
 * thread_set_priority   0 (lowest) to 31, NO_RIGHT above the ceiling of its process's group
 * thread_read_registers address of a struct thread_registers; BAD_STATE unless the thread is held by an exception or new
 * thread_write_registers the same, to set them
 * thread_set_upcall     notify handle (0: none), entry (0: none): bits and exceptions interrupt the thread (control_block.h)
 * thread_info           → number, ns of CPU time, priority
 * thread_walk           number of a thread of the process (0: none) → number, ns of CPU time, priority and THREAD_* state of the next
 *                       older one (after none: the newest); NOT_FOUND behind the oldest
 * vmem_map              address (0: the kernel picks one at random), length, MAP_* flags, frame handle (0: fresh zeroed
 *                       memory of its own), offset in the frame → address
 * vmem_unmap            address, length: all mappings or parts of such in that range
 * vmem_protect          address, length, MAP_READ|WRITE|EXECUTE
 * vmem_create           → vmem handle: an empty address space
 * vmem_walk             address → start, end, MAP_* flags, offset in the frame: the first mapping that ends above it
 * vmem_write            address there, address, length → bytes copied
 * frame_create          length, FRAME_* flags → frame handle
 * frame_create_device   physical address, length, CACHE_* → frame handle. DENIED for RAM, but for ACPI's tables.
 * frame_read            offset, address, length → bytes copied
 * frame_write           offset, address, length → bytes copied
 * frame_resize          length
 * frame_info            → length, resident pages, flags
 * frame_clone           → frame handle: the same content, copied where one of both is written to. NOT_SUPPORTED for ranges.
 * notify_create         → notify handle
 * notify_signal         bits
 * notify_wait           mask, deadline → bits taken
 * timer_create          bits of the notify (the object acted on) → timer handle
 * timer_set             deadline (DEADLINE_NEVER: off), period in ns (0: once)
 * futex_wait            address, expected value, deadline, FUTEX_* flags
 * futex_wake            address, largest number to wake, FUTEX_* flags → woken
 * irq_create            global system interrupt or IRQ_ISA|line, IRQ_* flags → irq handle; masked until the first irq_ack
 * irq_ack               lets the next interrupt come; a driver acks once before it reads its device for the first time
 * irq_bind              notify handle (0: none), bits: signalled at each interrupt from now on
 * ioport_create         first port, count → ioport handle; whoever has it in its table may use these ports
 * log_write             address, length (at most LOG_LINE_MAX), LOG_* level: one line, prefixed by the kernel
 * log_read              cursor, address, length → bytes, next cursor, bytes lost before them
 * log_watch             notify handle, bits: signalled when a line was added
 * log_claim             the UART and the screen are the caller's process's until it ends or the kernel panics
 *                       → cursor of the first line that the kernel has not printed
 * handle_close          handle
 * handle_duplicate      handle, rights (those it has of these) → handle
 * handle_info           handle → type, rights, number of the object
 * handle_walk           cursor (0: from the beginning) → handle, type, rights, next cursor; NOT_FOUND at the end
 * machine_stats         address of a struct machine_stats, its size
 * group_create          pages, objects, processes (UINT64_MAX: no limit of its own), highest priority → group handle: one below this
 * group_limit           pages, objects, processes: instead of what they were
 * group_info            → pages, objects and processes that it has, and may have
 */
#pragma once

#include <stdint.h>

#include "abi/handle.h"
#include "abi/message.h"

enum {
#define SYSCALL(number, name, type, rights) SYS_##name = (number),
#include "abi/syscalls.def"
#undef SYSCALL
};

/* vmem_map and vmem_protect. A mapping that is writable and executable is refused. */
#define MAP_READ 0x1u
#define MAP_WRITE 0x2u
#define MAP_EXECUTE 0x4u
#define MAP_FIXED 0x10u       /* at this very address; what was mapped there is replaced */
#define MAP_FIXED_EMPTY 0x20u /* at this very address; EXISTS if something is there */
#define MAP_SHARE 0x40u       /* a clone of the process shares the pages; else it gets a copy */
#define MAP_NO_INHERIT 0x80u  /* a clone of the process does not have it at all */
#define MAP_READY 0x400u      /* vmem_map: pages that the frame has now need no fault, of a large mapping the first ones */

/* Where a program may map: [USER_BOTTOM, USER_TOP). The last page below the non-canonical hole is never mapped. */
#define USER_BOTTOM 0x0000000000010000ull
#define USER_TOP 0x00007ffffffff000ull

/* frame_create */
#define FRAME_CONTIGUOUS 0x1u /* physically, and filled at once */
#define FRAME_BELOW_4G 0x2u   /* with FRAME_CONTIGUOUS */
#define FRAME_DEVICE 0x100u   /* only told by frame_info */

/* frame_create_device */
enum { CACHE_WRITE_BACK, CACHE_WRITE_THROUGH, CACHE_WRITE_COMBINING, CACHE_UNCACHED };

/* futex_wait, futex_wake */
#define FUTEX_SHARED 0x1u /* the word is that of all processes that have the same memory mapped there */

/* irq_create; without polarity and trigger flags, what the firmware's tables say of the pin. */
#define IRQ_ISA 0x10000u /* in the number: a line of the ISA bus, translated by the MADT's overrides */
#define IRQ_ACTIVE_HIGH 0x1u
#define IRQ_ACTIVE_LOW 0x2u
#define IRQ_EDGE 0x4u
#define IRQ_LEVEL 0x8u

/* log_write */
enum { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
#define LOG_LINE_MAX 512u

/* thread_walk */
enum { THREAD_NEW, THREAD_READY, THREAD_WAITS };

/* process_clone */
#define CLONE_SHARE_VMEM 0x1u /* the new process has the caller's address space, and its thread no registers yet */

/* process_info */
enum { PROCESS_NEW, PROCESS_RUNNING, PROCESS_ENDED };

/* Status of a process that did not end by process_exit: this plus a vector of exception.h, or plus 0x100 when it was killed. */
#define PROCESS_STATUS_FAULT 0x10000u
#define PROCESS_STATUS_KILLED 0x10100u
#define PROCESS_STATUS_SIGNAL 0x20000u /* plus a Linux signal that ended the program */

/* process_create */
#define PROCESS_RESTARTABLE 1u /* keeps its handles when it has ended, until it is replaced, or killed again */

/*
 * process_replace: what the process runs then. Handles that are not named in the list are closed; with PROCESS_KEEP_ALL, none.
 */
struct process_replacement {
	handle_t vmem; /* of no process yet */
	uint32_t keep_count;
	uint64_t entry;
	uint64_t stack;
	uint64_t argument;    /* for rdi; rsi is the address of the thread's control block */
	uint64_t keep;        /* address of handle_t[keep_count]: names in the table of that process */
	char name[32];        /* ends with a NUL; empty: stays as it is */
	uint64_t reserved[2]; /* zero */
};
#define PROCESS_KEEP_ALL 0xffffffffu

/* process_watch: also signalled when the process's address space is replaced, at once if it ever was; whichever comes first */
#define PROCESS_KILL_RUNNING 1u /* of process_kill: BAD_STATE if it is ending, or has ended and keeps its handles */

#define PROCESS_WATCH_REPLACED 1u

/* process_stats. Fields are only added, at the end. */
struct process_stats {
	uint64_t size;   /* of what the kernel filled */
	uint32_t state;  /* PROCESS_NEW, ... */
	uint32_t status; /* once it has ended */
	uint32_t number;
	uint32_t threads; /* that have not ended */
	uint32_t handles;
	uint32_t reserved;
	uint64_t resident_pages; /* in its page table */
	uint64_t mapped_bytes;
	uint64_t table_pages; /* of its page table itself */
	uint64_t cpu_ns;
	uint64_t start_ns; /* when it was made, since boot */
	char name[32];
	uint64_t ready_threads; /* that run or could, of the 64 newest */
};

struct thread_registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rflags, fs_base, gs_base;
};

/* machine_stats: counts of this moment. Fields are only added, at the end. */
struct machine_stats {
	uint64_t size; /* of what the kernel filled */
	uint64_t pages_total;
	uint64_t pages_free;
	uint64_t pages_kernel; /* tables, objects, control blocks */
	uint64_t objects[24];  /* live ones by enum object_type */
	uint64_t context_switches;
	uint64_t interrupts;
	uint64_t idle_ns;
	uint64_t kernel_entry_tsc; /* rdtsc at the kernel's first instruction */
	uint64_t loader_entry_tsc; /* rdtsc at the loader's */
	uint64_t tsc_hz;
};
