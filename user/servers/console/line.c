/* Editing, echo and the two modes of line.h. */
#include "user/servers/console/line.h"

#include <string.h>

#define LINE_END 0x100u /* in the ring: an end of file, or the end of a line whose end is not read */
#define DISABLED 0u     /* a control character that is off: _POSIX_VDISABLE */

static const uint8_t default_cc[19] = {
        [CC_INTR] = 3,
        [CC_QUIT] = 28,
        [CC_ERASE] = 127,
        [CC_KILL] = 21,
        [CC_EOF] = 4,
        [CC_MIN] = 1,
        [CC_START] = 17,
        [CC_STOP] = 19,
        [CC_SUSP] = 26,
        [CC_REPRINT] = 18,
        [CC_WERASE] = 23,
        [CC_LNEXT] = 22,
};

void line_init(struct line *line, void (*show)(void *context, const char *bytes, size_t length),
        void (*signal)(void *context, uint32_t signal), void *context)
{
	memset(line, 0, sizeof *line);
	line->show = show;
	line->signal = signal;
	line->context = context;
	line->attributes.input = TTY_ICRNL | TTY_IXON;
	line->attributes.output = TTY_OPOST | TTY_ONLCR;
	line->attributes.control = 0010262; /* 115200 baud, 8 bits, receiver on: B115200 | CS8 | CREAD */
	line->attributes.local = TTY_ISIG | TTY_ICANON | TTY_ECHO | TTY_ECHOE | TTY_ECHOK | TTY_ECHOCTL | TTY_IEXTEN;
	memcpy(line->attributes.cc, default_cc, sizeof default_cc);
}

static bool local(const struct line *line, uint32_t flag)
{
	return line->attributes.local & flag;
}

static bool is_control(const struct line *line, unsigned index, uint8_t byte)
{
	return byte != DISABLED && line->attributes.cc[index] == byte;
}

static void show(struct line *line, const char *text)
{
	line->show(line->context, text, strlen(text));
}

/* Control characters are shown as ^X, and take two columns, but for tabs and newlines. */
static bool shown_as_caret(const struct line *line, uint8_t byte)
{
	return local(line, TTY_ECHOCTL) && (byte < 0x20 || byte == 0x7f) && byte != '\t' && byte != '\n';
}

static void echo(struct line *line, uint8_t byte)
{
	char text[2] = {(char)byte, 0};

	if (!local(line, TTY_ECHO) && !(byte == '\n' && local(line, TTY_ECHONL) && local(line, TTY_ICANON)))
		return;
	if (shown_as_caret(line, byte)) {
		text[0] = '^';
		text[1] = (char)(byte ^ 0x40);
		line->show(line->context, text, 2);
	} else {
		line->show(line->context, text, 1);
	}
}

static bool ready_put(struct line *line, uint16_t what)
{
	if (line->ready_length == LINE_READY_MAX)
		return false;
	line->ready[(line->ready_start + line->ready_length++) % LINE_READY_MAX] = what;
	return true;
}

static void bell(struct line *line)
{
	show(line, "\a");
}

/* The edited line becomes readable, whole or, when the ring is full, not at all. */
static void finish_line(struct line *line, bool end_of_file)
{
	if (line->edit_length + end_of_file > LINE_READY_MAX - line->ready_length) {
		bell(line);
		line->edit_length = 0;
		return;
	}
	for (uint32_t i = 0; i < line->edit_length; i++)
		ready_put(line, line->edit[i]);
	if (end_of_file)
		ready_put(line, LINE_END);
	line->edit_length = 0;
	line->ready_lines++;
}

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Where the last character of the edited line begins: a whole sequence of UTF-8, or one byte if it is none. */
static uint32_t last_character(const struct line *line)
{
	uint32_t at = line->edit_length - 1;

	while (at > 0 && line->edit_length - at < 4 && is_continuation(line->edit[at]))
		at--;
	return is_continuation(line->edit[at]) || line->edit[at] < 0x80 ? line->edit_length - 1 : at;
}

