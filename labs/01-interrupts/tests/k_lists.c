/*
 * k_lists.c - exercise 1.3: lists that several CPUs change, with one lock for
 * all, and with one lock for each node.
 */
#include "lab01.h"
#include "list.h"
#include "spinlock.h"

#define WORKERS 4
#define EACH 5

static void point(const void *object)
{
	sched_point(POINT_ACCESS, object);
}

/* ---- one lock: two producers, two consumers ---- */

struct parcel {
	struct list_head link;
	unsigned int taken;
};

struct belt {
	struct ktest *t;
	struct spinlock lock;
	struct list_head parcels; /* needs lock */
	struct parcel all[WORKERS / 2 * EACH];
	unsigned int workers; /* numbers them */
};

static void put(struct belt *b, struct parcel *p)
{
	spin_lock(&b->lock);
	p->link.next = &b->parcels;
	p->link.prev = b->parcels.prev;
	point(b);
	b->parcels.prev->next = &p->link;
	point(b);
	b->parcels.prev = &p->link;
	spin_unlock(&b->lock);
}

/* NULL when there is none. */
static struct parcel *take(struct belt *b)
{
	struct parcel *p = NULL;

	spin_lock(&b->lock);
	struct list_head *first = b->parcels.next;

	if (first != &b->parcels) {
		p = list_entry(first, struct parcel, link);
		point(b);
		if (first->prev != &b->parcels || first->next->prev != first)
			FAIL(b->t, "the list is torn: a node's neighbours do "
				   "not point back at it; two CPUs changed it "
				   "at once");
		else
			list_remove(first);
	}
	spin_unlock(&b->lock);
	return p;
}

static void work(void *arg)
{
	struct belt *b = arg;
	unsigned int n = __atomic_fetch_add(&b->workers, 1, __ATOMIC_RELAXED);
	struct parcel *p;

	if (n < WORKERS / 2) {
		for (unsigned int i = 0; i < EACH; i++)
			put(b, &b->all[n * EACH + i]);
		return;
	}
	for (unsigned int got = 0; got < EACH && !b->t->failures;) {
		p = take(b);
		if (p)
			p->taken++, got++;
		else
			thread_yield();
	}
}

static void test_shared_list(struct ktest *t)
{
	struct belt b = {.t = t, .lock = SPINLOCK_INIT("belt")};

	list_init(&b.parcels);
	run_on_cpus(t, WORKERS, work, &b);
	for (unsigned int i = 0; i < ARRAY_SIZE(b.all) && !t->failures; i++)
		CHECK(t, b.all[i].taken == 1,
		      "parcel %u was put on the list once, and taken off %u "
		      "times",
		      i, b.all[i].taken);
}
KTEST(lab01, shared_list, .seeds = 50);

/* ---- a lock for each node: hand over hand along a sorted list ---- */

struct node {
	struct spinlock lock;
	unsigned int key;
	struct node *next; /* needs lock */
};

struct chain {
	struct node head;
	struct node nodes[WORKERS * EACH];
	unsigned int workers; /* numbers them */
};

/* Holds a node until it has the next one: nobody can overtake. */
static void insert(struct chain *c, struct node *n)
{
	struct node *at = &c->head;

	spin_lock(&at->lock);
	while (at->next && at->next->key < n->key) {
		struct node *next = at->next;

		spin_lock(&next->lock);
		spin_unlock(&at->lock);
		at = next;
	}
	n->next = at->next;
	point(at);
	at->next = n;
	spin_unlock(&at->lock);
}

static void insert_some(void *arg)
{
	struct chain *c = arg;
	unsigned int me = __atomic_fetch_add(&c->workers, 1, __ATOMIC_RELAXED);

	for (unsigned int i = 0; i < EACH; i++)
		insert(c, &c->nodes[i * WORKERS + me]);
}

static void test_hand_over_hand(struct ktest *t)
{
	struct chain c = {.head = {.lock = SPINLOCK_INIT("head")}};
	unsigned int found = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(c.nodes); i++)
		c.nodes[i] =
			(struct node){.lock = SPINLOCK_INIT("node"), .key = i};
	run_on_cpus(t, WORKERS, insert_some, &c);
	for (struct node *n = c.head.next; n && n->key == found; n = n->next)
		found++;
	CHECK(t, found == ARRAY_SIZE(c.nodes),
	      "%u CPUs inserted the keys 0 to %zu hand over hand; key %u is "
	      "not where it belongs",
	      WORKERS, ARRAY_SIZE(c.nodes) - 1, found);
	EXPECT_INTERRUPTS_ON(t, "at the end");
}
KTEST(lab01, hand_over_hand, .seeds = 50);
