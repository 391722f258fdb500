/*
 * Looked up where it is known, at each call that names addresses: there is no list to be kept. Lists of epoll and buffers that live as
 * long as a call are not looked for. What is lost with them is one answer: EFAULT.
 */
#include "user/linux/own.h"

#include "user/linux/fork.h"
#include "user/linux/mapped.h"
#include "user/linux/thread.h"

struct range {
	uint64_t start, end;
};

/* By whole pages, as everything is mapped. */
static inline bool hits(const struct range *asked, uint64_t start, uint64_t length)
{
	return start && page_down(start) < asked->end && asked->start < page_up(start + length);
}

/* Its stack for Linux calls, its state and its control block. */
static bool hits_thread(const struct range *asked, const struct thread *thread)
{
	return hits(asked, thread->mapping, thread->mapping_size) ||
	        hits(asked, (uint64_t)thread, thread_state_size(thread->process)) ||
	        hits(asked, (uint64_t)thread->control_block, CONTROL_BLOCK_SIZE);
}

static bool hits_threads(const struct range *asked, struct process *process)
{
	bool hit = false;
	lock_take(&process->threads_lock);
	for (const struct thread *thread = process->threads; thread && !hit; thread = thread->next)
		hit = hits_thread(asked, thread);
	lock_drop(&process->threads_lock);
	return hit;
}

/* The state for the next vfork, kept from the last one. */
static bool hits_borrower(const struct range *asked, const struct borrower *borrower)
{
	return borrower &&
	        (hits(asked, (uint64_t)borrower, sizeof *borrower) ||
	                hits(asked, borrower->thread->mapping, borrower->thread->mapping_size));
}

bool own_is_hit(uint64_t start, uint64_t length)
{
	struct process *process = process_self();
	const struct start_block *block = process->start;
	const struct range asked = {start, start + length};
	return hits(&asked, block->linux_image, block->linux_image_size) ||
	        hits(&asked, block->time_page, block->time_page ? PAGE_SIZE : 0) ||
	        hits(&asked, (uint64_t)block, block->size) || hits(&asked, (uint64_t)process, sizeof *process) ||
	        hits_threads(&asked, process) || hits(&asked, (uint64_t)process->heap->mapped_files, mapped_list_size()) ||
	        hits(&asked, (uint64_t)process->long_paths, (uint64_t)DESCRIPTORS_MAX * FS_PATH_MAX) ||
	        hits_borrower(&asked, process->borrower);
}
