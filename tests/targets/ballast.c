/*
 * A process with much memory: argv[2] MiB of pages, an eighth of them zero, an eighth never touched. It counts in a thread
 * while it waits, so that one can see it run, and reads everything at the end. With "watch" as third argument it also reads all the
 * time and says at once when a page is wrong.
 */
#include "target.h"

static long pages;
static char *memory;
static volatile uint64_t beats;

static uint64_t tag_of(long page) { return page % 8 == 3 || page % 8 == 5 ? 0 : 1000 + page; }

static void check_all(const char *what)
{
    for (long i = 0; i < pages && target_differences < 20; i++)
        expect_page(what, i, memory + i * PAGE, tag_of(i));
}

static void *beat(void *descriptor)
{
    int fd = *(int *)descriptor;
    while (!target_may_go()) {
        char text[32];
        int n = snprintf(text, sizeof text, "%020llu\n", (unsigned long long)++beats);
        (void)!pwrite(fd, text, n, 0);
        target_sleep(1000000);
    }
    close(fd);
    return descriptor;
}

static void *watch(void *unused)
{
    while (!target_may_go()) {
        check_all("watched memory");
        target_sleep(1000000);
    }
    return unused;
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    pages = (argc > 2 ? atol(argv[2]) : 32) << 8;
    memory = MUST(mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (long i = 0; i < pages; i++) {
        if (tag_of(i))
            target_fill(memory + i * PAGE, tag_of(i));
        else if (i % 8 == 3)
            memset(memory + i * PAGE, 0, PAGE);
    }
    /* DIR/beats always holds the last count. */
    int beats_fd = MUST(open(target_path("beats"), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    pthread_t beater, watcher = 0;
    MUST0(pthread_create(&beater, NULL, beat, &beats_fd));
    if (argc > 3 && !strcmp(argv[3], "watch"))
        MUST0(pthread_create(&watcher, NULL, watch, NULL));

    target_ready();
    target_wait();

    pthread_join(beater, NULL);
    if (watcher)
        pthread_join(watcher, NULL);
    check_all("memory");
    for (long i = 0; i < pages; i++)
        target_fill(memory + i * PAGE, 77 + i);
    for (long i = 0; i < pages && target_differences < 20; i++)
        expect_page("rewritten memory", i, memory + i * PAGE, 77 + i);
    return target_finish();
}
