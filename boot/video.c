/*
 * The screen as the firmware leaves it (UEFI 2.10, 12.9). Only a linear framebuffer outlives the firmware: adapters that can
 * merely be asked to copy rectangles (BltOnly, such as virtio-gpu) count as none, and the firmware's console splitter, which
 * pretends to be one adapter where there are several, is often such. So all adapters are looked at, and the first that has or
 * can switch to a linear mode is taken. Having no screen is no failure.
 */
#include "video.h"

#include "console.h"
#include "firmware.h"

typedef EFI_GRAPHICS_OUTPUT_PROTOCOL adapter_t;
typedef EFI_GRAPHICS_OUTPUT_MODE_INFORMATION mode_t;

static void free_pool(void *pointer)
{
	void **pool = pointer;

	if (*pool)
		firmware.boot->FreePool(*pool);
}

#define POOL_SCOPED __attribute__((cleanup(free_pool)))

/* The lowest bit of an eight-bit channel's mask; false for channels of other widths. */
static bool channel_shift(uint32_t mask, uint8_t *out)
{
	uint8_t shift = 0;

	while (shift <= 24 && mask != 0xffu << shift)
		shift++;
	*out = shift;
	return shift <= 24;
}

/* Whether pixels are 32 bits with eight for each colour; where. */
static bool pixel_format(const mode_t *mode, struct boot_framebuffer *out)
{
	switch (mode->PixelFormat) {
	case PixelRedGreenBlueReserved8BitPerColor: out->red_shift = 0, out->green_shift = 8, out->blue_shift = 16; return true;
	case PixelBlueGreenRedReserved8BitPerColor: out->red_shift = 16, out->green_shift = 8, out->blue_shift = 0; return true;
	case PixelBitMask:
		return channel_shift(mode->PixelInformation.RedMask, &out->red_shift) &&
		        channel_shift(mode->PixelInformation.GreenMask, &out->green_shift) &&
		        channel_shift(mode->PixelInformation.BlueMask, &out->blue_shift);
	default: return false;
	}
}

static bool set_wanted_mode(adapter_t *adapter, uint32_t width, uint32_t height)
{
	for (uint32_t number = 0; number < adapter->Mode->MaxMode; number++) {
		mode_t *mode POOL_SCOPED = 0;
		struct boot_framebuffer ignored;
		UINTN size;

		if (EFI_ERROR(adapter->QueryMode(adapter, number, &size, &mode)) || !pixel_format(mode, &ignored))
			continue;
		if (mode->HorizontalResolution != width || mode->VerticalResolution != height)
			continue;
		return number == adapter->Mode->Mode || adapter->SetMode(adapter, number) == EFI_SUCCESS;
	}
	return false;
}

static bool describe(const adapter_t *adapter, struct boot_framebuffer *out)
{
	struct boot_framebuffer framebuffer = {0};
	const mode_t *mode = adapter->Mode->Info;
	uint64_t pitch;

	if (!mode || !pixel_format(mode, &framebuffer) || !adapter->Mode->FrameBufferBase)
		return false;
	pitch = mode->PixelsPerScanLine * 4ull;
	if (!mode->HorizontalResolution || !mode->VerticalResolution || mode->PixelsPerScanLine < mode->HorizontalResolution)
		return false;
	if (pitch > UINT32_MAX || adapter->Mode->FrameBufferSize < pitch * mode->VerticalResolution)
		return false;
	framebuffer.start = adapter->Mode->FrameBufferBase;
	framebuffer.length = pitch * mode->VerticalResolution;
	framebuffer.width = mode->HorizontalResolution;
	framebuffer.height = mode->VerticalResolution;
	framebuffer.pitch = (uint32_t)pitch;
	*out = framebuffer;
	return true;
}

void video_start(uint32_t wanted_width, uint32_t wanted_height, struct boot_framebuffer *out)
{
	EFI_GUID guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	EFI_HANDLE *handles POOL_SCOPED = 0;
	bool found = false, wanted = wanted_width && wanted_height;
	UINTN count = 0;

	*out = (struct boot_framebuffer){0};
	if (EFI_ERROR(firmware.boot->LocateHandleBuffer(ByProtocol, &guid, 0, &count, &handles)))
		count = 0;
	for (UINTN i = 0; i < count && !found; i++) {
		adapter_t *adapter = firmware_protocol(handles[i], &guid);

		if (!adapter || !adapter->Mode)
			continue;
		if (wanted && set_wanted_mode(adapter, wanted_width, wanted_height))
			wanted = false;
		found = describe(adapter, out);
	}
	if (wanted && found)
		console_line("no screen mode is %ux%u, staying at %ux%u", wanted_width, wanted_height, out->width, out->height);
}
