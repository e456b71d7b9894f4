/*
 * ipcbench - micro-benchmarks of inter-process communication.
 *
 * One file of POSIX C, plus two raw system calls (getppid, futex).  Build:
 *
 *     musl-gcc -static -O2 -Wall -Wextra -o ipcbench ipcbench.c
 *
 * Usage: ipcbench [-l1] [-n ITER] [-t MS] [-T SEC] [-d DIR] [ROW...]
 *
 *     -l       list the rows and leave
 *     -1       no process but those that a row is about: see below
 *     -n ITER  fixed iteration counts: a row runs ITER / div times, but at
 *              most max times (div and max: see the table of rows)
 *     -t MS    without -n, calibrate each row to take about MS ms (300)
 *     -T SEC   give up on a row after SEC seconds (60)
 *     -d DIR   where to make the FIFOs (/tmp)
 *     ROW      run these rows only; "tcp_" runs every row that begins so
 *
 * Every row prints one line, which is one of
 *
 *     bench NAME VALUE UNIT ITERATIONS   UNIT is ns/op or MB/s (10^6 bytes)
 *     bench NAME unsupported ERRNO       a call failed; the errno, a number
 *     bench NAME timeout SEC
 *     bench NAME crashed SIGNAL
 *
 * One op of a _pp (ping-pong) row is a round trip: a message there and one
 * back, thus two context switches where both sides share a processor.  A _bw
 * (bandwidth) row sends in one direction.  Each row runs in a process of its
 * own, so that one which hangs or crashes leaves the others alone, and is
 * warmed up before it is timed.
 *
 * With -1 a row runs in this process, which then executes itself for the next
 * one: so each begins alike, and no parent waits meanwhile.  On a system where
 * that means to look again and again, the parent would be part of what is
 * measured.  But a row that hangs or crashes takes the rest along (no -T).
 */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BULK = 65536, RING = 8 }; /* bytes in a bulk write; ring slots */

static const char *self; /* this program, for exec */
static const char *fifo_dir = "/tmp";
static char buf[BULK];

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int fail(void)
{
	return errno ? -errno : -EIO;
}

/* 0 or a negative errno, from what a system call returned. */
static int check(long ret)
{
	return ret < 0 ? fail() : 0;
}

/* Wait for a child; its exit status is 0 or an errno. */
static int reap(pid_t pid)
{
	int st;

	while (waitpid(pid, &st, 0) < 0)
		if (errno != EINTR)
			return fail();
	return WIFEXITED(st) ? -WEXITSTATUS(st) : -EINTR;
}

/*
 * The function of a row does n operations and returns the time they took in
 * ns, or a negative errno.  Since it is called several times, to calibrate,
 * it tears down what it set up, unless it fails.
 */
typedef int64_t row_fn(long n, int arg);

/* ---- the caller alone ------------------------------------------------- */

static int64_t row_syscall(long n, int yield)
{
	int64_t t = now();

	for (long i = 0; i < n; i++)
		if (yield ? sched_yield() < 0 : syscall(SYS_getppid) < 0)
			return fail();
	return now() - t;
}

/* poll() on npipes pipes of which the last is readable. */
static int64_t row_poll(long n, int npipes)
{
	struct pollfd p[npipes];
	int wr[npipes], err = 0;
	struct rlimit rl;
	int64_t t;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	for (int i = 0; i < npipes; i++) {
		int fd[2];

		if (pipe(fd) < 0)
			return fail();
		p[i] = (struct pollfd){.fd = fd[0], .events = POLLIN};
		wr[i] = fd[1];
	}
	err = check(write(wr[npipes - 1], "", 1));
	t = now();
	for (long i = 0; i < n && !err; i++)
		if (poll(p, npipes, -1) != 1)
			err = fail();
	t = now() - t;
	for (int i = 0; i < npipes; i++) {
		close(p[i].fd);
		close(wr[i]);
	}
	return err ? err : t;
}

/* ---- two processes, and a channel between them ------------------------ */

/*
 * The parent is side 0 of a channel and the child side 1.  put() sends to
 * the other side and get() receives from it: 0 or a negative errno.
 */
struct channel {
	int (*put)(struct channel *, int side, size_t len);
	int (*get)(struct channel *, int side, size_t len);
	int rd[2], wr[2]; /* descriptors of each side, or 0 */
	int id;           /* message queue, listening socket */
	void *mem;        /* shared memory */
	unsigned seq;     /* slots of the ring used by this side */
	pid_t peer;       /* the other side */
};

