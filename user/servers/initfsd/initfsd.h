/* The server of initfs: a part of root's ELF file, which root starts a second time without its authority. */
#pragma once

/*
 * Decompresses and serves until its receiver fails; the answer is the process's exit status. Grants: "initfs", a frame with the
 * compressed archive, whose length in bytes is argument 1; "export.initfs", the receiver; "log".
 */
int initfsd_main(void);
