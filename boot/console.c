/*
 * Where lines go. The firmware's console is screen and often also the serial line; whether it is, stands in the firmware's
 * variable ConOut: the device paths of the active consoles. If none of them is the UART of COM1, lines go there directly too, so
 * that a serial log is complete on every machine and no line is in it twice.
 */
#include "console.h"

#include "firmware.h"
#include "serial.h"
#include "text.h"

static bool firmware_console, direct_serial;

/* EFI_DEVICE_PATH_PROTOCOL, ACPI and UART nodes: UEFI 2.10, 10.3. */
enum { NODE_ACPI = 2, NODE_ACPI_HID = 1, NODE_MESSAGING = 3, NODE_UART = 14, NODE_END = 0x7f };
#define HID_UART 0x050141d0u /* PNP0501 */

static bool reaches_com1(const uint8_t *path, uint64_t size)
{
	bool com1 = false;

	while (size >= 4) {
		uint16_t length = (uint16_t)(path[2] | path[3] << 8);
		uint32_t acpi[2]; /* HID, UID */

		if (length < 4 || length > size)
			return false;
		if (path[0] == NODE_ACPI && path[1] == NODE_ACPI_HID && length >= 12) {
			__builtin_memcpy(acpi, path + 4, sizeof acpi);
			com1 = acpi[0] == HID_UART && acpi[1] == 0;
		} else if (path[0] == NODE_MESSAGING && path[1] == NODE_UART && com1) {
			return true;
		} else if (path[0] == NODE_END) {
			com1 = false;
		}
		path += length;
		size -= length;
	}
	return false;
}

static bool firmware_reaches_com1(void)
{
	static uint8_t paths[2048];
	EFI_GUID global = EFI_GLOBAL_VARIABLE;
	CHAR16 name[] = L"ConOut";
	UINTN size = sizeof paths;

	if (!firmware_console)
		return false;
	return firmware.runtime->GetVariable(name, &global, 0, &size, paths) == EFI_SUCCESS && reaches_com1(paths, size);
}

void console_start(void)
{
	firmware_console = firmware.system->ConOut != 0;
	direct_serial = !firmware_reaches_com1() && serial_start();
}

void console_leave_firmware(void)
{
	firmware_console = false;
	direct_serial = direct_serial || serial_start();
}

void console_line(const char *format, ...)
{
	char text[512];
	CHAR16 wide[512];
	uint32_t length;
	va_list arguments;

	va_start(arguments, format);
	length = text_format_list(text, sizeof text - 2, format, arguments);
	va_end(arguments);
	text[length++] = '\r';
	text[length++] = '\n';
	text[length] = '\0';
	for (uint32_t i = 0; i <= length; i++)
		wide[i] = (uint8_t)text[i] < 0x80 ? (CHAR16)text[i] : L'?';
	if (firmware_console)
		firmware.system->ConOut->OutputString(firmware.system->ConOut, wide);
	if (direct_serial)
		serial_write(text);
}

void console_wait(uint32_t seconds)
{
	SIMPLE_INPUT_INTERFACE *input = firmware.system->ConIn;
	EFI_INPUT_KEY key;

	if (!seconds || !firmware_console)
		return;
	if (input)
		input->Reset(input, FALSE);
	for (uint32_t tenths = 0; tenths < seconds * 10; tenths++) {
		if (input && !EFI_ERROR(input->ReadKeyStroke(input, &key)))
			return;
		firmware.boot->Stall(100000);
	}
}
