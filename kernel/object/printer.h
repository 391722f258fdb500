/*
 * Who prints the log while no process has claimed the console: a task of the kernel's own, in steps between which interrupts and
 * other tasks get their turn. It sleeps while the UART is busy, and draws the screen ten times a second at most, so
 * that a boot does not wait for pictures of lines that come faster than anybody reads.
 */
#pragma once

/* From here on lines are printed by the task, which runs as soon as tasks do. */
void printer_start(void);

/* There may be something to print. */
void printer_wake(void);
