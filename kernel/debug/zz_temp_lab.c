#include "spinlock.h"
void lab_spin_lock(struct spinlock *l, uintptr_t s) { (void)l; (void)s; }
bool lab_spin_try_lock(struct spinlock *l, uintptr_t s) { (void)l; (void)s; return false; }
void lab_spin_unlock(struct spinlock *l, uintptr_t s) { (void)l; (void)s; }
bool lab_spin_held(const struct spinlock *l) { (void)l; return false; }
