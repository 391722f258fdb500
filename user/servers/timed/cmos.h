/*
 * The clock of the PC's CMOS memory, an MC146818 or what behaves like one (Motorola's data sheet; Intel's chipsets: "RTC registers").
 * Pure: how its registers are reached is the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cmos {
	uint8_t (*read)(uint8_t index);
	void (*write)(uint8_t index, uint8_t value);
};

/* Seconds since 1970 of what it shows, taken as UTC. False if it shows no date or its battery was empty. */
bool cmos_read(const struct cmos *cmos, uint64_t *out_seconds);

/* Sets it, in the form that it is in (BCD or binary, 12 or 24 hours). False for a date before 1970 or after 2099. */
bool cmos_write(const struct cmos *cmos, uint64_t seconds);
