/*
 * Holds argv[2] MiB of random pages. When the file argv[1]/go appears, argv[3] threads touch them all in random order; the seconds it took go
 * to argv[1]/took. With 0 threads nothing is touched.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static char *memory;
static uint32_t *order;
static long pages, threads;

static void *touch(void *argument)
{
    volatile char sum = 0;
    for (long i = (long)argument; i < pages; i += threads)
        sum += memory[(long)order[i] * 4096];
    return NULL;
}

int main(int argc, char **argv)
{
    char path[4096];
    pages = atol(argv[2]) << 8;
    threads = atol(argv[3]);
    memory = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    order = malloc(pages * sizeof *order);
    uint64_t state = 88172645463325252ull;
    for (long i = 0; i < pages * 512; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        ((uint64_t *)memory)[i] = state;
    }
    for (long i = 0; i < pages; i++)
        order[i] = i;
    for (long i = pages - 1; i > 0; i--) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        long j = state % (i + 1);
        uint32_t t = order[i];
        order[i] = order[j], order[j] = t;
    }
    snprintf(path, sizeof path, "%s/ready", argv[1]);
    fclose(fopen(path, "w"));
    snprintf(path, sizeof path, "%s/go", argv[1]);
    while (access(path, F_OK))
        usleep(100);
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    pthread_t workers[64];
    for (long i = 0; i < threads; i++)
        pthread_create(&workers[i], NULL, touch, (void *)i);
    for (long i = 0; i < threads; i++)
        pthread_join(workers[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &to);
    snprintf(path, sizeof path, "%s/took", argv[1]);
    FILE *took = fopen(path, "w");
    fprintf(took, "%.6f\n", to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9);
    fclose(took);
    return 0;
}
