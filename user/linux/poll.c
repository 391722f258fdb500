/*
 * poll and select by FS_watch. Each thread has a notify; descriptor number i of a call is bit i % 64 of it. A pass asks every
 * server, with the notify as long as nothing was ready; then the thread waits for any bit and asks again. Bits can come late,
 * from watches that an earlier call left behind: they cost a pass, nothing else. A server that can not watch has files that
 * are always ready, as Linux has it. One that has ended signals nothing any more, so that who waits also asks from time to time,
 * and is told that the file is dead.
 */
#include "user/linux/poll.h"

#include <string.h>

#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/remote.h"
#include "user/linux/signal.h"
#include "user/linux/thread.h"
#include "user/linux/time.h"

#define ALWAYS (LINUX_POLLERR | LINUX_POLLHUP | LINUX_POLLNVAL)
#define READABLE (LINUX_POLLIN | LINUX_POLLRDNORM)
#define WRITABLE (LINUX_POLLOUT | LINUX_POLLWRNORM)
#define NS_PER_MS 1000000ull
#define ASK_AGAIN_NS (1000 * NS_PER_MS)

uint32_t poll_readiness(const struct open_file *file, uint32_t events, handle_t notify, uint64_t bits)
{
	uint32_t ready = 0;
	if (!file->handle)
		return events;
	status_t status = remote_watch(file->handle, events | FS_READY_ERROR | FS_READY_HANGUP, notify, bits, &ready);
	if (!status)
		return ready & ((events & ~FS_WATCH_NEXT) | FS_READY_ERROR | FS_READY_HANGUP);
	if (status == ERR_NOT_SUPPORTED || status == ERR_BAD_CALL)
		return events & ~FS_WATCH_NEXT;
	return (events & ~FS_WATCH_NEXT) | FS_READY_HANGUP; /* the next read or write tells the error */
}

bool poll_ready(const struct open_file *file, uint32_t events)
{
	return poll_readiness(file, events, HANDLE_NONE, 0) != 0;
}

/* Waits for any bit of a notify, or until it is time to ask again; a signal may end it. */
static status_t wait_for_bits(handle_t notify, uint64_t deadline)
{
	uint64_t bits, again = time_deadline(ASK_AGAIN_NS);
	signal_ask();
	status_t status = sys_notify_wait(notify, UINT64_MAX, again < deadline ? again : deadline, &bits);
	signal_hold();
	return status == ERR_TIMED_OUT && again < deadline ? ERR_OK : status;
}

int64_t poll_wait(const struct open_file *file, uint32_t events)
{
	handle_t notify;
	status_t status = thread_notify(&notify);
	while (!status && !poll_readiness(file, events, notify, 1)) {
		do
			status = wait_for_bits(notify, DEADLINE_NEVER);
		while (signal_repeat(status));
	}
	return errors_to_linux(status);
}

/* Fills in one item's revents. */
static void ask(struct linux_pollfd *item, handle_t notify, uint64_t bit)
{
	item->revents = 0;
	if (item->fd < 0)
		return;
	struct open_file *file = descriptors_hold(item->fd);
	if (!file) {
		item->revents = LINUX_POLLNVAL;
		return;
	}
	uint32_t events = 0;
	if (item->events & READABLE)
		events |= FS_READY_READ;
	if (item->events & WRITABLE)
		events |= FS_READY_WRITE;
	uint32_t ready = poll_readiness(file, events, notify, bit);
	descriptors_drop(file);
	int revents = 0;
	if (ready & FS_READY_READ)
		revents |= READABLE;
	if (ready & FS_READY_WRITE)
		revents |= WRITABLE;
	if (ready & FS_READY_ERROR)
		revents |= LINUX_POLLERR;
	if (ready & FS_READY_HANGUP)
		revents |= LINUX_POLLHUP;
	item->revents = (int16_t)(revents & (item->events | ALWAYS));
}

