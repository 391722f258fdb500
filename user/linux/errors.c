/*
 * One table: what a program is told when Hearth answers an error. Where a call means something else by the same error (a bad
 * address that is a hole in a mapping, say) the call decides before it comes here.
 */
#include "user/linux/errors.h"

#include "user/linux/linux_abi.h"

#define ERRNO(name, number) [ERR_##name] = (number)

static const uint8_t errno_of[] = {
        ERRNO(BAD_CALL, ENOSYS),
        ERRNO(BAD_HANDLE, EBADF),
        ERRNO(WRONG_TYPE, EBADF),
        ERRNO(NO_RIGHT, EACCES),
        ERRNO(BAD_ARGUMENT, EINVAL),
        ERRNO(BAD_ADDRESS, EFAULT),
        ERRNO(BAD_STATE, EINVAL),
        ERRNO(TOO_LARGE, EINVAL),
        ERRNO(NOT_SUPPORTED, EINVAL),
        ERRNO(NO_MEMORY, ENOMEM),
        ERRNO(QUOTA, ENOMEM),
        ERRNO(NO_HANDLES, EMFILE),
        ERRNO(FULL, EAGAIN),
        ERRNO(NO_SPACE, ENOMEM),
        ERRNO(TIMED_OUT, ETIMEDOUT),
        ERRNO(DEAD, EIO),
        ERRNO(PEER_CLOSED, EIO),
        ERRNO(DROPPED, EIO),
        ERRNO(WOULD_BLOCK, EAGAIN),
        ERRNO(PAGE_ABSENT, EFAULT),
        ERRNO(CHANGED, EAGAIN),
        ERRNO(SERVER_FAULT, EIO),
        ERRNO(NOT_FOUND, ENOENT),
        ERRNO(EXISTS, EEXIST),
        ERRNO(NOT_DIRECTORY, ENOTDIR),
        ERRNO(IS_DIRECTORY, EISDIR),
        ERRNO(NOT_EMPTY, ENOTEMPTY),
        ERRNO(READ_ONLY, EROFS),
        ERRNO(NAME_TOO_LONG, ENAMETOOLONG),
        ERRNO(LINK_LOOP, ELOOP),
        ERRNO(CROSS_DEVICE, EXDEV),
        ERRNO(NOT_TERMINAL, ENOTTY),
        ERRNO(NOT_SEEKABLE, ESPIPE),
        ERRNO(IO, EIO),
        ERRNO(BAD_FORMAT, ENOEXEC),
        ERRNO(DENIED, EBADF),
        ERRNO(NO_LINK, EINVAL),
        ERRNO(REDIRECT, ELOOP),
        ERRNO(BROKEN_PIPE, EPIPE),
        ERRNO(NOT_CONNECTED, ENOTCONN),
        ERRNO(ADDRESS_IN_USE, EADDRINUSE),
        ERRNO(CONNECTION_REFUSED, ECONNREFUSED),
        ERRNO(MESSAGE_TOO_LONG, EMSGSIZE),
        ERRNO(ALREADY, EALREADY),
        ERRNO(DISK_FULL, ENOSPC),
        ERRNO(BACKGROUND, EIO),
        ERRNO(NO_TERMINAL, ENXIO),
        ERRNO(NO_DEVICE, ENXIO),
        ERRNO(FILE_TOO_LARGE, EFBIG),
        ERRNO(DEADLOCK, EDEADLK),
        ERRNO(TOO_MANY_LINKS, EMLINK),
        ERRNO(BUSY, EBUSY),
};

int64_t errors_to_linux(status_t status)
{
	if (status == ERR_OK)
		return 0;
	if (status == ERR_INTERRUPTED)
		return -LINUX_ERESTARTSYS; /* what becomes of it is decided on the way back (signal_deliver.c) */
	if (status >= sizeof errno_of || !errno_of[status])
		return -EIO;
	return -(int64_t)errno_of[status];
}
