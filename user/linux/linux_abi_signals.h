/* linux_abi.h: signals, and what lies on a handler's stack. */
#pragma once

#include <stdint.h>

#define LINUX_SIGNALS 64
#define LINUX_SIGHUP 1
#define LINUX_SIGILL 4
#define LINUX_SIGTRAP 5
#define LINUX_SIGABRT 6
#define LINUX_SIGBUS 7
#define LINUX_SIGFPE 8
#define LINUX_SIGKILL 9
#define LINUX_SIGSEGV 11
#define LINUX_SIGPIPE 13
#define LINUX_SIGALRM 14
#define LINUX_SIGCHLD 17
#define LINUX_SIGCONT 18
#define LINUX_SIGSTOP 19
#define LINUX_SIGTSTP 20
#define LINUX_SIGTTIN 21
#define LINUX_SIGTTOU 22
#define LINUX_SIGURG 23
#define LINUX_SIGWINCH 28
#define LINUX_SIGSYS 31
#define LINUX_SIGRTMIN 32
#define LINUX_SIG_DFL 0ull
#define LINUX_SIG_IGN 1ull
#define LINUX_SIG_BLOCK 0
#define LINUX_SIG_UNBLOCK 1
#define LINUX_SIG_SETMASK 2
#define LINUX_SS_ONSTACK 1u
#define LINUX_SS_DISABLE 2u
#define LINUX_SS_AUTODISARM 0x80000000u
#define LINUX_MINSIGSTKSZ 2048u

#define LINUX_SA_NOCLDSTOP 0x1u
#define LINUX_SA_NOCLDWAIT 0x2u
#define LINUX_SA_SIGINFO 0x4u
#define LINUX_SA_RESTORER 0x04000000u
#define LINUX_SA_ONSTACK 0x08000000u
#define LINUX_SA_RESTART 0x10000000u
#define LINUX_SA_NODEFER 0x40000000u
#define LINUX_SA_RESETHAND 0x80000000u

#define LINUX_SI_USER 0
#define LINUX_SI_KERNEL 0x80
#define LINUX_SI_QUEUE (-1)
#define LINUX_SI_TIMER (-2)
#define LINUX_SI_TKILL (-6)

/* Between a call's function and the way back: the call begins again unless a handler runs without SA_RESTART (or at all). */
#define LINUX_ERESTARTSYS 512
#define LINUX_ERESTARTNOHAND 514

struct linux_sigaction {
	uint64_t handler, flags, restorer, mask;
};

struct linux_stack {
	uint64_t base;
	uint32_t flags, reserved;
	uint64_t size;
};

/* The parts of siginfo_t that are used: which of the last fields holds is up to the code. */
struct linux_siginfo {
	int32_t signal, error, code, reserved;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			union {
				uint64_t value;
				struct {
					int32_t status, reserved1;
					int64_t user, system;
				};
			};
		};
		uint64_t address;
		uint8_t whole[112];
	};
};
_Static_assert(sizeof(struct linux_siginfo) == 128, "Linux's siginfo_t");

struct linux_sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	uint16_t cs, gs, fs, ss;
	uint64_t error, vector, old_mask, address, vectors;
	uint64_t reserved[8];
};
_Static_assert(sizeof(struct linux_sigcontext) == 256, "Linux's struct sigcontext");

#define LINUX_UC_FP_XSTATE 1u
#define LINUX_UC_SIGCONTEXT_SS 2u
#define LINUX_UC_STRICT_RESTORE_SS 4u
#define LINUX_USER_CS 0x33u
#define LINUX_USER_SS 0x2bu

struct linux_ucontext {
	uint64_t flags, link;
	struct linux_stack stack;
	struct linux_sigcontext context;
	uint64_t mask;
};

/* What lies on the stack when a handler begins. */
struct linux_rt_sigframe {
	uint64_t restorer;
	struct linux_ucontext user;
	struct linux_siginfo info;
};
_Static_assert(sizeof(struct linux_rt_sigframe) == 440, "Linux's struct rt_sigframe");

/* The vector state beside it: FXSAVE's form with these words in its unused part, XSAVE's extension, and a last word. */
#define LINUX_FP_SOFTWARE 464
#define LINUX_FP_HEADER 512
#define LINUX_FP_MAGIC1 0x46505853u
#define LINUX_FP_MAGIC2 0x46505845u
#define LINUX_FP_LEGACY_SIZE 512
struct linux_fp_software {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t state_size, reserved[7];
};
