/*
 * Memory that changes all the time and shows whether what was saved of it is of one moment: a thread writes the number of its round
 * into one page after the other, of memory of every kind, and demands of each that it still holds the number of the round before.
 *
 *   argv[2]  MiB of private memory
 *   argv[3]  "plain", or "all" with memory that a copy lacks or that is locked
 *   argv[4]  "parent": the state is in a child; its parent says in DIR/parent what it has seen of its children
 */
#include "target.h"
#include <signal.h>

#define MOST 8
static struct { const char *name; char *base; long pages; } region[MOST];
static int regions;
static volatile sig_atomic_t ended;

static void on_child(int signal) { ended++; }

static void add(const char *name, long pages, int flags, int fd)
{
    region[regions].name = name;
    region[regions].pages = pages;
    region[regions++].base = MUST(mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0));
}

static volatile uint64_t *word(int r, long page) { return (uint64_t *)(region[r].base + page * PAGE) + page % 512; }

static void write_round(uint64_t round)
{
    for (int r = 0; r < regions; r++)
        for (long page = 0; page < region[r].pages && target_differences < 20; page++) {
            volatile uint64_t *at = word(r, page);
            if (*at != round - 1)
                DIFFERS("%s page %ld expected round %llu got %llu", region[r].name, page, (unsigned long long)round - 1, (unsigned long long)*at);
            *at = round;
        }
}

static void *write_on(void *unused)
{
    for (uint64_t round = 1; !target_may_go(); round++)
        write_round(round);
    return unused;
}

/* Sees one child end, and nothing else. */
static int watch_child(pid_t child)
{
    int status, fd;
    pid_t first = waitpid(-1, &status, 0), second = waitpid(-1, &status, 0);
    fd = MUST(open(target_path("parent.part"), O_WRONLY | O_CREAT | O_TRUNC, 0666));
    dprintf(fd, "%s, %d SIGCHLD\n", first == child && second == -1 && errno == ECHILD ? "one child" : "others", (int)ended);
    close(fd);
    MUST(rename(target_path("parent.part"), target_path("parent")));
    return 0;
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_RESTART };
    MUST(sigaction(SIGCHLD, &action, NULL));
    if (argc > 4) {
        pid_t child = MUST(fork());
        if (child)
            return watch_child(child);
    }

    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    int memfd = MUST(memfd_create("snapshot", MFD_ALLOW_SEALING | MFD_CLOEXEC));
    MUST(ftruncate(memfd, 64 * PAGE));
    int file = MUST(open(target_path("private-data"), O_RDWR | O_CREAT | O_TRUNC, 0600));
    MUST(ftruncate(file, 64 * PAGE));
    add("first", 16, anonymous, -1);
    add("shared", 64, MAP_SHARED | MAP_ANONYMOUS, -1);
    add("private", atol(argv[2]) << 8, anonymous, -1);
    add("memfd", 64, MAP_SHARED, memfd);
    add("private file", 64, MAP_PRIVATE, file);
    close(file);
    add("wiped on fork", 64, anonymous, -1);
    MUST(madvise(region[regions - 1].base, 64 * PAGE, MADV_WIPEONFORK));
    if (!strcmp(argv[3], "all")) {
        add("not forked", 64, anonymous, -1);
        MUST(madvise(region[regions - 1].base, 64 * PAGE, MADV_DONTFORK));
        add("locked", 64, anonymous, -1);
        MUST(mlock(region[regions - 1].base, 64 * PAGE));
    }

    pthread_t writer;
    MUST0(pthread_create(&writer, NULL, write_on, NULL));
    target_ready();
    target_wait();
    MUST0(pthread_join(writer, NULL));

    uint64_t last = *word(0, 0);
    EXPECT("rounds were written", last > 0);
    for (int r = 0; r < regions; r++)
        for (long page = 0; page < region[r].pages; page++)
            if (*word(r, page) != last)
                DIFFERS("%s page %ld at the end", region[r].name, page);
    EXPECT_EQ("children that ended", 0, ended);
    EXPECT("there is no child", waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);

    /* Nobody else has the memfd mapped for writing. */
    for (int r = 0; r < regions; r++)
        if (!strcmp(region[r].name, "memfd"))
            MUST(munmap(region[r].base, 64 * PAGE));
    EXPECT("the memfd can be sealed", fcntl(memfd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
    return target_finish();
}
