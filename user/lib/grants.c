/* Finding the start block and what it grants. */
#include "user/lib/grants.h"

#include <string.h>
#include <sys/auxv.h>

const struct start_block *grants_block(void)
{
	const struct start_block *block = (const struct start_block *)getauxval(AT_HEARTH_START);
	return block && block->magic == START_MAGIC && block->version == START_VERSION ? block : NULL;
}

handle_t grant_find(const char *name)
{
	const struct start_block *block = grants_block();
	uint32_t count = block ? block->grant_count : 0;
	for (uint32_t i = 0; i < count && i < START_GRANTS; i++)
		if (!strncmp(block->grants[i].name, name, START_NAME))
			return block->grants[i].handle;
	return HANDLE_NONE;
}
