// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a program's mallocs as slabscope's malloc trace (docs/traces.md) to the file that MALLOC_RECORD
 * names. Linked with mallocs.c, preloaded. Each line is one write, so what was allocated stands in the
 * file however the program ends. Children are not recorded: they would write into the same file.
 */
#define _GNU_SOURCE
#include "event.h"
#include "mallocs.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_realloc(void *block, size_t bytes);

#define NOT_RECORDED UINT32_MAX

static enum { BEFORE, RECORDING, OFF } state;
static int file;
static uint32_t objects;
/* Numbers count up in the order of the lines. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void say(const char *what, const char *why)
{
	char line[256];

	write(STDERR_FILENO, line,
	      snprintf(line, sizeof(line), "malloc-recorder: %.100s: %.100s; nothing is recorded from here on\n",
		       what, why));
	state = OFF;
}

static void put(const char *line, int bytes)
{
	ssize_t written = write(file, line, bytes);

	if (written != bytes)
		say("the trace is cut", written < 0 ? strerror(errno) : "short write");
}

/* At the first allocation after the C library has an environment: long before main, and before constructors. */
static void begin(void)
{
	const char *name;
	char line[256];

	if (!environ)
		return;
	name = getenv("MALLOC_RECORD");
	if (!name) {
		say("MALLOC_RECORD", "names no file");
		return;
	}
	file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
	if (file < 0) {
		say(name, strerror(errno));
		return;
	}
	state = RECORDING;
	put(line, snprintf(line, sizeof(line), "# malloc trace of %.200s\n", program_invocation_short_name));
}

static void in_child(void)
{
	state = OFF;
	pthread_mutex_init(&lock, NULL); /* another thread may have held it */
}

__attribute__((constructor)) static void leave_children_alone(void)
{
	unsetenv("LD_PRELOAD");
	pthread_atfork(NULL, NULL, in_child);
}

void recorder_allocated(void *object, unsigned int flags)
{
	struct header *header = header_of(object);
	int before = errno;
	char line[64];

	(void)flags;
	header->number = NOT_RECORDED;
	pthread_mutex_lock(&lock);
	if (state == BEFORE)
		begin();
	if (state == RECORDING) {
		header->number = objects++;
		put(line, snprintf(line, sizeof(line), "a %u %zu\n", header->number, header->bytes));
	}
	pthread_mutex_unlock(&lock);
	errno = before;
}

void recorder_freeing(void *object)
{
	uint32_t number = header_of(object)->number;
	int before = errno;
	char line[64];

	if (number == NOT_RECORDED)
		return;
	pthread_mutex_lock(&lock);
	if (state == RECORDING)
		put(line, snprintf(line, sizeof(line), "f %u\n", number));
	pthread_mutex_unlock(&lock);
	errno = before;
}

void *recorder_resize(void *object, size_t bytes)
{
	uint32_t pad = header_of(object)->pad;
	char *block = (char *)object - pad;
	struct header *header;
	int before = errno;
	char line[64];

	if (bytes > SIZE_MAX - pad) {
		errno = ENOMEM;
		return NULL;
	}
	block = __libc_realloc(block, bytes + pad);
	if (!block)
		return NULL;
	header = header_of(block + pad);
	header->bytes = bytes;
	pthread_mutex_lock(&lock);
	if (state == RECORDING && header->number != NOT_RECORDED)
		put(line, snprintf(line, sizeof(line), "r %u %zu\n", header->number, bytes));
	pthread_mutex_unlock(&lock);
	errno = before;
	return block + pad;
}
