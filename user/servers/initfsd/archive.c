/* Decompressing the archive: see archive.h. */
#include "user/servers/initfsd/archive.h"

#include <stdarg.h>
#include <stdio.h>
#include <zstd.h>

#include "user/lib/call.h"
#include "user/lib/log.h"

#define PAGE 4096ull

static uint64_t whole_pages(uint64_t length)
{
	return (length + PAGE - 1) / PAGE * PAGE;
}

__attribute__((format(printf, 3, 4))) static status_t fault(struct archive_fault *out, status_t status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(out->text, sizeof out->text, format, arguments);
	va_end(arguments);
	return status;
}

static status_t too_large(struct archive_fault *out_fault)
{
	return fault(out_fault, ERR_TOO_LARGE, "it is larger than %llu MiB once decompressed, which is the limit",
	        ARCHIVE_SIZE_MAX >> 20);
}

static status_t corrupt(size_t zstd_error, struct archive_fault *out_fault)
{
	return fault(out_fault, ERR_BAD_FORMAT, "it is cut short or corrupt (%s)", ZSTD_getErrorName(zstd_error));
}

/* Decompresses without keeping the result, for its size. The stream ends with the one frame that the file is. */
static status_t count_stream(
        ZSTD_DCtx *context, const void *compressed, uint64_t length, uint64_t *out_size, struct archive_fault *out_fault)
{
	static char nowhere[64 * 1024];
	ZSTD_inBuffer in = {compressed, length, 0};
	uint64_t size = 0;
	size_t left;
	do {
		ZSTD_outBuffer out = {nowhere, sizeof nowhere, 0};
		left = ZSTD_decompressStream(context, &out, &in);
		if (ZSTD_isError(left))
			return corrupt(left, out_fault);
		size += out.pos;
		if (size > ARCHIVE_SIZE_MAX)
			return too_large(out_fault);
		if (left && in.pos == in.size && out.pos < out.size)
			return fault(out_fault, ERR_BAD_FORMAT, "it is cut short or corrupt (its last block is missing)");
	} while (left);
	*out_size = size;
	return ERR_OK;
}

static status_t count_size(const void *compressed, uint64_t length, uint64_t *out_size, struct archive_fault *out_fault)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	if (!context)
		return fault(out_fault, ERR_NO_MEMORY, "there is no memory for the decompressor");
	status_t status = count_stream(context, compressed, length, out_size, out_fault);
	ZSTD_freeDCtx(context);
	return status;
}

/* Checks that the file is one frame and nothing else, and finds how large its content is. */
static status_t read_size(const void *compressed, uint64_t length, uint64_t *out_size, struct archive_fault *out_fault)
{
	unsigned long long promised = ZSTD_getFrameContentSize(compressed, length);
	if (promised == ZSTD_CONTENTSIZE_ERROR)
		return fault(out_fault, ERR_BAD_FORMAT, "it is not a zstd file");
	size_t frame_length = ZSTD_findFrameCompressedSize(compressed, length);
	if (ZSTD_isError(frame_length))
		return corrupt(frame_length, out_fault);
	if (frame_length != length)
		return fault(out_fault, ERR_BAD_FORMAT, "%llu bytes follow behind its end",
		        (unsigned long long)(length - frame_length));
	uint64_t size = promised;
	status_t status = promised == ZSTD_CONTENTSIZE_UNKNOWN ? count_size(compressed, length, &size, out_fault) : ERR_OK;
	if (status)
		return status;
	if (size > ARCHIVE_SIZE_MAX)
		return too_large(out_fault);
	if (!size)
		return fault(out_fault, ERR_BAD_FORMAT, "it is empty");
	*out_size = size;
	return ERR_OK;
}

/* Has the kernel fill every page now, when a lack of memory is an error and not yet a fault. */
static status_t reserve(handle_t frame, uint64_t length)
{
	for (uint64_t offset = 0; offset < length; offset += PAGE) {
		uint64_t copied;
		status_t status = sys_frame_write(frame, offset, "", 1, &copied);
		if (status)
			return status;
	}
	return ERR_OK;
}

