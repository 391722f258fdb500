/*
 * After a Linux call every register but rax, rcx and r11 is what it was: general, vector, x87, MXCSR, and the flags; and the
 * 128 bytes below the stack pointer are untouched. Checked for calls that stay in the process and for calls that do not.
 */
#include "test.h"

#include <cpuid.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

struct general {
	uint64_t rbx, rdx, rsi, rdi, rbp, r8, r9, r10, r12, r13, r14, r15, rsp, flags, red_zone[16], rax;
};

void registers_call(struct general *before, struct general *after);

/* rdi = before, rsi = after. Loads everything, makes the call, stores everything. */
__asm__(".globl registers_call\n"
        "registers_call:\n"
        "	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "	sub $256, %rsp\n"
        "	mov %rsi, 240(%rsp)\n"
        "	mov %rsp, 96(%rdi)\n"
        "	xor %ecx, %ecx\n"
        "1:	mov 112(%rdi,%rcx,8), %rax\n"
        "	mov %rax, -128(%rsp,%rcx,8)\n"
        "	inc %ecx; cmp $16, %ecx; jne 1b\n"
        "	mov 0(%rdi), %rbx; mov 8(%rdi), %rdx; mov 16(%rdi), %rsi; mov 32(%rdi), %rbp\n"
        "	mov 40(%rdi), %r8; mov 48(%rdi), %r9; mov 56(%rdi), %r10; mov 64(%rdi), %r12\n"
        "	mov 72(%rdi), %r13; mov 80(%rdi), %r14; mov 88(%rdi), %r15\n"
        "	mov 240(%rdi), %rax\n"
        "	mov 24(%rdi), %rdi\n"
        "	std; stc\n"
        "	syscall\n"
        "	mov 240(%rsp), %rcx\n" /* keeps the flags */
        "	mov %rdi, 24(%rcx)\n"
        "	mov %rcx, %rdi\n"
        "	mov %rax, 240(%rdi)\n"
        "	mov %rbx, 0(%rdi); mov %rdx, 8(%rdi); mov %rsi, 16(%rdi); mov %rbp, 32(%rdi)\n"
        "	mov %r8, 40(%rdi); mov %r9, 48(%rdi); mov %r10, 56(%rdi); mov %r12, 64(%rdi)\n"
        "	mov %r13, 72(%rdi); mov %r14, 80(%rdi); mov %r15, 88(%rdi); mov %rsp, 96(%rdi)\n"
        "	mov $0, %ecx\n"
        "	lea -128(%rsp), %rdx\n"
        "2:	mov (%rdx,%rcx,8), %rax\n"
        "	mov %rax, 112(%rdi,%rcx,8)\n"
        "	lea 1(%rcx), %rcx\n"
        "	mov %rcx, %rax\n"
        "	lea -16(%rcx), %rbx\n"
        "	xchg %rbx, %rcx\n"
        "	jrcxz 3f\n"
        "	xchg %rbx, %rcx\n"
        "	jmp 2b\n"
        "3:	pushf\n" /* nothing above has touched them */
        "	pop %rax\n"
        "	mov %rax, 104(%rdi)\n"
        "	cld\n"
        "	add $256, %rsp\n"
        "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "	ret\n");

static void general(const char *name, long number, long a, long b, long c, long d, long e, long f)
{
	struct general before = {.rax = (uint64_t)number,
	                       .rdi = (uint64_t)a,
	                       .rsi = (uint64_t)b,
	                       .rdx = (uint64_t)c,
	                       .r10 = (uint64_t)d,
	                       .r8 = (uint64_t)e,
	                       .r9 = (uint64_t)f,
	                       .rbx = 0x1111,
	                       .rbp = 0x2222,
	                       .r12 = 0x3333,
	                       .r13 = 0x4444,
	                       .r14 = 0x5555,
	                       .r15 = 0x6666},
	               after;
	for (unsigned i = 0; i < 16; i++)
		before.red_zone[i] = 0x0123456789abcdef * (i + 1);
	registers_call(&before, &after);
	char label[64];
	snprintf(label, sizeof label, "%s_keeps_general_registers", name);
	TEST(label,
	        after.rbx == before.rbx && after.rdx == before.rdx && after.rsi == before.rsi && after.rdi == before.rdi &&
	                after.rbp == before.rbp && after.r8 == before.r8 && after.r9 == before.r9 && after.r10 == before.r10 &&
	                after.r12 == before.r12 && after.r13 == before.r13 && after.r14 == before.r14 &&
	                after.r15 == before.r15 && after.rsp == before.rsp);
	snprintf(label, sizeof label, "%s_keeps_flags", name);
	TEST(label, (after.flags & 0x401) == 0x401);
	snprintf(label, sizeof label, "%s_keeps_the_red_zone", name);
	TEST(label, !memcmp(before.red_zone, after.red_zone, sizeof before.red_zone));
}

struct vectors {
	uint8_t xmm[16][32]; /* ymm where there is AVX */
	uint32_t mxcsr;
	uint16_t control, reserved;
	uint64_t st0;
};

static bool has_avx(void)
{
	unsigned a, b, c, d, low, high;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 28)) || !(c & (1u << 27)))
		return false;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 6) == 6;
}

