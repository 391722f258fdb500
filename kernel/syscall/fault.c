#include "syscall/fault.h"

#include <stdarg.h>

#include "abi/syscalls.h"
#include "core/log.h"
#include "lib/format.h"
#include "object/ioport.h"
#include "object/ipc.h"
#include "object/process.h"
#include "object/upcall.h"
#include "sched/sched.h"

/* What a report needs between its lines is in the words that an exception's report to a handler would have. */
enum { REPORT_LINE, REPORT_FRAME };
enum { WORD_VECTOR, WORD_ERROR, WORD_RIP, WORD_ADDRESS };

/* A line on the log takes long when the kernel prints it itself, so that each is a step. */
static void report_step(struct task *task)
{
	struct thread *thread = thread_of_task(task);
	uint64_t *words = thread->exception_words;
	if (fault_report_line(thread, &words[REPORT_LINE], &words[REPORT_FRAME])) {
		task->continuation = report_step;
		return;
	}
	process_end(thread->process, thread->exception_status);
	thread_end(thread);
}

/* Begins the report of a thread that is current. */
static void report(struct thread *thread, uint32_t status, const char *text)
{
	const struct process *process = thread->process;
	log_error("process %u (%s) ends, because of its thread %u: %s", process->number, process->name, thread->number, text);
	thread->exception_status = status;
	thread->exception_words[REPORT_LINE] = 0;
	thread->task.continuation = report_step;
	cpu_current()->need_schedule = 1;
}

void fault_end(struct thread *thread, uint32_t vector, const char *format, ...)
{
	char text[160];
	va_list arguments;
	va_start(arguments, format);
	format_text_v(text, sizeof text, format, arguments);
	va_end(arguments);
	report(thread, PROCESS_STATUS_FAULT + vector, text);
}

/* The handler of its fault wants the report: the fault is in the words that were the handler's. */
static void report_for_handler(struct task *task)
{
	struct thread *thread = thread_of_task(task);
	const uint64_t *words = thread->exception_words;
	const struct fault fault = {
	        .vector = (uint32_t)words[WORD_VECTOR], .error = words[WORD_ERROR], .address = words[WORD_ADDRESS]};
	char text[128];
	fault_describe(thread, text, sizeof text, &fault, ERR_OK);
	report(thread, thread->exception_status, text);
}

/*
 * Makes the page present. Only the current address space faults. What is there and was refused to the CPU's own access, which some
 * instructions of a program make (descriptor tables; in old versions of QEMU the stack of a far return), would be refused again.
 */
static uint32_t repair_page(struct thread *thread, const struct fault *fault)
{
	if (fault->error & FAULT_PRESENT && !(fault->error & FAULT_USER))
		return ERR_BAD_ADDRESS;
	return vmem_fault(thread->process->vmem, fault->address, fault->error & FAULT_WRITE, fault->error & FAULT_FETCH);
}

/* Calls the process's exception channel for the thread, which carries a handle to itself. */
static bool report_to_handler(struct thread *thread, const struct fault *fault)
{
	struct sender *handler = thread->process->exception;
	if (!handler)
		return false;
	const struct context *context = &thread->task.context;
	const uint64_t words[MESSAGE_WORDS] = {
	        fault->vector, fault->error, context->rip, fault->address, thread->number, context->rsp};
	for (unsigned i = 0; i < MESSAGE_WORDS; i++)
		thread->exception_words[i] = words[i];
	thread->exception_report = report_for_handler;
	object_reference(&thread->object);
	thread->parcel.count = 1;
	thread->parcel.object[0] = &thread->object;
	thread->parcel.rights[0] = RIGHT_READ | RIGHT_WRITE | RIGHT_INSPECT;
	struct reply_record *record = &thread->reply;
	record->extras = record->carried = true;
	record->handle_count = 1;
	record->word_count = record->move_mask = 0;
	record->readable_length = record->writable_length = 0;
	thread->faulted = true;
	if (ipc_call(thread, handler) == ERR_OK)
		return true;
	thread->faulted = false;
	record->carried = false;
	parcel_drop(&thread->parcel);
	return false;
}

/* One that is not repaired. */
static __attribute__((noinline)) void hand_on(struct thread *thread, const struct fault *fault, uint32_t repair_error)
{
	if (fault->vector == VECTOR_PROTECTION && ioport_grant(thread))
		return;
	if (upcall_fault(thread, fault) || report_to_handler(thread, fault))
		return;
	char text[128];
	fault_describe(thread, text, sizeof text, fault, repair_error);
	fault_end(thread, fault->vector, "%s", text);
}

void upcall_exception(const struct fault *fault)
{
	struct thread *thread = thread_of_task(cpu_current()->current);
	uint32_t repair_error = fault->vector == VECTOR_PAGE_FAULT ? repair_page(thread, fault) : ERR_BAD_ADDRESS;
	if (repair_error == ERR_OK || repair_error == VMEM_MORE)
		return; /* more steps: it faults again */
	hand_on(thread, fault, fault->vector == VECTOR_PAGE_FAULT ? repair_error : ERR_OK);
}
