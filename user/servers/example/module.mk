example_CFLAGS := $(STATE_CFLAGS)
