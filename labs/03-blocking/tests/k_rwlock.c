/*
 * k_rwlock.c - exercise 3.2: reader-writer locks.
 *
 * A visitor is a thread that takes the lock, to read or to write, and keeps it
 * until it is told that it leaves().
 */
#include "lab03.h"

enum purpose { READ, WRITE };

static const char *name_of(enum purpose purpose)
{
	return purpose == READ ? "reader" : "writer";
}

static int lock_for(struct rwlock *l, enum purpose purpose)
{
	return purpose == READ ? rwlock_read_lock(l) : rwlock_write_lock(l);
}

static int unlock_for(struct rwlock *l, enum purpose purpose)
{
	return purpose == READ ? rwlock_read_unlock(l) : rwlock_write_unlock(l);
}

struct visitor {
	struct caller c;
	enum purpose purpose;
	volatile bool left;
};

static void visit(void *arg)
{
	struct visitor *v = arg;
	struct rwlock *l = v->c.object;

	v->c.result = lock_for(l, v->purpose);
	v->c.returned = true;
	gate_wait(v->c.t, &v->c.go);
	EXPECT_RESULT(v->c.t, unlock_for(l, v->purpose), 0,
		      "the caller holds it");
	v->left = true;
}

static void start(struct ktest *t, struct visitor *v, struct rwlock *l,
		  enum purpose purpose)
{
	*v = (struct visitor){.c = {.t = t, .object = l}, .purpose = purpose};
	v->c.thread = spawn(name_of(purpose), visit, v);
}

/* It comes, and must get in at once; it comes, and must wait. */
static void comes_in(struct ktest *t, struct visitor *v, struct rwlock *l,
		     enum purpose purpose, const char *what)
{
	start(t, v, l, purpose);
	expect_returns(&v->c, 0, what);
}

static void comes_and_waits(struct ktest *t, struct visitor *v,
			    struct rwlock *l, enum purpose purpose,
			    const char *what)
{
	start(t, v, l, purpose);
	expect_sleeps_on(&v->c, what);
}

static void leaves(struct visitor *v)
{
	gate_open(&v->c.go);
	(void)EVENTUALLY(v->c.t, v->left);
}

/* When a test has failed, some may still be there. */
static void end(struct visitor *visitors, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		gate_open(&visitors[i].c.go);
	for (unsigned int i = 0; i < n; i++)
		thread_join(visitors[i].c.thread);
}

static void test_rwlock_shares(struct ktest *t)
{
	struct visitor v[4];
	struct rwlock l;

	USED_BEFORE(l);
	rwlock_init(&l, "shared");
	comes_in(t, &v[0], &l, READ, "a reader of a free lock");
	comes_in(t, &v[1], &l, READ, "a second reader");
	comes_and_waits(t, &v[2], &l, WRITE, "a writer, while two read");
	leaves(&v[0]);
	expect_sleeps_on(&v[2].c, "one of two readers has left");
	leaves(&v[1]);
	expect_returns(&v[2].c, 0, "both readers have left");
	comes_and_waits(t, &v[3], &l, READ, "a reader, while a writer is in");
	leaves(&v[2]);
	expect_returns(&v[3].c, 0, "the writer has left");
	leaves(&v[3]);
	end(v, 4);
	EXPECT_RESULT(t, rwlock_write_lock(&l), 0, "all have left");
	EXPECT_RESULT(t, rwlock_write_unlock(&l), 0, "the caller holds it");
}
KTEST(lab03, rwlock_shares);

