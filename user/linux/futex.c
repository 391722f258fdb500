/*
 * futex on the kernel's own. What is moved to another word by REQUEUE is woken instead: a waiter must look at its word again
 * after any wake-up, so this is slower and not wrong. Bit sets other than all bits, priority inheritance and WAKE_OP are not
 * answered.
 */
#include "user/linux/futex.h"

#include "user/linux/errors.h"
#include "user/linux/native.h"
#include "user/linux/signal.h"
#include "user/linux/state.h"
#include "user/linux/time.h"

static int64_t wait(uint64_t word, uint32_t value, uint64_t deadline, uint32_t flags)
{
	status_t status;
	do {
		signal_ask();
		status = sys_futex_wait_at(user_pointer(word), value, deadline, flags);
		signal_hold();
	} while (signal_repeat(status));
	if (status == ERR_INTERRUPTED && deadline != DEADLINE_NEVER)
		return -EINTR; /* begun again it would wait for all of its time once more */
	return errors_to_linux(status);
}

static int64_t wake(uint64_t word, uint64_t most, uint32_t flags)
{
	uint32_t woken;
	status_t status = sys_futex_wake_at(user_pointer(word), most > INT32_MAX ? INT32_MAX : (uint32_t)most, flags, &woken);
	return status ? errors_to_linux(status) : (int64_t)woken;
}

/* FUTEX_WAIT's time is a duration, FUTEX_WAIT_BITSET's a point on the monotonic or the wall clock. */
static int64_t read_deadline(uint64_t address, bool absolute, bool wall, uint64_t *out)
{
	*out = DEADLINE_NEVER;
	if (!address)
		return 0;
	uint64_t ns;
	int64_t error = time_read_timespec(address, &ns);
	if (error)
		return error;
	*out = !absolute ? time_deadline(ns) : wall ? time_wall_deadline(ns) : ns;
	return 0;
}

int64_t futex_futex(uint64_t word, uint32_t operation, uint32_t value, uint64_t value2, uint64_t word2, uint32_t value3)
{
	bool wall = (operation & LINUX_FUTEX_CLOCK_REALTIME) != 0;
	uint32_t flags = operation & LINUX_FUTEX_PRIVATE ? 0 : FUTEX_SHARED;
	uint64_t deadline;
	int64_t error;
	(void)word2; /* of REQUEUE: nothing is moved there */
	if ((word & 3) || !user_range(word, 4))
		return word & 3 ? -EINVAL : -EFAULT;
	switch (operation & ~(LINUX_FUTEX_PRIVATE | LINUX_FUTEX_CLOCK_REALTIME)) {
	case LINUX_FUTEX_WAIT:
		error = read_deadline(value2, false, wall, &deadline);
		return error ? error : wait(word, value, deadline, flags);
	case LINUX_FUTEX_WAIT_BITSET:
		if (value3 != UINT32_MAX)
			return value3 ? -ENOSYS : -EINVAL;
		error = read_deadline(value2, true, wall, &deadline);
		return error ? error : wait(word, value, deadline, flags);
	case LINUX_FUTEX_WAKE: return wake(word, value, flags);
	case LINUX_FUTEX_WAKE_BITSET:
		if (value3 != UINT32_MAX)
			return value3 ? -ENOSYS : -EINVAL;
		return wake(word, value, flags);
	case LINUX_FUTEX_CMP_REQUEUE:
		if (__atomic_load_n((const uint32_t *)user_pointer(word), __ATOMIC_SEQ_CST) != value3)
			return -EAGAIN;
		return wake(word, (uint64_t)value + (uint32_t)value2, flags);
	case LINUX_FUTEX_REQUEUE: return wake(word, (uint64_t)value + (uint32_t)value2, flags);
	}
	return -ENOSYS;
}
