/* /etc/services and /etc/mounts: good lines are taken, bad ones are told with their number and keep nobody else out. */
/* sources: user/servers/init/config.c user/lib/words.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/servers/init/config.h"

static int failures;

static void check(bool ok, const char *name, const char *why)
{
	if (ok) {
		printf("ok init_config: %s\n", name);
		return;
	}
	printf("not ok init_config: %s: %s\n", name, why);
	failures++;
}

static struct config_service services[CONFIG_SERVICES];
static struct config_mount mounts[CONFIG_MOUNTS];
static struct words_problems problems;

/* In memory of exactly the text's size, so that reading beyond it is seen. */
static size_t read_services(const char *text)
{
	size_t length = strlen(text);
	char *exact = malloc(length ? length : 1);
	memcpy(exact, text, length);
	size_t count = config_read_services(exact, length, services, &problems);
	free(exact);
	return count;
}

static size_t read_mounts(const char *text)
{
	size_t length = strlen(text);
	char *exact = malloc(length ? length : 1);
	memcpy(exact, text, length);
	size_t count = config_read_mounts(exact, length, mounts, &problems);
	free(exact);
	return count;
}

static void test_services(void)
{
	check(!read_services("") && !problems.count, "no text, no services", "some");
	size_t count = read_services("# what runs\nconsole /sbin/console\n\n  guestd\t/sbin/guestd if guest # COM2\nlast /x");
	check(count == 3 && !problems.count, "three services are read", "another number, or problems");
	check(!strcmp(services[0].name, "console") && !strcmp(services[0].path, "/sbin/console") && !services[0].condition[0],
	        "name and path are read", services[0].name);
	check(!strcmp(services[1].condition, "guest") && !services[2].condition[0], "a condition is read",
	        services[1].condition);
}

static void check_bad_service(const char *line, const char *what)
{
	char text[512], why[64];
	snprintf(text, sizeof text, "first /a\n%s\nlast /z\n", line);
	size_t count = read_services(text);
	snprintf(why, sizeof why, "%zu read, %u problems, first in line %u", count, problems.count, problems.list[0].line);
	check(count == 2 && problems.count == 1 && problems.list[0].line == 2 && !strcmp(services[1].name, "last"), what, why);
}

static void test_bad_services(void)
{
	char path[CONFIG_PATH_SIZE + 8] = "x ";
	check_bad_service("x", "a service without a path is left out");
	check_bad_service("x y", "a relative path is left out");
	check_bad_service("X /x", "an upper-case name is left out");
	check_bad_service("seventeen-letters /x", "a name that is too long is left out");
	check_bad_service("x /x if", "a condition without a word is left out");
	check_bad_service("x /x unless guest", "another word than if is left out");
	check_bad_service("x /x if a b", "a word too many is left out");
	check_bad_service("x /x if GUEST", "a condition in upper case is left out");
	check_bad_service("first /x", "a second service of a name is left out");
	check_bad_service("a b c d e f g h i j k l m", "a line of many words is left out");
	memset(path + 2, '/', CONFIG_PATH_SIZE);
	check_bad_service(path, "a path that is too long is left out");
	path[2 + CONFIG_PATH_SIZE - 1] = 0;
	check(read_services(path) == 1 && strlen(services[0].path) == CONFIG_PATH_SIZE - 1, "a path at the limit is read",
	        "it is not");
}

static void test_mounts(void)
{
	size_t count = read_mounts("/dev/console console\n/dev/power power\n");
	check(count == 2 && !problems.count && !strcmp(mounts[0].path, "/dev/console") && !strcmp(mounts[1].export, "power"),
	        "mounts are read", "they are not");
	count = read_mounts("/ x\ndev x\n/dev\n/dev a b\n/dev X\n/a a\n/a b\n/ok ok\n");
	check(count == 2 && problems.count == 6 && !strcmp(mounts[0].path, "/a") && !strcmp(mounts[1].path, "/ok"),
	        "bad mounts are left out", "they are not");
	check(problems.list[0].line == 1 && problems.list[5].line == 7, "bad mounts are told by their lines", "they are not");
}

static void test_many(void)
{
	char text[8192] = "";
	for (int i = 0; i < CONFIG_SERVICES + 1; i++)
		sprintf(text + strlen(text), "s%d /x\n", i);
	check(read_services(text) == CONFIG_SERVICES && problems.count == 1 && problems.list[0].line == CONFIG_SERVICES + 1,
	        "a service too many is told and left out", "it is not");
	text[0] = 0;
	for (int i = 0; i < CONFIG_MOUNTS + 1; i++)
		sprintf(text + strlen(text), "/%d x\n", i);
	check(read_mounts(text) == CONFIG_MOUNTS && problems.count == 1, "a mount too many is told and left out", "it is not");
}

int main(void)
{
	test_services();
	test_bad_services();
	test_mounts();
	test_many();
	return failures ? 1 : 0;
}
