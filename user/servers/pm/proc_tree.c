/* The names under /proc: see proc_tree.h. */
#include "user/servers/pm/proc_tree.h"

#include <stdio.h>

#include "abi/proto/fs.h"
#include "user/servers/pm/order.h"
#include "user/servers/pm/proc_machine.h"
#include "user/servers/pm/proc_process.h"

static const struct proc_entry root_entries[] = {
        {"self", FS_KIND_SYMLINK, NULL},
        {"meminfo", FS_KIND_FILE, proc_machine_meminfo},
        {"uptime", FS_KIND_FILE, proc_machine_uptime},
        {"stat", FS_KIND_FILE, proc_machine_stat},
        {"loadavg", FS_KIND_FILE, proc_machine_loadavg},
        {"version", FS_KIND_FILE, proc_machine_version},
        {"cpuinfo", FS_KIND_FILE, proc_machine_cpuinfo},
        {"mounts", FS_KIND_SYMLINK, NULL},
        {"objects", FS_KIND_FILE, proc_machine_objects},
};

static const struct proc_entry process_entries[] = {
        {"stat", FS_KIND_FILE, proc_process_stat},
        {"status", FS_KIND_FILE, proc_process_status},
        {"statm", FS_KIND_FILE, proc_process_statm},
        {"cmdline", FS_KIND_FILE, proc_process_cmdline},
        {"comm", FS_KIND_FILE, proc_process_comm},
        {"mounts", FS_KIND_FILE, NULL},
        {"mountinfo", FS_KIND_FILE, NULL},
        {"limits", FS_KIND_FILE, proc_process_limits},
        {"maps", FS_KIND_FILE, NULL},
        {"environ", FS_KIND_FILE, NULL},
        {"cwd", FS_KIND_SYMLINK, NULL},
        {"root", FS_KIND_SYMLINK, NULL},
        {"exe", FS_KIND_SYMLINK, NULL},
        {"fd", FS_KIND_DIRECTORY, NULL},
        {"task", FS_KIND_DIRECTORY, NULL},
};

#define ROOT_COUNT (sizeof root_entries / sizeof *root_entries)
#define PROCESS_COUNT (sizeof process_entries / sizeof *process_entries)
#define TASK_COUNT (PROCESS_COUNT - 1) /* no tasks below a task */
#define ENTRY_DESCRIPTORS (PROCESS_COUNT - 2)
#define ENTRY_EXE (PROCESS_COUNT - 3)
#define ENTRY_SELF 0u
#define ENTRY_MOUNTS 7u /* of the root: a link to those of the caller */
#define ENTRY_OWN_MOUNTS 5u

static const struct proc_entry *entry_of(struct proc_node node)
{
	return node.place == PROC_ROOT_ENTRY ? &root_entries[node.entry] : &process_entries[node.entry];
}

static bool find_entry(const struct proc_entry *entries, size_t count, const char *name, size_t length, uint32_t *out)
{
	for (uint32_t i = 0; i < count; i++) {
		if (strlen(entries[i].name) != length || memcmp(entries[i].name, name, length))
			continue;
		*out = i;
		return true;
	}
	return false;
}

/* The number that a name of digits is, without a zero in front. */
static bool read_number(const char *name, size_t length, uint32_t *out)
{
	uint64_t number = 0;
	if (!length || length > 10 || *name == '0')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		number = number * 10 + (uint64_t)(name[i] - '0');
	}
	*out = (uint32_t)number;
	return number <= UINT32_MAX;
}

static bool find_pid(const char *name, size_t length, uint32_t *out)
{
	return read_number(name, length, out) && table_process(*out);
}

/* A thread of the process; 0 is the first one, by the number of its process. */
static bool find_thread(uint32_t pid, const char *name, size_t length, uint32_t *out)
{
	uint32_t number, thread;
	const struct process *process = table_process(pid);
	if (!process || !read_number(name, length, &number))
		return false;
	*out = number == pid ? 0 : number;
	return number == pid ||
	        (number < UINT32_MAX && proc_process_next_thread(process, number + 1, &thread) && thread == number);
}

/* What an entry of a process, or of one of its tasks, is. */
static enum proc_place place_of_entry(uint32_t entry, bool task)
{
	if (entry == ENTRY_DESCRIPTORS)
		return PROC_DESCRIPTORS;
	if (task)
		return PROC_TASK_ENTRY;
	return entry == TASK_COUNT ? PROC_TASKS : PROC_PROCESS_ENTRY;
}

