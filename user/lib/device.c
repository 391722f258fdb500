/* Devices as files: names, the directory, and what is the same for all of them. */
#include "user/lib/device.h"

#include <string.h>

#define DIRECTORY_FILE 1u /* number of the directory; the devices come behind it */

static const struct device *devices;
static size_t device_count;

void device_begin(const struct device *table, size_t count)
{
	devices = table;
	device_count = count;
}

const struct device *device_of(const struct device_open *open)
{
	return open->place ? &devices[open->place - 1] : NULL;
}

bool device_check(struct server *server, uint64_t stamp, void *object)
{
	const struct device_open *open = object;
	(void)server, (void)stamp;
	return state_holds(open, sizeof *open) && open->place <= device_count;
}

static uint64_t file_number(const struct device *device)
{
	return device ? DIRECTORY_FILE + 1 + (uint64_t)(device - devices) : DIRECTORY_FILE;
}

/* The device of a path in the request; NULL in *out is the directory. */
static status_t find(struct request *request, const struct device **out)
{
	char path[FS_PATH_MAX];
	status_t status = request_read_path(request, request->word[0], request->word[1], path);
	if (status)
		return status;
	const char *name = *path == '/' ? path + 1 : path;
	const char *end = name + strcspn(name, "/");
	for (size_t i = 0; i < device_count; i++) {
		if (strlen(devices[i].name) == (size_t)(end - name) && !strncmp(devices[i].name, name, (size_t)(end - name))) {
			*out = &devices[i];
			return *end && !devices[i].server ? ERR_NOT_DIRECTORY : ERR_OK;
		}
	}
	*out = NULL;
	if (device_count && !*devices[0].name)
		return ERR_NOT_DIRECTORY;
	return *name ? ERR_NOT_FOUND : ERR_OK;
}

