/*
 * Registers change once a second while UIP is set, for 2 ms at most, and need not be right then: they are read between two looks at
 * UIP until two readings agree. The year has two digits; where the byte that most firmware keeps the century in holds none, years
 * from 70 on are of the 20th.
 */
#include "user/servers/timed/cmos.h"

#include <stddef.h>
#include <string.h>

#include "common/calendar.h"

enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, CENTURY, FIELDS };

static const uint8_t places[FIELDS] = {0x00, 0x02, 0x04, 0x07, 0x08, 0x09, 0x32};

#define WEEKDAY 0x06u
#define REGISTER_A 0x0au
#define A_UPDATING 0x80u /* UIP */
#define REGISTER_B 0x0bu
#define B_24_HOURS 0x02u
#define B_BINARY 0x04u /* DM */
#define B_SET 0x80u    /* no updates */
#define REGISTER_D 0x0du
#define D_VALID 0x80u /* VRT */
#define HOUR_PM 0x80u

#define UPDATE_LOOKS 20000u /* some 20 ms: a look takes a microsecond */
#define READINGS 10u

static bool wait_for_update(const struct cmos *cmos)
{
	for (uint32_t i = 0; i < UPDATE_LOOKS; i++)
		if (!(cmos->read(REGISTER_A) & A_UPDATING))
			return true;
	return false;
}

static bool read_fields(const struct cmos *cmos, uint8_t out[FIELDS])
{
	if (!wait_for_update(cmos))
		return false;
	for (size_t i = 0; i < FIELDS; i++)
		out[i] = cmos->read(places[i]);
	return true;
}

static bool read_steady(const struct cmos *cmos, uint8_t out[FIELDS])
{
	uint8_t again[FIELDS];
	for (uint32_t i = 0; i < READINGS; i++) {
		if (!read_fields(cmos, out) || !read_fields(cmos, again))
			return false;
		if (!memcmp(out, again, FIELDS))
			return true;
	}
	return false;
}

/* 255, which no field can be, if the digits are none. */
static uint32_t number(uint8_t byte, uint8_t b)
{
	if (b & B_BINARY)
		return byte;
	return (byte & 15) > 9 || byte >> 4 > 9 ? 255 : (byte >> 4) * 10u + (byte & 15);
}

static uint8_t digits(uint32_t value, uint8_t b)
{
	return (uint8_t)(b & B_BINARY ? value : value / 10 << 4 | value % 10);
}

static bool is_century(uint32_t value)
{
	return value >= 19 && value <= 20;
}

/* 12 AM is 0 and 12 PM is 12. */
static uint32_t hour_of(uint8_t byte, uint8_t b)
{
	if (b & B_24_HOURS)
		return number(byte, b);
	uint32_t hour = number(byte & (uint8_t)~HOUR_PM, b);
	return hour < 1 || hour > 12 ? 255 : hour % 12 + (byte & HOUR_PM ? 12 : 0);
}

static uint8_t hour_byte(uint32_t hour, uint8_t b)
{
	if (b & B_24_HOURS)
		return digits(hour, b);
	return digits(hour % 12 ? hour % 12 : 12, b) | (hour >= 12 ? HOUR_PM : 0);
}

bool cmos_read(const struct cmos *cmos, uint64_t *out_seconds)
{
	uint8_t fields[FIELDS], b = cmos->read(REGISTER_B);
	if (!(cmos->read(REGISTER_D) & D_VALID) || !read_steady(cmos, fields))
		return false;
	uint32_t year = number(fields[YEAR], b), century = number(fields[CENTURY], b);
	if (year > 99)
		return false;
	struct calendar_time time = {
	        .year = (is_century(century)         ? century
	                                : year >= 70 ? 19
	                                             : 20) *
	                        100 +
	                year,
	        .month = number(fields[MONTH], b),
	        .day = number(fields[DAY], b),
	        .hour = hour_of(fields[HOUR], b),
	        .minute = number(fields[MINUTE], b),
	        .second = number(fields[SECOND], b),
	        .zone = CALENDAR_ZONE_UNKNOWN,
	};
	uint64_t seconds = calendar_seconds(&time);
	if (!seconds)
		return false;
	*out_seconds = seconds;
	return true;
}

bool cmos_write(const struct cmos *cmos, uint64_t seconds)
{
	const uint64_t year_2100 = 4102444800u;
	if (seconds >= year_2100)
		return false;
	struct calendar_time time = calendar_of_seconds(seconds);
	uint8_t b = cmos->read(REGISTER_B);
	bool has_century = is_century(number(cmos->read(places[CENTURY]), b));
	cmos->write(REGISTER_B, b | B_SET);
	cmos->write(places[SECOND], digits(time.second, b));
	cmos->write(places[MINUTE], digits(time.minute, b));
	cmos->write(places[HOUR], hour_byte(time.hour, b));
	cmos->write(WEEKDAY, (uint8_t)(1 + (seconds / 86400 + 4) % 7)); /* 1 is Sunday; 1970 began on a Thursday */
	cmos->write(places[DAY], digits(time.day, b));
	cmos->write(places[MONTH], digits(time.month, b));
	cmos->write(places[YEAR], digits(time.year % 100, b));
	if (has_century)
		cmos->write(places[CENTURY], digits(time.year / 100, b));
	cmos->write(REGISTER_B, b & (uint8_t)~B_SET);
	return true;
}
