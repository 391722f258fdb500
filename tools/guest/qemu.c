#include "tools/guest/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/guest/outcome.h"

void qemu_begin(struct qemu *qemu)
{
	const char *name = getenv("HEARTH_QEMU");
	memset(qemu, 0, sizeof *qemu);
	qemu_add(qemu, name && *name ? name : "qemu-system-x86_64");
}

void qemu_add(struct qemu *qemu, const char *argument)
{
	if (qemu->argument_count == QEMU_ARGUMENTS)
		die("too many arguments for QEMU");
	qemu->arguments[qemu->argument_count++] = argument;
}

void qemu_add_pair(struct qemu *qemu, const char *option, const char *value)
{
	qemu_add(qemu, option);
	qemu_add(qemu, value);
}

int qemu_add_channel(struct qemu *qemu, const char *name)
{
	int pair[2];
	if (qemu->far_end_count == QEMU_CHANNELS || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("cannot make a socket pair: %s", strerror(errno));
	/* Large enough that the machine's serial line never waits for us. */
	int size = 1 << 20;
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	qemu->far_ends[qemu->far_end_count++] = pair[1];
	qemu_add_pair(qemu, "-chardev", format("socket,id=%s,fd=%d", name, pair[1]));
	return pair[0];
}

char *qemu_escape(const char *value)
{
	char *result = must_allocate(malloc(2 * strlen(value) + 1)), *to = result;
	for (; *value; value++) {
		*to++ = *value;
		if (*value == ',')
			*to++ = ',';
	}
	*to = 0;
	return result;
}

/* What the variable names, else the first of the paths that can be read. */
static const char *firmware(const char *variable, const char *const paths[])
{
	const char *named = getenv(variable);
	if (named && *named) {
		if (access(named, R_OK))
			die("the firmware %s that %s names: %s", named, variable, strerror(errno));
		return named;
	}
	for (unsigned i = 0; paths[i]; i++)
		if (!access(paths[i], R_OK))
			return paths[i];
	die("no firmware at %s: install the package ovmf, or name it in %s", paths[0], variable);
}

const char *qemu_firmware_code(void)
{
	static const char *const paths[] = {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd", NULL};
	return firmware("HEARTH_OVMF_CODE", paths);
}

const char *qemu_firmware_variables(void)
{
	static const char *const paths[] = {"/usr/share/OVMF/OVMF_VARS_4M.fd", "/usr/share/OVMF/OVMF_VARS.fd", NULL};
	return firmware("HEARTH_OVMF_VARS", paths);
}

static _Noreturn void become(struct qemu *qemu, const char *error_output, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setpgid(0, 0);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	int null = open("/dev/null", O_RDWR);
	int errors = open(error_output, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	dup2(null, STDIN_FILENO);
	dup2(errors, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	execvp(qemu->arguments[0], (char *const *)(uintptr_t)qemu->arguments);
	fprintf(stderr, "cannot start %s: %s\n", qemu->arguments[0], strerror(errno));
	fflush(NULL);
	_exit(127);
}

void qemu_start(struct qemu *qemu, const char *error_output)
{
	fflush(NULL);
	pid_t parent = getpid();
	qemu->process = fork();
	if (qemu->process < 0)
		die("cannot start a process: %s", strerror(errno));
	if (qemu->process == 0)
		become(qemu, error_output, parent);
	setpgid(qemu->process, qemu->process);
	/* It alone holds the far ends, so that its end is seen as theirs. */
	while (qemu->far_end_count)
		close(qemu->far_ends[--qemu->far_end_count]);
}

void qemu_end(struct qemu *qemu)
{
	if (qemu->process <= 0)
		return;
	kill(-qemu->process, SIGKILL);
	kill(qemu->process, SIGKILL);
	while (waitpid(qemu->process, NULL, 0) < 0 && errno == EINTR)
		;
	qemu->process = 0;
}
