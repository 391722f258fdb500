# The only makefile. Each folder's module.mk adds its rules; all paths are relative to here and all output is under build/,
# so that the tree may lie in a path with spaces.
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

SHELL := /bin/bash
B := build
CC := gcc
HOSTCC := gcc
CLANG := clang
MUSL_CC := musl-gcc
LD := ld
OBJCOPY := objcopy

# Builds are reproducible: the only date in them is that of the commit.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1700000000)
BUILD_ID := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wwrite-strings -Werror
CSTD := -std=gnu17
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)/= -fdebug-prefix-map=$(CURDIR)=.

# What `make` builds, what the image carries, what `make test-host` runs: filled by the modules.
ALL :=
HOST_TESTS :=

.PHONY: all
all:

include $(wildcard boot/module.mk common/module.mk kernel/module.mk user/module.mk initfs/module.mk tools/module.mk tests/module.mk)

all: $(ALL)

.PHONY: clean
clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
