/*
 * epoll by FS_watch. The list lies in a mapping of this process; what the descriptor itself leads to is an event of the stream
 * server that nobody uses, so that it can be duplicated and looked at as any other.
 *
 * Item number i watches with bit i % 64 of the list's notify. An item is asked for only if it is `stale`: it was ready when asked
 * last, or its bit has come since; else its watch is still there and will say so. An edge-triggered item is told once and then
 * watches for what comes next (FS_WATCH_NEXT); with servers that do not know that it is level-triggered, which a program that
 * reads until EAGAIN can not tell but by the number of its rounds. With more than 64 items a bit means several: they are asked
 * in vain, and an edge may be told twice.
 *
 * An item goes by its open file and not by its number: it is gone when the last descriptor of that is closed. A descriptor for
 * epoll in another's list is refused, and in a child it has no list.
 */
#include "user/linux/epoll.h"

#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/poll.h"
#include "user/linux/remote.h"
#include "user/linux/signal.h"
#include "user/linux/stream.h"
#include "user/linux/time.h"

#define ITEMS_MAX DESCRIPTORS_MAX
#define KNOWN \
	(LINUX_EPOLLIN | LINUX_EPOLLOUT | LINUX_EPOLLPRI | LINUX_EPOLLERR | LINUX_EPOLLHUP | LINUX_EPOLLRDNORM | \
	        LINUX_EPOLLWRNORM | LINUX_EPOLLRDHUP | LINUX_EPOLLET | LINUX_EPOLLONESHOT | LINUX_EPOLLWAKEUP)

struct item {
	int32_t fd;      /* as it was added */
	uint32_t serial; /* of the open file; 0: the item is free */
	uint32_t events; /* LINUX_EPOLL*; 0 beside flags: told once and not armed again (EPOLLONESHOT) */
	uint16_t file;   /* index of the open file */
	bool stale;
	uint64_t data;
};

struct epoll {
	struct lock lock; /* guards the items; not held over waiting */
	uint32_t owner;   /* number of the process that has made it */
	handle_t notify;
	uint32_t used; /* items from there on are free */
	uint32_t next; /* which item is asked first the next time */
	struct item items[ITEMS_MAX];
};

int64_t epoll_create1(uint32_t flags)
{
	struct process *process = process_self();
	struct open_file file = {.kind = FS_KIND_ANONYMOUS, .flags = LINUX_O_RDWR};
	uint64_t address;
	if (flags & ~LINUX_O_CLOEXEC)
		return -EINVAL;
	if (!process->stream)
		return -ENOSYS;
	status_t status = sys_vmem_map(
	        HANDLE_SELF_VMEM, 0, page_up(sizeof(struct epoll)), MAP_READ | MAP_WRITE, HANDLE_NONE, 0, &address);
	if (status)
		return errors_to_linux(status);
	file.epoll = (struct epoll *)address;
	file.epoll->owner = process->number;
	status = sys_notify_create(&file.epoll->notify);
	if (!status)
		status = remote_make(process->stream, STREAM_event, 0, 0, &file.handle, 1);
	if (status) {
		epoll_free(file.epoll);
		return stream_make_error(status);
	}
	int64_t fd = descriptors_add(&file, (flags & LINUX_O_CLOEXEC) != 0, NULL);
	if (fd < 0)
		epoll_free(file.epoll);
	return fd;
}

int64_t epoll_create(int size)
{
	return size > 0 ? epoll_create1(0) : -EINVAL;
}

/* Not that of the parent: it lies in memory that the parent may still use. */
void epoll_free(struct epoll *epoll)
{
	if (epoll->owner != process_self()->number)
		return;
	if (epoll->notify)
		sys_handle_close(epoll->notify);
	if (sys_vmem_unmap(HANDLE_SELF_VMEM, (uintptr_t)epoll, page_up(sizeof *epoll)))
		return; /* cannot be: it is a mapping of ours */
}

/* The list of an open file, NULL if it has none here. */
static struct epoll *list_of(const struct open_file *file)
{
	return file->epoll && file->epoll->owner == process_self()->number ? file->epoll : NULL;
}

static struct item *find_locked(struct epoll *epoll, int fd, uint32_t file, uint32_t serial)
{
	for (uint32_t i = 0; i < epoll->used; i++) {
		struct item *item = &epoll->items[i];
		if (item->serial == serial && item->fd == fd && item->file == file)
			return item;
	}
	return NULL;
}

