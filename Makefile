# The only makefile. Each folder's module.mk adds its rules; all paths are relative to here and all output is under build/,
# so that the tree may lie in a path with spaces. `make help` says what can be typed.
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
REPRODUCIBLE := '-ffile-prefix-map=$(subst ','\'',$(CURDIR))/=' '-fdebug-prefix-map=$(subst ','\'',$(CURDIR))=.'

# A rule that compiles or links has the makefiles that set its flags among its prerequisites.

# What `make` builds and what the image carries (pairs path-in-image=file); filled by the modules.
ALL :=
INITFS_FILES :=

.PHONY: all FORCE
all:

# $(call text_file,PATH,TEXT) is the recipe of a file that changes only when the text does: rules whose result depends on a
# variable name such a file, with FORCE as its prerequisite.
text_file = @mkdir -p $(dir $1); echo '$(subst ','\'',$2)' | cmp -s - $1 || echo '$(subst ','\'',$2)' >$1

# initfs, esp and tests/conformance come last: they carry what the others built.
include $(wildcard $(addsuffix /module.mk,boot common kernel user tools tests initfs esp tests/conformance))

all: $(ALL)

.PHONY: run test test-host image flash check bench conformance setup
run test image check bench conformance setup:
	@scripts/$@
test-host:
	@scripts/test host
flash:
	@scripts/flash $(if $(FORCE_FLASH),--force )'$(DEVICE)'

# 10,000 processes one after another and 1,000 at a time leave nothing; scripts/test has a part of it.
.PHONY: leaks
leaks: boot-tests
	HEARTH_LEAKS='10000 1000' tests/boot/run processes_leave_nothing

# Random Linux calls for three minutes; on failure the same seed makes the same calls (SEED=).
.PHONY: nonsense
SEED = $(shell date +%s)
nonsense: boot-tests
	HEARTH_RANDOM_CALLS='300 $(SEED)' tests/boot/run calls_without_sense_harm_nobody

# For scripts that compile a file as the makefiles would.
.PHONY: print-%
print-%:
	@echo $($*)

.PHONY: clean
clean:
	rm -rf $(B)

.PHONY: help
help:
	@scripts/help

-include $(shell find $(B) -path $(B)/payload -prune -o -path $(B)/apt -prune -o -type f -name '*.d' -print 2>/dev/null)