static void close_side(struct channel *c, int side)
{
	if (c->rd[side])
		close(c->rd[side]);
	if (c->wr[side] && c->wr[side] != c->rd[side])
		close(c->wr[side]);
}

/*
 * n messages of len bytes to the child: each gets an answer as long, or with
 * bulk only the last one gets an answer, of one byte.  Message -1 waits for
 * the child to start; it is not timed.
 */
static int64_t exchange(struct channel *c, long n, size_t len, int bulk)
{
	size_t back = bulk ? 1 : len;
	pid_t pid, parent = getpid();
	int64_t t = 0;
	int err = 0, child;

	if ((pid = fork()) < 0)
		return fail();
	c->peer = pid ? pid : parent;
	close_side(c, pid != 0);
	for (long i = -1; i < n && !err; i++) {
		int answer = !bulk || i < 0 || i == n - 1;

		if (i == 0)
			t = now();
		if (pid) {
			err = c->put(c, 0, len);
			if (!err && answer)
				err = c->get(c, 0, back);
		} else {
			err = c->get(c, 1, len);
			if (!err && answer)
				err = c->put(c, 1, back);
		}
	}
	t = now() - t;
	if (!pid)
		_exit(-err);
	close_side(c, 0);
	if (err)
		kill(pid, SIGKILL);
	child = reap(pid);
	return err ? err : child ? child : t;
}

/* Descriptors: pipes, FIFOs and connected sockets. */

static int fd_put(struct channel *c, int side, size_t len)
{
	for (ssize_t k; len > 0; len -= k)
		if ((k = write(c->wr[side], buf, len)) <= 0)
			return fail();
	return 0;
}

static int fd_get(struct channel *c, int side, size_t len)
{
	for (ssize_t k; len > 0; len -= k)
		if ((k = read(c->rd[side], buf, len)) <= 0)
			return k ? fail() : -EPIPE;
	return 0;
}

static int64_t fd_exchange(long n, int bulk, int rd0, int wr0, int rd1, int wr1)
{
	struct channel c = {.put = fd_put,
			    .get = fd_get,
			    .rd = {rd0, rd1},
			    .wr = {wr0, wr1}};

	return exchange(&c, n, bulk ? BULK : 1, bulk);
}

static int64_t row_pipe(long n, int bulk)
{
	int there[2], back[2];

	if (pipe(there) < 0 || pipe(back) < 0)
		return fail();
	return fd_exchange(n, bulk, back[0], there[1], there[0], back[1]);
}

/*
 * Opening a FIFO waits for its other end, and this process opens both, hence
 * O_NONBLOCK for the end that reads.
 */
static int fifo(int fd[2])
{
	char path[256];
	int err;

	snprintf(path, sizeof path, "%s/ipcbench.%d", fifo_dir, (int)getpid());
	if (mkfifo(path, 0600) < 0)
		return fail();
	err = check(fd[0] = open(path, O_RDONLY | O_NONBLOCK));
	if (!err)
		err = check(fd[1] = open(path, O_WRONLY));
	if (!err)
		err = check(fcntl(fd[0], F_SETFL, 0));
	unlink(path);
	return err;
}

static int64_t row_fifo(long n, int bulk)
{
	int there[2], back[2], err;

	if ((err = fifo(there)) || (err = fifo(back)))
		return err;
	return fd_exchange(n, bulk, back[0], there[1], there[0], back[1]);
}

static int64_t row_unix(long n, int bulk)
{
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0)
		return fail();
	return fd_exchange(n, bulk, s[0], s[0], s[1], s[1]);
}

/* A socket bound to a free port of 127.0.0.1; *sa gets the address. */
static int bound_socket(int type, struct sockaddr_in *sa)
{
	socklen_t len = sizeof *sa;
	int s = socket(AF_INET, type, 0);

	*sa = (struct sockaddr_in){.sin_family = AF_INET};
	sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s < 0 || bind(s, (struct sockaddr *)sa, len) < 0 ||
	    getsockname(s, (struct sockaddr *)sa, &len) < 0 ||
	    (type == SOCK_STREAM && listen(s, 8) < 0))
		return fail();
	return s;
}

static int64_t row_udp(long n, int bulk)
{
	struct sockaddr_in a, b;
	int s = bound_socket(SOCK_DGRAM, &a), t = bound_socket(SOCK_DGRAM, &b);

	if (s < 0 || t < 0)
		return s < 0 ? s : t;
	if (connect(s, (struct sockaddr *)&b, sizeof b) < 0 ||
	    connect(t, (struct sockaddr *)&a, sizeof a) < 0)
		return fail();
	return fd_exchange(n, bulk, s, s, t, t);
}

