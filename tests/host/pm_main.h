/* pm as a part of a test. */
#pragma once

int pm_main(void);
