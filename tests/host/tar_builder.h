/* Archives for tests, member by member, good ones and such as can be broken afterwards. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tar_builder {
	uint8_t *bytes;
	size_t size;
};

static inline uint8_t *tar_builder_room(struct tar_builder *builder, size_t size)
{
	builder->bytes = realloc(builder->bytes, builder->size + size);
	if (!builder->bytes)
		abort();
	builder->size += size;
	return memset(builder->bytes + builder->size - size, 0, size);
}

/* Makes the checksum of the header at `offset` right again. */
static inline void tar_builder_sum(struct tar_builder *builder, size_t offset)
{
	uint8_t *header = builder->bytes + offset;
	unsigned sum = 0;
	memset(header + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
}

/* Appends a header and the content, filled up to a block; answers the header's offset. */
static inline size_t tar_builder_add(
        struct tar_builder *builder, char type, const char *name, const char *link, const void *content, size_t size)
{
	size_t offset = builder->size;
	char *header = (char *)tar_builder_room(builder, 512);
	memcpy(header, name, strnlen(name, 100));
	memcpy(header + 100, "0000644", 8);
	snprintf(header + 124, 12, "%011zo", size);
	memcpy(header + 136, "00000000005", 12);
	header[156] = type;
	memcpy(header + 157, link, strnlen(link, 100));
	memcpy(header + 257, "ustar\00000", 8);
	tar_builder_sum(builder, offset);
	if (size)
		memcpy(tar_builder_room(builder, (size + 511) / 512 * 512), content, size);
	return offset;
}

static inline size_t tar_builder_add_file(struct tar_builder *builder, const char *name, const char *content)
{
	return tar_builder_add(builder, '0', name, "", content, strlen(content));
}

/* A pax header with these records, as they are. */
static inline size_t tar_builder_add_pax(struct tar_builder *builder, const char *records)
{
	return tar_builder_add(builder, 'x', "PaxHeaders/x", "", records, strlen(records));
}

static inline void tar_builder_end(struct tar_builder *builder)
{
	tar_builder_room(builder, 1024);
}

static inline void tar_builder_free(struct tar_builder *builder)
{
	free(builder->bytes);
	*builder = (struct tar_builder){0};
}
