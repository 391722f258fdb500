/*
 * Setting ids: see users.h. Another id than 0 is one that nobody has, for which Linux has EINVAL (in a namespace of users); a program
 * that means to give up its rights hears of it, and does not go on in the belief that it has.
 */
#include "user/linux/users.h"

#include "user/linux/access.h"
#include "user/linux/errors.h"

#define UNCHANGED UINT32_MAX
#define GROUPS_MAX 65536u

static bool is_settable(uint32_t id)
{
	return !id || id == UNCHANGED;
}

int64_t users_set(uint32_t id)
{
	return id ? -EINVAL : 0;
}

int64_t users_set_two(uint32_t real, uint32_t effective)
{
	return is_settable(real) && is_settable(effective) ? 0 : -EINVAL;
}

int64_t users_set_three(uint32_t real, uint32_t effective, uint32_t saved)
{
	return is_settable(saved) ? users_set_two(real, effective) : -EINVAL;
}

/* These answer what it was, and tell no error. */
int64_t users_set_files(uint32_t id)
{
	(void)id;
	return 0;
}

int64_t users_setgroups(uint64_t count, uint64_t list)
{
	if (count > GROUPS_MAX)
		return -EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		uint32_t id;
		if (!access_read(&id, list + i * sizeof id, sizeof id))
			return -EFAULT;
		if (id)
			return -EINVAL;
	}
	return 0;
}
