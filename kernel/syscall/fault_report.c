/*
 * The sentence and the lines that the log gets of a fault: what the program did, its registers, and where in its mappings it and
 * its callers are. The program's memory is read like any argument: bounded, and nothing of it is believed.
 */
#include "core/log.h"
#include "lib/format.h"
#include "object/process.h"
#include "syscall/fault.h"

#define FRAMES_MAX 24

static const char *const causes[32] = {
        [VECTOR_DIVIDE] = "a division by zero, or one whose result does not fit",
        [VECTOR_DEBUG] = "a debug trap that nobody asked for",
        [VECTOR_BREAKPOINT] = "a breakpoint instruction",
        [VECTOR_OVERFLOW] = "an INTO instruction that found an overflow",
        [VECTOR_BOUND] = "an index out of the bounds of a BOUND instruction",
        [VECTOR_INVALID_OPCODE] = "an invalid instruction",
        [VECTOR_NO_FPU] = "an x87 instruction that is not available",
        [VECTOR_INVALID_TSS] = "an invalid task state segment",
        [VECTOR_NO_SEGMENT] = "a segment that is not present",
        [VECTOR_STACK] = "an address of the stack that is not canonical",
        [VECTOR_PROTECTION] = "a privileged instruction, a port it has no right to, or an address that is not canonical",
        [VECTOR_FPU] = "an x87 exception that is not masked",
        [VECTOR_ALIGNMENT] = "an access that is not aligned",
        [VECTOR_SIMD] = "a vector exception that is not masked",
        [VECTOR_CONTROL] = "a control flow violation",
};

/* Copies the mapping of an address; false: there is none. */
static bool find_mapping(struct thread *thread, uint64_t address, struct vmem_mapping *out)
{
	struct vmem *vmem = thread->process->vmem;
	lock_acquire(&vmem->lock);
	const struct vmem_mapping *mapping = vmem->root;
	while (mapping && (address < mapping->start || address >= mapping->end))
		mapping = address < mapping->start ? mapping->left : mapping->right;
	if (mapping)
		*out = *mapping;
	lock_release(&vmem->lock);
	return mapping;
}

static size_t describe_page_fault(char *to, size_t size, const struct fault *fault, uint32_t repair_error, bool mapped)
{
	const char *access = fault->error & FAULT_FETCH ? "a jump to" : fault->error & FAULT_WRITE ? "a write to" : "a read of";
	const char *reason = "which its mapping does not allow";
	if (repair_error == ERR_NO_MEMORY)
		reason = "for which the machine has no memory left";
	else if (repair_error == ERR_QUOTA)
		reason = "for which its group may not use more memory";
	else if (!mapped)
		reason = "where nothing is mapped";
	return format_text(to, size, "%s 0x%lx, %s", access, fault->address, reason);
}

size_t fault_describe(struct thread *thread, char *to, size_t size, const struct fault *fault, uint32_t repair_error)
{
	struct vmem_mapping place;
	if (fault->vector == VECTOR_PAGE_FAULT)
		return describe_page_fault(to, size, fault, repair_error, find_mapping(thread, fault->address, &place));
	const char *cause = fault->vector < 32 ? causes[fault->vector] : 0;
	if (!cause)
		return format_text(to, size, "exception %u with error code 0x%lx", fault->vector, fault->error);
	return format_text(to, size, "%s (exception %u, error code 0x%lx)", cause, fault->vector, fault->error);
}

/* Where an address is in what is mapped: with the program's file, which is mapped as it is, addr2line finds the line. */
static void report_address(struct thread *thread, const char *what, uint64_t address)
{
	struct vmem_mapping mapping;
	if (find_mapping(thread, address, &mapping))
		log_error("  %s 0x%lx: in the mapping 0x%lx to 0x%lx, offset 0x%lx", what, address, mapping.start, mapping.end,
		        mapping.offset + (address - mapping.start));
	else
		log_error("  %s 0x%lx: not mapped", what, address);
}

/* Follows frame pointers upwards, as far as they lead upwards. */
static bool report_frame(struct thread *thread, uint64_t *frame)
{
	uint64_t words[2];
	if (*frame % 8 || vmem_copy_in(thread->process->vmem, words, *frame, sizeof words) != sizeof words || !words[1])
		return false;
	report_address(thread, "called from", words[1]);
	bool upwards = words[0] > *frame;
	*frame = words[0];
	return upwards;
}

bool fault_report_line(struct thread *thread, uint64_t *line, uint64_t *frame)
{
	struct thread_registers r;
	context_get(&thread->task.context, &r);
	switch ((*line)++) {
	case 0: report_address(thread, "at", r.rip); return true;
	case 1: log_error("  rax %016lx rbx %016lx rcx %016lx rdx %016lx", r.rax, r.rbx, r.rcx, r.rdx); return true;
	case 2: log_error("  rsi %016lx rdi %016lx rbp %016lx rsp %016lx", r.rsi, r.rdi, r.rbp, r.rsp); return true;
	case 3: log_error("  r8  %016lx r9  %016lx r10 %016lx r11 %016lx", r.r8, r.r9, r.r10, r.r11); return true;
	case 4: log_error("  r12 %016lx r13 %016lx r14 %016lx r15 %016lx", r.r12, r.r13, r.r14, r.r15); return true;
	case 5:
		log_error("  rip %016lx rflags %08lx fs %016lx gs %016lx", r.rip, r.rflags, r.fs_base, r.gs_base);
		*frame = r.rbp;
		return true;
	}
	return *line < 6 + FRAMES_MAX && report_frame(thread, frame);
}
