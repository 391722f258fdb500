/*
 * sendmmsg and recvmmsg: several messages by one call, each as sendmsg and recvmsg have it. What was done before an error is told, and
 * the error by the next call, if it is still there then.
 */
#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/socket.h"
#include "user/linux/time.h"

#define MESSAGES_MAX 1024u
#define MSG_DONTWAIT 0x40u
#define MSG_WAITFORONE 0x10000u

/* struct mmsghdr: a struct msghdr, and what the call of it answered. */
#define MMSGHDR_SIZE 64u
#define MMSGHDR_LENGTH 56u

/* What a message's call answered, into its entry; or the error. */
static int64_t note(uint64_t entry, int64_t answer)
{
	uint32_t length = (uint32_t)answer;
	if (answer < 0)
		return answer;
	return access_write(entry + MMSGHDR_LENGTH, &length, sizeof length) ? 0 : -EFAULT;
}

int64_t socket_sendmmsg(int fd, uint64_t vector, uint32_t count, uint32_t flags)
{
	if (count > MESSAGES_MAX)
		count = MESSAGES_MAX;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t entry = vector + i * MMSGHDR_SIZE;
		int64_t error = note(entry, socket_sendmsg(fd, entry, flags));
		if (error)
			return i ? i : error;
	}
	return count;
}

/* The time is looked at after each message, as Linux does: who waits for the first waits on. */
int64_t socket_recvmmsg(int fd, uint64_t vector, uint32_t count, uint32_t flags, uint64_t timeout)
{
	struct linux_timespec limit;
	uint64_t deadline = DEADLINE_NEVER;
	if (count > MESSAGES_MAX)
		count = MESSAGES_MAX;
	if (timeout) {
		if (!access_read(&limit, timeout, sizeof limit))
			return -EFAULT;
		if (limit.seconds < 0 || limit.nanoseconds < 0 || limit.nanoseconds > 999999999)
			return -EINVAL;
		deadline = time_deadline(time_to_ns((uint64_t)limit.seconds, (uint64_t)limit.nanoseconds));
	}
	for (uint32_t i = 0; i < count; i++) {
		uint64_t entry = vector + i * MMSGHDR_SIZE;
		int64_t error = note(entry, socket_recvmsg(fd, entry, flags & ~MSG_WAITFORONE));
		if (error)
			return i ? i : error;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (time_now() >= deadline)
			return i + 1;
	}
	return count;
}
