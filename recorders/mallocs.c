// SPDX-License-Identifier: GPL-2.0-only
/*
 * malloc and its kin for LD_PRELOAD, on those of glibc, with a recorder told of each.
 *
 * An allocation is told after the C library has done it, a free before, so what the library itself
 * reads and writes falls outside the life of any object.
 */
#define _GNU_SOURCE
#include "mallocs.h"
#include "event.h"
#include <errno.h>
#include <unistd.h>

/* By these names glibc offers its own to those who stand in for them; dlsym would itself allocate. */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_memalign(size_t align, size_t bytes);
extern void __libc_free(void *block);

void *allocate(size_t align, size_t bytes, unsigned int flags)
{
	size_t pad = align > sizeof(struct header) ? align : sizeof(struct header);
	size_t all;
	char *block, *object;

	if (pad > UINT32_MAX || __builtin_add_overflow(bytes, pad, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	if (flags & EVENT_ALIGNED)
		block = __libc_memalign(align, all);
	else if (flags & EVENT_ZERO)
		block = __libc_calloc(1, all);
	else
		block = __libc_malloc(all);
	if (!block)
		return NULL;
	object = block + pad;
	*header_of(object) = (struct header){ .bytes = bytes, .pad = pad };
	recorder_allocated(object, flags);
	return object;
}

void release(void *object)
{
	recorder_freeing(object);
	__libc_free((char *)object - header_of(object)->pad);
}

#define EXPORT __attribute__((visibility("default")))

EXPORT void *malloc(size_t bytes)
{
	return allocate(0, bytes, 0);
}

EXPORT void free(void *object)
{
	if (object)
		release(object);
}

EXPORT void *calloc(size_t count, size_t each)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, each, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return allocate(0, bytes, EVENT_ZERO);
}

EXPORT void *realloc(void *object, size_t bytes)
{
	if (!object)
		return allocate(0, bytes, 0);
	if (bytes == 0) { /* as glibc does */
		release(object);
		return NULL;
	}
	return recorder_resize(object, bytes);
}

EXPORT void *reallocarray(void *object, size_t count, size_t each)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, each, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(object, bytes);
}

EXPORT int posix_memalign(void **object, size_t align, size_t bytes)
{
	int before = errno;
	void *aligned;

	if (align % sizeof(void *) != 0 || align == 0 || (align & (align - 1)) != 0)
		return EINVAL;
	aligned = allocate(align, bytes, EVENT_ALIGNED);
	errno = before; /* this one returns its error */
	if (!aligned)
		return ENOMEM;
	*object = aligned;
	return 0;
}

EXPORT void *memalign(size_t align, size_t bytes)
{
	size_t power = sizeof(struct header);

	while (power < align && power <= SIZE_MAX / 4) /* glibc rounds up what is no power of two */
		power *= 2;
	return allocate(power, bytes, EVENT_ALIGNED);
}

EXPORT void *aligned_alloc(size_t align, size_t bytes)
{
	return memalign(align, bytes);
}

EXPORT void *valloc(size_t bytes)
{
	return memalign(getpagesize(), bytes);
}

EXPORT void *pvalloc(size_t bytes)
{
	size_t page = getpagesize();

	return memalign(page, (bytes + page - 1) & -page);
}

EXPORT size_t malloc_usable_size(void *object)
{
	return object ? header_of(object)->bytes : 0;
}
