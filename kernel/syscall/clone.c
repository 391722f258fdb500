/* The calls that copy: frames here, processes in object/process_clone.c. */
#include "object/frame.h"
#include "syscall/call.h"

/* Steps of some 2,000 instructions between two looks at interrupts. */
#define STEPS_AT_ONCE 5u

#define CLONE_RIGHTS \
	(RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT | RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE)

/* The clone, and the original, whose handle may mean something else by the next step, are held by the thread until then. */
static uint32_t begin(struct thread *thread, struct frame *frame)
{
	struct frame *clone;
	uint32_t error = frame_clone(frame, thread->process->object.group, &clone);

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