static status_t check_access(const struct device *device, uint32_t access)
{
	if (access & OPEN_EXCLUSIVE)
		return ERR_EXISTS;
	if (!device)
		return access & OPEN_WRITE ? ERR_IS_DIRECTORY : ERR_OK;
	if (access & OPEN_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	bool refused = (access & OPEN_READ && !device->read && !device->next) || (access & OPEN_WRITE && !device->write);
	return refused ? ERR_NOT_SUPPORTED : ERR_OK;
}

static status_t hand_on(struct request *request, const struct device *device)
{
	return request_forward(request, device->server, request->word);
}

status_t device_serve_open(struct request *request)
{
	const struct device *device;
	uint32_t access = (uint32_t)request->word[2];
	status_t status = find(request, &device);
	if (!status && device && device->server)
		return hand_on(request, device);
	if (!status)
		status = check_access(device, access);
	if (status)
		return status;
	struct device_open *open = state_alloc(sizeof *open);
	if (!open)
		return ERR_NO_MEMORY;
	*open = (struct device_open){device ? 1 + (uint32_t)(device - devices) : 0, access, 0};
	request->answer.word[0] = device ? FS_KIND_DEVICE : FS_KIND_DIRECTORY;
	status = server_open(request, open);
	if (status)
		state_free(open);
	return status;
}

void device_close(struct server *server, void *object)
{
	(void)server;
	device_read_drop(object);
	state_free(object);
}

static status_t give_stat(struct request *request, const struct device *device)
{
	struct fs_stat stat = {.file = file_number(device),
	        .kind = device ? FS_KIND_DEVICE : FS_KIND_DIRECTORY,
	        .mode = device ? device->mode : 0755,
	        .links = device ? 1 : 2,
	        .block_size = 4096,
	        .device = device ? device->number : 0};
	return request_write(request, 0, &stat, sizeof stat);
}

status_t device_serve_stat(struct request *request)
{
	const struct device *device;
	status_t status = find(request, &device);
	if (!status && device && device->server)
		return hand_on(request, device);
	return status ? status : give_stat(request, device);
}

static struct device_open *open_of(struct request *request)
{
	return request->object;
}

status_t device_serve_fstat(struct request *request)
{
	return give_stat(request, device_of(open_of(request)));
}

status_t device_serve_readlink(struct request *request)
{
	const struct device *device;
	status_t status = find(request, &device);
	if (!status && device && device->server)
		return hand_on(request, device);
	return status ? status : ERR_NO_LINK;
}

/* Nothing can be made, renamed or taken away here. */
status_t device_serve_change(struct request *request)
{
	(void)request;
	return ERR_READ_ONLY;
}

status_t device_serve_read(struct request *request)
{
	const struct device_open *open = open_of(request);
	if (!device_of(open))
		return ERR_IS_DIRECTORY;
	if (!(open->access & OPEN_READ))
		return ERR_DENIED;
	uint64_t length = request->word[0];
	if (length > request->writable)
		return ERR_BAD_ARGUMENT;
	return device_of(open)->next ? device_read_endless(request, device_of(open), length)
	                             : device_of(open)->read(request, length);
}

status_t device_serve_write(struct request *request)
{
	const struct device_open *open = open_of(request);
	if (!device_of(open) || !(open->access & OPEN_WRITE))
		return ERR_DENIED;
	uint64_t length = request->word[0];
	return length > request->readable ? ERR_BAD_ARGUMENT : device_of(open)->write(request, length);
}

status_t device_serve_seek(struct request *request)
{
	struct device_open *open = open_of(request);
	if (device_of(open)) /* as Linux has it for these devices: every position is the same */
		return ERR_OK;
	if (request->word[1] != FS_SEEK_SET || request->word[0] > device_count)
		return ERR_BAD_ARGUMENT;
	state_keep(&open->position, sizeof open->position);
	open->position = request->word[0];
	request->answer.word[0] = open->position;
	return ERR_OK;
}

/* The size of the entry, 0 if it does not fit. */
static uint64_t put_entry(char *to, uint64_t room, const struct device *device)
{
	size_t length = strlen(device->name);
	uint64_t size = (sizeof(struct fs_entry) + length + 1 + 7) & ~7ull;
	if (size > room)
		return 0;
	memset(to, 0, size);
	struct fs_entry *entry = (struct fs_entry *)to;
	*entry = (struct fs_entry){file_number(device), device->is_directory ? FS_KIND_DIRECTORY : FS_KIND_DEVICE,
	        (uint16_t)size, (uint16_t)length, 0};
	memcpy(entry->name, device->name, length);
	return size;
}

status_t device_serve_readdir(struct request *request)
{
	_Alignas(8) char entries[1024];
	struct device_open *open = open_of(request);
	uint64_t room = request->writable < sizeof entries ? request->writable : sizeof entries, bytes = 0,
	         next = open->position;
	if (device_of(open))
		return ERR_NOT_DIRECTORY;
	for (uint64_t size; next < device_count && (size = put_entry(entries + bytes, room - bytes, &devices[next])); next++)
		bytes += size;
	if (!bytes && next < device_count)
		return ERR_TOO_LARGE;
	status_t status = request_write(request, 0, entries, bytes);
	if (status)
		return status;
	state_keep(&open->position, sizeof open->position);
	open->position = next;
	request->answer.word[0] = bytes;
	return ERR_OK;
}

/* Opening with OPEN_TRUNCATE, and sync, are no errors on a device. */
status_t device_serve_nothing(struct request *request)
{
	(void)request;
	return ERR_OK;
}

status_t device_serve_watch(struct request *request)
{
	const struct device *device = device_of(open_of(request));
	if (device && device->watch)
		return device->watch(request);
	request->answer.word[0] = request->word[0] & (FS_READY_READ | FS_READY_WRITE);
	return ERR_OK;
}

status_t device_transfer_nothing(struct request *request, uint64_t length)
{
	(void)request;
	(void)length;
	return ERR_NOT_SUPPORTED;
}
