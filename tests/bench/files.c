/* Files of the file system in memory. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/measure.h"

#define NAME "/tmp/bench-file"

void measure_files(void)
{
	static char page[4096] = {1};
	struct stat status;
	int file = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (file < 0 || write(file, page, sizeof page) != sizeof page) {
		MEASURE_FAILED("file: " NAME);
		return;
	}
	MEASURE("file.pread_4k", 500, if (pread(file, page, sizeof page, 0) != sizeof page) break);
	MEASURE("file.stat", 300, if (stat(NAME, &status)) break);
	MEASURE("file.open_close", 300, int again = open(NAME, O_RDONLY); close(again));
	close(file);
	unlink(NAME);
}