static struct item *find_free_locked(struct epoll *epoll)
{
	for (uint32_t i = 0; i < epoll->used; i++) {
		if (!epoll->items[i].serial)
			return &epoll->items[i];
	}
	return epoll->used < ITEMS_MAX ? &epoll->items[epoll->used++] : NULL;
}

/* One for whom an open file is gone has a free place in the list. */
static void sweep_locked(struct epoll *epoll)
{
	for (uint32_t i = 0; i < epoll->used; i++) {
		struct item *item = &epoll->items[i];
		struct open_file *file = item->serial ? descriptors_hold_file(item->file, item->serial) : NULL;
		if (file)
			descriptors_drop(file);
		else
			item->serial = 0;
	}
}

static int64_t change_locked(struct epoll *epoll, int operation, int fd, const struct open_file *file, uint32_t index,
        const struct linux_epoll_event *event)
{
	struct item *item = find_locked(epoll, fd, index, file->serial);
	if (operation == LINUX_EPOLL_CTL_ADD && item)
		return -EEXIST;
	if (operation == LINUX_EPOLL_CTL_ADD) {
		item = find_free_locked(epoll);
		if (!item) {
			sweep_locked(epoll);
			item = find_free_locked(epoll);
		}
		if (!item)
			return -ENOSPC;
	}
	if (!item)
		return -ENOENT;
	if (operation == LINUX_EPOLL_CTL_DEL)
		*item = (struct item){0};
	else
		*item = (struct item){
		        fd, file->serial, event->events | LINUX_EPOLLERR | LINUX_EPOLLHUP, (uint16_t)index, true, event->data};
	return 0;
}

/* What can be in a list: nothing that is always ready, and no list. */
static int64_t check_target(const struct open_file *file)
{
	if (file->epoll)
		return -EINVAL;
	return file->kind == FS_KIND_FILE || file->kind == FS_KIND_DIRECTORY ? -EPERM : 0;
}

int64_t epoll_ctl(int fd, int operation, int target, uint64_t address)
{
	struct linux_epoll_event event = {0};
	if (operation != LINUX_EPOLL_CTL_ADD && operation != LINUX_EPOLL_CTL_MOD && operation != LINUX_EPOLL_CTL_DEL)
		return -EINVAL;
	if (operation != LINUX_EPOLL_CTL_DEL && !access_read(&event, address, sizeof event))
		return -EFAULT;
	if (event.events & ~KNOWN)
		return -EINVAL;
	struct open_file *list = descriptors_hold(fd), *file = descriptors_hold(target);
	int64_t result = !list || !file ? -EBADF : !list_of(list) ? -EINVAL : check_target(file);
	if (!result) {
		struct epoll *epoll = list_of(list);
		uint32_t index = (uint32_t)(file - process_self()->files);
		lock_take(&epoll->lock);
		result = change_locked(epoll, operation, target, file, index, &event);
		lock_drop(&epoll->lock);
		if (!result && sys_notify_signal(epoll->notify, 1)) /* whoever waits looks again */
			result = 0;
	}
	if (file)
		descriptors_drop(file);
	if (list)
		descriptors_drop(list);
	return result;
}

/* LINUX_EPOLL* that hold for an item now, 0 if none does or it has told what it had to tell. */
static uint32_t ask_locked(struct epoll *epoll, uint32_t i)
{
	struct item *item = &epoll->items[i];
	if (!item->serial || !item->stale || !(item->events & ~LINUX_EPOLL_FLAGS))
		return 0;
	struct open_file *file = descriptors_hold_file(item->file, item->serial);
	if (!file) {
		item->serial = 0;
		return 0;
	}
	uint32_t events = 0;
	if (item->events & (LINUX_EPOLLIN | LINUX_EPOLLRDNORM | LINUX_EPOLLRDHUP))
		events |= FS_READY_READ;
	if (item->events & (LINUX_EPOLLOUT | LINUX_EPOLLWRNORM))
		events |= FS_READY_WRITE;
	bool edge = (item->events & LINUX_EPOLLET) && stream_is_one(file);
	uint32_t ready = poll_readiness(file, events | (edge ? FS_WATCH_NEXT : 0), epoll->notify, 1ull << i % 64);
	descriptors_drop(file);
	item->stale = ready && !edge;
	uint32_t told = ready & (FS_READY_ERROR | FS_READY_HANGUP); /* the numbers are Linux's */
	if (ready & FS_READY_READ)
		told |= item->events & (LINUX_EPOLLIN | LINUX_EPOLLRDNORM);
	if (ready & FS_READY_WRITE)
		told |= item->events & (LINUX_EPOLLOUT | LINUX_EPOLLWRNORM);
	if (told && item->events & LINUX_EPOLLONESHOT)
		item->events &= LINUX_EPOLL_FLAGS;
	return told;
}

