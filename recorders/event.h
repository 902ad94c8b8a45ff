/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How an event reaches the plugin from inside the guest: each byte of it is one load, from
 * EVENT_TABLE + 256 * its position + its value; a load behind the last position ends the event.
 *
 * The loads change nothing in the guest and need no special instruction, and addresses are all that
 * QEMU tells a plugin of. Guest and plugin share nothing else.
 */
#ifndef EVENT_H
#define EVENT_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

/* Mapped there by touch-shim.c, far from where QEMU and Linux put anything. */
#define PROGRAM_TABLE 0x3f00000000UL
/* The BIOS area in the kernel's direct map (nokaslr): always mapped, never memory of a slab. */
#define KERNEL_TABLE 0xffff8880000e0000UL

enum event_kind {
	EVENT_ALLOC = 'a',
	EVENT_FREE = 'f',
	EVENT_BORN = 'b',   /* a slot in which an object may have lived since before */
	EVENT_PAGES = 'p',  /* pages go back: nothing lives in them any more */
	EVENT_THREAD = 't', /* what this CPU runs from now on */
	EVENT_START = 's',  /* of the recording */
	EVENT_STOP = 'e',
};

enum event_flags {
	EVENT_ZERO = 1,    /* zeroing was asked for */
	EVENT_NO_WAIT = 2, /* the allocator may not wait */
	EVENT_REALLOC = 4,
	EVENT_ALIGNED = 8,
};

struct event {
	uint64_t pointer;
	uint64_t bytes;  /* asked for; of pages: their size */
	uint64_t site;   /* who called the allocator; 0 in programs */
	uint32_t number; /* of the cache, or of the thread */
	uint8_t kind;
	uint8_t flags;
	uint16_t unused; /* said, so that every byte of an event has a value */
};

#define EVENT_TABLE_BYTES (256 * (sizeof(struct event) + 1))

/* Not to be interrupted by another event of the same CPU. */
static inline void tell(uint64_t table, const struct event *event)
{
	const uint8_t *byte = (const uint8_t *)event;
	unsigned int i;

	for (i = 0; i < sizeof(*event); i++)
		(void)*(const volatile uint8_t *)(table + 256 * i + byte[i]);
	(void)*(const volatile uint8_t *)(table + 256 * sizeof(*event));
}

#endif
