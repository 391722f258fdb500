/* For machine.c: once on each CPU, before a thread runs there. */
#pragma once

/* Chooses the states to keep and sets them to defaults. After features_enable. */
void fpu_init(void);
