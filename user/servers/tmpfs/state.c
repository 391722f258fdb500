/*
 * What a predecessor left, looked at as if a stranger had sent it, and made usable: nodes by the list that each volume has of its own,
 * and from each node what it leads to. Nothing here trusts a pointer that state_holds() has not been asked about.
 */
#include "user/lib/state.h"

#include "abi/proto/fs.h"
#include "user/servers/tmpfs/locks.h"
#include "user/servers/tmpfs/tmpfs.h"

#define VOLUMES 256u

static bool is_node(const struct node *node)
{
	return state_holds(node, sizeof *node) && state_holds(node->volume, sizeof *node->volume);
}

static bool is_directory(const struct node *node)
{
	return is_node(node) && node->kind == FS_KIND_DIRECTORY;
}

static bool check_entry(const struct directory *directory, const struct directory_slot *slot)
{
	const struct entry *entry = slot->entry;
	return state_holds(entry, sizeof *entry) && entry->length <= FS_NAME_MAX &&
	        state_holds(entry, sizeof *entry + entry->length) && entry->position == slot->position &&
	        slot->position < directory->next_position && is_node(entry->node);
}

static bool check_buckets(const struct directory *directory)
{
	uint32_t found = 0;
	for (uint32_t i = 0; i < directory->bucket_count; i++) {
		const struct entry *entry = directory->buckets[i];
		for (; entry; entry = entry->next_alike) {
			if (found++ == directory->count || !state_holds(entry, sizeof *entry) ||
			        (entry->hash & (directory->bucket_count - 1)) != i)
				return false;
		}
	}
	return found == directory->count;
}

static bool check_directory(const struct node *node)
{
	const struct directory *directory = &node->directory;
	uint32_t count = 0, buckets = directory->bucket_count;
	if (directory->parent && !is_directory(directory->parent))
		return false;
	if (directory->slot_count > directory->slot_capacity || buckets & (buckets - 1) ||
	        (directory->slot_capacity &&
	                !state_holds(directory->slots, directory->slot_capacity * sizeof *directory->slots)) ||
	        (buckets && !state_holds(directory->buckets, buckets * sizeof *directory->buckets)))
		return false;
	for (uint32_t i = 0; i < directory->slot_count; i++) {
		if (i && directory->slots[i].position <= directory->slots[i - 1].position)
			return false;
		if (!directory->slots[i].entry)
			continue;
		if (!check_entry(directory, &directory->slots[i]))
			return false;
		count++;
	}
	return count == directory->count && check_buckets(directory);
}

static bool check_content(const struct content *content)
{
	if (content->size > CONTENT_MAX)
		return false;
	if (content->frame)
		return content->size <= content->length && server_has_handle(content->frame, OBJECT_FRAME);
	return content->size <= content->capacity && (!content->capacity || state_holds(content->bytes, content->capacity));
}

static bool check_locks(const struct node *node)
{
	uint32_t count = 0;
	for (const struct file_lock *lock = node->locks; lock; lock = lock->next)
		if (count++ > LOCKS_PER_FILE || !state_holds(lock, sizeof *lock))
			return false;
	return true;
}

static bool check_node(const struct node *node)
{
	switch (node->kind) {
	case FS_KIND_FILE: return check_content(&node->content) && check_locks(node);
	case FS_KIND_DIRECTORY: return check_directory(node) && check_locks(node);
	case FS_KIND_SYMLINK: return state_holds(node->target.text, node->target.length + 1ull) && check_locks(node);
	}
	if (node_is_device(node))
		return check_locks(node);
	return (!node->token || server_has_handle(node->token, OBJECT_NOTIFY)) && check_locks(node);
}

/* Nameless directories, each once: else there would be more of them than nodes. */
static bool check_condemned(const struct volume *volume)
{
	uint64_t count = 0;
	for (const struct node *node = volume->condemned; node; node = node->directory.next_condemned)
		if (count++ == volume->nodes || !is_directory(node) || node->volume != volume || node->links || !node->users)
			return false;
	return true;
}

static bool check_volume(const struct volume *volume)
{
	uint64_t count = 0;
	const struct node *previous = NULL;
	for (const struct node *node = volume->first; node; previous = node, node = node->next)
		if (count++ == volume->nodes || !state_holds(node, sizeof *node) || node->volume != volume ||
		        node->previous != previous || !check_node(node))
			return false;
	return count == volume->nodes && check_condemned(volume) &&
	        (!volume->root || (is_directory(volume->root) && volume->root->volume == volume));
}

static bool check_object(struct server *server, uint64_t stamp, void *object)
{
	const struct open_file *file = object;
	(void)server;
	if (stamp < SERVER_STAMP_FIRST || !state_holds(object, sizeof(enum object_kind)))
		return false;
	if (file->kind == OBJECT_OPEN_FILE)
		return state_holds(file, sizeof *file) && (!file->node || is_node(file->node));
	return file->kind == OBJECT_LOCKS && state_holds(object, sizeof(struct process_locks));
}

static bool check_process_locks(const struct tmpfs *root)
{
	uint32_t count = 0;
	for (const struct process_locks *locks = root->process_locks; locks; locks = locks->next)
		if (count++ == TMPFS_OPEN_FILES || !state_holds(locks, sizeof *locks) || !is_node(locks->node))
			return false;
	return true;
}

static bool check_waiters(const struct tmpfs *root)
{
	uint64_t count = 0;
	for (const struct lock_waiter *waiter = root->waiters; waiter; waiter = waiter->next) {
		if (count++ == LOCK_WAITERS || !state_holds(waiter, sizeof *waiter) || !is_node(waiter->node) ||
		        !server_has_handle(waiter->reply, OBJECT_REPLY) || waiter->answer.handle_count > MESSAGE_HANDLES)
			return false;
		for (uint32_t i = 0; i < waiter->answer.handle_count; i++)
			if (!server_has_handle(waiter->answer.handles[i], OBJECT_SENDER))
				return false;
	}
	return count == root->waiting;
}

bool check_state(struct server *server)
{
	const struct tmpfs *root = server->root;
	uint32_t count = 0;
	struct volume *const *link = &root->volumes;
	for (const struct volume *volume; (volume = *link); link = &volume->next)
		if (count++ == VOLUMES || !state_holds(volume, sizeof *volume) || volume->link != link || !check_volume(volume))
			return false;
	return check_process_locks(root) && check_waiters(root) && server_check_objects(server, check_object);
}

/* Windows are mappings of the life that made them; and the kernel may have been told of a size that it has gone back from. */
static void forget_windows(struct volume *volume)
{
	for (struct node *node = volume->first; node; node = node->next) {
		struct content *content = &node->content;
		if (node->kind != FS_KIND_FILE || !content->frame)
			continue;
		content_tell_end(content);
		if (!content->bytes)
			continue;
		content->bytes = NULL;
		content->capacity = 0;
		content->older = content->newer = NULL;
	}
}

void resume_state(struct server *server)
{
	struct volume *next;
	for (struct volume *volume = tmpfs->volumes; volume; volume = next) {
		next = volume->next;
		forget_windows(volume);
		if (volume->root && !server_stamp_lives(volume->session))
			server->close_session(server, volume->session);
	}
	tmpfs_go_on_destroying();
	locks_resume();
}
