/* A small printf without state: one specification at a time, into a bounded output that silently stops when it is full. */
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/string.h"

struct output {
	char *to;
	size_t size, length;
};

struct specification {
	bool left, zero;
	int width, precision; /* -1: none */
	int longs;            /* 0: int, 1 and more: 64 bits */
};

static void put(struct output *output, char c)
{
	if (output->length + 1 < output->size)
		output->to[output->length++] = c;
}

static void put_padded(struct output *output, const struct specification *spec, const char *text, size_t length)
{
	size_t width = spec->width > 0 ? (size_t)spec->width : 0;

	for (size_t i = length; !spec->left && i < width; i++)
		put(output, spec->zero ? '0' : ' ');
	for (size_t i = 0; i < length; i++)
		put(output, text[i]);
	for (size_t i = length; spec->left && i < width; i++)
		put(output, ' ');
}

static void put_number(struct output *output, struct specification spec, uint64_t value, unsigned base, bool negative)
{
	char digits[24];
	size_t at = sizeof digits;

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative && spec.zero) {
		put(output, '-');
		spec.width--;
	} else if (negative) {
		digits[--at] = '-';
	}
	put_padded(output, &spec, digits + at, sizeof digits - at);
}

static void put_string(struct output *output, struct specification spec, const char *text)
{
	size_t length = 0;

	if (!text)
		text = "(none)";
	while ((spec.precision < 0 || length < (size_t)spec.precision) && text[length])
		length++;
	spec.zero = false;
	put_padded(output, &spec, text, length);
}

static const char *read_specification(const char *at, struct specification *spec, va_list *arguments)
{
	*spec = (struct specification){.precision = -1};
	for (;; at++) {
		if (*at == '-')
			spec->left = true;
		else if (*at == '0')
			spec->zero = true;
		else
			break;
	}
	for (; *at >= '0' && *at <= '9'; at++)
		spec->width = spec->width * 10 + (*at - '0');
	if (*at == '*') {
		spec->width = va_arg(*arguments, int);
		at++;
	}
	if (*at == '.') {
		spec->precision = 0;
		if (*++at == '*') {
			spec->precision = va_arg(*arguments, int);
			at++;
		}
		for (; *at >= '0' && *at <= '9'; at++)
			spec->precision = spec->precision * 10 + (*at - '0');
	}
	for (; *at == 'l' || *at == 'z'; at++)
		spec->longs++;
	return at;
}

static void put_conversion(struct output *output, char conversion, const struct specification *spec, va_list *arguments)
{
	switch (conversion) {
	case 'd':
	case 'i': {
		int64_t value = spec->longs ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
		put_number(output, *spec, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0);
		break;
	}
	case 'u':
	case 'x': {
		uint64_t value = spec->longs ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);
		put_number(output, *spec, value, conversion == 'u' ? 10 : 16, false);
		break;
	}
	case 'p': put_number(output, *spec, va_arg(*arguments, uintptr_t), 16, false); break;
	case 'c': put(output, (char)va_arg(*arguments, int)); break;
	case 's': put_string(output, *spec, va_arg(*arguments, const char *)); break;
	default: put(output, conversion); break;
	}
}

size_t format_text_v(char *to, size_t size, const char *format, va_list arguments)
{
	struct output output = {to, size, 0};
	struct specification spec;
	va_list copy;

	va_copy(copy, arguments);
	for (const char *at = format; *at; at++) {
		if (*at != '%') {
			put(&output, *at);
			continue;
		}
		at = read_specification(at + 1, &spec, &copy);
		if (!*at)
			break;
		put_conversion(&output, *at, &spec, &copy);
	}
	va_end(copy);
	if (size)
		to[output.length] = '\0';
	return output.length;
}

size_t format_text(char *to, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	size_t length = format_text_v(to, size, format, arguments);
	va_end(arguments);
	return length;
}
