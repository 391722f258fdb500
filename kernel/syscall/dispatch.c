/*
 * From a native call's registers to its handler: one table, made of abi/syscalls.def, says which object each call acts on and
 * which rights it needs, and this is the only place where they are checked. The table has a row for each number that entry code
 * takes for native; the index of a handle is masked, so that nothing outside its table is read under speculation either.
 */
#include "arch/upcalls.h"
#include "core/log.h"
#include "object/notify.h"
#include "syscall/call.h"
#include "syscall/fault.h"

#define CALLS 0x100u /* numbers from CALL_NUMBER_FIRST on */

struct call_row {
	/* 0: there is no such call */
	void (*handler)(struct thread *thread, struct object *object, uint32_t rights);
	uint32_t type;   /* enum object_type */
	uint32_t rights; /* needed */
};

static const struct call_row rows[CALLS] = {
#define SYSCALL(number, name, object_type, needed) [(number)-CALL_NUMBER_FIRST] = {syscall_##name, object_type, needed},
#include "abi/syscalls.def"
#undef SYSCALL
};

#define SYSCALL(number, name, object_type, needed) _Static_assert((number)-CALL_NUMBER_FIRST < CALLS, "in the table");
#include "abi/syscalls.def"
#undef SYSCALL

/* What a process has for itself without a table entry. */
static uint32_t find_pseudo(struct thread *thread, handle_t handle, struct object **out_object)
{
	switch (handle) {
	case HANDLE_SELF_PROCESS: *out_object = &thread->process->object; return ERR_OK;
	case HANDLE_SELF_VMEM: *out_object = &thread->process->vmem->object; return ERR_OK;
	case HANDLE_SELF_THREAD: *out_object = &thread->object; return ERR_OK;
	case HANDLE_SELF_REPLY:
		if (!thread->reply_to)
			return ERR_BAD_HANDLE;
		*out_object = &thread->reply_to->object;
		return ERR_OK;
	case HANDLE_SELF_NOTIFY: *out_object = &thread->process->notify->object; return ERR_OK;
	}
	if (!call_names_held(thread, handle))
		return ERR_BAD_HANDLE;
	*out_object = &thread->reply_to->object;
	return ERR_OK;
}

static inline uint32_t check(const struct object *object, uint32_t has, uint32_t type, uint32_t rights)
{
	if (type != OBJECT_NONE && object->type != type)
		return ERR_WRONG_TYPE;
	return (has & rights) == rights ? ERR_OK : ERR_NO_RIGHT;
}

uint32_t call_find(struct thread *thread, handle_t handle, enum object_type type, uint32_t rights, struct object **out_object,
        uint32_t *out_rights)
{
	struct object *object;
	uint32_t has;
	const struct handle_entry *entry = handles_find(&thread->process->handles, handle);
	if (__builtin_expect(entry != 0, 1)) {
		object = entry->object;
		has = entry->rights;
	} else {
		uint32_t error = find_pseudo(thread, handle, &object);
		if (error)
			return error;
		has = object_classes[object->type].rights;
		/* There is no entry that could be transferred; but a duplicate of the notify is made to be given away. */
		if (handle != HANDLE_SELF_NOTIFY)
			has &= ~RIGHT_TRANSFER;
	}
	uint32_t error = check(object, has, type, rights);
	if (error)
		return error;
	*out_object = object;
	if (out_rights)
		*out_rights = has;
	return ERR_OK;
}

#define REPLY_RIGHTS (RIGHT_INSPECT | RIGHT_SEND)

/* A handle that is not plainly right: a pseudo handle, of which the reply is used most, or an error, which is answered. */
static __attribute__((noinline)) void dispatch_slowly(struct thread *thread, const struct call_row *row)
{
	if (context_call_handle(&thread->task.context) == HANDLE_SELF_REPLY && thread->reply_to && row->type == OBJECT_REPLY &&
	        !(row->rights & ~REPLY_RIGHTS)) {
		row->handler(thread, &thread->reply_to->object, REPLY_RIGHTS);
		return;
	}
	struct object *object;
	uint32_t rights;
	uint32_t error =
	        call_find(thread, context_call_handle(&thread->task.context), row->type, row->rights, &object, &rights);
	if (error)
		call_answer(thread, error);
	else
		row->handler(thread, object, rights);
}

static inline void dispatch(struct thread *thread)
{
	const struct call_row *row = &rows[context_call_number(&thread->task.context) % CALLS];
	if (row->type == OBJECT_NONE) {
		if (__builtin_expect(row->handler != 0, 1))
			row->handler(thread, 0, 0);
		else
			call_answer(thread, ERR_BAD_CALL);
		return;
	}
	handle_t handle = context_call_handle(&thread->task.context);
	if (handle < HANDLE_SELF_PROCESS) {
		const struct handle_entry *entry = handles_find(&thread->process->handles, handle);
		if (__builtin_expect(entry && !check(entry->object, entry->rights, row->type, row->rights), 1)) {
			row->handler(thread, entry->object, entry->rights);
			return;
		}
	}
	dispatch_slowly(thread, row);
}

struct context *upcall_syscall(struct context *context)
{
	dispatch(thread_of_context(context));
	const struct cpu *cpu = cpu_current();
	return __builtin_expect(!cpu->need_schedule, 1) ? cpu->arch.context : upcall_leave();
}

void call_repeat(struct task *task)
{
	struct thread *thread = thread_of_task(task);
	dispatch(thread);
	if (!task->continuation) {
		thread->progress = 0;
		thread_drop_held(thread); /* the call ended before it came to its handler */
	}
}

void upcall_foreign_unhandled(void)
{
	struct thread *thread = thread_of_task(cpu_current()->current);
	fault_end(thread, VECTOR_INVALID_OPCODE,
	        "it made the Linux call %lu, and its process has registered no handler for such", thread->task.context.rax);
}

void call_answer_handle(struct thread *thread, struct object *object, uint32_t rights)
{
	handle_t handle;
	uint32_t error = process_add_handle(thread->process, object, rights, &handle);
	if (error) {
		object_release(object);
		call_answer(thread, error);
		return;
	}
	call_answer_words(thread, handle, 0, 0);
}
