/*
 * What every step needs of the firmware. Its functions have Microsoft's calling convention, which the headers take care of
 * (GNU_EFI_USE_MS_ABI); the loader's own have the System V one.
 */
#include "firmware.h"

struct firmware firmware;

const char *firmware_status_text(EFI_STATUS status)
{
	switch (status) {
	case EFI_SUCCESS: return "no error";
	case EFI_LOAD_ERROR: return "load error";
	case EFI_INVALID_PARAMETER: return "invalid parameter";
	case EFI_UNSUPPORTED: return "not supported";
	case EFI_BAD_BUFFER_SIZE: return "bad buffer size";
	case EFI_BUFFER_TOO_SMALL: return "buffer too small";
	case EFI_NOT_READY: return "not ready";
	case EFI_DEVICE_ERROR: return "device error";
	case EFI_OUT_OF_RESOURCES: return "out of resources";
	case EFI_VOLUME_CORRUPTED: return "volume corrupted";
	case EFI_NO_MEDIA: return "no medium";
	case EFI_MEDIA_CHANGED: return "medium changed";
	case EFI_NOT_FOUND: return "not found";
	case EFI_ACCESS_DENIED: return "access denied";
	case EFI_TIMEOUT: return "time-out";
	case EFI_SECURITY_VIOLATION: return "security violation";
	default: return "unknown error";
	}
}

void *firmware_protocol(EFI_HANDLE handle, const EFI_GUID *protocol)
{
	EFI_GUID guid = *protocol;
	void *interface = 0;
	EFI_STATUS status;

	if (handle)
		status = firmware.boot->HandleProtocol(handle, &guid, &interface);
	else
		status = firmware.boot->LocateProtocol(&guid, 0, &interface);
	return EFI_ERROR(status) ? 0 : interface;
}
