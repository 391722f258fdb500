/* The calls that copy, in steps: frame_clone and process_clone. */
#include "object/frame.h"
#include "object/process_clone.h"
#include "syscall/call.h"

/* Steps of some 2,000 instructions between two looks at interrupts. */
#define STEPS_AT_ONCE 5u

#define CLONE_RIGHTS \
	(RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT | RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE)

/* The clone, and the original, whose handle may mean something else by the next step, are held by the thread until then. */
static uint32_t begin(struct thread *thread, struct frame *frame)
{
	struct frame *clone;
	uint32_t error = frame_clone(frame, thread->process->group, &clone);

	if (error)
		return error;
	object_reference(&frame->object);
	thread->held[0] = &clone->object;
	thread->held[1] = &frame->object;
	thread->progress = 0;
	return ERR_OK;
}

static uint32_t step(struct thread *thread, struct frame *frame)
{
	if (!thread->held[0]) {
		uint32_t error = begin(thread, frame);
		if (error == FRAME_MORE)
			frame_settle(frame);
		if (error)
			return error;
	}
	if (thread->held[1] != &frame->object)
		return ERR_BAD_HANDLE;
	return frame_clone_finish(frame, &thread->progress) ? ERR_OK : FRAME_MORE;
}

void syscall_frame_clone(struct thread *thread, struct object *object, uint32_t rights)
{
	uint32_t error = FRAME_MORE;

	for (unsigned i = 0; i < STEPS_AT_ONCE && error == FRAME_MORE; i++)
		error = step(thread, (struct frame *)object);
	if (error == FRAME_MORE) {
		call_again(thread);
		return;
	}
	struct object *clone = thread->held[0];
	thread->progress = 0;
	if (error) {
		thread_drop_held(thread);
		call_answer(thread, error);
		return;
	}
	thread->held[0] = 0;
	thread_drop_held(thread);
	call_answer_handle(thread, clone, CLONE_RIGHTS | (rights & RIGHT_EXECUTE));
}

/* Both handles, or none. The references that the clone held go over to the caller's table. */
static uint32_t hand_out(struct thread *thread, handle_t out[2])
{
	struct process_clone *clone = thread->clone;
	struct handles *table = &thread->process->handles;
	uint32_t error = parcel_reserve(thread->process, 2, out);

	if (error)
		return error;
	lock_acquire(&table->lock);
	handles_fill(table, out[0], &clone->process->object, object_classes[OBJECT_PROCESS].rights);
	handles_fill(table, out[1], &clone->thread->object, object_classes[OBJECT_THREAD].rights);
	lock_release(&table->lock);
	return ERR_OK;
}

static void answer_clone(struct thread *thread)
{
	struct process_clone *clone = thread->clone;
	struct thread *made = clone->thread;
	handle_t handles[2];
	uint32_t error = hand_out(thread, handles);

	if (error) {
		call_answer(thread, error);
		return;
	}
	clone->process = 0;
	clone->thread = 0;
	call_answer_words(thread, handles[0], handles[1], made->process->number);
	if (clone->flags & CLONE_SHARE_VMEM)
		thread->task.context.word[3] = control_block_address(&made->place);
}

void syscall_process_clone(struct thread *thread, struct object *object, uint32_t rights)
{
	uint64_t flags = call_word(thread, 0);
	uint32_t error = ERR_OK;

	(void)object;
	(void)rights;
	if (flags & ~(uint64_t)CLONE_SHARE_VMEM)
		error = ERR_BAD_ARGUMENT;
	else if (!thread->clone)
		error = process_clone_begin(thread, (uint32_t)flags);
	if (!error)
		error = VMEM_MORE;
	for (unsigned i = 0; i < STEPS_AT_ONCE && error == VMEM_MORE; i++)
		error = process_clone_step(thread);
	if (error == VMEM_MORE) {
		call_again(thread);
		return;
	}
	if (error)
		call_answer(thread, error);
	else
		answer_clone(thread);
	process_clone_end(thread);
}