static int64_t row_tcp(long n, int bulk)
{
	struct sockaddr_in sa;
	int s, t, one = 1, l = bound_socket(SOCK_STREAM, &sa);

	if (l < 0)
		return l;
	if ((s = socket(AF_INET, SOCK_STREAM, 0)) < 0 ||
	    connect(s, (struct sockaddr *)&sa, sizeof sa) < 0 ||
	    (t = accept(l, NULL, NULL)) < 0 || close(l) < 0)
		return fail();
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(t, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd_exchange(n, bulk, s, s, t, t);
}

/* An op connects, accepts, closes on the server's side, on the client's. */

static int conn_put(struct channel *c, int side, size_t len)
{
	if (side)
		return check(close(c->seq));
	if ((int)(c->seq = socket(AF_INET, SOCK_STREAM, 0)) < 0)
		return fail();
	return check(connect(c->seq, c->mem, sizeof(struct sockaddr_in)));
}

static int conn_get(struct channel *c, int side, size_t len)
{
	if (side)
		return check(c->seq = accept(c->id, NULL, NULL));
	return read(c->seq, buf, 1) ? fail() : check(close(c->seq));
}

static int64_t row_conn(long n, int bulk)
{
	struct sockaddr_in sa;
	struct channel c = {.put = conn_put, .get = conn_get, .mem = &sa};
	int64_t t;

	if ((c.id = bound_socket(SOCK_STREAM, &sa)) < 0)
		return c.id;
	t = exchange(&c, n, 0, bulk);
	close(c.id);
	return t;
}

/* System V message queue: type 1 is for the parent and 2 for the child. */

struct message {
	long type;
	char text[256];
};

static int msg_put(struct channel *c, int side, size_t len)
{
	struct message m = {.type = 2 - side};

	return check(msgsnd(c->id, &m, len, 0));
}

static int msg_get(struct channel *c, int side, size_t len)
{
	struct message m;

	return check(msgrcv(c->id, &m, len, 1 + side, 0));
}

static int64_t row_msgq(long n, int bulk)
{
	struct channel c = {.put = msg_put, .get = msg_get};
	int64_t t;

	if ((c.id = msgget(IPC_PRIVATE, IPC_CREAT | 0600)) < 0)
		return fail();
	t = exchange(&c, n, bulk ? sizeof(struct message) - sizeof(long) : 64,
		     bulk);
	msgctl(c.id, IPC_RMID, NULL);
	return t;
}

/* System V shared memory and a futex: a word in it says whose turn it is. */

enum { WAIT = 0, WAKE = 1, SHARED = 0, PRIVATE = 128 }; /* futex(2) */

static int futex(atomic_uint *word, int op, unsigned val)
{
	return syscall(SYS_futex, word, op, val, NULL, NULL, 0) < 0 ? -1 : 0;
}

static int futex_wait_while(atomic_uint *word, unsigned val, int scope)
{
	while (atomic_load(word) == val)
		if (futex(word, WAIT | scope, val) && errno != EAGAIN &&
		    errno != EINTR)
			return fail();
	return 0;
}

static int futex_set(atomic_uint *word, unsigned val, int scope)
{
	atomic_store(word, val);
	return check(futex(word, WAKE | scope, 1));
}

static int shm_put(struct channel *c, int side, size_t len)
{
	return futex_set(c->mem, !side, SHARED);
}

static int shm_get(struct channel *c, int side, size_t len)
{
	return futex_wait_while(c->mem, !side, SHARED);
}

/* A ring: the parent copies in at head and the child copies out at tail. */

struct ring {
	atomic_uint head, tail;
	char slot[RING][BULK];
};

static int ring_put(struct channel *c, int side, size_t len)
{
	struct ring *r = c->mem;
	int err;

	if (side) /* the last tail was the answer */
		return 0;
	if ((err = futex_wait_while(&r->tail, c->seq - RING, SHARED)))
		return err;
	memcpy(r->slot[c->seq % RING], buf, len);
	return futex_set(&r->head, ++c->seq, SHARED);
}

static int ring_get(struct channel *c, int side, size_t len)
{
	struct ring *r = c->mem;
	unsigned tail;
	int err = 0;

	if (side == 0) {
		while (!err && (tail = atomic_load(&r->tail)) != c->seq)
			err = futex_wait_while(&r->tail, tail, SHARED);
		return err;
	}
	if ((err = futex_wait_while(&r->head, c->seq, SHARED)))
		return err;
	memcpy(buf, r->slot[c->seq % RING], len);
	return futex_set(&r->tail, ++c->seq, SHARED);
}

static int64_t row_shm(long n, int bulk)
{
	struct channel c = {.put = bulk ? ring_put : shm_put,
			    .get = bulk ? ring_get : shm_get};
	int id = shmget(IPC_PRIVATE, sizeof(struct ring), IPC_CREAT | 0600);
	int64_t t;

	if (id < 0)
		return fail();
	c.mem = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	if (c.mem == (void *)-1)
		return fail();
	memset(c.mem, 0, sizeof(struct ring));
	t = exchange(&c, n, BULK, bulk);
	shmdt(c.mem);
	return t;
}

/* Process-shared semaphores. */

static int sem_put(struct channel *c, int side, size_t len)
{
	return check(sem_post((sem_t *)c->mem + side));
}

static int sem_get(struct channel *c, int side, size_t len)
{
	return check(sem_wait((sem_t *)c->mem + !side));
}

static int64_t row_sem(long n, int bulk)
{
	struct channel c = {.put = sem_put, .get = sem_get};
	sem_t *s = mmap(NULL, 2 * sizeof *s, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t t;

	if (s == MAP_FAILED || sem_init(&s[0], 1, 0) || sem_init(&s[1], 1, 0))
		return fail();
	c.mem = s;
	t = exchange(&c, n, 0, bulk);
	munmap(s, 2 * sizeof *s);
	return t;
}

/* Signals: SIGUSR1 is blocked except while sigsuspend() waits for it. */

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught++;
}

static int catch_signal(int sig)
{
	struct sigaction sa = {.sa_handler = on_signal};

	caught = 0;
	return check(sigaction(sig, &sa, NULL));
}

static int sig_put(struct channel *c, int side, size_t len)
{
	return check(kill(c->peer, SIGUSR1));
}

static int sig_get(struct channel *c, int side, size_t len)
{
	sigset_t none;

	sigemptyset(&none);
	while (!caught)
		if (sigsuspend(&none) < 0 && errno != EINTR)
			return fail();
	caught = 0;
	return 0;
}

static int64_t row_sig(long n, int bulk)
{
	struct channel c = {.put = sig_put, .get = sig_get};
	int err = catch_signal(SIGUSR1);
	sigset_t usr1, before;
	int64_t t;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	if (!err)
		err = check(sigprocmask(SIG_BLOCK, &usr1, &before));
	if (err)
		return err;
	t = exchange(&c, n, 0, bulk);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return t;
}

static int64_t row_sig_self(long n, int arg)
{
	pid_t me = getpid();
	int err = catch_signal(SIGUSR1);
	int64_t t = now();

	for (long i = 0; i < n && !err; i++)
		err = check(kill(me, SIGUSR1));
	t = now() - t;
	return err ? err : caught == n ? t : -EIO;
}

/* ---- processes and threads -------------------------------------------- */

static int64_t row_fork(long n, int exec)
{
	int64_t t = now();

	for (long i = 0; i < n; i++) {
		pid_t pid = fork();
		int err;

		if (pid < 0)
			return fail();
		if (pid == 0) {
			if (exec)
				execl(self, self, "-X", (char *)NULL);
			_exit(exec ? errno : 0);
		}
		if ((err = reap(pid)))
			return err;
	}
	return now() - t;
}

static void *no_work(void *arg)
{
	return arg;
}

static int64_t row_thread(long n, int arg)
{
	int64_t t = now();

	for (long i = 0; i < n; i++) {
		pthread_t th;
		int err = pthread_create(&th, NULL, no_work, NULL);

		if (err || (err = pthread_join(th, NULL)))
			return -err;
	}
	return now() - t;
}

/* A word says whose turn it is: 1 is the second thread's. */
struct futex_job {
	atomic_uint turn;
	long rounds;
	int err;
};

static void *futex_answer(void *arg)
{
	struct futex_job *j = arg;

	for (long i = 0; i < j->rounds && !j->err; i++) {
		j->err = futex_wait_while(&j->turn, 0, PRIVATE);
		if (!j->err)
			j->err = futex_set(&j->turn, 0, PRIVATE);
	}
	return NULL;
}

/* As exchange(), of two threads: round -1 waits for the other to start. */
static int64_t row_futex(long n, int arg)
{
	static struct futex_job j;
	pthread_t th;
	int64_t t = 0;
	int err;

	j = (struct futex_job){.rounds = n + 1};
	if ((err = pthread_create(&th, NULL, futex_answer, &j)))
		return -err;
	for (long i = -1; i < n && !err; i++) {
		if (i == 0)
			t = now();
		err = futex_set(&j.turn, 1, PRIVATE);
		if (!err)
			err = futex_wait_while(&j.turn, 1, PRIVATE);
	}
	t = now() - t;
	if (err)
		return err; /* the other waits for us for ever */
	err = pthread_join(th, NULL);
	return err ? -err : j.err ? j.err : t;
}

struct mutex_job {
	pthread_mutex_t lock;
	long rounds, count;
	int yield;
};

static void *mutex_work(void *arg)
{
	struct mutex_job *j = arg;

	for (long i = 0; i < j->rounds; i++) {
		pthread_mutex_lock(&j->lock);
		j->count++;
		if (j->yield)
			sched_yield();
		pthread_mutex_unlock(&j->lock);
	}
	return NULL;
}

/*
 * n times lock and unlock.  With two threads each yields while it holds the
 * lock, so that the other meets a taken lock on a single processor too.
 */
static int64_t row_mutex(long n, int threads)
{
	struct mutex_job j = {.lock = PTHREAD_MUTEX_INITIALIZER,
			      .rounds = n / threads,
			      .yield = threads > 1};
	pthread_t th;
	int err = 0;
	int64_t t = now();

	if (threads > 1)
		err = pthread_create(&th, NULL, mutex_work, &j);
	if (!err)
		mutex_work(&j);
	if (!err && threads > 1)
		err = pthread_join(th, NULL);
	t = now() - t;
	return err ? -err : j.count == j.rounds * threads ? t : -EIO;
}

/* ---- the table of rows, and how to run one ---------------------------- */

static const struct row {
	const char *name;
	row_fn *run;
	int arg;
	int div;   /* -n ITER means ITER / div here */
	long max;  /* never more than this many; 0: any */
	int bytes; /* an op moves so many: report MB/s */
} rows[] = {
	/* clang-format off */
	{ "syscall",	row_syscall,	0,	1,	0,	0 },
	{ "yield",	row_syscall,	1,	1,	0,	0 },
	{ "pipe_pp",	row_pipe,	0,	10,	0,	0 },
	{ "pipe_bw",	row_pipe,	1,	100,	0,	BULK },
	{ "fifo_pp",	row_fifo,	0,	10,	0,	0 },
	{ "msgq_pp",	row_msgq,	0,	10,	0,	0 },
	{ "msgq_bw",	row_msgq,	1,	1,	0,	256 },
	{ "shm_pp",	row_shm,	0,	10,	0,	0 },
	{ "shm_bw",	row_shm,	1,	100,	0,	BULK },
	{ "sem_pp",	row_sem,	0,	10,	0,	0 },
	{ "futex_pp",	row_futex,	0,	10,	0,	0 },
	{ "mutex_free",	row_mutex,	1,	1,	0,	0 },
	{ "mutex_cont",	row_mutex,	2,	1,	0,	0 },
	{ "sig_self",	row_sig_self,	0,	10,	0,	0 },
	{ "sig_pp",	row_sig,	0,	10,	0,	0 },
	{ "unix_pp",	row_unix,	0,	10,	0,	0 },
	{ "unix_bw",	row_unix,	1,	100,	0,	BULK },
	{ "udp_pp",	row_udp,	0,	10,	0,	0 },
	{ "tcp_pp",	row_tcp,	0,	10,	0,	0 },
	{ "tcp_bw",	row_tcp,	1,	100,	0,	BULK },
	{ "tcp_conn",	row_conn,	0,	100,	10000,	0 },
	{ "fork",	row_fork,	0,	100,	0,	0 },
	{ "fork_exec",	row_fork,	1,	100,	0,	0 },
	{ "thread",	row_thread,	0,	100,	0,	0 },
	{ "poll_10",	row_poll,	10,	10,	0,	0 },
	{ "poll_100",	row_poll,	100,	10,	0,	0 },
	{ "poll_1000",	row_poll,	1000,	100,	0,	0 },
	/* clang-format on */
};
enum { NROWS = sizeof rows / sizeof rows[0] };

static long fixed_iter;               /* -n */
static int64_t target_ns = 300000000; /* -t */
static unsigned limit_s = 60;         /* -T */

/* An even count, since a row may share it between two threads. */
static long clamp(const struct row *r, double n)
{
	double max = r->max ? r->max : 1e9;

	return n < 2 ? 2 : (long)(n > max ? max : n) & ~1L;
}

/* Grow n until a run takes a quarter of the target, then scale it up. */
static int64_t calibrate(const struct row *r, long *n)
{
	int64_t ns;

	*n = 2;
	while ((ns = r->run(*n, r->arg)) >= 0 && ns < target_ns / 4) {
		double grow = ns > 0 ? 0.4 * target_ns / ns : 100;
		long more;

		grow = grow < 2 ? 2 : grow > 100 ? 100 : grow;
		more = clamp(r, *n * grow);
		if (more == *n)
			break;
		*n = more;
	}
	if (ns > 0)
		*n = clamp(r, (double)*n * target_ns / ns);
	return ns;
}

static void run_row(const struct row *r)
{
	int64_t ns;
	long n;

	if (fixed_iter) {
		n = clamp(r, fixed_iter / r->div);
		ns = r->run(clamp(r, n / 10), r->arg);
	} else {
		ns = calibrate(r, &n);
	}
	if (ns >= 0)
		ns = r->run(n, r->arg);
	if (ns < 0)
		printf("bench %s unsupported %d\n", r->name, (int)-ns);
	else if (r->bytes)
		printf("bench %s %.3f MB/s %ld\n", r->name,
		       1e3 * r->bytes * n / (ns ? ns : 1), n);
	else
		printf("bench %s %.1f ns/op %ld\n", r->name, (double)ns / n, n);
	fflush(stdout);
}

/* Run a row in a process group of its own, for at most limit_s seconds. */
static void run_apart(const struct row *r)
{
	int st = 0, late = 0;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		setpgid(0, 0);
		run_row(r);
		_exit(0);
	}
	if (pid < 0) {
		run_row(r);
		return;
	}
	setpgid(pid, pid);
	alarm(limit_s);
	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		if (!late++) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
		}
	alarm(0);
	kill(-pid, SIGKILL); /* whatever it left behind */
	if (late)
		printf("bench %s timeout %u\n", r->name, limit_s);
	else if (WIFSIGNALED(st))
		printf("bench %s crashed %d\n", r->name, WTERMSIG(st));
}

