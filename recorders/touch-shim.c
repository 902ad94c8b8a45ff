// SPDX-License-Identifier: GPL-2.0-only
/* Tells the plugin (touch-plugin.c) of a program's mallocs. Linked with mallocs.c, preloaded in qemu-x86_64. */
#define _GNU_SOURCE
#include "event.h"
#include "mallocs.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The first allocation is made while the program is being started, by its only thread. */
static void map_table(void)
{
	static int mapped;
	static const char failed[] = "touch-shim: the table of events cannot be mapped\n";
	void *table;

	if (mapped)
		return;
	table = mmap((void *)PROGRAM_TABLE, EVENT_TABLE_BYTES, PROT_READ,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (table != (void *)PROGRAM_TABLE) {
		write(STDERR_FILENO, failed, sizeof(failed) - 1);
		abort();
	}
	mapped = 1;
}

void recorder_allocated(void *object, unsigned int flags)
{
	struct event event = {
		.kind = EVENT_ALLOC,
		.pointer = (uintptr_t)object,
		.bytes = header_of(object)->bytes,
		.flags = flags,
	};

	map_table();
	tell(PROGRAM_TABLE, &event);
	/* Once more, where it is seen: the C library zeroed before the event, or not at all (fresh pages). */
	if (flags & EVENT_ZERO)
		memset(object, 0, header_of(object)->bytes);
}

void recorder_freeing(void *object)
{
	struct event event = { .kind = EVENT_FREE, .pointer = (uintptr_t)object };

	tell(PROGRAM_TABLE, &event);
}

/* An object that grows is a new one, a copy and a free; one that shrinks stays as it is. */
void *recorder_resize(void *object, size_t bytes)
{
	size_t had = header_of(object)->bytes;
	void *grown;

	if (bytes <= had)
		return object;
	grown = allocate(0, bytes, EVENT_REALLOC);
	if (!grown)
		return NULL;
	memcpy(grown, object, had);
	release(object);
	return grown;
}
