/* The calls on frames. frame_read and frame_write copy once, between the program's memory and the frame's own pages. */
#include "object/frame.h"

#include "arch/paging.h"
#include "object/vmem.h"
#include "syscall/call.h"

/* Steps of some 2,000 instructions, or pages copied, between two looks at interrupts. */
#define STEPS_AT_ONCE 5u

#define RANGE_RIGHTS (RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT | RIGHT_READ | RIGHT_WRITE)

static const uint8_t absent_page[PAGE_SIZE];

void syscall_frame_create(struct thread *thread, struct object *object, uint32_t rights)
{
	uint64_t length = call_word(thread, 0), flags = call_word(thread, 1);
	struct frame *frame;

	(void)object;
	(void)rights;
	uint32_t error =
	        flags > UINT32_MAX ? ERR_BAD_ARGUMENT : frame_create(thread->process->group, length, (uint32_t)flags, &frame);
	if (error)
		call_answer(thread, error);
	else
		call_answer_handle(thread, &frame->object, object_classes[OBJECT_FRAME].rights);
}

void syscall_frame_create_device(struct thread *thread, struct object *object, uint32_t rights)
{
	uint64_t start = call_word(thread, 0), length = call_word(thread, 1), cache = call_word(thread, 2);
	struct frame *frame;

	(void)object;
	(void)rights;
	uint32_t error = cache > CACHE_UNCACHED
	        ? ERR_BAD_ARGUMENT
	        : frame_create_device(thread->process->group, paddr(start), length, (uint32_t)cache, &frame);
	if (error)
		call_answer(thread, error);
	else
		call_answer_handle(thread, &frame->object, RANGE_RIGHTS);
}

/* Between one page of the frame and the program; what does not go leaves *copied short. */
static uint32_t copy_page(struct thread *thread, struct frame *frame, uint64_t offset, uint64_t address, uint64_t length,
        bool write, uint64_t *copied)
{
	struct vmem *vmem = thread->process->vmem;
	struct frame_found found;
	uint32_t error = frame_find(frame, offset, write ? FRAME_WRITE : FRAME_LOOK, 0, &found);

	if (error == ERR_PAGE_ABSENT)
		*copied = vmem_copy_out(vmem, address, absent_page, length);
	else if (error == FRAME_MORE)
		return frame_settle(frame), ERR_OK;
	else if (error)
		return error;
	else if (write)
		*copied = vmem_copy_in(vmem, direct_map(paddr_add(found.page, offset & PAGE_MASK)), address, length);
	else
		*copied = vmem_copy_out(vmem, address, direct_map(paddr_add(found.page, offset & PAGE_MASK)), length);
	return *copied == length ? ERR_OK : ERR_BAD_ADDRESS;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Words: offset in the frame, address, length; thread->progress: bytes copied in the steps before. */
static void copy(struct thread *thread, struct frame *frame, bool write, uint64_t end)
{
	uint64_t offset = call_word(thread, 0), address = call_word(thread, 1), done = thread->progress;
	uint64_t length = 0;
	uint32_t error = ERR_OK;

	end = least(end, frame->length);
	if (offset < end)
		length = least(call_word(thread, 2), end - offset);
	if (frame->flags & (write ? FRAME_DEVICE | FRAME_OVER : FRAME_DEVICE)) {
		call_answer(thread, ERR_NOT_SUPPORTED);
		return;
	}
	for (unsigned i = 0; i < STEPS_AT_ONCE && done < length && !error; i++) {
		uint64_t part = least(length - done, PAGE_SIZE - ((offset + done) & PAGE_MASK)), copied = 0;
		error = copy_page(thread, frame, offset + done, address + done, part, write, &copied);
		done += copied;
	}
	call_answer_copied(thread, done, length, error);
}

void syscall_frame_read(struct thread *thread, struct object *object, uint32_t rights)
{
	struct frame *frame = (struct frame *)object;

	copy(thread, frame, false, rights & RIGHT_MANAGE ? UINT64_MAX : __atomic_load_n(&frame->end, __ATOMIC_RELAXED));
}

void syscall_frame_write(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	copy(thread, (struct frame *)object, true, UINT64_MAX);
}

/* A word that no length is held against: a step of a copy that has begun sees it or not. */
void syscall_frame_set_end(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	__atomic_store_n(&((struct frame *)object)->end, call_word(thread, 0), __ATOMIC_RELAXED);
	call_answer(thread, ERR_OK);
}

void syscall_frame_resize(struct thread *thread, struct object *object, uint32_t rights)
{
	uint32_t error = FRAME_MORE;

	(void)rights;
	for (unsigned i = 0; i < STEPS_AT_ONCE && error == FRAME_MORE; i++)
		error = frame_resize((struct frame *)object, call_word(thread, 0));
	if (error == FRAME_MORE)
		call_again(thread);
	else
		call_answer(thread, error);
}

void syscall_frame_info(struct thread *thread, struct object *object, uint32_t rights)
{
	const struct frame *frame = (const struct frame *)object;

	(void)rights;
	call_answer_words(
	        thread, frame->length, frame->resident, frame->flags & (FRAME_CONTIGUOUS | FRAME_BELOW_4G | FRAME_DEVICE));
}
