/*
 * A process that needs its memory steadily, a little at a time: argv[2] MiB of pages, which two threads walk through at random places, about
 * two thousand pages a second. A page is compared byte by byte when it is met; some are written anew, some thrown away, and now and
 * then a child is forked that compares some more. At the end all pages are compared.
 */
#include "target.h"

#define THREADS 2
#define CHILD_PAGES 16

struct walker {
    long first, pages, at, steps;
    pthread_t thread;
};

static char *memory;
static uint64_t *tags; /* what a page holds; 0 is zeros */
static struct walker walkers[THREADS];

static void check(const struct walker *w, const char *what, long index)
{
    expect_page(what, w->first + index, memory + (w->first + index) * PAGE, tags[w->first + index]);
}

/* Every page is met once before any is met again. */
static long next(struct walker *w) { return w->at = (w->at + 7919) % w->pages; }

static void check_in_child(struct walker *w)
{
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < CHILD_PAGES; i++)
            check(w, "child's memory", (w->at + i * 4099) % w->pages);
        _exit(target_differences ? 1 : 0);
    }
    int status = 0;
    EXPECT("fork", child > 0);
    EXPECT_EQ("waitpid", child, waitpid(child, &status, 0));
    EXPECT_EQ("the child's status", 0, status);
}

static void *walk(void *argument)
{
    struct walker *w = argument;
    while (!target_may_go()) {
        long index = next(w);
        check(w, "memory", index);
        w->steps++;
        if (w->steps % 5 == 0) {
            tags[w->first + index] = 5000000 + w->steps;
            target_fill(memory + (w->first + index) * PAGE, tags[w->first + index]);
        } else if (w->steps % 31 == 0) {
            tags[w->first + index] = 0;
            EXPECT_EQ("madvise", 0, madvise(memory + (w->first + index) * PAGE, PAGE, MADV_DONTNEED));
        } else if (w->steps % 499 == 0) {
            check_in_child(w);
        }
        target_sleep(900000);
    }
    return argument;
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    long pages = (argc > 2 ? atol(argv[2]) : 32) << 8;
    memory = MUST(mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    tags = MUST(mmap(NULL, pages * sizeof *tags, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (long i = 0; i < pages; i++) {
        tags[i] = i % 8 == 3 ? 0 : 1000 + i;
        if (tags[i])
            target_fill(memory + i * PAGE, tags[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        walkers[i] = (struct walker){ .first = i * (pages / THREADS), .pages = pages / THREADS };
        MUST0(pthread_create(&walkers[i].thread, NULL, walk, &walkers[i]));
    }

    target_ready();
    target_wait();
    for (int i = 0; i < THREADS; i++)
        pthread_join(walkers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++)
        for (long index = 0; index < walkers[i].pages && target_differences < 20; index++)
            check(&walkers[i], "all memory", index);
    return target_finish();
}
