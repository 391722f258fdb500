/* The cursor position report: ESC [ rows ; columns R (ECMA-48, 8.3.14). */
#include "user/servers/console/window.h"

#include <string.h>

/* Whether `held` is a beginning of a report; *out_whole if all of one. */
static bool is_report(const uint8_t *held, size_t length, uint32_t numbers[2], bool *out_whole)
{
	size_t at = 2;

	*out_whole = false;
	numbers[0] = numbers[1] = 0;
	if (held[0] != 0x1b || (length > 1 && held[1] != '['))
		return false;
	for (unsigned i = 0; i < 2; i++) {
		size_t first = at;
		while (at < length && held[at] >= '0' && held[at] <= '9' && at - first < 5)
			numbers[i] = numbers[i] * 10 + (held[at++] - '0');
		if (at >= length)
			return true;
		if (at == first || held[at] != (i == 0 ? ';' : 'R'))
			return false;
		at++;
	}
	*out_whole = at == length;
	return *out_whole;
}

size_t window_give_up(struct window *window, uint8_t *out)
{
	size_t length = window->held_length;

	memcpy(out, window->held, length);
	window->held_length = 0;
	window->asked = false;
	return length;
}

size_t window_filter(struct window *window, uint8_t byte, uint8_t *out)
{
	uint32_t numbers[2];
	bool whole;
	size_t length = 0;

	if (!window->asked) {
		out[0] = byte;
		return 1;
	}
	window->held[window->held_length++] = byte;
	if (!is_report(window->held, window->held_length, numbers, &whole) || window->held_length == sizeof window->held) {
		length = window->held_length;
		memcpy(out, window->held, length);
		window->held_length = 0;
	} else if (whole) {
		window->rows = numbers[0];
		window->columns = numbers[1];
		window->held_length = 0;
		window->asked = false;
	}
	return length;
}
