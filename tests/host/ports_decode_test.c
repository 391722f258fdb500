/* Which instructions are port accesses: every one-byte opcode, prefixes, and what is cut off. */
/* sources: kernel/arch/x86_64/ports_decode.c */
/* includes: kernel */
#include "arch/x86_64/ports_decode.h"

#include <string.h>

#include "check.h"

static const uint8_t port_opcodes[] = {0x6c, 0x6d, 0x6e, 0x6f, 0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef};
static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3, 0x40, 0x48, 0x4f};

static bool is_one_of(uint8_t byte, const uint8_t *list, size_t count)
{
	return memchr(list, byte, count) != NULL;
}

int main(void)
{
	uint8_t bytes[32];

	check_begin("ports_decode: exactly the twelve port instructions are recognised");
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		uint8_t byte = (uint8_t)opcode;
		CHECK(ports_decode(&byte, 1) == is_one_of(byte, port_opcodes, sizeof port_opcodes));
	}

	check_begin("ports_decode: prefixes are skipped, two-byte opcodes and VEX are none");
	for (unsigned i = 0; i < sizeof prefixes; i++) {
		for (unsigned j = 0; j < sizeof prefixes; j++) {
			const uint8_t code[] = {prefixes[i], prefixes[j], 0xee};
			CHECK(ports_decode(code, sizeof code));
			CHECK(!ports_decode(code, 2));
		}
	}
	CHECK(!ports_decode((const uint8_t[]){0x0f, 0xee}, 2));
	CHECK(!ports_decode((const uint8_t[]){0xc5, 0xec}, 2));
	CHECK(!ports_decode((const uint8_t[]){0xf0, 0xec}, 2));

	check_begin("ports_decode: nothing is read beyond the end or the fifteenth byte");
	CHECK(!ports_decode(bytes, 0));
	memset(bytes, 0x66, sizeof bytes);
	bytes[14] = 0xec;
	CHECK(ports_decode(bytes, 15));
	bytes[14] = 0x66;
	bytes[15] = 0xec;
	CHECK(!ports_decode(bytes, sizeof bytes));
	return check_result();
}
