/* What Linux programs pay: prints "bench: NAME VALUE UNIT" lines. Arguments choose groups of rows; none: all. */
#include <string.h>
#include <unistd.h>

#include "tests/bench/measure.h"

int measure_failures;

static const struct {
	const char *name;
	void (*measure)(void);
} groups[] = {
        {"file", measure_files},
        {"mem", measure_memory},
        {"stream", measure_streams},
        {"proc", measure_processes},
};

static int chosen(const char *name, int count, char **names)
{
	for (int i = 1; i < count; i++) {
		if (!strcmp(names[i], name))
			return 1;
	}
	return count < 2;
}

int main(int count, char **names)
{
	while (chosen(MEASURE_SLEEP, count, names) && count == 2)
		pause();
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		if (chosen(groups[i].name, count, names))
			groups[i].measure();
	}
	return measure_failures != 0;
}
