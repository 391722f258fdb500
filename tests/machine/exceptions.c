/* Every exception that a program can raise, with what the kernel must be told of it (Intel SDM volume 3, 6.15). */
#include "abi/exception.h"
#include "machine.h"

#define ANY UINT64_MAX

struct expected {
	uint32_t vector;
	uint64_t error, address; /* ANY: machines differ */
};

static unsigned current;

static const char *judge_fault(const struct event *event);

#define EXCEPTION_LIST(X) \
	X(fault_read, "a read where nothing is mapped is a page fault", VECTOR_PAGE_FAULT, 4, 0x1238) \
	X(fault_write, "a write where nothing is mapped is a page fault", VECTOR_PAGE_FAULT, 6, 0x1234) \
	X(fault_write_code, "a write to code is a page fault", VECTOR_PAGE_FAULT, 7, PROGRAM) \
	X(fault_kernel, "a read of the kernel's memory is a page fault", VECTOR_PAGE_FAULT, ANY, 0xffffffff80000000) \
	X(fault_execute_data, "data cannot be executed", VECTOR_PAGE_FAULT, 0x15, BLOCK) \
	X(fault_divide, "a division by zero is one", VECTOR_DIVIDE, 0, 0) \
	X(fault_trap, "the trap flag traps", VECTOR_DEBUG, 0, 0) \
	X(fault_breakpoint, "int3 is a breakpoint", VECTOR_BREAKPOINT, 0, 0) \
	X(fault_opcode, "ud2 is an invalid opcode", VECTOR_INVALID_OPCODE, 0, 0) \
	X(fault_canonical, "an address that is not canonical is a protection fault", VECTOR_PROTECTION, 0, 0) \
	X(fault_halt, "hlt is a protection fault", VECTOR_PROTECTION, 0, 0) \
	X(fault_interrupt, "an interrupt that programs may not raise is a protection fault", VECTOR_PROTECTION, ANY, 0) \
	X(fault_table, "where the kernel's tables are is a secret", VECTOR_PROTECTION, 0, 0) \
	X(fault_jump, "a jump to an address that is not canonical is a protection fault", VECTOR_PROTECTION, 0, 0) \
	X(fault_selector, "the kernel's segments cannot be loaded", VECTOR_PROTECTION, 8, 0) \
	X(fault_simd, "a vector division by zero is a SIMD exception", VECTOR_SIMD, 0, 0) \
	X(fault_x87, "an x87 division by zero is an x87 exception", VECTOR_FPU, 0, 0) \
	X(fault_alignment, "a misaligned access that wants to be checked is an alignment fault", VECTOR_ALIGNMENT, 0, 0) \
	X(fault_msr, "rdmsr is a protection fault", VECTOR_PROTECTION, 0, 0) \
	X(fault_cr, "control registers cannot be read", VECTOR_PROTECTION, 0, 0) \
	X(fault_sysenter, "sysenter leads nowhere", ANY_OF_TWO, 0, 0)

#define ANY_OF_TWO 0xffff /* a protection fault, or an invalid opcode where the CPU has none */

#define DECLARE(piece, name, vector, error, address) extern const char piece[];
EXCEPTION_LIST(DECLARE)

#define EXPECT(piece, name, vector, error, address) {vector, error, address},
static const struct expected expected[] = {EXCEPTION_LIST(EXPECT)};

#define STEP(piece, name, vector, error, address) {name, piece, 0, judge_fault},
const struct step exception_steps[] = {EXCEPTION_LIST(STEP)};
const unsigned exception_step_count = sizeof exception_steps / sizeof exception_steps[0];

static bool may_be_absent(const struct expected *want)
{
	return want->vector == VECTOR_SIMD || want->vector == VECTOR_ALIGNMENT ||
	        exception_steps[current - 1].entry == fault_table;
}

static const char *judge_fault(const struct event *event)
{
	const struct expected *want = &expected[current++];
	uint32_t vector = event->fault.vector;

	/* Emulators lack two of these, and CPUs without UMIP tell where the tables are. */
	if (event->right && may_be_absent(want))
		return step_absent;
	if (event->kind != EVENT_FAULT)
		return "there was no exception";
	if (vector != want->vector &&
	        (want->vector != ANY_OF_TWO || (vector != VECTOR_PROTECTION && vector != VECTOR_INVALID_OPCODE)))
		return "it was another exception";
	if (want->error != ANY && event->fault.error != want->error)
		return "the error code is another";
	return event->fault.address == want->address ? 0 : "the address is another";
}
