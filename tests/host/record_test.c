/* Lines of the log in the form of Linux's /dev/kmsg, out of whatever is on the log. */
/* sources: user/servers/logd/record.c */
#include "user/servers/logd/record.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

static int gives(const char *line, uint64_t number, const char *record)
{
	char out[RECORD_MAX];
	size_t size = record_make(line, strlen(line), number, out);
	return size == strlen(record) && !memcmp(out, record, size);
}

int main(void)
{
	check_begin("record: level, number, time, source and text are where Linux has them");
	CHECK(gives("[   0.123456] cpu0 vfs info: mounted /tmp", 77, "6,77,123456,-;vfs: mounted /tmp\n"));
	CHECK(gives("[  12.000001] cpu3 kernel error: a: b", 0, "3,0,12000001,-;kernel: a: b\n"));
	CHECK(gives("[12345.999999] cpu10 sh warning: ", 1, "4,1,12345999999,-;sh: \n"));
	CHECK(gives("[   0.000000] cpu0 x debug: y info: z", 1, "7,1,0,-;x: y info: z\n"));
	check_begin("record: what is no such line is text");
	CHECK(gives("", 5, "6,5,0,-;\n"));
	CHECK(gives("hello", 5, "6,5,0,-;hello\n"));
	CHECK(gives("[ ", 5, "6,5,0,-;[ \n"));
	CHECK(gives("[99999999999999999999.1] cpu0 a info: b", 5, "6,5,0,-;[99999999999999999999.1] cpu0 a info: b\n"));
	check_begin("record: a line that is too long is cut, and random bytes harm nothing");
	static char line[4096];
	char out[RECORD_MAX];
	memset(line, 'x', sizeof line);
	size_t size = record_make(line, sizeof line, UINT64_MAX, out);
	CHECK(size == RECORD_MAX - 1 && out[size - 1] == '\n');
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		size_t length = (size_t)rand() % 80;
		memcpy(line, "[   0.123456] cpu0 vfs info: mounted /tmp and much more behind it, to have all of 80 bytes..",
		        80);
		for (unsigned i = rand() % 4u; i; i--)
			line[rand() % 80] = (char)rand();
		size = record_make(line, length, round, out);
		CHECK(size && size < RECORD_MAX && out[size - 1] == '\n');
	}
	return check_result();
}
