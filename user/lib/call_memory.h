/* Address spaces, and the frames of memory that are mapped there. */
#pragma once

#include "user/lib/call_stub.h"

static inline MUST_CHECK status_t sys_vmem_map(handle_t vmem, uint64_t address, uint64_t length, uint32_t flags, handle_t frame,
        uint64_t offset, uint64_t *out_address)
{
	SYS_WORDS(address, length, flags, frame, offset);
	SYS_RUN(vmem_map, vmem);
	if (!status)
		*out_address = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_vmem_unmap(handle_t vmem, uint64_t address, uint64_t length)
{
	SYS_WORDS(address, length);
	SYS_RUN(vmem_unmap, vmem);
	return status;
}

static inline MUST_CHECK status_t sys_vmem_protect(handle_t vmem, uint64_t address, uint64_t length, uint32_t flags)
{
	SYS_WORDS(address, length, flags);
	SYS_RUN(vmem_protect, vmem);
	return status;
}

static inline MUST_CHECK status_t sys_vmem_create(handle_t *out_vmem)
{
	SYS_WORDS(0);
	SYS_RUN(vmem_create, 0);
	if (!status)
		*out_vmem = (handle_t)word[0];
	return status;
}

/* The first mapping that ends above an address; NOT_FOUND: there is none. */
static inline MUST_CHECK status_t sys_vmem_walk(
        handle_t vmem, uint64_t address, uint64_t *out_start, uint64_t *out_end, uint32_t *out_flags, uint64_t *out_offset)
{
	SYS_WORDS(address);
	SYS_RUN(vmem_walk, vmem);
	if (!status) {
		*out_start = word[0];
		*out_end = word[1];
		*out_flags = (uint32_t)word[2];
		*out_offset = word[3];
	}
	return status;
}

/* From the caller's memory into another address space, where it can be written. */
static inline MUST_CHECK status_t sys_vmem_write(
        handle_t vmem, uint64_t address, const void *from, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(address, (uintptr_t)from, length);
	SYS_RUN(vmem_write, vmem);
	if (!status)
		*out_copied = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_create(uint64_t length, uint32_t flags, handle_t *out_frame)
{
	SYS_WORDS(length, flags);
	SYS_RUN(frame_create, 0);
	if (!status)
		*out_frame = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_create_device(
        handle_t machine, uint64_t physical, uint64_t length, uint32_t cache, handle_t *out_frame)
{
	SYS_WORDS(physical, length, cache);
	SYS_RUN(frame_create_device, machine);
	if (!status)
		*out_frame = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_read(
        handle_t frame, uint64_t offset, void *to, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(offset, (uintptr_t)to, length);
	SYS_RUN(frame_read, frame);
	if (!status)
		*out_copied = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_write(
        handle_t frame, uint64_t offset, const void *from, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(offset, (uintptr_t)from, length);
	SYS_RUN(frame_write, frame);
	if (!status)
		*out_copied = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_resize(handle_t frame, uint64_t length)
{
	SYS_WORDS(length);
	SYS_RUN(frame_resize, frame);
	return status;
}

static inline MUST_CHECK status_t sys_frame_set_end(handle_t frame, uint64_t end)
{
	SYS_WORDS(end);
	SYS_RUN(frame_set_end, frame);
	return status;
}

static inline MUST_CHECK status_t sys_frame_clone(handle_t frame, handle_t *out_clone)
{
	SYS_WORDS(0);
	SYS_RUN(frame_clone, frame);
	if (!status)
		*out_clone = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_frame_info(
        handle_t frame, uint64_t *out_length, uint64_t *out_resident_pages, uint32_t *out_flags)
{
	SYS_WORDS(0);
	SYS_RUN(frame_info, frame);
	if (!status) {
		*out_length = word[0];
		*out_resident_pages = word[1];
		*out_flags = (uint32_t)word[2];
	}
	return status;
}
