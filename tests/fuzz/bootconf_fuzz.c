/* Any bytes: bootconf_read stays inside the text and its structure, and every string in that ends. */
/* sources: boot/bootconf.c boot/text.c */
#include "boot/bootconf.h"

#include <stdlib.h>
#include <string.h>

static void demand(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bootconf conf;
	char *text = malloc(size ? size : 1), note[100];

	memcpy(text, data, size);
	memset(&conf, 0x5a, sizeof conf);
	bootconf_read(text, (uint32_t)size, &conf);
	free(text);
	demand(strnlen(conf.kernel, sizeof conf.kernel) < sizeof conf.kernel && (!conf.kernel[0] || conf.kernel[0] == '\\'));
	demand(strnlen(conf.initfs, sizeof conf.initfs) < sizeof conf.initfs && (!conf.initfs[0] || conf.initfs[0] == '\\'));
	demand(strnlen(conf.command_line, sizeof conf.command_line) == conf.command_line_length);
	demand(conf.timeout <= BOOTCONF_TIMEOUT_MAX && conf.width <= BOOTCONF_RESOLUTION_MAX && !conf.width == !conf.height);
	for (uint32_t i = 0; i < conf.note_count && i < BOOTCONF_NOTES_MAX; i++) {
		bootconf_note_text(&conf.notes[i], note, sizeof note);
		demand(strlen(note) > 0 && conf.notes[i].line > 0);
	}
	return 0;
}