/* Columns that a byte of the line takes on the screen; a tab's depend on what stands before it. */
static uint32_t columns_until(const struct line *line, uint32_t end)
{
	uint32_t columns = 0;

	for (uint32_t i = 0; i < end; i++) {
		uint8_t byte = line->edit[i];
		if (byte == '\t')
			columns = (columns | 7) + 1;
		else if (shown_as_caret(line, byte))
			columns += 2;
		else if (!is_continuation(byte) && byte >= 0x20)
			columns++;
	}
	return columns;
}

static void erase_to(struct line *line, uint32_t start)
{
	uint32_t columns = columns_until(line, line->edit_length) - columns_until(line, start);

	line->edit_length = start;
	if (!local(line, TTY_ECHO) || !local(line, TTY_ECHOE))
		return;
	while (columns-- > 0)
		show(line, "\b \b");
}

static void erase_word(struct line *line)
{
	uint32_t at = line->edit_length;

	while (at > 0 && (line->edit[at - 1] == ' ' || line->edit[at - 1] == '\t'))
		at--;
	while (at > 0 && line->edit[at - 1] != ' ' && line->edit[at - 1] != '\t')
		at--;
	erase_to(line, at);
}

static void reprint(struct line *line)
{
	show(line, "^R\n");
	for (uint32_t i = 0; i < line->edit_length; i++)
		echo(line, line->edit[i]);
}

void line_flush(struct line *line)
{
	line->edit_length = 0;
	line->ready_length = 0;
	line->ready_lines = 0;
}

/* The signal that a key sends, 0: none. */
static uint32_t signal_of(const struct line *line, uint8_t byte)
{
	if (!local(line, TTY_ISIG))
		return 0;
	if (is_control(line, CC_INTR, byte))
		return LINE_SIGNAL_INTERRUPT;
	if (is_control(line, CC_QUIT, byte))
		return LINE_SIGNAL_QUIT;
	return is_control(line, CC_SUSP, byte) ? LINE_SIGNAL_STOP : 0;
}

static void send_signal(struct line *line, uint32_t signal, uint8_t byte)
{
	if (!local(line, TTY_NOFLSH))
		line_flush(line);
	line->held = false;
	echo(line, byte);
	line->signal(line->context, signal);
}

/* True if the byte stops or starts output. */
static bool flow(struct line *line, uint8_t byte)
{
	if (!(line->attributes.input & TTY_IXON))
		return false;
	if (is_control(line, CC_STOP, byte)) {
		line->held = true;
		return true;
	}
	bool start = is_control(line, CC_START, byte);
	if (start || line->attributes.input & TTY_IXANY)
		line->held = false;
	return start;
}

/* True if the byte edited the line instead of becoming a part of it. */
static bool edit(struct line *line, uint8_t byte)
{
	if (is_control(line, CC_ERASE, byte) || byte == '\b') {
		if (line->edit_length)
			erase_to(line, last_character(line));
	} else if (is_control(line, CC_KILL, byte)) {
		erase_to(line, 0);
	} else if (local(line, TTY_IEXTEN) && is_control(line, CC_WERASE, byte)) {
		erase_word(line);
	} else if (local(line, TTY_IEXTEN) && is_control(line, CC_REPRINT, byte)) {
		reprint(line);
	} else if (local(line, TTY_IEXTEN) && is_control(line, CC_LNEXT, byte)) {
		line->literal = true;
	} else if (is_control(line, CC_EOF, byte)) {
		finish_line(line, true);
	} else {
		return false;
	}
	return true;
}

static bool ends_line(const struct line *line, uint8_t byte)
{
	return byte == '\n' || is_control(line, CC_EOL, byte) || is_control(line, CC_EOL2, byte);
}

static void input_canonical(struct line *line, uint8_t byte)
{
	bool literal = line->literal;

	line->literal = false;
	if (!literal && edit(line, byte))
		return;
	bool ends = !literal && ends_line(line, byte);
	if (line->edit_length + !ends >= LINE_EDIT_MAX) { /* the last place is kept for the end */
		bell(line);
		return;
	}
	line->edit[line->edit_length++] = byte;
	echo(line, byte);
	if (ends)
		finish_line(line, false);
}

