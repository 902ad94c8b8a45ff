/* SPDX-License-Identifier: GPL-2.0-only */
/* Between malloc and its kin (mallocs.c) and a recorder of them (touch-shim.c, malloc-recorder.c). */
#ifndef MALLOCS_H
#define MALLOCS_H

#include <stddef.h>
#include <stdint.h>

/* Stands in the 16 bytes before each object, so no two objects share 16 bytes either. */
struct header {
	size_t bytes;    /* asked for */
	uint32_t pad;    /* from the start of the C library's block to the object */
	uint32_t number; /* the recorder's */
};

static inline struct header *header_of(void *object)
{
	return (struct header *)object - 1;
}

/* With flags of event.h; calls recorder_allocated. NULL, and errno, where there is no memory. */
void *allocate(size_t align, size_t bytes, unsigned int flags);
/* Calls recorder_freeing. */
void release(void *object);

/* What each recorder provides. */
void recorder_allocated(void *object, unsigned int flags);
void recorder_freeing(void *object);
void *recorder_resize(void *object, size_t bytes);

#endif