/* Asks for all items; how many have something. `notify` is left out from the first on that has. */
static uint64_t pass(struct linux_pollfd *items, uint64_t count, handle_t notify)
{
	uint64_t ready = 0;
	for (uint64_t i = 0; i < count; i++) {
		ask(&items[i], ready ? HANDLE_NONE : notify, 1ull << i % 64);
		ready += items[i].revents != 0;
	}
	return ready;
}

/* How many items have something once one does or the deadline has passed; or a negative errno. */
static int64_t wait_for(struct linux_pollfd *items, uint64_t count, uint64_t deadline)
{
	handle_t notify = HANDLE_NONE;
	if (deadline != DEADLINE_NOW) {
		status_t status = thread_notify(&notify);
		if (status)
			return errors_to_linux(status);
	}
	for (;;) {
		uint64_t ready = pass(items, count, notify);
		if (!ready && signal_wanted_by_borrowed_mask())
			return -LINUX_ERESTARTNOHAND;
		if (ready || deadline == DEADLINE_NOW)
			return (int64_t)ready;
		status_t status = wait_for_bits(notify, deadline);
		if (status == ERR_TIMED_OUT)
			deadline = DEADLINE_NOW; /* one last look */
		else if (status == ERR_INTERRUPTED && signal_wanted())
			return -LINUX_ERESTARTNOHAND;
		else if (status && status != ERR_INTERRUPTED)
			return errors_to_linux(status);
	}
}

int64_t poll_poll(uint64_t items, uint64_t count, int timeout_ms)
{
	if (count > DESCRIPTORS_MAX)
		return -EINVAL;
	if (count && !user_range(items, count * sizeof(struct linux_pollfd)))
		return -EFAULT;
	uint64_t deadline = DEADLINE_NEVER;
	if (timeout_ms >= 0)
		deadline = timeout_ms ? time_deadline((uint64_t)timeout_ms * NS_PER_MS) : DEADLINE_NOW;
	return wait_for(user_pointer(items), count, deadline);
}

/* The deadline that a struct timespec in the program's memory means; address 0: never. */
static int64_t read_timeout(uint64_t address, uint64_t *out_deadline)
{
	*out_deadline = DEADLINE_NEVER;
	if (!address)
		return 0;
	uint64_t ns;
	int64_t error = time_read_timespec(address, &ns);
	if (!error)
		*out_deadline = ns ? time_deadline(ns) : DEADLINE_NOW;
	return error;
}

int64_t poll_ppoll(uint64_t items, uint64_t count, uint64_t timeout, uint64_t mask, uint64_t mask_size)
{
	uint64_t deadline;
	int64_t error = read_timeout(timeout, &deadline);
	if (error)
		return error;
	if (count > DESCRIPTORS_MAX)
		return -EINVAL;
	if (count && !user_range(items, count * sizeof(struct linux_pollfd)))
		return -EFAULT;
	error = signal_borrow_mask(mask, mask_size);
	if (error)
		return error;
	int64_t result = wait_for(user_pointer(items), count, deadline);
	signal_return_mask(result == -LINUX_ERESTARTNOHAND);
	return result;
}

/* The sets of a select in the program's memory; NULL where it has none. */
struct sets {
	uint64_t *read, *write, *except;
};

static bool has(const uint64_t *set, int fd)
{
	return set && (set[fd / 64] >> fd % 64 & 1);
}

static int64_t set_pointer(uint64_t address, int count, uint64_t **out)
{
	uint64_t bytes = ((uint64_t)count + 63) / 64 * 8;
	if (address && bytes && !user_range(address, bytes))
		return -EFAULT;
	*out = address && bytes ? user_pointer(address) : NULL;
	return 0;
}

