/*
 * Drives QEMU for scripts/guest and scripts/run.
 *
 * It makes the medium that the machine boots from (machine.h), starts the machine through the control channel (control.h) and
 * then waits in one place for whatever comes first: bytes on COM1 (serial.h), records on COM2 (link.h), keys (terminal.h), the
 * end of QEMU, a signal, the deadline. The first reason to end decides (outcome.h); QEMU is killed and the run's folder removed
 * on every way out. After a panic, a failed boot or the text waited for, COM1 is heard a little longer, for what follows it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/guest/control.h"
#include "tools/guest/dialogue.h"
#include "tools/guest/link.h"
#include "tools/guest/machine.h"
#include "tools/guest/options.h"
#include "tools/guest/outcome.h"
#include "tools/guest/serial.h"
#include "tools/guest/terminal.h"
#include "tools/guest/workdir.h"

#define REPORT_QUIET 0.5 /* seconds without a byte that end a report */
#define REPORT_MOST 5.0

struct run {
	struct options options;
	struct machine machine;
	struct control control;
	struct serial serial;
	struct link link;
	struct terminal terminal;
	struct dialogue dialogue;
	struct outcome outcome;
	int signals;
	bool com1_open;
	bool panicked;
	double deadline;     /* 0: none */
	double report_until; /* 0: no report is being heard */
	double report_last;
};

static struct run run;

/* A reason that more of COM1 will explain. */
static void hear_report(void)
{
	run.report_last = clock_seconds();
	if (!run.report_until)
		run.report_until = run.report_last + REPORT_MOST;
}

static void on_panic(void)
{
	if (run.options.reset_after_panic && !run.panicked) {
		run.panicked = true;
		control_reset(&run.control);
		return;
	}
	outcome_fail(&run.outcome, "the kernel ended: %s", run.serial.found);
	hear_report();
}

/* To the next step that must be waited for; behind the last the run has come to its end. */
static void go_on(void)
{
	run.serial.until = dialogue_go_on(&run.dialogue, run.machine.com1);
	if (run.serial.until)
		return;
	outcome_set(&run.outcome, 0, NULL);
	hear_report(); /* the rest of the line */
}

static void on_serial_event(enum serial_event event)
{
	if (event == SERIAL_UNTIL) {
		dialogue_met(&run.dialogue);
		go_on();
	}
	if (run.options.interactive)
		return;
	if (event == SERIAL_PANIC)
		on_panic();
	if (event == SERIAL_BOOT_FAILED) {
		outcome_fail(&run.outcome, "%s", run.serial.found);
		hear_report();
	}
	if (event == SERIAL_NO_BOOT)
		outcome_fail(&run.outcome, "the firmware found nothing to boot: %s", run.serial.found);
}

static void read_com1(void)
{
	char bytes[65536];
	ssize_t count = read(run.machine.com1, bytes, sizeof bytes);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0) {
		run.com1_open = false;
		return;
	}
	run.report_last = clock_seconds();
	if (run.options.interactive)
		terminal_show(bytes, (size_t)count);
	serial_record(&run.serial, bytes, (size_t)count);
	for (ssize_t i = 0; i < count; i++) {
		enum serial_event event = serial_take(&run.serial, bytes[i]);
		if (event)
			on_serial_event(event);
	}
}

/* QEMU ended by itself. What it wrote into the sockets before is still to be read. */
static void on_machine_end(int status)
{
	run.machine.qemu.process = 0;
	for (int i = 0; i < 1000 && run.com1_open && !run.outcome.decided; i++)
		read_com1();
	for (int i = 0; i < 1000 && run.link.descriptor >= 0 && !run.outcome.decided; i++)
		link_read(&run.link, &run.outcome);
	for (int i = 0; i < 10 && run.control.descriptor >= 0; i++)
		control_read(&run.control);
	run.report_until = 0;

	const char *reason = run.control.reason;
	const char *awaited = run.options.command ? "the command ended" : "what is waited for had come";
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		if (run.options.interactive)
			outcome_set(&run.outcome, 0, NULL);
		else if (!strcmp(reason, "guest-shutdown"))
			outcome_fail(&run.outcome, "the machine was switched off by the guest before %s", awaited);
		else if (!strcmp(reason, "guest-reset"))
			outcome_fail(&run.outcome, "the machine was reset by the guest before %s", awaited);
		else
			outcome_fail(
			        &run.outcome, "QEMU ended before %s (%s)", awaited, *reason ? reason : "it says no reason");
	} else if (WIFSIGNALED(status)) {
		outcome_fail(&run.outcome, "QEMU was ended by signal %d", WTERMSIG(status));
	} else {
		outcome_fail(&run.outcome, "QEMU ended with status %d%s%s", WEXITSTATUS(status), *run.control.error ? ": " : "",
		        run.control.error);
	}
}

static void read_signal(void)
{
	struct signalfd_siginfo signal;
	if (read(run.signals, &signal, sizeof signal) != sizeof signal)
		return;
	if (signal.ssi_signo != SIGCHLD) {
		outcome_set(&run.outcome, 128 + (int)signal.ssi_signo, "ended by signal %u", signal.ssi_signo);
		return;
	}
	int status;
	if (run.machine.qemu.process > 0 && waitpid(run.machine.qemu.process, &status, WNOHANG) == run.machine.qemu.process)
		on_machine_end(status);
}

