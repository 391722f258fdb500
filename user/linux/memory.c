/*
 * mmap and its family, and the heap of brk.
 *
 * Anonymous memory is fresh memory of the kernel's, filled lazily. A private mapping of a file that is not writable is the
 * file's own frame where its server has one to give (FS_map) and it is laid out by pages; else it is a copy made at once. So a
 * private mapping can not be made writable later if it came without PROT_WRITE, unlike Linux's. Shared mappings of files need
 * the server's frame. What is writable is never executable.
 *
 * What the image itself lies in is refused (own.h).
 *
 * The heap grows by HEAP_STEP at least, so that a malloc that asks for little costs no native call.
 */
#include "user/linux/memory.h"

#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/mapped.h"
#include "user/linux/native.h"
#include "user/linux/own.h"
#include "user/linux/remote.h"
#include "user/linux/state.h"

#define HEAP_STEP (256ull * 1024)

/* MAP_* for PROT_*; what can be written can be read on this machine. */
static int64_t protection(uint32_t prot, uint32_t *out_flags)
{
	if (prot & ~(LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC))
		return -EINVAL;
	if ((prot & LINUX_PROT_WRITE) && (prot & LINUX_PROT_EXEC))
		return -EACCES;
	uint32_t flags = 0;
	if (prot)
		flags |= MAP_READ;
	if (prot & LINUX_PROT_WRITE)
		flags |= MAP_WRITE;
	if (prot & LINUX_PROT_EXEC)
		flags |= MAP_EXECUTE;
	*out_flags = flags;
	return 0;
}

/* What the program asked for, checked and in pages. */
struct request {
	uint64_t address, length;
	uint32_t native; /* MAP_READ, WRITE, EXECUTE, SHARE */
	uint32_t flags;  /* LINUX_MAP_* */
};

/*
 * Whether so much more stays below RLIMIT_AS. It is this image's own to keep: what a process can really take is its group's to bound.
 */
static bool is_allowed(uint64_t length)
{
	uint64_t limit = process_self()->memory_limit;
	struct process_stats stats;
	if (__builtin_expect(!limit, 1) || sys_process_stats(HANDLE_SELF_PROCESS, &stats))
		return true;
	return stats.mapped_bytes <= limit && length <= limit - stats.mapped_bytes;
}

/* Maps a frame (or fresh memory) where the program wants it. The address, or a negative errno. */
static int64_t map(const struct request *want, uint32_t native, handle_t frame, uint64_t offset)
{
	uint64_t address = 0;
	status_t status;
	if (!is_allowed(want->length))
		return -ENOMEM;
	if (want->flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE)) {
		bool replace = !(want->flags & LINUX_MAP_FIXED_NOREPLACE);
		native |= replace ? MAP_FIXED : MAP_FIXED_EMPTY;
		status = sys_vmem_map(HANDLE_SELF_VMEM, want->address, want->length, native, frame, offset, &address);
		return status ? errors_to_linux(status) : (int64_t)address;
	}
	uint64_t hint = page_down(want->address);
	if (user_range(hint, want->length)) {
		status = sys_vmem_map(HANDLE_SELF_VMEM, hint, want->length, native | MAP_FIXED_EMPTY, frame, offset, &address);
		if (!status)
			return (int64_t)address;
	}
	status = sys_vmem_map(HANDLE_SELF_VMEM, 0, want->length, native, frame, offset, &address);
	return status ? errors_to_linux(status) : (int64_t)address;
}

/* Reads a file's part into memory; less than asked at its end. */
static status_t read_whole(handle_t file, uint64_t address, uint64_t length, uint64_t position)
{
	while (length) {
		uint64_t bytes;
		status_t status = remote_fetch(file, FS_pread, address, length, position, &bytes);
		if (status || !bytes)
			return status;
		address += bytes;
		length -= bytes;
		position += bytes;
	}
	return ERR_OK;
}

