// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded in qemu-system-x86_64: its monotonic clock, and with it the guest's, runs CLOCK_SLOWER times slower.
 * The recorded CPUs are some tens of times slower than real ones, so timer ticks would come that much too
 * often for the work done between them.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000L

static int64_t first, slower = 1;

static int64_t now(void)
{
	struct timespec time;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

__attribute__((constructor)) static void begin(void)
{
	const char *value = getenv("CLOCK_SLOWER");

	first = now();
	if (value && atoll(value) > 0)
		slower = atoll(value);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *time)
{
	int64_t slowed;

	if (clock != CLOCK_MONOTONIC)
		return syscall(SYS_clock_gettime, clock, time);
	slowed = first + (now() - first) / slower;
	*time = (struct timespec){ .tv_sec = slowed / SECOND, .tv_nsec = slowed % SECOND };
	return 0;
}