/* A name of digits in the folder of descriptors. Whether it is there the process knows. */
static status_t step_descriptor(struct proc_node *node, const char *name, size_t length)
{
	uint32_t number = 0;
	for (size_t i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9' || number > 65535)
			return ERR_NOT_FOUND;
		number = number * 10 + (uint32_t)(name[i] - '0');
	}
	node->place = PROC_DESCRIPTOR;
	node->entry = number;
	return ERR_OK;
}

/* One name further down. */
static status_t step(struct proc_node *node, const char *name, size_t length)
{
	switch (node->place) {
	case PROC_ROOT:
		if (find_entry(root_entries, ROOT_COUNT, name, length, &node->entry))
			node->place = PROC_ROOT_ENTRY;
		else if (find_pid(name, length, &node->pid))
			node->place = PROC_PROCESS;
		else
			return ERR_NOT_FOUND;
		return ERR_OK;
	case PROC_PROCESS:
		if (!find_entry(process_entries, PROCESS_COUNT, name, length, &node->entry))
			return ERR_NOT_FOUND;
		node->place = place_of_entry(node->entry, false);
		return ERR_OK;
	case PROC_TASKS:
		if (!find_thread(node->pid, name, length, &node->thread))
			return ERR_NOT_FOUND;
		node->place = PROC_TASK;
		return ERR_OK;
	case PROC_TASK:
		if (!find_entry(process_entries, TASK_COUNT, name, length, &node->entry))
			return ERR_NOT_FOUND;
		node->place = place_of_entry(node->entry, true);
		return ERR_OK;
	case PROC_DESCRIPTORS: return step_descriptor(node, name, length);
	default: return ERR_NOT_DIRECTORY;
	}
}

bool proc_is_node(struct proc_node node)
{
	switch (node.place) {
	case PROC_ROOT_ENTRY: return node.entry < ROOT_COUNT;
	case PROC_PROCESS_ENTRY: return node.entry < PROCESS_COUNT;
	case PROC_TASK_ENTRY: return node.entry < TASK_COUNT;
	default: return node.place <= PROC_DESCRIPTOR;
	}
}

bool proc_is_own(struct proc_node node)
{
	if (node.place == PROC_DESCRIPTORS || node.place == PROC_DESCRIPTOR)
		return true;
	bool is_entry = node.place == PROC_PROCESS_ENTRY || node.place == PROC_TASK_ENTRY;
	return is_entry && node.entry != ENTRY_EXE && !process_entries[node.entry].write;
}

bool proc_is_told_text(struct proc_node node)
{
	return proc_is_own(node) && proc_kind(node) == FS_KIND_FILE;
}

status_t proc_check_access(struct proc_node node, uint32_t caller)
{
	return proc_is_own(node) && node.pid != caller ? ERR_NO_RIGHT : ERR_OK;
}

static bool is_self(struct proc_node node)
{
	return node.place == PROC_ROOT_ENTRY && node.entry == ENTRY_SELF;
}

static bool is_mounts(struct proc_node node)
{
	return node.place == PROC_ROOT_ENTRY && node.entry == ENTRY_MOUNTS;
}

status_t proc_find(const char *path, uint32_t caller, bool follow, struct proc_node *out, uint64_t *out_left)
{
	struct proc_node node = {.place = PROC_ROOT};
	while (*path) {
		const char *name = path + 1;
		size_t length = strcspn(name, "/");
		path = name + length;
		status_t status = step(&node, name, length);
		if (status)
			return status;
		if (proc_kind(node) != FS_KIND_SYMLINK || (!*path && !follow))
			continue;
		if (!is_self(node) && !is_mounts(node)) {
			*out_left = strlen(path);
			status = proc_check_access(node, caller);
			return status ? status : ERR_REDIRECT;
		}
		if (!table_process(caller))
			return ERR_NOT_FOUND;
		node = is_self(node) ? (struct proc_node){.place = PROC_PROCESS, .pid = caller}
		                     : (struct proc_node){PROC_PROCESS_ENTRY, ENTRY_OWN_MOUNTS, .pid = caller};
	}
	*out = node;
	return ERR_OK;
}

uint32_t proc_kind(struct proc_node node)
{
	if (node.place == PROC_DESCRIPTOR)
		return FS_KIND_SYMLINK;
	bool is_entry = node.place == PROC_ROOT_ENTRY || node.place == PROC_PROCESS_ENTRY || node.place == PROC_TASK_ENTRY;
	return is_entry ? entry_of(node)->kind : FS_KIND_DIRECTORY;
}