static int64_t map_copy(const struct request *want, handle_t file, uint64_t position)
{
	int64_t address = map(want, MAP_READ | MAP_WRITE, HANDLE_NONE, 0);
	if (address < 0)
		return address;
	status_t status = read_whole(file, (uint64_t)address, want->length, position);
	if (!status && want->native != (MAP_READ | MAP_WRITE))
		status = sys_vmem_protect(HANDLE_SELF_VMEM, (uint64_t)address, want->length, want->native);
	if (!status)
		return address;
	status_t undone = sys_vmem_unmap(HANDLE_SELF_VMEM, (uint64_t)address, want->length);
	(void)undone; /* the first error is the one to tell */
	return errors_to_linux(status);
}

/*
 * The server's own frame; -ENODEV where it has none or the part does not lie in it by whole pages. Without `shared` the frame
 * is mapped by a handle that can not make it writable later.
 */
static int64_t map_frame(const struct request *want, handle_t file, uint64_t position, bool shared)
{
	handle_t frame;
	uint64_t offset, length;
	if (remote_map(file, &frame, &offset, &length))
		return -ENODEV;
	int64_t address = -ENODEV;
	if (!(offset & (PAGE_SIZE - 1)) && length <= INT64_MAX && position <= page_up(length) &&
	        want->length <= page_up(length) - position) {
		handle_t reduced = frame;
		if (!shared && sys_handle_duplicate(frame, RIGHT_READ | RIGHT_EXECUTE, &reduced))
			reduced = frame;
		address = map(want, want->native | (shared ? MAP_SHARE : 0), reduced, offset + position);
		if (reduced != frame)
			sys_handle_close(reduced);
	}
	sys_handle_close(frame);
	return address;
}

/* A copy on write of the server's frame; -ENODEV where that cannot be had. */
static int64_t map_clone(const struct request *want, handle_t file, uint64_t position)
{
	handle_t frame, clone = HANDLE_NONE;
	uint64_t offset, length;
	if (remote_map(file, &frame, &offset, &length))
		return -ENODEV;
	status_t status = ERR_NOT_SUPPORTED;
	if (!(offset & (PAGE_SIZE - 1)) && length <= INT64_MAX && position <= page_up(length) &&
	        want->length <= page_up(length) - position)
		status = sys_frame_clone(frame, &clone);
	sys_handle_close(frame);
	if (status)
		return -ENODEV;
	int64_t address = map(want, want->native, clone, offset + position);
	sys_handle_close(clone);
	return address;
}

static int64_t map_file(const struct request *want, int fd, uint64_t position)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t result = -ENODEV;
	bool shared = (want->flags & LINUX_MAP_TYPE) != LINUX_MAP_PRIVATE;
	if ((file->flags & LINUX_O_ACCMODE) == LINUX_O_WRONLY)
		result = -EACCES;
	else if (shared && (want->native & MAP_WRITE) && (file->flags & LINUX_O_ACCMODE) != LINUX_O_RDWR)
		result = -EACCES;
	else if (file->handle) {
		if (shared || !(want->native & MAP_WRITE))
			result = map_frame(want, file->handle, position, shared);
		else
			result = map_clone(want, file->handle, position);
		if (!shared && result == -ENODEV)
			result = map_copy(want, file->handle, position);
		if (!shared && result == -EACCES && (want->native & MAP_EXECUTE))
			result = map_copy(want, file->handle, position);
	}
	const char *name = descriptors_path_of(process_self(), file);
	if (result >= 0 && name)
		mapped_add((uint64_t)result, want->length, position, name);
	descriptors_drop(file);
	return result;
}

int64_t memory_mmap(uint64_t address, uint64_t length, uint32_t prot, uint32_t flags, int fd, uint64_t offset)
{
	uint32_t type = flags & LINUX_MAP_TYPE;
	if (!length || (offset & (PAGE_SIZE - 1)) || type < LINUX_MAP_SHARED || type > 3)
		return -EINVAL;
	if (length > USER_TOP || (flags & LINUX_MAP_HUGETLB))
		return -ENOMEM;
	struct request want = {address, page_up(length), 0, flags};
	int64_t error = protection(prot, &want.native);
	if (error)
		return error;
	if (flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE)) {
		if (address & (PAGE_SIZE - 1))
			return -EINVAL;
		if (!user_range(address, want.length))
			return address < USER_BOTTOM ? -EPERM : -ENOMEM;
		if ((flags & LINUX_MAP_FIXED) && own_is_hit(address, want.length))
			return -ENOMEM;
	}
	if (!(flags & LINUX_MAP_ANONYMOUS))
		return map_file(&want, fd, offset);
	int64_t result = map(&want, want.native | (type == LINUX_MAP_PRIVATE ? 0 : MAP_SHARE), HANDLE_NONE, 0);
	if (result >= 0 && (flags & LINUX_MAP_FIXED))
		mapped_remove((uint64_t)result, want.length);
	return result;
}

