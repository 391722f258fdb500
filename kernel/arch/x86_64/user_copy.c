/* The checks before user_copy.S. The address is also masked, so that nothing beyond the user half is read under speculation. */
#include "arch/user_copy.h"

#include "arch/cpu.h"

#define USER_END 0x00007ffffffff000ull

uint64_t user_copy_bytes(void *to, const void *from, uint64_t length) __attribute__((visibility("hidden")));
uint64_t user_read_word(const void *from) __attribute__((visibility("hidden")));
uint64_t user_write_word(void *to, uint32_t value) __attribute__((visibility("hidden")));

static void *user_pointer(struct uaddr address)
{
	return (void *)cpu_mask_index(address.raw, USER_END);
}

uint64_t user_copy_in(void *to, struct uaddr from, uint64_t length)
{
	return user_range_ok(from, length) ? user_copy_bytes(to, user_pointer(from), length) : 0;
}

uint64_t user_copy_out(struct uaddr to, const void *from, uint64_t length)
{
	return user_range_ok(to, length) ? user_copy_bytes(user_pointer(to), from, length) : 0;
}

bool user_read_32(struct uaddr from, uint32_t *out)
{
	if (!user_range_ok(from, sizeof *out) || from.raw % sizeof *out != 0)
		return false;
	uint64_t value = user_read_word(user_pointer(from));
	if (value == UINT64_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

bool user_write_32(struct uaddr to, uint32_t value)
{
	return user_range_ok(to, sizeof value) && to.raw % sizeof value == 0 && user_write_word(user_pointer(to), value);
}
