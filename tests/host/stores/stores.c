#include "tests/host/stores/stores.h"

#include <stdbool.h>
#include <stddef.h>

struct small {
	uint32_t a, b, c;
};
struct middle {
	uint64_t a[5];
};
struct large {
	uint64_t a[100];
};
struct odd {
	char a[13];
};
struct flags {
	uint32_t a : 3, b : 17, c : 12;
};

#define STORE(type) ((type *)memory->word)

/* Not known to the compiler. */
static volatile uint32_t some = 37;

static void words(union stores_memory *memory)
{
	memory->byte[5] = 1;
	STORE(uint16_t)[9] = 2;
	STORE(uint32_t)[11] = 3;
	memory->word[some] = 4;
}

static void two_words(union stores_memory *memory)
{
	STORE(__int128)[3] = (__int128)some << 64 | some;
}

static void copy_of_a_small_structure(union stores_memory *memory)
{
	STORE(struct small)[1] = STORE(struct small)[some];
}

static void copy_of_a_structure(union stores_memory *memory)
{
	STORE(struct middle)[1] = STORE(struct middle)[some];
}

static void copy_of_a_large_structure(union stores_memory *memory)
{
	STORE(struct large)[1] = STORE(struct large)[3];
}

static void copy_of_a_structure_of_bytes(union stores_memory *memory)
{
	STORE(struct odd)[3] = STORE(struct odd)[some];
}

static void structure_of_constants(union stores_memory *memory)
{
	STORE(struct middle)[2] = (struct middle){.a = {7, 8}};
}

static void structure_of_zeros(union stores_memory *memory)
{
	STORE(struct large)[some / 37] = (struct large){{0}};
}

static __attribute__((noinline)) struct middle made(uint64_t from)
{
	return (struct middle){.a = {from, from + 1, from + 2, from + 3, from + 4}};
}

static void structure_that_a_function_answers(union stores_memory *memory)
{
	STORE(struct middle)[some / 37] = made(some);
}

static void bits_of_a_word(union stores_memory *memory)
{
	STORE(struct flags)[some].b = 12345;
}

static void loop_that_clears(union stores_memory *memory)
{
	for (uint32_t i = 0; i < some; i++)
		memory->byte[100 + i] = 0;
}

static void loop_that_copies(union stores_memory *memory)
{
	for (uint32_t i = 0; i < some; i++)
		memory->word[i] = memory->word[200 + i];
}

static void loop_that_moves(union stores_memory *memory)
{
	for (uint32_t i = some; i; i--)
		memory->byte[i + 8] = memory->byte[i];
}

static void memory_functions(union stores_memory *memory)
{
	memcpy(memory->word + 3, memory->word + 300, some);
	memmove(memory->word + 50, memory->word + 52, 24);
	memset(memory->word + 400, 9, some);
	memset(memory->word + 450, 0, 16);
	strcpy((char *)memory->byte + 4000, "some text of this length");
}

static void atomic_words(union stores_memory *memory)
{
	__atomic_store_n(&memory->word[4], 5, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&STORE(uint32_t)[some], 1, __ATOMIC_SEQ_CST);
	uint64_t expected = memory->word[60];
	__atomic_compare_exchange_n(&memory->word[60], &expected, 61, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

const struct store stores[] = {{"words", words}, {"two_words_at_a_time", two_words},
        {"a_copy_of_a_small_structure", copy_of_a_small_structure}, {"a_copy_of_a_structure", copy_of_a_structure},
        {"a_copy_of_a_large_structure", copy_of_a_large_structure},
        {"a_copy_of_a_structure_of_bytes", copy_of_a_structure_of_bytes}, {"a_structure_of_constants", structure_of_constants},
        {"a_structure_of_zeros", structure_of_zeros},
        {"a_structure_that_a_function_answers", structure_that_a_function_answers}, {"bits_of_a_word", bits_of_a_word},
        {"a_loop_that_clears", loop_that_clears}, {"a_loop_that_copies", loop_that_copies},
        {"a_loop_that_moves", loop_that_moves}, {"memory_functions", memory_functions}, {"atomic_words", atomic_words},
        {NULL, NULL}};
