/* The server of counting_server.h; each of its stores is known to the log. */
#include "counting_server.h"

#include "fake/calls.h"
#include "user/lib/grants.h"

struct sum {
	uint64_t value;
	uint64_t copy; /* never another, between messages */
};

volatile enum counting_end counting_ends_in;

static struct server server;

static void end_in(enum counting_end where)
{
	if (counting_ends_in == where)
		fake_end_here();
}

static status_t add(struct request *request)
{
	struct sum *sum = server.root;
	sum->value += request->word[0];
	sum->copy = sum->value;
	request->answer.word[0] = sum->value;
	return ERR_OK;
}

static status_t end(struct request *request)
{
	struct sum *sum = server.root;
	sum->value++; /* is rolled back */
	if (request->word[0] || !server_serves_again())
		fake_end_here();
	sum->value--;
	return ERR_OK;
}

static status_t open(struct request *request)
{
	return server_open(request, server.root);
}

static bool check(struct server *unused)
{
	const struct sum *sum = server.root;
	(void)unused;
	end_in(COUNTING_ENDS_IN_CHECK);
	return sum->value == sum->copy;
}

static void resume(struct server *unused)
{
	struct sum *sum = server.root;
	(void)unused;
	if (sum->value)
		end_in(COUNTING_ENDS_IN_RESUME);
}

static void close_object(struct server *unused, void *object)
{
	(void)unused, (void)object;
	end_in(COUNTING_ENDS_IN_CLOSE);
}

int counting_main(void)
{
	static const struct server_operation operations[] = {
	        {.label = COUNTING_add, .name = "add", .handle = add},
	        {.label = COUNTING_end, .name = "end", .handle = end},
	        {.label = COUNTING_open, .name = "open", .handle = open},
	};
	static const struct server_state state = {.version = 1, .size = sizeof(struct sum), .check = check, .resume = resume};
	server = (struct server){.name = "counting",
	        .operations = operations,
	        .operation_count = sizeof operations / sizeof *operations,
	        .objects = 10,
	        .client_objects = 10,
	        .close_object = close_object,
	        .state = &state};
	status_t status = server_begin(&server, grant_find("export"));
	return (int)(status ? status : server_run(&server));
}
