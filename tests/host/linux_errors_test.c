/*
 * Errors of Hearth become errors of Linux.
 *
 * sources: user/linux/errors.c
 */
#include "user/linux/errors.h"

#include "user/linux/linux_abi.h"

#include "tests/host/check.h"

int main(void)
{
	check_begin("linux_errors.success_is_zero");
	CHECK(errors_to_linux(ERR_OK) == 0);

	check_begin("linux_errors.every_error_has_an_errno_of_its_own_choice");
#define ERROR(number, name, sentence) \
	if (ERR_##name != ERR_OK && ERR_##name != ERR_INTERRUPTED) \
		CHECK(errors_to_linux(ERR_##name) < 0 && errors_to_linux(ERR_##name) > -134);
#include "abi/errors.def"
#undef ERROR

	check_begin("linux_errors.an_interrupted_call_is_left_to_the_way_back");
	CHECK(errors_to_linux(ERR_INTERRUPTED) == -LINUX_ERESTARTSYS);

	check_begin("linux_errors.names_of_files");
	CHECK(errors_to_linux(ERR_NOT_FOUND) == -ENOENT);
	CHECK(errors_to_linux(ERR_NOT_DIRECTORY) == -ENOTDIR);
	CHECK(errors_to_linux(ERR_READ_ONLY) == -EROFS);
	CHECK(errors_to_linux(ERR_WOULD_BLOCK) == -EAGAIN);
	CHECK(errors_to_linux(ERR_NOT_TERMINAL) == -ENOTTY);
	CHECK(errors_to_linux(ERR_BAD_ADDRESS) == -EFAULT);

	check_begin("linux_errors.of_streams");
	CHECK(errors_to_linux(ERR_BROKEN_PIPE) == -EPIPE);
	CHECK(errors_to_linux(ERR_NOT_CONNECTED) == -ENOTCONN);
	CHECK(errors_to_linux(ERR_CONNECTION_REFUSED) == -ECONNREFUSED);

	check_begin("linux_errors.an_unknown_error_is_an_io_error");
	CHECK(errors_to_linux(50) == -EIO && errors_to_linux(9999) == -EIO && errors_to_linux(UINT32_MAX) == -EIO);
	return check_result();
}
