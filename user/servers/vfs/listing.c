/*
 * Directories that mount points lie below. The file system lists what it has, and vfs adds the mount points, in the place of
 * names that the file system has there too. Such a directory need not be in the file system at all.
 *
 * The directory is opened here, at the file system, and the client is given a sender of vfs's own: listing and seeking are done
 * here, everything else is handed on. These are the only calls that vfs makes itself, with a deadline, to file systems that have
 * mounts below them.
 */
#include "user/lib/deadline.h"
#include "user/lib/fs.h"
#include "user/servers/vfs/vfs.h"

#define POSITION_MOUNTS (1ull << 62) /* positions from here on are numbers of mount points */
#define BUFFER_SIZE 8192u

struct listing {
	enum object_kind kind; /* OBJECT_LISTING */
	handle_t inner;        /* the file system's open directory, HANDLE_NONE: it has none */
	struct mounts mounts;  /* as they were at the opening, without handles */
	bool at_mounts;        /* the file system's names have all been told */
	unsigned next_mount;
	uint64_t told;  /* names of the file system's */
	uint64_t place; /* in the file system's directory, behind those */
	uint64_t life;  /* of this server in which that directory stands there, at the latest */
	size_t length;
	char path[];
};

static uint64_t life;

void listing_begin(void)
{
	life = server_timer_now();
}

static struct listing *listing_of(const struct request *request)
{
	struct listing *listing = request->object;
	return listing && listing->kind == OBJECT_LISTING ? listing : NULL;
}

void listing_fill_stat(struct fs_stat *out)
{
	*out = (struct fs_stat){
	        .file_system = control_block()->process_number,
	        .file = 1,
	        .kind = FS_KIND_DIRECTORY,
	        .mode = 0755,
	        .links = 2,
	        .block_size = 4096,
	};
}

void listing_close(void *object)
{
	struct listing *listing = object;
	if (listing->inner)
		state_close(listing->inner);
	mounts_free(&listing->mounts);
	state_free(listing);
}

/* The file system's part of a listing; it may have none. What is no directory is handed to the client as it is: *out_kind. */
static status_t open_inner(
        struct request *request, const char *path, const struct mount_place *place, handle_t *out, uint32_t *out_kind)
{
	struct fs_opened opened;
	const char *rest = path + place->mount->length;
	if (place->exact)
		rest = "";
	status_t status = fs_open(
	        place->mount->file_system, rest, (uint32_t)request->word[2], 0, deadline_in_ms(VFS_PATIENCE_MS), &opened);
	*out = HANDLE_NONE;
	*out_kind = FS_KIND_DIRECTORY;
	if (status == ERR_NOT_FOUND && !place->exact)
		return ERR_OK;
	if (status)
		return status;
	*out = opened.file;
	*out_kind = opened.kind;
	return ERR_OK;
}

/* The opened directory with its sender; `inner` is taken over. */
static status_t make(struct request *request, const struct mounts *mounts, const char *path, handle_t inner)
{
	size_t length = strlen(path);
	struct listing *listing = state_alloc(sizeof *listing + length + 1);
	status_t status = listing ? mounts_copy(mounts, false, &listing->mounts) : ERR_NO_MEMORY;
	if (status) {
		state_free(listing);
		if (inner)
			sys_handle_close(inner);
		return status;
	}
	listing->kind = OBJECT_LISTING;
	listing->inner = inner;
	listing->at_mounts = !inner;
	listing->life = life;
	listing->length = length;
	memcpy(listing->path, path, length + 1);
	status = server_open(request, listing);
	if (status)
		listing_close(listing);
	return status;
}

status_t listing_open(struct request *request, const struct mounts *mounts, const char *path, const struct mount_place *place)
{
	handle_t inner;
	uint32_t kind, flags = (uint32_t)request->word[2];
	if ((flags & OPEN_CREATE) && (flags & OPEN_EXCLUSIVE))
		return ERR_EXISTS;
	if (flags & (OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE))
		return ERR_IS_DIRECTORY;
	status_t status = open_inner(request, path, place, &inner, &kind);
	if (status)
		return status;
	request->answer.word[0] = kind;
	if (kind == FS_KIND_DIRECTORY)
		return make(request, mounts, path, inner);
	answer_add_handle(&request->answer, inner, SERVER_SENDER_RIGHTS);
	return ERR_OK;
}

/* What a predecessor has read and not told is read once more. */
static status_t stand(struct listing *listing)
{
	uint64_t position;
	if (listing->life == life)
		return ERR_OK;
	status_t status =
	        fs_seek(listing->inner, (int64_t)listing->place, FS_SEEK_SET, deadline_in_ms(VFS_PATIENCE_MS), &position);
	if (!status)
		listing->life = life;
	return status;
}

