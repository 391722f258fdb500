/*
 * Copies between the kernel and programs, and between programs. With the current process's memory by its own addresses, which the
 * CPU checks; with another's through the direct map, page by page. Absent pages are filled and
 * shared ones copied; what is not mapped ends the copy.
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

static uint32_t page_at(struct vmem *vmem, uint64_t address, bool write, struct paddr *out)
{
	uint32_t error = VMEM_MORE;

	for (unsigned i = 0; i < STEPS_MAX && error == VMEM_MORE; i++)
		error = vmem_page(vmem, address, write, out);
	return error;
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

uint64_t vmem_copy_across(struct vmem *to_vmem, uint64_t to, struct vmem *from_vmem, uint64_t from, uint64_t length)
{
	uint64_t done = 0;

	while (done < length) {
		uint64_t part = least(length - done, least(rest_of_page(to + done), rest_of_page(from + done)));
		struct paddr source, target;

		if (page_at(from_vmem, from + done, false, &source) || page_at(to_vmem, to + done, true, &target))
			break;
		memmove(direct_map(target), direct_map(source), part);
		done += part;
	}
	return done;
}