/* A new frame of whole pages, mapped. */
static status_t make_room(uint64_t size, struct archive *out, struct archive_fault *out_fault)
{
	uint64_t length = whole_pages(size), address;
	handle_t frame;
	status_t status = sys_frame_create(length, 0, &frame);
	if (!status) {
		status = reserve(frame, length);
		if (!status)
			status = sys_vmem_map(HANDLE_SELF_VMEM, 0, length, MAP_READ | MAP_WRITE, frame, 0, &address);
		if (status)
			sys_handle_close(frame);
	}
	if (status)
		return fault(out_fault, status, "there are no %llu KiB of memory for its content (%s)",
		        (unsigned long long)length >> 10, error_text(status));
	*out = (struct archive){frame, (uint8_t *)(uintptr_t)address, size};
	return ERR_OK;
}

static status_t give_room_back(const struct archive *archive)
{
	status_t status = sys_vmem_unmap(HANDLE_SELF_VMEM, (uintptr_t)archive->bytes, whole_pages(archive->size));
	sys_handle_close(archive->frame);
	return status;
}

static status_t decompress(
        const void *compressed, uint64_t length, const struct archive *archive, struct archive_fault *out_fault)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();
	if (!context)
		return fault(out_fault, ERR_NO_MEMORY, "there is no memory for the decompressor");
	size_t size = ZSTD_decompressDCtx(context, archive->bytes, archive->size, compressed, length);
	ZSTD_freeDCtx(context);
	if (ZSTD_isError(size))
		return corrupt(size, out_fault);
	if (size != archive->size)
		return fault(out_fault, ERR_BAD_FORMAT, "it has %zu bytes where its header promises %llu", size,
		        (unsigned long long)archive->size);
	return ERR_OK;
}

static status_t unpack_mapped(const void *compressed, uint64_t length, struct archive *out, struct archive_fault *out_fault)
{
	struct archive archive;
	uint64_t size = 0;
	status_t status = read_size(compressed, length, &size, out_fault);
	if (!status)
		status = make_room(size, &archive, out_fault);
	if (status)
		return status;
	status = decompress(compressed, length, &archive, out_fault);
	if (!status)
		*out = archive;
	else if (give_room_back(&archive))
		log_warning("the memory of an archive that was not taken could not be given back");
	return status;
}

status_t archive_unpack(handle_t compressed, uint64_t length, struct archive *out, struct archive_fault *out_fault)
{
	uint64_t frame_length = 0, resident, address;
	uint32_t flags;
	status_t status = sys_frame_info(compressed, &frame_length, &resident, &flags);
	if (!status && (!length || length > frame_length))
		return fault(out_fault, ERR_BAD_ARGUMENT, "%llu bytes of it were announced, and %llu are there",
		        (unsigned long long)length, (unsigned long long)frame_length);
	if (!status)
		status = sys_vmem_map(HANDLE_SELF_VMEM, 0, whole_pages(length), MAP_READ, compressed, 0, &address);
	if (status)
		return fault(out_fault, status, "the compressed file cannot be mapped (%s)", error_text(status));
	status = unpack_mapped((const void *)(uintptr_t)address, length, out, out_fault);
	if (sys_vmem_unmap(HANDLE_SELF_VMEM, address, whole_pages(length)))
		log_warning("the compressed archive stays mapped, which costs memory and nothing else");
	return status;
}

status_t archive_copy(const struct archive *archive, uint64_t offset, uint64_t length, handle_t *out_frame)
{
	handle_t frame;
	status_t status = sys_frame_create(whole_pages(length), 0, &frame);
	if (status)
		return status;
	for (uint64_t done = 0, copied; done < length && !status; done += copied) {
		copied = 0;
		status = sys_frame_write(frame, done, archive->bytes + offset + done, length - done, &copied);
		if (!status && !copied)
			status = ERR_BAD_ADDRESS;
	}
	if (status)
		sys_handle_close(frame);
	else
		*out_frame = frame;
	return status;
}

status_t archive_seal(const struct archive *archive)
{
	return sys_vmem_protect(HANDLE_SELF_VMEM, (uintptr_t)archive->bytes, whole_pages(archive->size), MAP_READ);
}
