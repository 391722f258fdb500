/*
 * rngd: random bytes for whoever asks, as a device (/dev/random and /dev/urandom, which are the same) and by protocol random.
 *
 * Programs have a generator of their own in user/linux (getrandom), seeded by their starters; this one is for those that read the
 * device, and is seeded in the same way: what the starter gave goes back to the seed that the loader got from the firmware. Where
 * the firmware had none and the CPU has no RDRAND, the timing of the machine alone must do: the server says so on the log, and
 * serves only when enough of it has been gathered.
 */
#include <string.h>
#include <sys/random.h>

#include "abi/bootinfo.h"
#include "abi/manifest.h"
#include "abi/proto/random.h"
#include "user/lib/device.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/servers/rngd/pool.h"

HEARTH_MANIFEST("name rngd\n"
                "import log\n"
                "import bootinfo\n"
                "export random\n"
                "restart always\n");

#define CHUNK 4096u
#define RENEWALS_MAX 4096u

static struct pool pool;

static uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static bool cpu_has_random(void)
{
	uint32_t a = 1, b, c = 0, d;
	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 30 & 1;
}

/* Ten attempts: Intel SDM volume 1, 7.3.17.1. */
static bool cpu_random(uint64_t *out)
{
	static int has = -1;
	uint8_t ok = 0;
	if (has < 0)
		has = cpu_has_random();
	for (unsigned i = 0; has && !ok && i < 10; i++)
		__asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=qm"(ok) : : "cc");
	return ok;
}

static const void *next_bytes(uint64_t *length)
{
	static char bytes[CHUNK];
	*length = *length < sizeof bytes ? *length : sizeof bytes;
	if (pool.given >= POOL_RENEW_BYTES)
		pool_renew(&pool, ticks, cpu_random);
	return pool_fill(&pool, bytes, *length) ? bytes : NULL;
}

/* What programs write is mixed in and counts for nothing. */
static status_t mix(struct request *request, uint64_t length)
{
	char bytes[CHUNK];
	uint64_t part = length < sizeof bytes ? length : sizeof bytes;
	status_t status = request_read(request, 0, bytes, part);
	if (status)
		return status;
	pool_mix(&pool, bytes, part, 0);
	request->answer.word[0] = part;
	return ERR_OK;
}

static const struct device devices[] = {
        {.name = "", .mode = 0666, .number = DEVICE_NUMBER(1, 9), .next = next_bytes, .write = mix}};

/* Fills the caller's writable buffer; the call may be a session's, with nothing open that could wait. */
_Static_assert(RANDOM_FILL_MAX <= DEVICE_STEP_BYTES, "it is filled at once");
static status_t handle_fill(struct request *request)
{
	return request->writable > RANDOM_FILL_MAX ? ERR_TOO_LARGE : device_read_endless(request, devices, request->writable);
}

static status_t handle_mix(struct request *request)
{
	return request->readable > RANDOM_FILL_MAX ? ERR_TOO_LARGE : mix(request, request->readable);
}

static const struct server_operation operations[] = {
#define RANDOM_OP SERVER_ROW
#include "abi/proto/random.def"
#undef RANDOM_OP
        DEVICE_ROWS,
};

static struct server server = {
        .name = "random",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
        .objects = 16384,
        .client_objects = 1024,
        .close_object = device_close,
};

/* The starter's seed is as good as the loader's was. */
static uint32_t seed_bits(void)
{
	struct bootinfo info;
	uint64_t copied = 0;
	if (sys_frame_read(grant_find("bootinfo"), 0, &info, sizeof info, &copied) || copied != sizeof info)
		return 0;
	return info.seed_source == SEED_NONE ? 0 : POOL_SEED_BITS;
}

static bool seed(void)
{
	uint8_t bytes[CHACHA_KEY];
	if (getrandom(bytes, sizeof bytes, 0) == sizeof bytes)
		pool_mix(&pool, bytes, sizeof bytes, seed_bits());
	explicit_bzero(bytes, sizeof bytes);
	if (!pool_seeded(&pool))
		log_warning("the firmware gave no seed: random numbers are made of the CPU's and of timing");
	for (uint32_t i = 0; i == 0 || (i < RENEWALS_MAX && !pool_seeded(&pool)); i++)
		pool_renew(&pool, ticks, cpu_random);
	return pool_seeded(&pool);
}

int main(void)
{
	if (!seed()) {
		log_error("cannot serve: neither the firmware nor the CPU nor the clock gives anything that could not be "
		          "guessed");
		return 1;
	}
	device_begin(devices, sizeof devices / sizeof *devices);
	status_t status = server_begin(&server, grant_find("export.random"));
	if (!status)
		status = server_run(&server);
	log_error("cannot receive: %s", error_text(status));
	return 1;
}