static void begin_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	const int wanted[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	run.signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (run.signals < 0)
		die("cannot wait for signals: %s", strerror(errno));
}

/* Seconds until something must happen without an event, at most 3600. */
static double patience(void)
{
	double now = clock_seconds(), until = now + 3600;
	if (run.deadline && run.deadline < until)
		until = run.deadline;
	if (run.report_until) {
		double quiet = run.report_last + REPORT_QUIET;
		double end = quiet < run.report_until ? quiet : run.report_until;
		until = end < until ? end : until;
	}
	return until > now ? until - now : 0;
}

static bool finished(void)
{
	if (run.outcome.decided && run.report_until) {
		double now = clock_seconds();
		return now >= run.report_until || now >= run.report_last + REPORT_QUIET;
	}
	return run.outcome.decided;
}

static void wait_for_one(void)
{
	bool keys = run.options.interactive && !run.terminal.at_end;
	struct pollfd sources[] = {
	        {.fd = run.com1_open ? run.machine.com1 : -1, .events = POLLIN},
	        {.fd = run.link.descriptor, .events = POLLIN},
	        {.fd = run.control.descriptor, .events = POLLIN},
	        {.fd = keys ? STDIN_FILENO : -1, .events = POLLIN},
	        {.fd = run.signals, .events = POLLIN},
	};
	if (poll(sources, sizeof sources / sizeof *sources, (int)(patience() * 1000) + 1) < 0 && errno != EINTR)
		die("cannot wait for the machine: %s", strerror(errno));
	if (sources[0].revents)
		read_com1();
	if (sources[1].revents && !run.outcome.decided)
		link_read(&run.link, &run.outcome);
	if (sources[2].revents)
		control_read(&run.control);
	if (sources[3].revents && terminal_read(&run.terminal, run.machine.com1))
		outcome_set(&run.outcome, 0, NULL);
	if (sources[4].revents)
		read_signal();
	if (run.deadline && clock_seconds() >= run.deadline)
		outcome_set(&run.outcome, STATUS_TIMEOUT, "time is up after %g seconds%s%s", run.options.timeout,
		        run.options.command && !run.link.greeted ? "; the guest has not come up" : "",
		        dialogue_sentence(&run.dialogue));
}

static void print_file(const char *path)
{
	char buffer[4096];
	FILE *file = fopen(path, "r");
	for (size_t count; file && (count = fread(buffer, 1, sizeof buffer, file)) > 0;)
		fwrite(buffer, 1, count, stderr);
	if (file)
		fclose(file);
}

static int conclude(void)
{
	if (run.options.screenshot && run.machine.qemu.process > 0 && !control_screenshot(&run.control, run.options.screenshot))
		fprintf(stderr, "guest: no screenshot: %s\n", *run.control.error ? run.control.error : "QEMU does not answer");
	qemu_end(&run.machine.qemu);
	terminal_end();
	if (*run.outcome.sentence)
		fprintf(stderr, "%s: %s\n", run.options.interactive ? "run" : "guest", run.outcome.sentence);
	if (run.outcome.show_log) {
		print_file(run.machine.error_output);
		if (!run.options.interactive)
			serial_print_tail(&run.serial);
	}
	return run.outcome.status;
}

static void stop_machine(void)
{
	qemu_end(&run.machine.qemu);
}

/* The guest's shell becomes the program pty (user/bin/pty), whose shell runs the line as if it had been given to the first. */
static const char *command_on_terminal(const char *command)
{
	static const char before[] = "export TERM=linux; exec /bin/pty sh -c ";
	char *result = must_allocate(malloc(sizeof before + 4 * strlen(command) + 3)), *to = stpcpy(result, before);

	*to++ = '\'';
	for (; *command; command++)
		to = *command == '\'' ? stpcpy(to, "'\\''") : (*to = *command, to + 1);
	strcpy(to, "'");
	return result;
}

int main(int argc, char **argv)
{
	options_read(&run.options, argc, argv);
	if (run.options.tty && run.options.command)
		run.options.command = command_on_terminal(run.options.command);
	workdir_make();
	serial_begin(&run.serial, run.options.serial_log);
	dialogue_begin(&run.dialogue, run.options.dialogue, run.options.until);
	begin_signals();
	atexit(stop_machine);
	machine_start(&run.machine, &run.options);
	if (run.options.timeout)
		run.deadline = clock_seconds() + run.options.timeout;
	link_begin(&run.link, run.machine.com2, run.options.command, run.deadline);
	control_begin(&run.control, run.machine.control);
	run.com1_open = true;
	if (run.options.interactive) {
		fprintf(stderr, "To leave: poweroff, or the keys Ctrl-A x\n");
		terminal_begin(&run.terminal);
	} else if (!run.options.command) {
		go_on();
	}
	while (!finished())
		wait_for_one();
	return conclude();
}