/* What the file system has, without names at which something is mounted; 0 bytes at the end. */
static status_t read_inner(struct listing *listing, char *out, uint64_t room, uint64_t *out_bytes)
{
	_Alignas(8) char entries[BUFFER_SIZE];
	uint64_t bytes, place;
	const struct fs_entry *entry;
	*out_bytes = 0;
	status_t status = stand(listing);
	while (!status && !*out_bytes) {
		status = fs_readdir(listing->inner, entries, room < sizeof entries ? room : sizeof entries,
		        deadline_in_ms(VFS_PATIENCE_MS), &bytes);
		if (status || !bytes)
			return status;
		for (place = 0; (entry = fs_entry_next(entries, bytes, &place));) {
			listing->told++;
			listing->place = entry->next ? entry->next : listing->told;
			if (mounts_have_name(&listing->mounts, listing->path, listing->length, entry->name, entry->name_length))
				continue;
			memcpy(out + *out_bytes, entry, entry->size);
			struct fs_entry *copy = (struct fs_entry *)(void *)(out + *out_bytes);
			if (!copy->next)
				copy->next = listing->told;
			*out_bytes += entry->size;
		}
	}
	return status;
}

/* The mount points. Of what kind one is only its file system knows: 0 says so. */
static uint64_t put_mounts(struct listing *listing, char *out, uint64_t room)
{
	uint64_t bytes = 0;
	for (; listing->next_mount < listing->mounts.count; listing->next_mount++) {
		size_t length;
		bool exact;
		const char *name =
		        mounts_name_in(&listing->mounts, listing->next_mount, listing->path, listing->length, &length, &exact);
		if (!name)
			continue;
		size_t size = (sizeof(struct fs_entry) + length + 1 + 7) / 8 * 8;
		if (size > room - bytes)
			break;
		struct fs_entry *entry = (struct fs_entry *)(void *)(out + bytes);
		memset(entry, 0, size);
		*entry = (struct fs_entry){listing->next_mount + 1, exact ? 0 : FS_KIND_DIRECTORY, (uint16_t)size,
		        (uint16_t)length, POSITION_MOUNTS + listing->next_mount + 1};
		memcpy(entry->name, name, length);
		bytes += size;
	}
	return bytes;
}

status_t listing_readdir(struct request *request)
{
	_Alignas(8) char entries[BUFFER_SIZE];
	struct listing *listing = listing_of(request);
	uint64_t room = request->writable < sizeof entries ? request->writable : sizeof entries, bytes = 0;
	if (!listing)
		return ERR_NOT_SUPPORTED;
	status_t status = listing->at_mounts ? ERR_OK : read_inner(listing, entries, room, &bytes);
	if (status)
		return status;
	if (!bytes) {
		listing->at_mounts = true;
		unsigned first = listing->next_mount;
		bytes = put_mounts(listing, entries, room);
		if (!bytes && listing->next_mount < listing->mounts.count)
			return ERR_TOO_LARGE;
		status = request_write(request, 0, entries, bytes);
		if (status)
			listing->next_mount = first;
	} else {
		status = request_write(request, 0, entries, bytes);
	}
	request->answer.word[0] = bytes;
	return status;
}

/* Within the file system's names it seeks there. */
static status_t seek_inner(struct listing *listing, struct request *request)
{
	uint64_t position = 0;
	status_t status = ERR_OK;
	if (listing->inner)
		status = stand(listing);
	if (listing->inner && !status)
		status = fs_seek(listing->inner, (int64_t)request->word[0], (uint32_t)request->word[1],
		        deadline_in_ms(VFS_PATIENCE_MS), &position);
	if (status)
		return status;
	listing->at_mounts = !listing->inner;
	listing->next_mount = 0;
	listing->told = listing->place = position;
	request->answer.word[0] = position;
	return ERR_OK;
}

status_t listing_seek(struct request *request)
{
	struct listing *listing = listing_of(request);
	uint64_t position = request->word[0];
	if (!listing)
		return ERR_NOT_SUPPORTED;
	if (request->word[1] == FS_SEEK_CURRENT && !position && listing->at_mounts) {
		request->answer.word[0] = POSITION_MOUNTS + listing->next_mount;
		return ERR_OK;
	}
	if (request->word[1] != FS_SEEK_SET || position < POSITION_MOUNTS)
		return seek_inner(listing, request);
	if (position - POSITION_MOUNTS > listing->mounts.count)
		return ERR_BAD_ARGUMENT;
	listing->at_mounts = true;
	listing->next_mount = (unsigned)(position - POSITION_MOUNTS);
	request->answer.word[0] = position;
	return ERR_OK;
}

status_t listing_fstat(struct request *request)
{
	struct listing *listing = listing_of(request);
	struct fs_stat stat;
	if (!listing)
		return ERR_NOT_SUPPORTED;
	if (listing->inner)
		return request_forward(request, listing->inner, request->word);
	listing_fill_stat(&stat);
	return request_write(request, 0, &stat, sizeof stat);
}

status_t listing_other(struct request *request)
{
	struct listing *listing = listing_of(request);
	return listing && listing->inner ? request_forward(request, listing->inner, request->word) : ERR_NOT_SUPPORTED;
}

bool listing_check(const void *object)
{
	const struct listing *listing = object;
	return state_holds(listing, sizeof *listing) && listing->length < FS_PATH_MAX &&
	        state_holds(listing, sizeof *listing + listing->length + 1) && mounts_check(&listing->mounts, false) &&
	        listing->next_mount <= listing->mounts.count && (listing->inner || listing->at_mounts) &&
	        (!listing->inner || server_has_handle(listing->inner, OBJECT_SENDER));
}
