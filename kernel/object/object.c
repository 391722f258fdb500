#include "object/object.h"

#include "core/panic.h"
#include "object/channel.h"
#include "object/frame.h"
#include "object/group.h"
#include "object/ioport.h"
#include "object/irq.h"
#include "object/notify.h"
#include "object/process.h"
#include "object/reaper.h"
#include "object/thread.h"
#include "object/timer.h"
#include "object/vmem.h"

#define RIGHTS_BASE (RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT)

/* Objects without a step are never destroyed: the machine, the log; replies are parts of threads. */
const struct object_class object_classes[OBJECT_TYPES] = {
        [OBJECT_NONE] = {"nothing", 0, 0},
        [OBJECT_PROCESS] = {"process", process_destroy_step, RIGHTS_BASE | RIGHT_SIGNAL | RIGHT_WAIT | RIGHT_MANAGE},
        [OBJECT_THREAD] = {"thread", thread_destroy_step, RIGHTS_BASE | RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE},
        [OBJECT_VMEM] = {"vmem", vmem_destroy_step, RIGHTS_BASE | RIGHT_MANAGE},
        [OBJECT_FRAME] = {"frame", frame_destroy_step, RIGHTS_BASE | RIGHT_READ | RIGHT_WRITE | RIGHT_EXECUTE | RIGHT_MANAGE},
        [OBJECT_RECEIVER] = {"receiver", channel_destroy_step, RIGHTS_BASE | RIGHT_RECEIVE | RIGHT_MINT},
        [OBJECT_SENDER] = {"sender", sender_destroy_step, RIGHTS_BASE | RIGHT_SEND},
        [OBJECT_REPLY] = {"reply", 0, RIGHT_INSPECT | RIGHT_SEND},
        [OBJECT_NOTIFY] = {"notify", notify_destroy_step, RIGHTS_BASE | RIGHT_SIGNAL | RIGHT_WAIT},
        [OBJECT_TIMER] = {"timer", timer_destroy_step, RIGHTS_BASE | RIGHT_MANAGE},
        [OBJECT_IRQ] = {"irq", irq_destroy_step, RIGHTS_BASE | RIGHT_MANAGE},
        [OBJECT_IOPORT] = {"ioport", ioport_destroy_step, RIGHTS_BASE},
        [OBJECT_GROUP] = {"group", group_destroy_step, RIGHTS_BASE | RIGHT_MANAGE | RIGHT_CREATE},
        [OBJECT_LOG] = {"log", 0, RIGHTS_BASE | RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE},
        [OBJECT_MACHINE] = {"machine", 0, RIGHTS_BASE | RIGHT_CREATE},
};

static uint64_t counts[OBJECT_TYPES];
static uint64_t last_number;

uint32_t object_init(struct object *object, enum object_type type, struct group *group)
{
	uint32_t error = group_charge_object(group);
	if (error)
		return error;
	object->type = type;
	object->references = 1;
	object->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
	object->group = group;
	__atomic_add_fetch(&counts[type], 1, __ATOMIC_RELAXED);
	return ERR_OK;
}

void object_release(struct object *object)
{
	if (object_unreference(object))
		reaper_bury(object);
}

void object_end(struct object *object)
{
	__atomic_sub_fetch(&counts[object->type], 1, __ATOMIC_RELAXED);
	group_return_object(object->group);
}

uint64_t object_count(enum object_type type)
{
	return __atomic_load_n(&counts[type], __ATOMIC_RELAXED);
}
