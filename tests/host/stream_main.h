/* streamd as a part of a test. */
#pragma once

int stream_main(void);
