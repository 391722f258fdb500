/* As little as a program can be that is there: what one of many costs (tests/boot/sleepers.sh). */
#include <unistd.h>

int main(void)
{
	for (;;)
		pause();
}
