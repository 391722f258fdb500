/* Stopping, and walking the stack of the kernel's own code. */
#include "arch/cpu.h"

#include "arch/x86_64/descriptors.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/trap.h"

extern const char kernel_image_start[] __attribute__((visibility("hidden"))); /* kernel.ld */
extern const char kernel_text_end[] __attribute__((visibility("hidden")));

static bool stopping;

bool cpu_is_stopping(void)
{
	return __atomic_load_n(&stopping, __ATOMIC_RELAXED);
}

void cpu_ask(const struct arch_cpu *cpu)
{
	lapic_send(cpu->apic_id, VECTOR_ASKED);
}

void cpu_stop_others(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	lapic_send_nmi_to_others();
}

void cpu_stop(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* Whether a frame (two words) lies on a stack that kernel code runs on. */
static bool is_on_stack(uint64_t frame)
{
	const struct arch_cpu *cpu = arch_cpu_current();

	if (frame % 8 != 0)
		return false;
	return frame - (cpu->kernel_stack - STACK_SIZE) <= STACK_SIZE - 16 ||
	        (cpu->area && frame - (uint64_t)cpu->area->stacks <= sizeof cpu->area->stacks - 16);
}

static bool is_text(uint64_t address)
{
	return address >= (uint64_t)kernel_image_start && address < (uint64_t)kernel_text_end;
}

void cpu_backtrace(void (*visit)(uint64_t address, void *argument), void *argument)
{
	uint64_t frame = (uint64_t)__builtin_frame_address(0);

	for (unsigned depth = 0; depth < 64 && is_on_stack(frame); depth++) {
		const uint64_t *words = (const uint64_t *)frame;
		if (!is_text(words[1]))
			return;
		visit(words[1], argument);
		/* Callers are further up, but for the step from an interrupt stack to the code that was interrupted. */
		if (words[0] == frame)
			return;
		frame = words[0];
	}
}
