/* tmpfs as a part of a test. */
#pragma once

int tmpfs_main(void);
