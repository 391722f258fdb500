/*
 * Copies between the kernel and programs, and between programs. With the current process's memory by its own addresses, which the
 * CPU checks; with another's through the direct map, page by page, as its page table allows, which is what the program itself could
 * do. Absent pages are filled and shared ones copied; what is not mapped ends the copy.
 */
#include "arch/user_copy.h"
#include "lib/string.h"
#include "object/vmem.h"

/* Steps that a page may take before the copy ends early: mappings of one frame that must be looked after, far more than there are. */
#define STEPS_MAX 32u

static uint32_t make_present(struct vmem *vmem, uint64_t address, bool write)
{
	uint32_t error = VMEM_MORE;

	for (unsigned i = 0; i < STEPS_MAX && error == VMEM_MORE; i++)
		error = vmem_fault(vmem, address, write, false);
	return error;
}

uint64_t vmem_copy_in(struct vmem *vmem, void *to, uint64_t from, uint64_t length)
{
	uint64_t done = user_copy_in(to, uaddr(from), length);

	while (done < length && !make_present(vmem, from + done, false)) {
		uint64_t copied = user_copy_in((char *)to + done, uaddr(from + done), length - done);
		if (!copied)
			break; /* a page that is there and cannot be read */
		done += copied;
	}
	return done;
}

uint64_t vmem_copy_out(struct vmem *vmem, uint64_t to, const void *from, uint64_t length)
{
	uint64_t done = user_copy_out(uaddr(to), from, length);

	while (done < length && !make_present(vmem, to + done, true)) {
		uint64_t copied = user_copy_out(uaddr(to + done), (const char *)from + done, length - done);
		if (!copied)
			break;
		done += copied;
	}
	return done;
}

/*
 * Where the byte at an address lies, until anything is made present anywhere: that may go on with taking mappings away, and this
 * may be the page of one. 0: it is to be made present.
 */
static void *look(struct vmem *vmem, uint64_t address, bool write)
{
	void *found = 0;

	if (lock_try_alone(&vmem->lock)) {
		found = page_table_look(&vmem->table, uaddr(address), write);
		lock_release_alone(&vmem->lock);
	}
	return found;
}

/* What is left of a page from an address on. */
static uint64_t rest_of_page(uint64_t address)
{
	return PAGE_SIZE - (address & PAGE_MASK);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* One side of a copy, of which `own` is reached by its address. */
struct side {
	struct vmem *vmem;
	uint64_t at;
	bool own;
};

/*
 * Copies within one page of each side that is not own. Less than `part`: *out_missing is the side that ended it, where the copy
 * ended.
 */
static uint64_t copy_part(const struct side *to, const struct side *from, uint64_t part, const struct side **out_missing)
{
	void *source = from->own ? 0 : look(from->vmem, from->at, false);
	void *target = to->own ? 0 : look(to->vmem, to->at, true);

	*out_missing = from->own ? from : to;
	if (!from->own && !source) {
		*out_missing = from;
		return 0;
	}
	if (!to->own && !target) {
		*out_missing = to;
		return 0;
	}
	if (to->own)
		return user_copy_out(uaddr(to->at), source, part);
	if (from->own)
		return user_copy_in(target, uaddr(from->at), part);
	memmove(target, source, part);
	return part;
}

static uint64_t copy(struct side to, struct side from, uint64_t length)
{
	uint64_t done = 0;
	unsigned failures = 0; /* in a row */

	while (done < length) {
		uint64_t part = length - done;
		const struct side *missing;

		if (!to.own)
			part = least(part, rest_of_page(to.at));
		if (!from.own)
			part = least(part, rest_of_page(from.at));
		uint64_t copied = copy_part(&to, &from, part, &missing);
		done += copied;
		to.at += copied;
		from.at += copied;
		if (copied)
			failures = 0;
		if (__builtin_expect(copied == part, 1))
			continue;
		/* A page of each side may be absent. */
		if (failures++ > 2 || make_present(missing->vmem, missing->at, missing == &to))
			break;
	}
	return done;
}

bool vmem_copy_quickly(struct vmem *other, uint64_t address, uint64_t own, uint64_t length, bool to_own)
{
	if (__builtin_expect(length > VMEM_COPY_QUICK, 0))
		return false;
	for (uint64_t part; length; length -= part, address += part, own += part) {
		part = least(length, rest_of_page(address));
		void *byte = look(other, address, !to_own);
		if (!byte || (to_own ? user_copy_out(uaddr(own), byte, part) : user_copy_in(byte, uaddr(own), part)) != part)
			return false; /* what was copied will be once more */
	}
	return true;
}

static bool is_current(const struct vmem *vmem)
{
	return arch_cpu_current()->page_root == vmem->table.root.raw;
}

uint64_t vmem_copy_across(struct vmem *to_vmem, uint64_t to, struct vmem *from_vmem, uint64_t from, uint64_t length)
{
	bool same = to_vmem == from_vmem;

	return copy((struct side){to_vmem, to, !same && is_current(to_vmem)},
	        (struct side){from_vmem, from, !same && is_current(from_vmem)}, length);
}
