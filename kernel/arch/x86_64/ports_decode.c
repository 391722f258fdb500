/* One decoder for few instructions: skips prefixes, looks at the opcode, needs no operand. */
#include "arch/x86_64/ports_decode.h"

static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf2:
	case 0xf3: return true;
	default: return (byte & 0xf0) == 0x40;
	}
}

static bool is_port_opcode(uint8_t byte)
{
	bool in_out = (byte & 0xf4) == 0xe4; /* e4 to e7 with a number, ec to ef with dx */
	bool string = (byte & 0xfc) == 0x6c; /* ins, outs */

	return in_out || string;
}

bool ports_decode(const uint8_t *bytes, uint64_t length)
{
	for (uint64_t i = 0; i < length && i < INSTRUCTION_MAX; i++) {
		if (!is_prefix(bytes[i]))
			return is_port_opcode(bytes[i]);
	}
	return false;
}