uint64_t proc_number(struct proc_node node)
{
	return (uint64_t)node.thread << 44 ^ ((uint64_t)node.pid << 16 | (uint64_t)(node.place + 1) << 8 | node.entry);
}

status_t proc_write(struct proc_node node, struct proc_text *text)
{
	const struct process *process = node.pid ? table_process(node.pid) : NULL;
	if (node.pid && !process)
		return ERR_NOT_FOUND;
	text->length = 0;
	text->no_memory = false;
	text->thread = node.thread;
	entry_of(node)->write(text, process);
	return text->no_memory ? ERR_NO_MEMORY : ERR_OK;
}

status_t proc_target(struct proc_node node, uint32_t caller, char to[static PROCESS_PATH_MAX])
{
	if (proc_kind(node) != FS_KIND_SYMLINK)
		return ERR_NO_LINK;
	if (is_self(node)) {
		if (!table_process(caller))
			return ERR_NOT_FOUND;
		snprintf(to, PROCESS_PATH_MAX, "%u", caller);
		return ERR_OK;
	}
	if (is_mounts(node)) {
		snprintf(to, PROCESS_PATH_MAX, "self/mounts");
		return ERR_OK;
	}
	if (proc_is_own(node))
		return node.pid == caller ? ERR_NOT_FOUND : ERR_NO_RIGHT; /* of its own it does not ask */
	const struct process *process = table_process(node.pid);
	const struct image *image = process ? process->image : NULL;
	if (!image || !image->path_length || process->state == PROCESS_STATE_ZOMBIE)
		return ERR_NOT_FOUND;
	memcpy(to, image->text + image->arguments_length, image->path_length + 1);
	return ERR_OK;
}

static void name_entry(const struct proc_entry *entry, struct proc_node node, struct proc_name *out)
{
	snprintf(out->name, sizeof out->name, "%s", entry->name);
	out->kind = entry->kind;
	out->number = proc_number(node);
}

/* A process, or a thread of one. */
static void name_number(struct proc_node node, struct proc_name *out)
{
	snprintf(out->name, sizeof out->name, "%u", node.thread ? node.thread : node.pid);
	out->kind = FS_KIND_DIRECTORY;
	out->number = proc_number(node);
}

/* The process with the least number from `pid` on. Places behind the fixed names are numbers. */
static bool list_process(uint64_t pid, uint64_t *place, struct proc_name *out)
{
	const struct process *process = pid <= UINT32_MAX ? order_from((uint32_t)pid) : NULL;
	if (!process)
		return false;
	name_number((struct proc_node){.place = PROC_PROCESS, .pid = process->pid}, out);
	*place = ROOT_COUNT + process->pid + 1ull;
	return true;
}

/* The first thread, then the others from the newest on, each of which is the next place. */
static bool list_thread(uint32_t pid, uint64_t *place, struct proc_name *out)
{
	struct proc_node node = {.place = PROC_TASK, .pid = pid};
	if (*place && !proc_process_next_thread(table_process(pid), *place > 1 ? (uint32_t)*place : 0, &node.thread))
		return false;
	name_number(node, out);
	*place = *place ? node.thread : 1;
	return true;
}

static bool list_entry(struct proc_node node, const struct proc_entry *entry, uint64_t *place, struct proc_name *out)
{
	struct proc_node at = {node.place + 1, (uint32_t)*place, node.pid, node.thread};
	if (node.place != PROC_ROOT)
		at.place = place_of_entry(at.entry, node.place == PROC_TASK);
	name_entry(entry, at, out);
	++*place;
	return true;
}

bool proc_list(struct proc_node node, uint64_t *place, struct proc_name *out)
{
	if (node.pid && !table_process(node.pid))
		return false;
	switch (node.place) {
	case PROC_ROOT:
		if (*place >= ROOT_COUNT)
			return list_process(*place - ROOT_COUNT, place, out);
		return list_entry(node, &root_entries[*place], place, out);
	case PROC_PROCESS: return *place < PROCESS_COUNT && list_entry(node, &process_entries[*place], place, out);
	case PROC_TASK: return *place < TASK_COUNT && list_entry(node, &process_entries[*place], place, out);
	case PROC_TASKS: return list_thread(node.pid, place, out);
	default: return false;
	}
}
