#pragma once

/* Chooses the states to keep and sets them to defaults. After features_enable. */
void fpu_init(void);