#define EACH_REGISTER(m) m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(10) m(11) m(12) m(13) m(14) m(15)
#define LOAD_YMM(n) "vmovdqu " #n "*32(%[in]), %%ymm" #n "\n\t"
#define STORE_YMM(n) "vmovdqu %%ymm" #n ", " #n "*32(%[out])\n\t"
#define LOAD_XMM(n) "movdqu " #n "*32(%[in]), %%xmm" #n "\n\t"
#define STORE_XMM(n) "movdqu %%xmm" #n ", " #n "*32(%[out])\n\t"
#define XMM_CLOBBERS \
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", \
	        "xmm14", "xmm15"

#define CALL_WITH(load, store) \
	__asm__ volatile( \
	        load "ldmxcsr 512(%[in])\n\tfldcw 516(%[in])\n\tfildll 520(%[in])\n\t" \
	             "mov %[d], %%r10\n\tmov %[e], %%r8\n\tmov %[f], %%r9\n\tsyscall\n\t" store \
	             "stmxcsr 512(%[out])\n\tfnstcw 516(%[out])\n\tfistpll 520(%[out])\n\t" \
	        : "=a"(result) \
	        : [in] "r"(in), [out] "r"(out), "a"(number), "D"(a), "S"(b), "d"(c), [d] "r"(d), [e] "r"(e), [f] "r"(f) \
	        : "rcx", "r8", "r9", "r10", "r11", "memory", XMM_CLOBBERS)

static long call_vectors(
        const struct vectors *in, struct vectors *out, long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	if (has_avx())
		CALL_WITH(EACH_REGISTER(LOAD_YMM), EACH_REGISTER(STORE_YMM));
	else
		CALL_WITH(EACH_REGISTER(LOAD_XMM), EACH_REGISTER(STORE_XMM));
	uint32_t mxcsr = 0x1f80;
	uint16_t control = 0x37f;
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(control));
	if (has_avx())
		__asm__ volatile("vzeroupper");
	return result;
}

static void vectors(const char *name, long number, long a, long b, long c, long d, long e, long f)
{
	struct vectors in = {.mxcsr = 0x3f80, .control = 0x27f, .st0 = 123456789}, out = {0};
	for (unsigned i = 0; i < sizeof in.xmm; i++)
		((uint8_t *)in.xmm)[i] = has_avx() || i % 32 < 16 ? (uint8_t)(i * 7 + 1) : 0;
	call_vectors(&in, &out, number, a, b, c, d, e, f);
	char label[64];
	snprintf(label, sizeof label, "%s_keeps_vector_registers", name);
	TEST(label, !memcmp(in.xmm, out.xmm, sizeof in.xmm));
	snprintf(label, sizeof label, "%s_keeps_mxcsr_and_x87", name);
	TEST(label, in.mxcsr == out.mxcsr && in.control == out.control && in.st0 == out.st0);
}

static void both(const char *name, long number, long a, long b, long c, long d, long e, long f)
{
	general(name, number, a, b, c, d, e, f);
	vectors(name, number, a, b, c, d, e, f);
}

int main(void)
{
	test_prefix = "linux.registers";
	struct timespec nap = {0, 2000000}, time;
	long anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	both("getpid", SYS_getpid, 1, 2, 3, 4, 5, 6);
	both("clock_gettime", SYS_clock_gettime, CLOCK_MONOTONIC, (long)&time, 3, 4, 5, 6);
	both("nanosleep", SYS_nanosleep, (long)&nap, 0, 3, 4, 5, 6);
	both("sched_yield", SYS_sched_yield, 1, 2, 3, 4, 5, 6);
	both("mmap", SYS_mmap, 0, 4096, PROT_READ, anonymous, -1, 0);
	both("open", SYS_open, (long)"/nowhere", 0, 0, 4, 5, 6);
	both("unknown", 999, 1, 2, 3, 4, 5, 6);
	return test_result();
}