static void input_byte(struct line *line, uint8_t byte)
{
	if (!line->literal) {
		if (byte == '\r' && line->attributes.input & TTY_IGNCR)
			return;
		if (byte == '\r' && line->attributes.input & TTY_ICRNL)
			byte = '\n';
		else if (byte == '\n' && line->attributes.input & TTY_INLCR)
			byte = '\r';
		if (flow(line, byte))
			return;
		uint32_t signal = signal_of(line, byte);
		if (signal) {
			send_signal(line, signal, byte);
			return;
		}
	}
	if (local(line, TTY_ICANON)) {
		input_canonical(line, byte);
		return;
	}
	line->literal = false;
	if (ready_put(line, byte))
		echo(line, byte);
	else
		bell(line);
}

void line_input(struct line *line, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		input_byte(line, bytes[i]);
}

size_t line_room(const struct line *line)
{
	size_t used = line->ready_length + line->edit_length + 1; /* the mark of an end of file */

	if (local(line, TTY_ICANON) && !line->ready_lines)
		return LINE_EDIT_MAX;

	return used < LINE_READY_MAX ? LINE_READY_MAX - used : 0;
}

bool line_readable(const struct line *line)
{
	if (local(line, TTY_ICANON))
		return line->ready_lines > 0;
	uint32_t least = line->attributes.cc[CC_MIN];
	return line->ready_length > 0 && line->ready_length >= (least < LINE_READY_MAX ? least : LINE_READY_MAX);
}

static uint16_t ready_take(struct line *line)
{
	uint16_t what = line->ready[line->ready_start];

	line->ready_start = (line->ready_start + 1) % LINE_READY_MAX;
	line->ready_length--;
	return what;
}

size_t line_read(struct line *line, uint8_t *to, size_t size)
{
	bool canonical = local(line, TTY_ICANON);
	size_t length = 0;

	while (length < size && line->ready_length > 0) {
		uint16_t what = ready_take(line);
		if (what != LINE_END)
			to[length++] = (uint8_t)what;
		if (canonical && (what == LINE_END || ends_line(line, (uint8_t)what))) {
			line->ready_lines -= line->ready_lines > 0;
			return length;
		}
	}
	/* A line that ended by EOF and was read to its last byte: the mark behind it is no end of file of its own. */
	if (canonical && length && line->ready_length > 0 && line->ready[line->ready_start] == LINE_END) {
		ready_take(line);
		line->ready_lines -= line->ready_lines > 0;
	}
	return length;
}

size_t line_available(const struct line *line)
{
	size_t length = 0;

	if (local(line, TTY_ICANON) && line->ready_lines == 0)
		return 0;
	for (uint32_t i = 0; i < line->ready_length; i++) {
		uint16_t what = line->ready[(line->ready_start + i) % LINE_READY_MAX];
		if (what != LINE_END)
			length++;
		if (local(line, TTY_ICANON) && (what == LINE_END || ends_line(line, (uint8_t)what)))
			break;
	}
	return length;
}

/* What nobody has read yet can be taken byte by byte now: ends of file go, the line under edit joins. */
static void become_raw(struct line *line)
{
	uint32_t count = line->ready_length;

	for (uint32_t i = 0; i < count; i++) {
		uint16_t what = ready_take(line);
		if (what != LINE_END)
			ready_put(line, what);
	}
	for (uint32_t i = 0; i < line->edit_length; i++)
		ready_put(line, line->edit[i]);
	line->edit_length = 0;
	line->ready_lines = 0;
}

/* What was typed and not read is cut into lines; a last one without an end stands as it is. */
static void become_canonical(struct line *line)
{
	bool open = false;

	line->ready_lines = 0;
	for (uint32_t i = 0; i < line->ready_length; i++) {
		uint16_t what = line->ready[(line->ready_start + i) % LINE_READY_MAX];
		open = !ends_line(line, (uint8_t)what);
		line->ready_lines += !open;
	}
	if (open && (ready_put(line, LINE_END) || line->ready_lines == 0))
		line->ready_lines++;
}

void line_set_attributes(struct line *line, const struct tty_attributes *attributes, bool flush)
{
	bool was_canonical = local(line, TTY_ICANON);

	line->attributes = *attributes;
	if (!(attributes->input & TTY_IXON))
		line->held = false;
	if (flush)
		line_flush(line);
	if (was_canonical && !local(line, TTY_ICANON))
		become_raw(line);
	else if (!was_canonical && local(line, TTY_ICANON))
		become_canonical(line);
}
