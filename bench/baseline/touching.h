/*
 * What touches pages in random order and takes the time. The program that is dumped and restored and the counterpart in C share it, so that
 * both do the same.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static char *memory;
static long pages, threads, touches;
static uint32_t *order, *nanoseconds;

static void *allocate(long size, int sharing)
{
    void *result = mmap(NULL, size, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
    if (result == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return result;
}

static uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13, state ^= state >> 7;
    return state ^= state << 17;
}

/* MIB THREADS TOUCHES of the command line; with TOUCHES "sequential" pages are touched by address. The order and the times are in shared memory, which is touched before times are taken. */
static void prepare_touching(char **argv)
{
    pages = atol(argv[1]) << 8;
    threads = atol(argv[2]);
    touches = atol(argv[3]);
    memory = allocate(pages * 4096, MAP_PRIVATE);
    order = allocate(pages * sizeof *order, MAP_SHARED);
    nanoseconds = allocate(pages * sizeof *nanoseconds, MAP_SHARED);
    for (long i = 0; i < pages; i++)
        order[i] = i;
    for (long i = strcmp(argv[3], "sequential") ? pages - 1 : 0; i > 0; i--) {
        long j = next_random() % (i + 1);
        uint32_t t = order[i];
        order[i] = order[j], order[j] = t;
    }
}

static long nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void *touch_all(void *argument)
{
    volatile char sum = 0;
    for (long i = (long)argument; i < pages; i += threads)
        sum += memory[(long)order[i] * 4096];
    return NULL;
}

static void *touch_and_time_each(void *argument)
{
    volatile char sum = 0;
    for (long i = (long)argument; i < touches; i += threads) {
        long from = nanoseconds_now();
        sum += memory[(long)order[i] * 4096];
        nanoseconds[i] = nanoseconds_now() - from;
    }
    return NULL;
}

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* Writes the seconds in all, and the microseconds of the median touch and of the 99th percentile; the file appears whole. */
static void report(double seconds)
{
    qsort(nanoseconds, touches, sizeof *nanoseconds, compare);
    FILE *file = fopen("took.new", "w");
    fprintf(file, "%.6f %.2f %.2f\n", seconds, nanoseconds[touches / 2] / 1e3, nanoseconds[touches * 99 / 100] / 1e3);
    fclose(file);
    rename("took.new", "took");
}

/*
 * Waits for the file "go", touches, writes the file "took", and stays until "go" is gone. With no threads nothing is touched; with
 * touches, only so many pages are, and each is timed.
 */
static void touch_when_told(void)
{
    while (access("go", F_OK))
        usleep(1000);
    volatile uint32_t sum = 0;
    for (long i = 0; i < pages; i += 1024) {
        sum += order[i];
        nanoseconds[i] = 0;
    }
    pthread_t workers[64];
    long from = nanoseconds_now();
    for (long i = 0; i < threads; i++)
        pthread_create(&workers[i], NULL, touches ? touch_and_time_each : touch_all, (void *)i);
    for (long i = 0; i < threads; i++)
        pthread_join(workers[i], NULL);
    report((nanoseconds_now() - from) / 1e9);
    while (!access("go", F_OK))
        usleep(1000);
}
