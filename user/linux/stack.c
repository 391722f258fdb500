/* Lays out a program's first stack from the top down: stack.h says what it holds. */
#include "user/linux/stack.h"

#include <string.h>

#include "user/linux/linux_abi.h"

static const char platform[] = "x86_64";

#define AUXILIARY_OWN 4 /* entries that are added here */

/* Where building has come to. */
struct builder {
	char *memory;
	uint64_t address; /* of memory[0] for the program */
	uint64_t at;      /* offset of the lowest byte in use */
};

/* Puts bytes below what is there; their address for the program. */
static uint64_t put(struct builder *builder, const void *bytes, uint64_t size)
{
	builder->at -= size;
	memcpy(builder->memory + builder->at, bytes, size);
	return builder->address + builder->at;
}

static uint64_t *put_word(uint64_t *to, uint64_t word)
{
	*to = word;
	return to + 1;
}

/* Pointers to `count` strings that lie one after another from `address` on, and a null pointer. */
static uint64_t *put_pointers(uint64_t *to, const char *strings, uint64_t count, uint64_t address)
{
	uint64_t offset = 0;
	for (uint64_t i = 0; i < count; i++) {
		to = put_word(to, address + offset);
		offset += strlen(strings + offset) + 1;
	}
	return put_word(to, 0);
}

static uint64_t *put_auxiliary(uint64_t *to, uint64_t type, uint64_t value)
{
	return put_word(put_word(to, type), value);
}

static uint64_t words_needed(const struct stack_contents *c)
{
	return 1 + c->argument_count + 1 + c->environment_count + 1 + 2 * (c->auxiliary_count + AUXILIARY_OWN);
}

/* The counts are at most the sizes, because every string has a NUL; so nothing here overflows once the sizes are checked. */
static bool fits(uint64_t size, const struct stack_contents *c)
{
	uint64_t most = size / 4;
	if (c->arguments_size > most || c->environment_size > most || c->argument_count > c->arguments_size ||
	        c->environment_count > c->environment_size)
		return false;
	uint64_t need = c->arguments_size + c->environment_size + strlen(c->name) + 1 + sizeof platform + STACK_RANDOM;
	return need + 8 * words_needed(c) + 64 <= most;
}

bool stack_build(void *memory, uint64_t address, uint64_t size, const struct stack_contents *c, uint64_t *out_pointer)
{
	if (!fits(size, c))
		return false;
	/* Linux keeps eight bytes of zero at the very top. */
	struct builder builder = {memory, address, size - 8};
	memset(builder.memory + builder.at, 0, 8);
	uint64_t name = put(&builder, c->name, strlen(c->name) + 1);
	uint64_t environment = put(&builder, c->environment, c->environment_size);
	uint64_t arguments = put(&builder, c->arguments, c->arguments_size);
	uint64_t platform_at = put(&builder, platform, sizeof platform);
	builder.at &= ~15ull;
	uint64_t random = put(&builder, c->random, STACK_RANDOM);

	builder.at = (builder.at - 8 * words_needed(c)) & ~15ull;
	uint64_t *to = (uint64_t *)(builder.memory + builder.at);
	to = put_word(to, c->argument_count);
	to = put_pointers(to, c->arguments, c->argument_count, arguments);
	to = put_pointers(to, c->environment, c->environment_count, environment);
	for (uint64_t i = 0; i < c->auxiliary_count; i++)
		to = put_auxiliary(to, c->auxiliary[i].type, c->auxiliary[i].value);
	to = put_auxiliary(to, LINUX_AT_RANDOM, random);
	to = put_auxiliary(to, LINUX_AT_EXECFN, name);
	to = put_auxiliary(to, LINUX_AT_PLATFORM, platform_at);
	put_auxiliary(to, LINUX_AT_NULL, 0);
	*out_pointer = builder.address + builder.at;
	return true;
}
