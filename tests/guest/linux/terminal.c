/* Standard input must be a terminal of 24 rows and 80 columns. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

int main(void)
{
	test_prefix = "linux.terminal";
	struct termios attributes, raw, again;
	struct winsize size;
	pid_t group = 0;
	TEST("isatty", isatty(0));
	TEST("attributes", !tcgetattr(0, &attributes) && (attributes.c_lflag & ICANON));
	raw = attributes;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	TEST("attributes_are_set", !tcsetattr(0, TCSANOW, &raw) && !tcgetattr(0, &again) && !(again.c_lflag & (ICANON | ECHO)));
	TEST("and_back_after_draining",
	        !tcsetattr(0, TCSADRAIN, &attributes) && !tcgetattr(0, &again) && again.c_lflag == attributes.c_lflag);
	TEST("size", !ioctl(0, TIOCGWINSZ, &size) && size.ws_row == 24 && size.ws_col == 80);
	size.ws_row = 30;
	TEST("size_is_set", !ioctl(0, TIOCSWINSZ, &size) && !ioctl(0, TIOCGWINSZ, &size) && size.ws_row == 30);
	TEST("foreground_group_is_ours", !ioctl(0, TIOCGPGRP, &group) && group == getpgrp() && !ioctl(0, TIOCSPGRP, &group));
	group++;
	TEST_ERRNO("no_other_group", ioctl(0, TIOCSPGRP, &group), EPERM);
	TEST("drain_and_flush", !tcdrain(0) && !tcflush(0, TCIFLUSH));
	TEST_ERRNO("no_such_command", ioctl(0, 0x5999, 0), ENOTTY);
	return test_result();
}