static uint64_t sets_to_items(const struct sets *sets, int count, struct linux_pollfd *items)
{
	uint64_t used = 0;
	for (int fd = 0; fd < count; fd++) {
		int events = (has(sets->read, fd) ? LINUX_POLLIN : 0) | (has(sets->write, fd) ? LINUX_POLLOUT : 0);
		if (events || has(sets->except, fd))
			items[used++] = (struct linux_pollfd){fd, (int16_t)events, 0};
	}
	return used;
}

static int64_t add_result(uint64_t *set, const struct linux_pollfd *item, int wanted, int which)
{
	if (!set || !(item->events & wanted) || !(item->revents & which))
		return 0;
	set[item->fd / 64] |= 1ull << item->fd % 64;
	return 1;
}

/* Turns items back into sets: the number of bits set, or -EBADF. */
static int64_t items_to_sets(const struct linux_pollfd *items, uint64_t used, int count, const struct sets *sets)
{
	for (uint64_t i = 0; i < used; i++) {
		if (items[i].revents & LINUX_POLLNVAL)
			return -EBADF;
	}
	uint64_t bytes = ((uint64_t)count + 63) / 64 * 8;
	uint64_t *all[] = {sets->read, sets->write, sets->except};
	for (unsigned i = 0; i < 3; i++) {
		if (all[i])
			memset(all[i], 0, bytes);
	}
	int64_t bits = 0;
	for (uint64_t i = 0; i < used; i++) {
		bits += add_result(sets->read, &items[i], LINUX_POLLIN, LINUX_POLLIN | LINUX_POLLHUP | LINUX_POLLERR);
		bits += add_result(sets->write, &items[i], LINUX_POLLOUT, LINUX_POLLOUT | LINUX_POLLERR);
	}
	return bits;
}

static int64_t select_until(int count, uint64_t read, uint64_t write, uint64_t except, uint64_t deadline)
{
	if (count < 0)
		return -EINVAL;
	if ((uint32_t)count > DESCRIPTORS_MAX)
		count = (int)DESCRIPTORS_MAX;
	struct sets sets;
	if (set_pointer(read, count, &sets.read) || set_pointer(write, count, &sets.write) ||
	        set_pointer(except, count, &sets.except))
		return -EFAULT;
	struct linux_pollfd items[DESCRIPTORS_MAX];
	uint64_t used = sets_to_items(&sets, count, items);
	int64_t result = wait_for(items, used, deadline);
	return result < 0 ? result : items_to_sets(items, used, count, &sets);
}

/* The timeout is not written back with what was left of it, which POSIX allows. */
int64_t poll_select(int count, uint64_t read, uint64_t write, uint64_t except, uint64_t timeout)
{
	uint64_t deadline = DEADLINE_NEVER;
	if (timeout) {
		if (!user_range(timeout, sizeof(struct linux_timeval)))
			return -EFAULT;
		struct linux_timeval value = *(const struct linux_timeval *)user_pointer(timeout);
		if (value.seconds < 0 || value.microseconds < 0)
			return -EINVAL;
		uint64_t ns = time_to_ns((uint64_t)value.seconds, 0);
		ns += value.microseconds < INT64_MAX / 4000 ? (uint64_t)value.microseconds * 1000 : 0;
		deadline = ns ? time_deadline(ns) : DEADLINE_NOW;
	}
	return select_until(count, read, write, except, deadline);
}

/* `mask`: address of a pair, the mask's address and its size. */
int64_t poll_pselect6(int count, uint64_t read, uint64_t write, uint64_t except, uint64_t timeout, uint64_t mask)
{
	uint64_t deadline, pair[2] = {0, SIGNAL_MASK_SIZE};
	int64_t error = read_timeout(timeout, &deadline);
	if (!error && mask && !access_read(pair, mask, sizeof pair))
		error = -EFAULT;
	if (!error)
		error = signal_borrow_mask(pair[0], pair[1]);
	if (error)
		return error;
	int64_t result = select_until(count, read, write, except, deadline);
	signal_return_mask(result == -LINUX_ERESTARTNOHAND);
	return result;
}