static void mark_stale_locked(struct epoll *epoll, uint64_t bits)
{
	for (uint32_t i = 0; i < epoll->used; i++)
		epoll->items[i].stale |= bits >> i % 64 & 1;
}

/* Writes what holds now to the program, `most` events at most: how many, or -EFAULT. The next time begins behind the last. */
static int64_t look_locked(struct epoll *epoll, uint64_t events, int64_t most)
{
	int64_t count = 0;
	uint32_t first = epoll->next;
	for (uint32_t n = 0; n < epoll->used && count < most; n++) {
		uint32_t i = (first + n) % epoll->used;
		uint32_t told = ask_locked(epoll, i);
		if (!told)
			continue;
		const struct linux_epoll_event event = {told, epoll->items[i].data};
		if (!access_write(events + (uint64_t)count * sizeof event, &event, sizeof event)) {
			epoll->items[i].stale = true;
			return count ? count : -EFAULT;
		}
		count++;
		epoll->next = i + 1;
	}
	return count;
}

static int64_t wait_until(struct epoll *epoll, uint64_t events, int64_t most, uint64_t deadline)
{
	for (;;) {
		uint64_t bits = 0;
		status_t status = sys_notify_wait(epoll->notify, UINT64_MAX, DEADLINE_NOW, &bits);
		lock_take(&epoll->lock);
		if (!status)
			mark_stale_locked(epoll, bits);
		int64_t count = look_locked(epoll, events, most);
		lock_drop(&epoll->lock);
		if (count || deadline == DEADLINE_NOW)
			return count;
		if (signal_wanted_by_borrowed_mask())
			return -EINTR;
		signal_ask();
		status = sys_notify_wait(epoll->notify, UINT64_MAX, deadline, &bits);
		signal_hold();
		if (!status) {
			lock_take(&epoll->lock);
			mark_stale_locked(epoll, bits);
			lock_drop(&epoll->lock);
		}
		if (status == ERR_TIMED_OUT)
			deadline = DEADLINE_NOW; /* one last look */
		else if (status == ERR_INTERRUPTED && signal_wanted())
			return -EINTR;
		else if (status && status != ERR_INTERRUPTED)
			return errors_to_linux(status);
	}
}

static int64_t wait_masked(int fd, uint64_t events, int most, uint64_t deadline, uint64_t mask, uint64_t mask_size)
{
	if (most <= 0 || (uint32_t)most > INT32_MAX / sizeof(struct linux_epoll_event))
		return -EINVAL;
	if (!user_range(events, (uint64_t)most * sizeof(struct linux_epoll_event)))
		return -EFAULT;
	int64_t result = signal_borrow_mask(mask, mask_size);
	if (result)
		return result;
	struct open_file *file = descriptors_hold(fd);
	result = !file ? -EBADF : !list_of(file) ? -EINVAL : wait_until(list_of(file), events, most, deadline);
	if (file)
		descriptors_drop(file);
	signal_return_mask(result == -EINTR);
	return result;
}

int64_t epoll_pwait(int fd, uint64_t events, int most, int timeout_ms, uint64_t mask, uint64_t mask_size)
{
	uint64_t deadline = DEADLINE_NEVER;
	if (timeout_ms >= 0)
		deadline = timeout_ms ? time_deadline((uint64_t)timeout_ms * 1000000) : DEADLINE_NOW;
	return wait_masked(fd, events, most, deadline, mask, mask_size);
}

int64_t epoll_wait(int fd, uint64_t events, int most, int timeout_ms)
{
	return epoll_pwait(fd, events, most, timeout_ms, 0, 0);
}

int64_t epoll_pwait2(int fd, uint64_t events, int most, uint64_t timeout, uint64_t mask, uint64_t mask_size)
{
	uint64_t deadline = DEADLINE_NEVER, ns;
	int64_t error = timeout ? time_read_timespec(timeout, &ns) : 0;
	if (error)
		return error;
	if (timeout)
		deadline = ns ? time_deadline(ns) : DEADLINE_NOW;
	return wait_masked(fd, events, most, deadline, mask, mask_size);
}
