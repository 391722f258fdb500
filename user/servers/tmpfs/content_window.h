/*
 * Windows: the server's own mappings of frames. There are so many at most; one more takes the place of the one that was opened
 * longest ago. They are as long as a power of two, so that a file which grows is mapped anew a few times only: a mapping may
 * reach beyond the end of its frame if the frame was longer when it was made.
 */
#pragma once

#include "user/servers/tmpfs/content.h"

/* Gives a content with a frame a window, if that is possible: then `bytes` is set. */
void window_open(struct content *content);

/* Takes it away. */
void window_close(struct content *content);