int64_t memory_munmap(uint64_t address, uint64_t length)
{
	if ((address & (PAGE_SIZE - 1)) || !length || length > USER_TOP || !user_range(address, page_up(length)))
		return -EINVAL;
	if (own_is_hit(address, page_up(length)))
		return -EINVAL;
	status_t status = sys_vmem_unmap(HANDLE_SELF_VMEM, address, page_up(length));
	if (!status)
		mapped_remove(address, page_up(length));
	return errors_to_linux(status);
}

int64_t memory_mprotect(uint64_t address, uint64_t length, uint32_t prot)
{
	if (address & (PAGE_SIZE - 1))
		return -EINVAL;
	if (!length)
		return 0;
	if (length > USER_TOP || !user_range(address, page_up(length)))
		return -ENOMEM;
	uint32_t flags;
	int64_t error = protection(prot, &flags);
	if (error)
		return error;
	if (own_is_hit(address, page_up(length)))
		return -EACCES;
	status_t status = sys_vmem_protect(HANDLE_SELF_VMEM, address, page_up(length), flags);
	return status == ERR_BAD_ADDRESS ? -ENOMEM : errors_to_linux(status);
}

/* A shared mapping is the file's own pages: there is nothing to write back. */
int64_t memory_msync(uint64_t address, uint64_t length, uint32_t flags)
{
	enum { ASYNC = 1, INVALIDATE = 2, SYNC = 4 };
	if ((address & (PAGE_SIZE - 1)) || (flags & ~(uint32_t)(ASYNC | INVALIDATE | SYNC)) ||
	        (flags & (ASYNC | SYNC)) == (ASYNC | SYNC))
		return -EINVAL;
	return length > USER_TOP || !user_range(address, page_up(length)) ? -ENOMEM : 0;
}

void memory_place_heap(uint64_t start)
{
	struct process *process = process_self();
	process->heap = &process->own_heap;
	process->own_heap.start = process->own_heap.end = process->own_heap.mapped = start;
}

/* Maps up to `end` at least; another mapping in the way ends the heap there. */
static status_t heap_grow(struct heap *heap, uint64_t end)
{
	uint64_t at = heap->mapped, unused;
	uint64_t need = page_up(end) - at, step = need > HEAP_STEP ? need : HEAP_STEP;
	uint32_t flags = MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY;
	status_t status = ERR_NO_SPACE;
	if (!is_allowed(step))
		step = need;
	if (!is_allowed(step))
		return ERR_NO_MEMORY;
	if (user_range(at, step))
		status = sys_vmem_map(HANDLE_SELF_VMEM, at, step, flags, HANDLE_NONE, 0, &unused);
	if (status && step != need && user_range(at, need)) {
		step = need;
		status = sys_vmem_map(HANDLE_SELF_VMEM, at, step, flags, HANDLE_NONE, 0, &unused);
	}
	if (!status)
		heap->mapped = at + step;
	return status;
}

/* Gives back whole pages above `end`; they come back zeroed, so nothing else needs clearing. */
static void heap_shrink(struct heap *heap, uint64_t end)
{
	uint64_t keep = page_up(end);
	if (keep < heap->mapped && !sys_vmem_unmap(HANDLE_SELF_VMEM, keep, heap->mapped - keep))
		heap->mapped = keep;
}

int64_t memory_brk(uint64_t address)
{
	struct heap *heap = process_self()->heap;
	lock_take(&heap->lock);
	if (address >= heap->start && address < USER_TOP) {
		bool possible = true;
		if (address > heap->mapped)
			possible = heap_grow(heap, address) == ERR_OK;
		else if (address < heap->end)
			heap_shrink(heap, address);
		if (possible)
			heap->end = address;
	}
	int64_t now = (int64_t)heap->end;
	lock_drop(&heap->lock);
	return now;
}
