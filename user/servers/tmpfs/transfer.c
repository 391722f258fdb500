/*
 * Reading and writing. Data goes between the caller's buffer and the pages of the file in one copy by the kernel, where the file
 * has a window (content.h); else through a buffer.
 *
 * The compiler does not name what is changed here (module.mk): state_keep() does.
 */
#include "abi/proto/fs.h"
#include "user/servers/tmpfs/tmpfs.h"

static char bounce[CONTENT_BUFFER];

static void move(struct open_file *file, uint64_t position)
{
	state_keep(&file->position, sizeof file->position);
	file->position = position;
}

/* The open file, if it may be used so. */
static status_t check(struct request *request, uint32_t access, uint64_t room, struct open_file **out)
{
	struct open_file *file = file_of(request);
	if (!file)
		return ERR_NOT_SUPPORTED;
	if (!(file->flags & access))
		return ERR_DENIED;
	if (file->node->kind == FS_KIND_DIRECTORY)
		return ERR_IS_DIRECTORY;
	if (file->node->kind != FS_KIND_FILE)
		return ERR_NOT_SUPPORTED;
	if (request->word[0] > room)
		return ERR_BAD_ARGUMENT;
	*out = file;
	return ERR_OK;
}

/* To the caller's buffer: as much as there is, up to `length`. */
static status_t read_at(struct request *request, struct node *node, uint64_t position, uint64_t length)
{
	uint64_t done = 0, part;
	const char *bytes;
	while (done < length) {
		status_t status = content_read(&node->content, position + done, length - done, &bytes, &part);
		if (!status && !part)
			break;
		/* A window is for the kernel to touch (content.h); what lies in the heap can go along with the answer. */
		if (!status)
			status = node->content.frame ? reply_write_bytes(request->reply, done, bytes, part)
			                             : request_write(request, done, bytes, part);
		if (status && !done)
			return status;
		if (status)
			break;
		done += part;
	}
	node_touch_accessed(node);
	request->answer.word[0] = done;
	return ERR_OK;
}

status_t transfer_pread(struct request *request)
{
	struct open_file *file;
	status_t status = check(request, OPEN_READ, request->writable, &file);
	return status ? status : read_at(request, file->node, request->word[1], request->word[0]);
}

status_t transfer_read(struct request *request)
{
	struct open_file *file;
	status_t status = check(request, OPEN_READ, request->writable, &file);
	if (!status)
		status = read_at(request, file->node, file->position, request->word[0]);
	if (!status)
		move(file, file->position + request->answer.word[0]);
	return status;
}

/* From the caller's buffer through ours, which also tells why a copy straight to the pages has failed. */
static status_t write_bounced(struct request *request, struct content *content, uint64_t position, uint64_t offset,
        uint64_t length, uint64_t *out_written)
{
	uint64_t copied = 0;
	if (length > sizeof bounce)
		length = sizeof bounce;
	status_t status = sys_reply_read(request->reply, offset, bounce, length, &copied);
	if (!status && !copied)
		status = ERR_BAD_ADDRESS;
	return status ? status : content_write(content, position, bounce, copied, out_written);
}

/* One piece of a write; *out_written is not 0. */
static status_t write_piece(
        struct request *request, struct node *node, uint64_t position, uint64_t offset, uint64_t length, uint64_t *out_written)
{
	struct content *content = &node->content;
	uint64_t room, written = 0;
	char *bytes;
	status_t status = content_prepare(content, &node->volume->space, position, length, &bytes, &room);
	if (status)
		return status;
	if (bytes)
		status = sys_reply_read(request->reply, offset, bytes, room, &written);
	if (!bytes || status == ERR_BAD_ADDRESS || (!status && !written))
		status = write_bounced(request, content, position, offset, room, &written);
	if (!status && !written)
		status = ERR_BAD_ADDRESS;
	content_commit(content, &node->volume->space, position, status ? 0 : written);
	*out_written = written;
	return status;
}

static status_t write_at(struct request *request, struct node *node, uint64_t position, uint64_t length)
{
	uint64_t done = 0, written;
	if (length > UINT64_MAX - position)
		return ERR_FILE_TOO_LARGE;
	while (done < length) {
		status_t status = write_piece(request, node, position + done, done, length - done, &written);
		if (status && !done)
			return status;
		if (status)
			break;
		done += written;
	}
	if (done) {
		state_keep(&node->mode, sizeof node->mode);
		node->mode &= ~06000u & 07777u; /* who writes takes no rights over */
		node_touch_modified(node);
	}
	request->answer.word[0] = done;
	return ERR_OK;
}

status_t transfer_pwrite(struct request *request)
{
	struct open_file *file;
	status_t status = check(request, OPEN_WRITE, request->readable, &file);
	if (status)
		return status;
	/* Linux appends even so, and programs are used to it. */
	uint64_t position = file->flags & OPEN_APPEND ? file->node->content.size : request->word[1];
	return write_at(request, file->node, position, request->word[0]);
}

status_t transfer_write(struct request *request)
{
	struct open_file *file;
	status_t status = check(request, OPEN_WRITE, request->readable, &file);
	if (status)
		return status;
	uint64_t position = file->flags & OPEN_APPEND ? file->node->content.size : file->position;
	status = write_at(request, file->node, position, request->word[0]);
	if (!status)
		move(file, position + request->answer.word[0]);
	return status;
}