static void test_rwlock_errors(struct ktest *t)
{
	struct visitor writer;
	struct rwlock l;

	USED_BEFORE(l);
	rwlock_init(&l, "misused");
	EXPECT_RESULT(t, rwlock_read_unlock(&l), -EPERM, "nobody reads");
	EXPECT_RESULT(t, rwlock_write_unlock(&l), -EPERM, "nobody writes");
	EXPECT_RESULT(t, rwlock_write_lock(&l), 0, "it is free");
	EXPECT_RESULT(t, rwlock_write_lock(&l), -EDEADLK, "the caller writes");
	EXPECT_RESULT(t, rwlock_read_lock(&l), -EDEADLK, "the caller writes");
	EXPECT_RESULT(t, rwlock_read_unlock(&l), -EPERM, "nobody reads");
	EXPECT_RESULT(t, rwlock_write_unlock(&l), 0, "the caller writes");
	EXPECT_RESULT(t, rwlock_read_lock(&l), 0, "it is free");
	EXPECT_RESULT(t, rwlock_write_unlock(&l), -EPERM, "nobody writes");
	EXPECT_RESULT(t, rwlock_read_unlock(&l), 0, "the caller reads");
	comes_in(t, &writer, &l, WRITE, "a writer of a free lock");
	EXPECT_RESULT(t, rwlock_write_unlock(&l), -EPERM,
		      "another thread writes");
	end(&writer, 1);
}
KTEST(lab03, rwlock_errors);

/* ---- who is next ---- */

/* Somebody that goes in and out again at once. */
struct passer {
	struct caller c;
	enum purpose purpose;
	unsigned int been_in; /* times; read by who holds the lock after it */
};

static int pass(struct caller *c)
{
	struct passer *p = container_of(c, struct passer, c);
	int result = lock_for(c->object, p->purpose);

	p->been_in++;
	EXPECT_RESULT(c->t, unlock_for(c->object, p->purpose), 0,
		      "the caller holds it");
	return result;
}

/* This thread holds the lock; another one waits; this one lets go and is there
 * again at once, as a newcomer: the other one must have been in before it. */
static void comes_after(struct ktest *t, enum purpose held, enum purpose waits,
			enum purpose comes)
{
	struct passer p = {.c.call = pass, .purpose = waits};
	struct rwlock l;

	rwlock_init(&l, "newcomers");
	p.c.object = &l;
	EXPECT_RESULT(t, lock_for(&l, held), 0, "it is free");
	caller_bed(t, &p.c);
	EXPECT_RESULT(t, unlock_for(&l, held), 0, "the caller holds it");
	EXPECT_RESULT(t, lock_for(&l, comes), 0, "it is free in time");
	CHECK(t, p.been_in == 1,
	      "a %s has left, for which a %s waits; and a %s that came after "
	      "that has overtaken the one that waits",
	      name_of(held), name_of(waits), name_of(comes));
	EXPECT_RESULT(t, unlock_for(&l, comes), 0, "the caller holds it");
	callers_join(&p.c, 1);
	expect_returns(&p.c, 0, "the one that waited, when all have left");
}

/* Readers that keep coming must not keep a writer out for ever. */
static void test_rwlock_writer_not_starved(struct ktest *t)
{
	struct visitor v[4], *late = v + 2;
	struct rwlock l;

	comes_after(t, READ, WRITE, READ);
	comes_after(t, READ, WRITE, WRITE);
	comes_after(t, WRITE, WRITE, READ);
	comes_after(t, WRITE, WRITE, WRITE);
	rwlock_init(&l, "writers wait");
	comes_in(t, &v[0], &l, READ, "a reader of a free lock");
	comes_and_waits(t, &v[1], &l, WRITE, "a writer, while one reads");
	for (unsigned int i = 0; i < 2; i++)
		comes_and_waits(t, &late[i], &l, READ,
				"a reader that comes while a writer waits");
	leaves(&v[0]);
	expect_returns(&v[1].c, 0, "the writer, when the reader has left");
	expect_sleeps_on(&late[0].c, "the writer is in");
	leaves(&v[1]);
	for (unsigned int i = 0; i < 2; i++)
		expect_returns(&late[i].c, 0, "the writer has left");
	end(v, 4);
}
KTEST(lab03, rwlock_writer_not_starved);

