/* Two processes in one address space, and what the kernel's own copies into memory that is shared by copy on write do. */
#include "tests/guest/native/fork.h"

static uint64_t walk_count(void)
{
	uint64_t start, end = 0, offset, count = 0;
	uint32_t flags;
	while (sys_vmem_walk(HANDLE_SELF_VMEM, end, &start, &end, &flags, &offset) == ERR_OK)
		count++;
	return count;
}

/* Two processes in one address space: the second begins with a stack and a control block of its own. */
static struct {
	volatile uint32_t word;
	uint32_t number;
	uint64_t block;
} shared_state;

static void run_shared(void)
{
	struct control_block *block;
	__asm__ volatile("mov %%gs:8, %0" : "=r"(block));
	shared_state.number = block->process_number;
	shared_state.block = block->self;
	shared_state.word = 5;
	for (;;) {
		uint64_t word[MESSAGE_WORDS] = {23};
		native_call(CALL_REGISTER(SYS_process_exit, 0, 0), word);
	}
}

static void sharing(void)
{
	handle_t process, thread, notify;
	uint32_t number;
	uint64_t block, bits, mappings = walk_count();
	struct process_info info = {0};
	test_begin("a_process_in_the_same_address_space_writes_to_the_same_memory_and_leaves_no_mapping");
	uint64_t stack = map(4, READ_WRITE, 0);
	shared_state.word = 0;
	OK(sys_notify_create(&notify));
	OK(sys_process_clone(CLONE_SHARE_VMEM, &process, &thread, &number, &block));
	OK(sys_process_watch(process, notify, 1));
	uint64_t area = stack + 4 * PAGE - 16;
	word_at(area)[0] = area;
	word_at(area)[1] = block;
	OK(sys_thread_start(thread, (uint64_t)run_shared, area - 8, 0, 0, area));
	OK(sys_notify_wait(notify, 1, now() + 20000 * MS, &bits));
	OK(sys_process_info(process, &info));
	CHECK_IS(info.status, 23);
	CHECK_IS(shared_state.word, 5);
	CHECK_IS(shared_state.number, number);
	CHECK_IS(shared_state.block, block);
	CHECK(block != (uint64_t)control_block());
	OK(sys_handle_close(process));
	OK(sys_handle_close(thread));
	OK(sys_handle_close(notify));
	unmap(stack, 4);
	CHECK_IS(walk_count(), mappings);

	test_next("one_that_is_never_started_leaves_none_either");
	OK(sys_process_clone(CLONE_SHARE_VMEM, &process, &thread, &number, &block));
	CHECK_IS(walk_count(), mappings); /* its control block lies with the others of this memory */
	OK(sys_handle_close(thread));
	OK(sys_handle_close(process));
	for (unsigned i = 0; i < 100 && walk_count() != mappings; i++)
		pause_ms(1);
	CHECK_IS(walk_count(), mappings);
}

/* The kernel writes into pages that two processes have. */
static void kernel_copies(void)
{
	struct fork fork;
	handle_t receiver, sender;
	test_begin("what_the_kernel_writes_for_a_copy_is_not_in_its_original");
	channel_make(&receiver, 1, &sender);
	uint64_t at = map(10, READ_WRITE, 0);
	for (unsigned i = 0; i < 10; i++)
		*word_at(at + i * PAGE) = i;
	if (fork_begin(&fork, 0)) {
		struct message message = {0};
		struct message_extras *send = &control_block()->send;
		*send = (struct message_extras){
		        .readable = {at, 10 * PAGE}, .writable = {at, 10 * PAGE}, .deadline = DEADLINE_NEVER};
		if (sys_channel_call_x(sender, &message))
			sys_process_exit(1);
		bool right = *word_at(at) == 1000 && *word_at(at + 9 * PAGE) == 1000;
		struct machine_stats stats;
		struct machine_stats *there = (struct machine_stats *)(at + 4 * PAGE);
		right &= !sys_machine_stats(grant("machine"), there) && !sys_machine_stats(grant("machine"), &stats) &&
		        there->pages_total == stats.pages_total;
		sys_process_exit(right ? 0 : 2);
	}
	struct message message = {0};
	OK(sys_channel_recv(receiver, now() + 5000 * MS, &message));
	static uint64_t words[10 * PAGE / 8];
	uint64_t copied;
	OK(sys_reply_read(HANDLE_SELF_REPLY, 0, words, sizeof words, &copied));
	for (unsigned i = 0; i < 10; i++)
		CHECK_IS(words[i * PAGE / 8], i);
	for (unsigned i = 0; i < 10; i++)
		words[i * PAGE / 8] = 1000;
	OK(sys_reply_write(HANDLE_SELF_REPLY, 0, words, sizeof words, &copied));
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	CHECK_IS(fork_wait(&fork), 0);
	for (unsigned i = 0; i < 10; i++)
		CHECK_IS(*word_at(at + i * PAGE), i);
	unmap(at, 10);
	OK(sys_handle_close(receiver));
	OK(sys_handle_close(sender));
}

void test_fork_shared(void)
{
	sharing();
	kernel_copies();
}
