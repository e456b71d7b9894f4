/*
 * k_lab01.c - what the tests of lab 1 share: see lab01.h.
 */
#include "lab01.h"

const unsigned int quiet_lines[QUIET_LINES] = {3,  5,  6,  7,  9,  13,
					       16, 17, 18, 19, 20, 23};

void detach_all(void)
{
	for (unsigned int line = 0; line < IRQ_LINES; line++)
		irq_detach(line);
}

void run_on_cpus(struct ktest *t, unsigned int n, void (*fn)(void *arg),
		 void *arg)
{
	struct thread *threads[MAX_CPUS + 1];

	for (unsigned int i = 0; i < n; i++) {
		ASSERT(t, thread_create(&threads[i], "lab 1", fn, arg) == 0);
		thread_pin(threads[i], i % cpu_count);
	}
	for (unsigned int i = 0; i < n; i++)
		thread_start(threads[i]);
	for (unsigned int i = 0; i < n; i++)
		thread_join(threads[i]);
}

void let_others_run(void)
{
	for (unsigned int i = 0; i < 50; i++)
		cpu_relax();
}

void forget_locks(void)
{
	cli();
	current->spin = (struct spin_record){.held = 0};
	this_cpu()->irq = (struct irq_section){.depth = 0};
	sti();
}

/* SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

const char *result_name(int result)
{
	switch (result) {
	case 0:
		return "0";
	case -EBUSY:
		return "-EBUSY";
	case -EINVAL:
		return "-EINVAL";
	case -ENOSYS:
		return "-ENOSYS";
	}
	return "another number";
}

/* Then, and only then, a loop takes the same time again and again. */
bool time_is_instructions(void)
{
	uint64_t shortest = UINT64_MAX;
	unsigned int same = 0;

	for (unsigned int i = 0; i < 20; i++) {
		intr_push();
		uint64_t start = time_cycles();

		for (unsigned int k = 0; k < 500; k++)
			asm volatile("");
		uint64_t cycles = time_cycles() - start;

		intr_pop();
		if (cycles < shortest)
			same = 0;
		shortest = MIN(shortest, cycles);
		same += cycles == shortest;
	}
	return same >= 15;
}

/* Without -icount the host may take an emulated CPU away for a while. */
uint64_t patience(void)
{
	static uint64_t ns;

	if (!ns)
		ns = time_is_instructions() ? 10 * NSEC_PER_MSEC
					    : KTEST_LAST_RESORT;
	return ns;
}
