/* Archives for the tests of initfsd, and initfsd with one. What includes it needs build/tools/initfs_pack. */
#pragma once

#include "fake/calls.h"
#include "tar_builder.h"

/* Packs a folder of files, directories, and links of every kind, among them 3,000 names in /many. */
void packed_make(struct tar_builder *out);

/* As the zstd program does with a file; the caller frees *out. */
size_t packed_compress(const struct tar_builder *archive, void **out);

/* initfsd with these compressed bytes, and a session with it; `announced` is the length that it is told. */
struct fake_process *packed_start(const void *bytes, size_t length, size_t announced, handle_t *out_session);
