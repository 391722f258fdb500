/*
 * Formatting without a libc. gnu-efi's Print would do, but brings 50 KiB and 16-bit strings; everything the loader says is made
 * here as bytes, so that one sentence can go to the firmware's console and to the serial line, and so that it can be tested on
 * the machine that builds. Nothing fails: what does not fit is cut off.
 */
#include "text.h"

struct text {
	char *out;
	uint32_t capacity;
	uint32_t length;
};

static void put(struct text *text, char c)
{
	if (text->length + 1 < text->capacity)
		text->out[text->length++] = c;
}

static void put_string(struct text *text, const char *string)
{
	for (string = string ? string : "(none)"; *string; string++)
		put(text, *string);
}

static void put_number(struct text *text, uint64_t number, unsigned base)
{
	char digits[20];
	unsigned count = 0;

	do
		digits[count++] = "0123456789abcdef"[number % base];
	while (number /= base);
	while (count)
		put(text, digits[--count]);
}

uint32_t text_format_list(char *out, uint32_t capacity, const char *format, va_list arguments)
{
	struct text text = {out, capacity, 0};

	for (; *format; format++) {
		if (*format != '%') {
			put(&text, *format);
			continue;
		}
		switch (*++format) {
		case 's': put_string(&text, va_arg(arguments, const char *)); break;
		case 'c': put(&text, (char)va_arg(arguments, int)); break;
		case 'u': put_number(&text, va_arg(arguments, unsigned), 10); break;
		case 'l': put_number(&text, va_arg(arguments, uint64_t), *++format == 'x' ? 16 : 10); break;
		case '\0': format--; break;
		default: put(&text, *format); break;
		}
	}
	text.out[text.length] = '\0';
	return text.length;
}

uint32_t text_format(char *out, uint32_t capacity, const char *format, ...)
{
	va_list arguments;
	uint32_t length;

	va_start(arguments, format);
	length = text_format_list(out, capacity, format, arguments);
	va_end(arguments);
	return length;
}