static int wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		size_t len = strlen(argv[i]);
		int prefix = len && argv[i][len - 1] == '_';

		if (prefix ? !strncmp(name, argv[i], len)
			   : !strcmp(name, argv[i]))
			return 1;
	}
	return argc == 0;
}

/*
 * Run the row, and then the rest of those that are wanted, by executing this
 * program anew with the same options.
 */
static int run_alone(const struct row *r, int argc, char **argv)
{
	char *next[argc + NROWS + 1];
	int n = 0;

	while (n < optind) {
		next[n] = argv[n];
		n++;
	}
	run_row(r);
	while (++r < rows + NROWS)
		if (wanted(r->name, argc - optind, argv + optind))
			next[n++] = (char *)r->name;
	next[n] = NULL;
	if (n == optind)
		return 0;
	execv(self, next);
	perror(self);
	return 1;
}

int main(int argc, char **argv)
{
	int c, list = 0, alone = 0;

	self = strchr(argv[0], '/') ? argv[0] : "/proc/self/exe";
	while ((c = getopt(argc, argv, "l1n:t:T:d:X")) != -1)
		switch (c) {
		case 'l':
			list = 1;
			break;
		case '1':
			alone = 1;
			break;
		case 'n':
			fixed_iter = atol(optarg);
			break;
		case 't':
			target_ns = atol(optarg) * 1000000LL;
			break;
		case 'T':
			limit_s = atoi(optarg);
			break;
		case 'd':
			fifo_dir = optarg;
			break;
		case 'X':
			return 0; /* what fork_exec executes */
		default:
			fprintf(stderr,
				"usage: ipcbench [-l1] [-n ITER] [-t MS]"
				" [-T SEC] [-d DIR] [ROW...]\n");
			return 2;
		}
	memset(buf, 'x', sizeof buf); /* not the shared page of zeros */
	signal(SIGPIPE, SIG_IGN);
	catch_signal(SIGALRM);
	for (int i = 0; i < NROWS; i++)
		if (wanted(rows[i].name, argc - optind, argv + optind)) {
			if (list)
				puts(rows[i].name);
			else if (alone)
				return run_alone(&rows[i], argc, argv);
			else
				run_apart(&rows[i]);
		}
	return 0;
}
