/* The calls on address spaces. Those that change mappings do a few of the short steps of object/vmem.h before interrupts are let in. */
#include "object/vmem.h"

#include "object/vmem_tree.h"
#include "syscall/call.h"

/* Steps of some 2,000 instructions between two looks at interrupts. */
#define STEPS_AT_ONCE 5u

/* Ends the call, or arranges for its repetition. */
static void end(struct thread *thread, uint32_t error)
{
	if (error == VMEM_MORE) {
		call_again(thread);
		return;
	}
	thread->progress = 0;
	call_answer(thread, error);
}

static uint32_t allowed_by(uint32_t rights)
{
	return (rights & RIGHT_READ ? MAP_READ : 0) | (rights & RIGHT_WRITE ? MAP_WRITE : 0) |
	        (rights & RIGHT_EXECUTE ? MAP_EXECUTE : 0);
}

void syscall_vmem_map(struct thread *thread, struct object *object, uint32_t rights)
{
	struct vmem *vmem = (struct vmem *)object;
	uint64_t address = call_word(thread, 0), length = call_word(thread, 1), flags = call_word(thread, 2);
	uint64_t handle = call_word(thread, 3), offset = call_word(thread, 4), mapped = 0;
	struct object *frame = 0;
	bool ready = flags & MAP_READY;
	flags &= ~(uint64_t)MAP_READY;
	uint32_t error = flags > UINT32_MAX || handle > UINT32_MAX ? ERR_BAD_ARGUMENT : ERR_OK;

	/* Once it is mapped only cleaning up is left, for which the handle need not be there any more. */
	if (!error && handle && !thread->progress)
		error = call_find(thread, (handle_t)handle, OBJECT_FRAME, 0, &frame, &rights);
	if (!error)
		error = VMEM_MORE;
	for (unsigned i = 0; i < STEPS_AT_ONCE && error == VMEM_MORE; i++)
		error = vmem_map(vmem, address, length, (uint32_t)flags, (struct frame *)frame, offset, allowed_by(rights),
		        &thread->progress, &mapped);
	if (!error && ready && frame)
		vmem_make_ready(vmem, mapped, length);
	end(thread, error);
	if (!error)
		thread->task.context.word[0] = mapped;
}

void syscall_vmem_unmap(struct thread *thread, struct object *object, uint32_t rights)
{
	uint64_t address = call_word(thread, 0), length = call_word(thread, 1);
	uint32_t error = VMEM_MORE;

	(void)rights;
	for (unsigned i = 0; i < STEPS_AT_ONCE && error == VMEM_MORE; i++)
		error = vmem_unmap((struct vmem *)object, address, length, &thread->progress);
	end(thread, error);
}

void syscall_vmem_protect(struct thread *thread, struct object *object, uint32_t rights)
{
	uint64_t address = call_word(thread, 0), length = call_word(thread, 1), flags = call_word(thread, 2);
	uint32_t error = flags > UINT32_MAX ? ERR_BAD_ARGUMENT : VMEM_MORE;

	(void)rights;
	for (unsigned i = 0; i < STEPS_AT_ONCE && error == VMEM_MORE; i++)
		error = vmem_protect((struct vmem *)object, address, length, (uint32_t)flags, &thread->progress);
	end(thread, error);
}

void syscall_vmem_create(struct thread *thread, struct object *object, uint32_t rights)
{
	struct vmem *vmem;
	uint32_t error = vmem_create(thread->process->group, &vmem);

	(void)object;
	(void)rights;
	if (error)
		call_answer(thread, error);
	else
		call_answer_handle(thread, &vmem->object, object_classes[OBJECT_VMEM].rights);
}

/* Words: address there, address here, length; thread->progress: bytes copied in the steps before. */
void syscall_vmem_write(struct thread *thread, struct object *object, uint32_t rights)
{
	uint64_t to = call_word(thread, 0), from = call_word(thread, 1), length = call_word(thread, 2), done = thread->progress;
	uint32_t error = to < USER_TOP && length <= USER_TOP - to ? ERR_OK : ERR_BAD_ADDRESS;

	(void)rights;
	for (unsigned i = 0; i < STEPS_AT_ONCE && done < length && !error; i++) {
		uint64_t part = PAGE_SIZE - ((to + done) & PAGE_MASK);
		part = part < length - done ? part : length - done;
		uint64_t copied = vmem_copy_across((struct vmem *)object, to + done, thread->process->vmem, from + done, part);
		error = copied == part ? ERR_OK : ERR_BAD_ADDRESS;
		done += copied;
	}
	call_answer_copied(thread, done, length, error);
}

void syscall_vmem_walk(struct thread *thread, struct object *object, uint32_t rights)
{
	struct vmem *vmem = (struct vmem *)object;
	uint64_t address = call_word(thread, 0);

	(void)rights;
	lock_acquire(&vmem->lock);
	const struct vmem_mapping *mapping = vmem_tree_above(vmem->root, address);
	if (!mapping) {
		call_answer(thread, ERR_NOT_FOUND);
	} else {
		call_answer_words(thread, mapping->start, mapping->end, mapping->flags & MAPPING_TOLD);
		thread->task.context.word[3] = mapping->offset;
	}
	lock_release(&vmem->lock);
}
