/*
 * ktest_program.c - tests that are programs: /tests/02/NAME, /tests/user/NAME.
 *
 * The kernel chooses what is run, and under which seed; the first process,
 * run(1), runs it and looks for leaks.  They talk through /dev/ktest:
 *
 *	run reads	"02/keys"	the program to run now
 *	run writes	"0"		its status; any other is a failure
 *	run reads	nothing		that was the last one
 *
 * Between the two calls the program runs, perturbed by the seed of this run,
 * within the test's limit; its frames and its KTAP line are the kernel's, as
 * those of a test inside the kernel.  So the line test=02/a:random=20,02/b is
 * 21 runs in one boot, and a program cannot forge the result of another one.
 *
 * A whole folder, test=user, is left to run(1) alone.
 */
#include "cmdline.h"
#include "device.h"
#include "errno.h"
#include "file.h"
#include "inode.h"
#include "ktest_plan.h"
#include "power.h"
#include "printk.h"
#include "process.h"
#include "stat.h"
#include "string.h"
#include "uaccess.h"

#define PCT_DEPTH 3

/* Only the first process's, which has one thread: no lock is needed. */
static struct {
	const char *rest; /* of the selection: what comes after this test */
	struct ktest_plan plan;
	struct ktest_case test;
	struct ktest t;
	unsigned int number, failed;
	bool begun;   /* a test: its frame is out */
	bool running; /* a program, between read and write */
} state;

/* ---- one test ---- */

/* "02/keys" becomes the suite and the name. */
static void test_name(struct ktest_case *test, char *selection)
{
	char *slash = strchr(selection, '/');

	*slash = '\0';
	test->suite = selection;
	test->name = slash + 1;
}

/* The next test; false when there is none. */
static bool test_begin(void)
{
	if (ktest_plan_take(&state.rest, &state.plan))
		return false;
	test_name(&state.test, state.plan.selection);
	state.t = (struct ktest){.test = &state.test};
	state.begun = true;
	ktest_begin(&state.t, state.plan.limit);
	return true;
}

static void test_end(void)
{
	state.begun = false;
	state.failed += state.t.failures != 0;
	ktest_end(&state.t, ++state.number);
}

/* ---- one run of it ---- */

/* sched= and seed= of the command line: that one run. */
static bool replay_schedule(struct ktest *t)
{
	unsigned int depth = 0;

	if (t->runs)
		return false;
	perturb_parse(cmdline_get("sched"), &t->strategy, &depth);
	t->seed = cmdline_u64("seed", 1);
	perturb_start(t->strategy, depth, t->seed);
	return true;
}

/* The run after that of t->strategy and t->seed; false when all are done. */
static bool next_schedule(struct ktest *t)
{
	const struct ktest_plan *plan = &state.plan;
	enum sched_strategy strategy = t->strategy;
	uint64_t seed = t->seed + 1;

	if (cmdline_get("sched"))
		return replay_schedule(t);
	if (!plan->has_seeds)
		return t->runs == 0;
	for (; seed > plan->seeds[strategy]; seed = 1)
		if (++strategy == STRATEGIES)
			return false;
	t->strategy = strategy;
	t->seed = seed;
	perturb_start(strategy, PCT_DEPTH, seed);
	return true;
}

static bool run_begin(void)
{
	for (;;) {
		if (!state.begun && !test_begin())
			return false;
		if (!state.t.failures && next_schedule(&state.t))
			break;
		test_end();
	}
	state.running = true;
	return true;
}

static void run_end(bool passed)
{
	if (state.t.seed)
		perturb_stop();
	state.running = false;
	state.t.runs++;
	state.t.failures += !passed;
}

static void all_done(void)
{
	printk("# %u passed, %u failed, of %u\n", state.number - state.failed,
	       state.failed, state.number);
	ktest_frame("done");
	power_off(state.failed ? EXIT_TESTS_FAILED : EXIT_TESTS_PASSED);
}

/* ---- /dev/ktest ---- */

static long ktest_read(struct file *f, uintptr_t buf, size_t len, uint64_t *pos)
{
	char name[PLAN_NAME_SIZE];
	int n;

	if (current->proc->pid != INIT_PID || !state.rest || state.running)
		return -EPERM;
	if (!run_begin())
		all_done();
	n = snprintf(name, sizeof(name), "%s/%s", state.test.suite,
		     state.test.name);
	if (len < (size_t)n)
		return -EINVAL;
	return copy_to_user(buf, name, n) ? -EFAULT : n;
}

static long ktest_write(struct file *f, uintptr_t buf, size_t len,
			uint64_t *pos)
{
	char status;

	if (current->proc->pid != INIT_PID || !state.running)
		return -EPERM;
	if (len < 1)
		return -EINVAL;
	if (get_user(status, buf))
		return -EFAULT;
	run_end(len == 1 && status == '0');
	return len;
}

static const struct file_ops ktest_file_ops = {
	.read = ktest_read,
	.write = ktest_write,
};

/* The number is one for local use. */
DEVICE(.name = "ktest", .number = DEVICE_NUMBER(10, 240),
       .ops = &ktest_file_ops);

/* ---- which programs ---- */

/* Is there a program or a folder of that name?  0 or its S_IF*. */
static uint32_t type_in_tests(const char *name)
{
	char path[PLAN_NAME_SIZE + 8];
	uint32_t type;
	struct file *f;

	snprintf(path, sizeof(path), "/tests/%s", name);
	if (fs_open(AT_FDCWD, path, O_RDONLY, 0, &f))
		return 0;
	type = f->inode->mode & S_IFMT;
	file_put(f);
	return type;
}

/* How many programs the selection names; -ENOENT when a part names none. */
static int count_programs(const char *selection)
{
	struct ktest_plan plan;
	int error, count = 0;

	while (!(error = ktest_plan_take(&selection, &plan))) {
		if (type_in_tests(plan.selection) != S_IFREG)
			return -ENOENT;
		count++;
	}
	return error == -ENOENT && count ? count : error;
}

/* What args= says is for the programs. */
static void start_run(const char *folder)
{
	static char command[256];
	const char *args = cmdline_get("args");

	snprintf(command, sizeof(command), "/sbin/run %s -- %s", folder,
		 args ? args : "");
	process_start_init(command);
}

int ktest_start_programs(const char *selection)
{
	int count;

	if (type_in_tests(selection) == S_IFDIR) {
		start_run(selection);
		return 0;
	}
	count = count_programs(selection);
	if (count < 0)
		return count;
	state.rest = selection;
	printk("KTAP version 1\n1..%d\n", count);
	start_run("");
	return 0;
}
