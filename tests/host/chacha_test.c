/*
 * ChaCha20 against the vectors of RFC 8439, and the generator's promises.
 *
 * sources: common/chacha.c
 */
#include "common/chacha.h"

#include <string.h>

#include "tests/host/check.h"

/* Section 2.3.2. */
static void test_block(void)
{
	uint8_t key[CHACHA_KEY], out[CHACHA_BLOCK];
	const uint8_t nonce[CHACHA_NONCE] = {0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0};
	static const uint8_t expected[CHACHA_BLOCK] = {0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f,
	        0xa3, 0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4,
	        0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2,
	        0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
	for (unsigned i = 0; i < CHACHA_KEY; i++)
		key[i] = (uint8_t)i;
	check_begin("chacha.block_is_that_of_rfc_8439_2_3_2");
	chacha_block(key, 1, nonce, out);
	CHECK(!memcmp(out, expected, sizeof out));
}

/* Appendix A.1, vectors 1 and 2. */
static void test_zero_key(void)
{
	const uint8_t key[CHACHA_KEY] = {0}, nonce[CHACHA_NONCE] = {0};
	uint8_t out[CHACHA_BLOCK];
	static const uint8_t first[] = {
	        0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28};
	static const uint8_t second[] = {
	        0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d};
	check_begin("chacha.zero_key_is_that_of_rfc_8439_a_1");
	chacha_block(key, 0, nonce, out);
	CHECK(!memcmp(out, first, sizeof first));
	chacha_block(key, 1, nonce, out);
	CHECK(!memcmp(out, second, sizeof second));
}

static void test_generator(void)
{
	struct chacha_generator one = {{1}}, two = {{1}}, other = {{2}};
	uint8_t a[1000], b[1000], c[1000];

	check_begin("chacha.generator_fills_any_length_and_no_more");
	for (size_t length = 0; length < 300; length++) {
		memset(a, 0xee, sizeof a);
		chacha_generator_fill(&one, a, length);
		CHECK(a[length] == 0xee);
	}

	check_begin("chacha.generator_depends_on_its_key_only");
	one = two;
	chacha_generator_fill(&one, a, sizeof a);
	chacha_generator_fill(&two, b, sizeof b);
	chacha_generator_fill(&other, c, sizeof c);
	CHECK(!memcmp(a, b, sizeof a) && memcmp(a, c, sizeof a));

	check_begin("chacha.generator_forgets_its_key");
	struct chacha_generator before = {{1}};
	CHECK(memcmp(before.key, one.key, CHACHA_KEY));
	CHECK(memcmp(a, one.key, CHACHA_KEY));
	chacha_generator_fill(&one, b, sizeof b);
	CHECK(memcmp(a, b, sizeof a));

	check_begin("chacha.mixing_zero_changes_the_key_and_keeps_it_secret");
	uint8_t zero[CHACHA_KEY] = {0};
	before = one;
	chacha_generator_mix(&one, zero);
	CHECK(memcmp(before.key, one.key, CHACHA_KEY));
}

int main(void)
{
	test_block();
	test_zero_key();
	test_generator();
	return check_result();
}
