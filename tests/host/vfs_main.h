/* vfs as a part of a test. */
#pragma once

int vfs_main(void);
