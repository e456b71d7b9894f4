/*
 * list.h - doubly linked lists whose links live inside the objects.
 *
 * A list is a struct list_head that points at itself when empty; an object
 * carries a struct list_head for each list it can be on.  Nothing here
 * takes a lock: the list's owner says which one guards it.
 */
#ifndef LIST_H
#define LIST_H

#include "types.h"

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_INIT(name) \
	{ \
		&(name), &(name) \
	}

static inline void list_init(struct list_head *list)
{
	list->next = list->prev = list;
}

static inline bool list_empty(const struct list_head *list)
{
	return list->next == list;
}

static inline void list_insert_after(struct list_head *at,
				     struct list_head *node)
{
	node->prev = at;
	node->next = at->next;
	at->next->prev = node;
	at->next = node;
}

static inline void list_push_front(struct list_head *list,
				   struct list_head *node)
{
	list_insert_after(list, node);
}

static inline void list_push_back(struct list_head *list,
				  struct list_head *node)
{
	list_insert_after(list->prev, node);
}

/* Takes node off its list, and leaves it an empty list of its own. */
static inline void list_remove(struct list_head *node)
{
	struct list_head *prev = node->prev, *next = node->next;

	prev->next = next;
	next->prev = prev;
	list_init(node);
}

/*
 * Takes the first node off; NULL when the list is empty.  The node's own links
 * are left as they were: this is the scheduler's fast path.
 */
static inline struct list_head *list_pop_front(struct list_head *list)
{
	struct list_head *node = list->next, *next = node->next;

	if (node == list)
		return NULL;
	list->next = next;
	next->prev = list;
	return node;
}

#define list_entry(node, type, member) container_of(node, type, member)

#define list_first(list, type, member) list_entry((list)->next, type, member)

/* The current object must not be removed in the body; see the next one. */
#define list_for_each(obj, list, member) \
	for (obj = list_entry((list)->next, __typeof__(*obj), member); \
	     &obj->member != (list); \
	     obj = list_entry(obj->member.next, __typeof__(*obj), member))

#define list_for_each_safe(obj, tmp, list, member) \
	for (obj = list_entry((list)->next, __typeof__(*obj), member), \
	    tmp = list_entry(obj->member.next, __typeof__(*obj), member); \
	     &obj->member != (list); obj = tmp, \
	    tmp = list_entry(obj->member.next, __typeof__(*obj), member))

#endif
