/*
 * The manifest of a program: an ELF note of owner "Hearth" and type 1 whose content is text, one statement a line.
 *
 *   name NAME                      as in the log
 *   import NAME                    a sender of that name in the starter's namespace, or one of:
 *   import log | log.read | log.claim | machine | group | linux | time | initfs | framebuffer | bootinfo |
 *          prompt                a notify: by MANIFEST_PROMPT_BIT the console says that a program waits for input (boot times)
 *   import ioport FIRST COUNT      granted as "ioport.FIRST", FIRST in hexadecimal without 0x
 *   import irq LINE                an ISA line, granted as "irq.LINE": an irq, to be bound to a notify of the program's (irq_bind)
 *   import ... optional            before the line's end: the program starts without it too
 *   export NAME                    a receiver, granted as "export.NAME"; the starter keeps the minting of senders
 *   restart never | always         what the supervisor does at its end
 *
 * It is a request. What the starter cannot reach is not granted; a missing import that is not optional is a refusal to start.
 */
#pragma once

#define MANIFEST_OWNER "Hearth"
#define MANIFEST_TYPE 1
#define MANIFEST_MAX 4096 /* bytes of text */
#define MANIFEST_PROMPT_BIT 0x4ull

/* HEARTH_MANIFEST("name power\nimport ioport b000 64\nexport power\n") once in a program. */
#define HEARTH_MANIFEST(text) \
	__attribute__((section(".note.hearth"), used, aligned(4))) static const struct { \
		unsigned owner_size, content_size, type; \
		char owner[8]; \
		char content[(sizeof(text) + 3) & ~3ul]; \
	} hearth_manifest = {sizeof(MANIFEST_OWNER), sizeof(text), MANIFEST_TYPE, MANIFEST_OWNER, text}
