/* What the recorders' tests know of: every access to an object is written out, and objects are told apart by size. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

struct point {
	volatile int64_t x;
	volatile int32_t y;
	volatile char label[20];
};

static void *thread(void *argument)
{
	struct point *point = argument;

	point->label[19] = 'b';
	return NULL;
}

int main(int argc, char **argv)
{
	struct point *point = malloc(sizeof(*point)); /* 32 bytes */
	volatile char *grown, *zeroed = calloc(5, 8); /* 40 */
	volatile int16_t *live = malloc(24);
	void *aligned;
	pthread_t other;

	point->x = 1;
	point->y = 2;
	(void)point->x;
	__asm__ volatile("incl %0" : "+m"(point->y));
	__asm__ volatile("lock incl %0" : "+m"(point->y));
	if (pthread_create(&other, NULL, thread, point) || pthread_join(other, NULL))
		return 1;

	zeroed[3] = 7;
	grown = realloc((void *)zeroed, 72);
	grown[64] = 1;
	if (realloc((void *)grown, 16) != grown)
		return 1;
	live[11] = 1; /* stays allocated */

	if (posix_memalign(&aligned, 64, 104) || (uintptr_t)aligned % 64 != 0)
		return 1;
	/* 16 bytes at once, and 8 of which the last lies beyond the 104 asked for, in no object */
	__asm__ volatile("movups %%xmm0, 16(%0)" : : "r"(aligned) : "memory");
	__asm__ volatile("movq 100(%0), %%rax" : : "r"(aligned) : "rax");

	(void)argv;
	if (argc > 1)
		raise(SIGKILL);
	free(point);
	free((void *)grown);
	free(aligned);
	free(NULL);
	return 0;
}
