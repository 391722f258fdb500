/*
 * timed's reading and writing of a CMOS clock, against one that is made up here.
 *
 * sources: user/servers/timed/cmos.c common/calendar.c
 */
#include "user/servers/timed/cmos.h"

#include <string.h>
#include <time.h>

#include "tests/host/check.h"

static uint8_t memory[128];
static unsigned looks, updating_until, changes_at; /* looks at register A */
static bool stopped_while_set;

static uint8_t read_memory(uint8_t index)
{
	if (index == 0x0a) {
		looks++;
		return looks < updating_until ? 0x80 : 0x26;
	}
	uint8_t value = memory[index];
	if (index == 0 && changes_at && --changes_at == 0) { /* the minute changes between two bytes */
		memory[0] = 0;
		memory[2] = memory[2] + 1;
	}
	return value;
}

static void write_memory(uint8_t index, uint8_t value)
{
	if (index != 0x0b && !(memory[0x0b] & 0x80))
		stopped_while_set = false;
	memory[index] = value;
}

static const struct cmos cmos = {read_memory, write_memory};

static void show(
        uint8_t b, uint8_t century, uint8_t year, uint8_t month, uint8_t day, uint8_t hour, uint8_t minute, uint8_t second)
{
	memset(memory, 0, sizeof memory);
	looks = updating_until = changes_at = 0;
	memory[0] = second, memory[2] = minute, memory[4] = hour;
	memory[7] = day, memory[8] = month, memory[9] = year, memory[0x32] = century;
	memory[0x0b] = b, memory[0x0d] = 0x80;
}

static bool reads(uint64_t seconds)
{
	uint64_t read = 0;
	return cmos_read(&cmos, &read) && read == seconds;
}

static bool refuses(void)
{
	uint64_t read;
	return !cmos_read(&cmos, &read);
}

#define BCD 0x02
#define BINARY 0x06
#define HALVES 0x00

static void test_forms(void)
{
	check_begin("cmos.decimal_and_binary_digits_are_read");
	show(BCD, 0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58);
	CHECK(reads(1709251198));
	show(BINARY, 20, 24, 2, 29, 23, 59, 58);
	CHECK(reads(1709251198));
	check_begin("cmos.halves_of_days_are_read");
	show(HALVES, 0x20, 0x24, 0x02, 0x29, 0x12, 0x00, 0x00);
	CHECK(reads(1709164800));
	show(HALVES, 0x20, 0x24, 0x02, 0x29, 0x92, 0x00, 0x00);
	CHECK(reads(1709164800 + 12 * 3600));
	show(HALVES | 4, 20, 24, 2, 29, 0x80 | 11, 0, 0);
	CHECK(reads(1709164800 + 23 * 3600));
	check_begin("cmos.a_year_without_a_century_is_near");
	show(BCD, 0xff, 0x70, 0x01, 0x01, 0x00, 0x00, 0x01);
	CHECK(reads(1));
	show(BCD, 0x00, 0x69, 0x01, 0x01, 0x00, 0x00, 0x00);
	CHECK(reads(3124224000));
	show(BCD, 0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59);
	CHECK(reads(946684799));
}

static void test_updates(void)
{
	check_begin("cmos.an_update_is_waited_for");
	show(BCD, 0x20, 0x24, 0x02, 0x29, 0x00, 0x00, 0x00);
	updating_until = 500;
	CHECK(reads(1709164800) && looks >= 500);
	check_begin("cmos.one_that_never_ends_is_given_up");
	show(BCD, 0x20, 0x24, 0x02, 0x29, 0x00, 0x00, 0x00);
	updating_until = 4000000000u;
	CHECK(refuses() && looks < 100000);
	check_begin("cmos.a_change_between_two_bytes_is_noticed");
	show(BCD, 0x20, 0x24, 0x02, 0x29, 0x00, 0x00, 0x59);
	changes_at = 1;
	CHECK(reads(1709164800 + 60));
}

static void test_nonsense(void)
{
	check_begin("cmos.nonsense_is_refused");
	show(BCD, 0x20, 0x24, 0x02, 0x30, 0x00, 0x00, 0x00);
	CHECK(refuses());
	show(BCD, 0x20, 0x24, 0x00, 0x01, 0x00, 0x00, 0x00);
	CHECK(refuses());
	show(BCD, 0x20, 0x2a, 0x01, 0x01, 0x00, 0x00, 0x00);
	CHECK(refuses());
	show(BCD, 0x20, 0x24, 0x01, 0x01, 0x24, 0x00, 0x00);
	CHECK(refuses());
	show(HALVES, 0x20, 0x24, 0x01, 0x01, 0x00, 0x00, 0x00);
	CHECK(refuses());
	memset(memory, 0xff, sizeof memory);
	CHECK(refuses());
	check_begin("cmos.an_empty_battery_is_no_date");
	show(BCD, 0x20, 0x24, 0x02, 0x29, 0x00, 0x00, 0x00);
	memory[0x0d] = 0;
	CHECK(refuses());
}

static void test_writing(void)
{
	static const uint8_t forms[] = {BCD, BINARY, HALVES, HALVES | 4};
	check_begin("cmos.what_is_written_is_read_in_every_form");
	for (size_t i = 0; i < sizeof forms; i++)
		for (uint64_t at = 86399; at < 4102444800u; at += 86400 * 37 + 3541) {
			time_t time = (time_t)at;
			struct tm tm;
			show(forms[i], forms[i] & 4 ? 20 : 0x20, 0, 1, 1, 0, 0, 0);
			stopped_while_set = true;
			CHECK(cmos_write(&cmos, at) && reads(at) && stopped_while_set && memory[0x0b] == forms[i]);
			CHECK(memory[6] == 1 + gmtime_r(&time, &tm)->tm_wday);
		}
	check_begin("cmos.a_byte_that_is_no_century_stays");
	show(BCD, 0xa5, 0x24, 0x02, 0x29, 0x00, 0x00, 0x00);
	CHECK(cmos_write(&cmos, 1709164800) && memory[0x32] == 0xa5);
	check_begin("cmos.years_that_two_digits_can_not_tell_are_refused");
	CHECK(!cmos_write(&cmos, 4102444800u));
}

int main(void)
{
	test_forms();
	test_updates();
	test_nonsense();
	test_writing();
	return check_result();
}
