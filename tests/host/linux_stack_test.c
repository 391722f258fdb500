/*
 * The first stack of a program, as the System V ABI has it.
 *
 * sources: user/linux/stack.c
 */
#include "user/linux/stack.h"

#include <stdlib.h>
#include <string.h>

#include "tests/host/check.h"
#include "user/linux/linux_abi.h"

#define SIZE 65536ull
#define ADDRESS 0x7000000000ull /* where the program has it; not where the test has */

static char *memory;

static const void *at(uint64_t address)
{
	return address >= ADDRESS && address < ADDRESS + SIZE ? memory + (address - ADDRESS) : "(outside)";
}

static struct stack_contents contents(void)
{
	static const struct stack_auxiliary auxiliary[] = {{LINUX_AT_PAGESZ, 4096}, {LINUX_AT_ENTRY, 0x401000}};
	struct stack_contents c = {.arguments = "sh\0-c\0\0",
	        .argument_count = 3,
	        .arguments_size = 7,
	        .environment = "A=1\0B=",
	        .environment_count = 2,
	        .environment_size = 7,
	        .name = "/bin/sh",
	        .auxiliary = auxiliary,
	        .auxiliary_count = 2};
	memset(c.random, 0x5a, sizeof c.random);
	return c;
}

/* The value of an entry of the auxiliary vector, UINT64_MAX if it is not there. */
static uint64_t find(const uint64_t *vector, uint64_t type)
{
	for (; vector[0]; vector += 2) {
		if (vector[0] == type)
			return vector[1];
	}
	return UINT64_MAX;
}

static void test_layout(void)
{
	struct stack_contents c = contents();
	uint64_t pointer = 0;
	check_begin("linux_stack.is_built");
	CHECK(stack_build(memory, ADDRESS, SIZE, &c, &pointer));
	CHECK(pointer % 16 == 0 && pointer > ADDRESS && pointer < ADDRESS + SIZE);
	const uint64_t *word = at(pointer);
	check_begin("linux_stack.arguments");
	CHECK(word[0] == 3);
	CHECK(!strcmp(at(word[1]), "sh") && !strcmp(at(word[2]), "-c") && !strcmp(at(word[3]), "") && !word[4]);
	check_begin("linux_stack.environment");
	CHECK(!strcmp(at(word[5]), "A=1") && !strcmp(at(word[6]), "B=") && !word[7]);
	check_begin("linux_stack.auxiliary_vector");
	const uint64_t *vector = word + 8;
	CHECK(find(vector, LINUX_AT_PAGESZ) == 4096 && find(vector, LINUX_AT_ENTRY) == 0x401000);
	CHECK(!strcmp(at(find(vector, LINUX_AT_EXECFN)), "/bin/sh"));
	CHECK(!strcmp(at(find(vector, LINUX_AT_PLATFORM)), "x86_64"));
	CHECK(!memcmp(at(find(vector, LINUX_AT_RANDOM)), c.random, sizeof c.random));
}

static void test_empty(void)
{
	struct stack_contents c = {.arguments = "", .environment = "", .name = ""};
	uint64_t pointer = 0;
	check_begin("linux_stack.without_anything");
	CHECK(stack_build(memory, ADDRESS, SIZE, &c, &pointer));
	const uint64_t *word = at(pointer);
	CHECK(word[0] == 0 && word[1] == 0 && word[2] == 0 && word[3] == LINUX_AT_RANDOM);
}

static void test_limits(void)
{
	struct stack_contents c = contents();
	uint64_t pointer = 77;
	char *large = malloc(SIZE);
	memset(large, 'x', SIZE - 1);
	large[SIZE - 1] = 0;
	check_begin("linux_stack.too_much_is_refused");
	c.arguments = large;
	c.argument_count = 1;
	c.arguments_size = SIZE;
	CHECK(!stack_build(memory, ADDRESS, SIZE, &c, &pointer) && pointer == 77);
	check_begin("linux_stack.too_many_are_refused");
	memset(large, 0, SIZE);
	c.argument_count = c.arguments_size = SIZE / 4 - 100;
	CHECK(!stack_build(memory, ADDRESS, SIZE, &c, &pointer) && pointer == 77);
	check_begin("linux_stack.a_quarter_may_be_used");
	c.argument_count = 1;
	large[0] = 0;
	c.arguments_size = SIZE / 4 - 600;
	CHECK(stack_build(memory, ADDRESS, SIZE, &c, &pointer));
	free(large);
}

int main(void)
{
	memory = aligned_alloc(16, SIZE);
	test_layout();
	test_empty();
	test_limits();
	check_end();
	free(memory);
	return check_result();
}
