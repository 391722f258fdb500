/*
 * Where random numbers come from: the firmware's generator, else the processor's, else nowhere. A source that fails or repeats
 * itself counts as none; the kernel is told which one it was and decides what that is worth.
 */
#include "seed.h"

#include "abi/bootinfo.h"
#include "cpu.h"
#include "firmware.h"

#define WORDS 10 /* eight of seed, two of layout */

static bool from_firmware(uint64_t words[static WORDS])
{
	static const EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
	EFI_RNG_PROTOCOL *generator = firmware_protocol(0, &guid);

	return generator && generator->GetRNG(generator, 0, WORDS * sizeof words[0], (UINT8 *)words) == EFI_SUCCESS;
}

static bool from_processor(uint64_t words[static WORDS])
{
	if (!cpu_has_rdrand())
		return false;
	for (int i = 0; i < WORDS; i++)
		if (!cpu_rdrand(&words[i]))
			return false;
	return true;
}

/* Some generators get stuck, for example after a suspend, and then answer the same word for ever. */
static bool is_stuck(const uint64_t words[static WORDS])
{
	for (int i = 1; i < WORDS; i++)
		if (words[i] == words[i - 1])
			return true;
	return false;
}

/* The end of splitmix64, which spreads a counter's few changing bits over the word. */
static uint64_t spread(uint64_t word)
{
	word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9ull;
	word = (word ^ word >> 27) * 0x94d049bb133111ebull;
	return word ^ word >> 31;
}

void seed_read(struct seed *out)
{
	uint64_t words[WORDS];

	*out = (struct seed){.source = SEED_NONE};
	if (from_firmware(words) && !is_stuck(words))
		out->source = SEED_EFI_RNG;
	else if (from_processor(words) && !is_stuck(words))
		out->source = SEED_RDRAND;
	if (out->source == SEED_NONE) {
		out->slide = spread(cpu_tsc());
		out->direct_map = spread(cpu_tsc() ^ out->slide);
		return;
	}
	__builtin_memcpy(out->bytes, words, sizeof out->bytes);
	out->slide = words[WORDS - 2];
	out->direct_map = words[WORDS - 1];
}
