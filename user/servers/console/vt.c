/*
 * Control sequences: ESC [ parameters final byte (ECMA-48, section 5.4), and ESC 7, ESC 8, ESC c. Others are read to their end and
 * do nothing.
 */
#include "user/servers/console/vt.h"

enum { TEXT, ESCAPE, SEQUENCE, PRIVATE, STRING, STRING_ESCAPE };

#define ESC 0x1b

void vt_init(struct vt *vt, struct screen *screen)
{
	*vt = (struct vt){.screen = screen};
	screen->cursor_visible = true;
}

/* Parameter i, or 1 where it is absent or zero: a count. */
static uint32_t count(const struct vt *vt, unsigned i)
{
	return i < vt->parameter_count && vt->parameters[i] ? vt->parameters[i] : 1;
}

static uint32_t selector(const struct vt *vt)
{
	return vt->parameter_count ? vt->parameters[0] : 0;
}

static void move_by(struct screen *screen, int64_t rows, int64_t columns)
{
	int64_t row = (int64_t)screen->row + rows, column = (int64_t)screen->column + columns;

	screen_move(screen, row < 0 ? 0 : (uint32_t)row, column < 0 ? 0 : (uint32_t)column);
}

/* ED, 8.3.39 */
static void erase_in_page(struct screen *screen, uint32_t which)
{
	uint32_t last = screen->rows - 1;

	if (which == 0)
		screen_clear(screen, screen->row, screen->column, last, screen->columns);
	else if (which == 1)
		screen_clear(screen, 0, 0, screen->row, screen->column + 1);
	else
		screen_clear(screen, 0, 0, last, screen->columns);
}

/* EL, 8.3.41 */
static void erase_in_line(struct screen *screen, uint32_t which)
{
	uint32_t from = which == 0 ? screen->column : 0;
	uint32_t to = which == 1 ? screen->column + 1 : screen->columns;

	screen_clear(screen, screen->row, from, screen->row, to);
}

/* SGR, 8.3.117 */
static void select_rendition(struct vt *vt)
{
	struct screen *screen = vt->screen;

	for (unsigned i = 0; i < vt->parameter_count || i == 0; i++) {
		uint32_t what = i < vt->parameter_count ? vt->parameters[i] : 0;
		if (what == 0) {
			screen->foreground = 7;
			screen->background = 0;
		} else if (what == 1) {
			screen->foreground |= 8;
		} else if (what == 7) {
			screen->foreground = 0;
			screen->background = 7;
		} else if (what == 22) {
			screen->foreground &= 7;
		} else if (what == 27 || what == 39) {
			screen->foreground = 7;
			screen->background = what == 27 ? 0 : screen->background;
		} else if (what >= 30 && what <= 37) {
			screen->foreground = (uint8_t)((screen->foreground & 8) | (what - 30));
		} else if (what >= 40 && what <= 47) {
			screen->background = (uint8_t)(what - 40);
		} else if (what == 49) {
			screen->background = 0;
		} else if (what >= 90 && what <= 97) {
			screen->foreground = (uint8_t)(what - 90 + 8);
		}
	}
}

static void run_sequence(struct vt *vt, uint8_t final)
{
	struct screen *screen = vt->screen;

	switch (final) {
	case 'A': move_by(screen, -(int64_t)count(vt, 0), 0); break;
	case 'B': move_by(screen, count(vt, 0), 0); break;
	case 'C': move_by(screen, 0, count(vt, 0)); break;
	case 'D': move_by(screen, 0, -(int64_t)count(vt, 0)); break;
	case 'G': screen_move(screen, screen->row, count(vt, 0) - 1); break;
	case 'd': screen_move(screen, count(vt, 0) - 1, screen->column); break;
	case 'H':
	case 'f': screen_move(screen, count(vt, 0) - 1, count(vt, 1) - 1); break;
	case 'J': erase_in_page(screen, selector(vt)); break;
	case 'K': erase_in_line(screen, selector(vt)); break;
	case 'm': select_rendition(vt); break;
	default: break;
	}
}

static void run_private(struct vt *vt, uint8_t final)
{
	if (selector(vt) == 25 && (final == 'h' || final == 'l'))
		vt->screen->cursor_visible = final == 'h';
}

static void run_escape(struct vt *vt, uint8_t byte)
{
	struct screen *screen = vt->screen;

	if (byte == '7') {
		vt->saved_row = screen->row;
		vt->saved_column = screen->column;
	} else if (byte == '8') {
		screen_move(screen, vt->saved_row, vt->saved_column);
	} else if (byte == 'c') {
		screen->foreground = 7;
		screen->background = 0;
		erase_in_page(screen, 2);
		screen_move(screen, 0, 0);
	}
}

static void add_digit(struct vt *vt, uint8_t digit)
{
	if (vt->parameter_count == 0)
		vt->parameter_count = 1;
	uint16_t *parameter = &vt->parameters[vt->parameter_count - 1];
	if (*parameter < 6000)
		*parameter = (uint16_t)(*parameter * 10 + (digit - '0'));
}

static void begin_sequence(struct vt *vt)
{
	vt->state = SEQUENCE;
	vt->parameter_count = 0;
	for (unsigned i = 0; i < VT_PARAMETERS; i++)
		vt->parameters[i] = 0;
}

static void in_sequence(struct vt *vt, uint8_t byte)
{
	if (byte >= '0' && byte <= '9') {
		add_digit(vt, byte);
	} else if (byte == ';') {
		if (vt->parameter_count == 0)
			vt->parameter_count = 1;
		if (vt->parameter_count < VT_PARAMETERS)
			vt->parameter_count++;
	} else if (byte == '?' || byte == '>' || byte == '=') {
		vt->state = PRIVATE;
	} else if (byte >= 0x40 && byte < 0x7f) {
		if (vt->state == PRIVATE)
			run_private(vt, byte);
		else
			run_sequence(vt, byte);
		vt->state = TEXT;
	}
}

static void step(struct vt *vt, uint8_t byte)
{
	switch (vt->state) {
	case ESCAPE:
		if (byte == '[') {
			begin_sequence(vt);
		} else if (byte == ']' || byte == 'P') {
			vt->state = STRING;
		} else {
			run_escape(vt, byte);
			vt->state = TEXT;
		}
		break;
	case SEQUENCE:
	case PRIVATE: in_sequence(vt, byte); break;
	case STRING: vt->state = byte == ESC ? STRING_ESCAPE : byte == '\a' ? TEXT : STRING; break;
	default: vt->state = byte == '\\' ? TEXT : STRING; break;
	}
}

void vt_write(struct vt *vt, const char *bytes, size_t length)
{
	size_t start = 0;

	for (size_t i = 0; i < length; i++) {
		uint8_t byte = (uint8_t)bytes[i];
		if (vt->state == TEXT && byte != ESC)
			continue;
		if (vt->state == TEXT) {
			screen_write(vt->screen, bytes + start, i - start);
			vt->state = ESCAPE;
		} else {
			step(vt, byte);
		}
		start = i + 1;
	}
	if (vt->state == TEXT && start < length)
		screen_write(vt->screen, bytes + start, length - start);
}
