# What loader, kernel and programs share as source. Freestanding, so that each of them compiles it with its own flags.
COMMON_SOURCES := common/chacha.c common/elf.c common/font.c common/screen.c