/* Writers that keep coming must not keep readers out for ever. */
static void test_rwlock_reader_not_starved(struct ktest *t)
{
	struct visitor v[5], *readers = v + 3;
	struct rwlock l;

	comes_after(t, WRITE, READ, WRITE);
	rwlock_init(&l, "readers wait");
	comes_in(t, &v[0], &l, WRITE, "a writer of a free lock");
	comes_and_waits(t, &v[1], &l, WRITE, "a second writer");
	comes_and_waits(t, &v[2], &l, WRITE, "a third writer");
	for (unsigned int i = 0; i < 2; i++)
		comes_and_waits(t, &readers[i], &l, READ,
				"a reader, while a writer is in");
	leaves(&v[0]);
	for (unsigned int i = 0; i < 2; i++)
		expect_returns(&readers[i].c, 0,
			       "a writer has finished: all readers that wait "
			       "go before the next writer");
	expect_sleeps_on(&v[1].c, "readers are in");
	leaves(&readers[0]);
	expect_sleeps_on(&v[1].c, "one of two readers has left");
	leaves(&readers[1]);
	expect_returns(&v[1].c, 0,
		       "the readers have left: the second "
		       "writer is next");
	expect_sleeps_on(&v[2].c, "the second writer is in");
	leaves(&v[1]);
	expect_returns(&v[2].c, 0, "the second writer has left");
	end(v, 5);
}
KTEST(lab03, rwlock_reader_not_starved);

/* ---- races ---- */

struct ledger {
	struct ktest *t;
	struct rwlock l;
	unsigned int debit, credit; /* always the same; needs l */
	unsigned int begun;         /* threads; atomic */
};

static void ledger_write(struct ledger *b)
{
	EXPECT_RESULT(b->t, rwlock_write_lock(&b->l), 0, "it is free in time");
	b->debit++;
	sched_point(POINT_ACCESS, &b->debit);
	b->credit++;
	EXPECT_RESULT(b->t, rwlock_write_unlock(&b->l), 0, "the caller writes");
}

static void ledger_read(struct ledger *b)
{
	unsigned int debit;

	EXPECT_RESULT(b->t, rwlock_read_lock(&b->l), 0, "it is free in time");
	debit = b->debit;
	sched_point(POINT_ACCESS, &b->debit);
	CHECK(b->t, debit == b->credit,
	      "a reader sees %u and then %u where both are the same: a writer "
	      "was in at the same time",
	      debit, b->credit);
	EXPECT_RESULT(b->t, rwlock_read_unlock(&b->l), 0, "the caller reads");
}

static void keep_books(void *arg)
{
	struct ledger *b = arg;
	unsigned int me = __atomic_fetch_add(&b->begun, 1, __ATOMIC_SEQ_CST);

	for (unsigned int i = 0; i < 4; i++)
		if ((me + i) % 3)
			ledger_read(b);
		else
			ledger_write(b);
}

static void test_rwlock_excludes(struct ktest *t)
{
	struct ledger b = {.t = t};

	rwlock_init(&b.l, "ledger");
	run_threads(5, keep_books, &b);
	EXPECT_RESULT(t, rwlock_write_lock(&b.l), 0, "all have left");
	EXPECT_RESULT(t, rwlock_write_unlock(&b.l), 0, "the caller writes");
}
KTEST(lab03, rwlock_excludes, .seeds = 50);

/* A reader and two writers, once each: small enough for all orders. */
static void write_once(void *arg)
{
	ledger_write(arg);
}

static void read_once(void *arg)
{
	ledger_read(arg);
}

static void test_rwlock_three(struct ktest *t)
{
	struct ledger b = {.t = t};
	struct thread *threads[3];

	rwlock_init(&b.l, "ledger");
	threads[0] = spawn("writer", write_once, &b);
	threads[1] = spawn("reader", read_once, &b);
	threads[2] = spawn("writer", write_once, &b);
	for (unsigned int i = 0; i < 3; i++)
		thread_join(threads[i]);
	CHECK(t, b.debit == 2 && b.credit == 2,
	      "two writers have left %u and %u", b.debit, b.credit);
}
KTEST(lab03, rwlock_three, .seeds = 50);
