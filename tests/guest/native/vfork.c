/* A process on its parent's address space that is replaced, as vfork and exec do it: the parent keeps all, and loses what was the child's. */
#include "tests/guest/native/test.h"

static struct process_replacement how;
static volatile uint32_t left_behind; /* written by the child before, while it is in this address space */
static volatile status_t status_of_replace;

static void replace_itself(void)
{
	left_behind++;
	status_of_replace = sys_process_replace(HANDLE_SELF_PROCESS, &how);
	left_behind += 100;
	sys_process_exit(9);
}

static uint32_t another_program(void *argument)
{
	left_behind += 1000; /* in a copy of its own */
	return (uint32_t)(uintptr_t)argument;
}

static uint64_t mapped_now(void)
{
	struct process_stats stats = {0};
	OK(sys_process_stats(HANDLE_SELF_PROCESS, &stats));
	return stats.mapped_bytes;
}

struct vfork {
	handle_t process, thread, notify;
	uint64_t stack;
};

/* The child runs on four pages of its own. */
static void vfork_begin(struct vfork *vfork, void (*function)(void))
{
	uint32_t number;
	uint64_t block;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 4 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &vfork->stack));
	OK(sys_notify_create(&vfork->notify));
	OK(sys_process_clone(CLONE_SHARE_VMEM, &vfork->process, &vfork->thread, &number, &block));
	uint64_t area = vfork->stack + 4 * PAGE - 16;
	((uint64_t *)area)[0] = area;
	((uint64_t *)area)[1] = block;
	OK(sys_process_watch_replaced(vfork->process, vfork->notify, 1));
	OK(sys_process_watch(vfork->process, vfork->notify, 2));
	OK(sys_thread_start(vfork->thread, (uint64_t)function, area - 8, 0, 0, area));
}

static uint32_t vfork_end(struct vfork *vfork)
{
	struct process_info info = {0};
	uint64_t bits;
	OK(sys_notify_wait(vfork->notify, 2, now() + 20000 * MS, &bits));
	OK(sys_process_info(vfork->process, &info));
	OK(sys_handle_close(vfork->process));
	OK(sys_handle_close(vfork->thread));
	OK(sys_handle_close(vfork->notify));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, vfork->stack, 4 * PAGE));
	return info.status;
}

static void exec(void)
{
	struct vfork vfork;
	uint64_t bits, mapped = mapped_now();
	test_begin("a_process_that_is_replaced_leaves_its_parents_address_space_as_it_was");
	for (unsigned i = 0; i < 20; i++) {
		left_behind = i;
		image_make(&how, another_program, (void *)(uintptr_t)(i + 3));
		vfork_begin(&vfork, replace_itself);
		OK(sys_notify_wait(vfork.notify, 1, now() + 20000 * MS, &bits));
		CHECK_IS(left_behind, i + 1);
		CHECK_IS(mapped_now(), mapped + 4 * PAGE);
		CHECK_IS(vfork_end(&vfork), i + 3);
		CHECK_IS(left_behind, i + 1);
		CHECK_IS(mapped_now(), mapped);
		OK(sys_handle_close(how.vmem));
	}
}

static void exec_fails(void)
{
	struct vfork vfork;
	uint64_t bits, mapped = mapped_now();
	test_begin("a_process_whose_replacement_fails_still_shares_its_parents_address_space");
	image_make(&how, another_program, 0);
	how.entry = UINT64_MAX;
	left_behind = 0;
	vfork_begin(&vfork, replace_itself);
	OK(sys_notify_wait(vfork.notify, 1, now() + 20000 * MS, &bits));
	CHECK_IS(status_of_replace, ERR_BAD_ADDRESS);
	CHECK_IS(left_behind, 101);
	CHECK_IS(vfork_end(&vfork), 9);
	CHECK_IS(mapped_now(), mapped);
	OK(sys_handle_close(how.vmem));

	test_next("an_address_space_that_a_process_has_is_not_anothers");
	image_make(&how, another_program, 0);
	OK(sys_handle_close(how.vmem));
	OK(sys_handle_duplicate(HANDLE_SELF_VMEM, RIGHTS_ALL, &how.vmem));
	vfork_begin(&vfork, replace_itself);
	CHECK_IS(vfork_end(&vfork), 9);
	CHECK_IS(status_of_replace, ERR_BAD_STATE);
	OK(sys_handle_close(how.vmem));
}

static void leave_later(void)
{
	pause_ms(20);
	sys_process_exit(0);
}

/* The other way round: the parent goes, and the child goes on in what was the parent's address space. */
static uint32_t parent_of_one(void *argument)
{
	struct vfork vfork;
	vfork_begin(&vfork, leave_later);
	how.vmem = *(handle_t *)argument;
	return 100 + sys_process_replace(HANDLE_SELF_PROCESS, &how);
}

static void parent_goes(void)
{
	struct child child;
	static handle_t there;
	test_begin("a_process_can_be_replaced_while_others_share_its_address_space");
	image_make(&how, another_program, (void *)44);
	child_make(&child, "parent");
	there = child_give(&child, how.vmem, RIGHTS_ALL);
	OK(sys_handle_close(how.vmem));
	child_start(&child, parent_of_one, &there);
	CHECK_IS(child_wait(&child), 44);
}

void test_vfork(void)
{
	exec();
	exec_fails();
	parent_goes();
}
