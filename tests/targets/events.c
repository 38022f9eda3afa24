/* Pipes, eventfd, epoll, timerfd, signalfd and memfd. */
#include "target.h"
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static int readable(int fd)
{
    struct pollfd p = { fd, POLLIN, 0 };
    return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

static void expect_bytes(const char *what, int fd, const char *text)
{
    char buffer[256] = "";
    ssize_t n = readable(fd) ? read(fd, buffer, sizeof buffer - 1) : -1;
    if (n != (ssize_t)strlen(text))
        DIFFERS("%s: got %zd bytes errno %d", what, n, errno);
    EXPECT_STR(what, text, buffer);
}

static void watch(int ep, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = { events, { .u64 = data } };
    MUST(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
}

/*
 * The interest list as fdinfo shows it, without what names the file anew. A one-shot entry that is spent reports nothing; adding it again
 * makes the kernel watch for errors and hang-ups, which it always does.
 */
static char *interests(int ep)
{
    char path[64], *lines[32];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", ep);
    char *text = target_read(path, NULL), *result = calloc(1, 8192);
    int count = 0;
    for (char *line = strtok(text, "\n"); line && count < 32; line = strtok(NULL, "\n"))
        if (!strncmp(line, "tfd:", 4)) {
            char *end = strstr(line, " pos:");
            if (end)
                *end = 0;
            char *spent = strstr(line, "events: 40000018");
            if (spent)
                memcpy(spent, "events: 40000000", 16);
            lines[count++] = line;
        }
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++)
            if (strcmp(lines[i], lines[j]) > 0) {
                char *t = lines[i];
                lines[i] = lines[j];
                lines[j] = t;
            }
    for (int i = 0; i < count; i++)
        strcat(strcat(result, lines[i]), "|");
    return result;
}

static uint64_t wait_for(int ep, uint32_t *events)
{
    struct epoll_event event = { 0 };
    int n = epoll_wait(ep, &event, 1, 5000);
    *events = n == 1 ? event.events : 0;
    return n == 1 ? event.data.u64 : (uint64_t)n;
}

static void arm(int fd, int flags, long long first, long long period)
{
    struct itimerspec time = { { period / SECOND, period % SECOND }, { first / SECOND, first % SECOND } };
    MUST(timerfd_settime(fd, flags, &time, NULL));
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    int plain[2], sized[2], full[2], orphan_read[2], orphan_write[2], empty[2], packets[2];
    MUST(pipe2(plain, O_CLOEXEC));
    MUST(write(plain[1], "in the pipe", 11));
    MUST(pipe2(sized, O_NONBLOCK));
    int capacity = MUST(fcntl(sized[1], F_SETPIPE_SZ, 1 << 17));
    static char block[1 << 17], back[1 << 17];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)(i * 31 + i / 4096);
    MUST(write(sized[1], block, sizeof block));
    MUST(pipe2(full, O_NONBLOCK));
    long filled = 0;
    for (ssize_t n; (n = write(full[1], "seven!", 7)) > 0;)
        filled += n;
    MUST(pipe(orphan_read));
    MUST(write(orphan_read[1], "last words", 10));
    close(orphan_read[1]);
    MUST(pipe(orphan_write));
    close(orphan_write[0]);
    MUST(pipe(empty));
    int plain_twin = MUST(dup(plain[0]));
    MUST(pipe2(packets, O_DIRECT));
    MUST(write(packets[1], "one", 3));
    MUST(write(packets[1], "two", 3));

    int counter = MUST(eventfd(0, EFD_NONBLOCK)), semaphore = MUST(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC));
    int drained = MUST(eventfd(0, EFD_NONBLOCK));
    uint64_t value = 0x123456789abcULL;
    MUST(write(counter, &value, 8));

    int inner = MUST(epoll_create1(EPOLL_CLOEXEC)), outer = MUST(epoll_create1(0)), edge = MUST(epoll_create1(0));
    watch(inner, empty[0], EPOLLIN, 0xfedcba9876543210);
    watch(inner, drained, EPOLLIN | EPOLLPRI, 0x1111);
    watch(outer, inner, EPOLLIN, 0x2222);
    watch(edge, plain[0], EPOLLIN | EPOLLET, 0x3333);
    watch(edge, plain_twin, EPOLLIN | EPOLLONESHOT, 0x4444);
    watch(edge, orphan_write[1], EPOLLRDHUP, 0x5555);
    struct epoll_event got[8];
    MUST(epoll_wait(edge, got, 8, 0)); /* the one-shot entry is spent now, the edge is consumed */
    char *inner_before = interests(inner), *outer_before = interests(outer), *edge_before = interests(edge);

    int relative = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)), absolute = MUST(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC));
    int expired = MUST(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK)), idle = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    arm(relative, 0, SECOND / 20, SECOND / 50);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    arm(absolute, TFD_TIMER_ABSTIME, (now.tv_sec + 600) * SECOND, 9 * SECOND);
    arm(expired, 0, 1000000, 0);
    while (!readable(expired))
        target_sleep(500000);

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 4);
    MUST(sigprocmask(SIG_BLOCK, &set, NULL));
    int signals = MUST(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    union sigval number = { .sival_int = 5150 };
    MUST(sigqueue(getpid(), SIGRTMIN + 4, number));

    int memory = MUST(memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC)), open_memory = MUST(memfd_create("open", 0));
    static char page[PAGE];
    for (int i = 0; i < 16; i += 2) {
        target_fill(page, 600 + i);
        MUST(pwrite(memory, page, PAGE, i * PAGE));
    }
    MUST(ftruncate(memory, 20 * PAGE + 100));
    MUST(lseek(memory, 4096 + 17, SEEK_SET));
    MUST(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
    MUST(write(open_memory, "memory", 6));
    int seals = MUST(fcntl(memory, F_GET_SEALS)), open_seals = MUST(fcntl(open_memory, F_GET_SEALS));

    target_ready();
    target_wait();

    expect_bytes("pipe", plain_twin, "in the pipe");
    EXPECT_EQ("capacity of the pipe", capacity, fcntl(sized[0], F_GETPIPE_SZ));
    long total = 0;
    for (ssize_t n; total < (long)sizeof back && (n = read(sized[0], back + total, sizeof back - total)) > 0;)
        total += n;
    EXPECT_EQ("bytes in the large pipe", sizeof block, total);
    EXPECT("content of the large pipe", !memcmp(block, back, sizeof block));
    EXPECT("the large pipe is empty afterwards", read(sized[0], back, 1) == -1 && errno == EAGAIN);
    long drained_bytes = 0;
    for (ssize_t n; (n = read(full[0], back, sizeof back)) > 0;)
        drained_bytes += n;
    EXPECT_EQ("bytes in the full pipe", filled, drained_bytes);
    expect_bytes("pipe without a writer", orphan_read[0], "last words");
    EXPECT_EQ("its end", 0, read(orphan_read[0], back, 1));
    signal(SIGPIPE, SIG_IGN);
    EXPECT("pipe without a reader", write(orphan_write[1], "x", 1) == -1 && errno == EPIPE);
    expect_bytes("first packet", packets[0], "one");
    expect_bytes("second packet", packets[0], "two");

    value = 0;
    EXPECT("eventfd", read(counter, &value, 8) == 8);
    EXPECT_EQ("eventfd counter", 0x123456789abcULL, value);
    for (int i = 0; i < 3; i++) {
        EXPECT("semaphore", read(semaphore, &value, 8) == 8);
        EXPECT_EQ("semaphore step", 1, value);
    }
    EXPECT("semaphore is used up", read(semaphore, &value, 8) == -1 && errno == EAGAIN);

    EXPECT_STR("inner interest list", inner_before, interests(inner));
    EXPECT_STR("outer interest list", outer_before, interests(outer));
    EXPECT_STR("edge interest list", edge_before, interests(edge));
    uint32_t events;
    EXPECT_EQ("nothing is ready in the inner set", 0, epoll_wait(inner, got, 8, 0));
    EXPECT_EQ("write", 1, write(empty[1], "e", 1));
    EXPECT_EQ("outer set reports the inner one", 0x2222, wait_for(outer, &events));
    EXPECT_EQ("inner set reports the pipe", 0xfedcba9876543210, wait_for(inner, &events));
    EXPECT_EQ("its events", EPOLLIN, events);
    expect_bytes("pipe in the set", empty[0], "e");
    value = 7;
    EXPECT_EQ("write", 8, write(drained, &value, 8));
    EXPECT_EQ("inner set reports the eventfd", 0x1111, wait_for(inner, &events));
    while (epoll_wait(edge, got, 8, 0) > 0 && got[0].data.u64 == 0x3333) /* an edge may be reported once more */
        ;
    EXPECT_EQ("write", 1, write(plain[1], "z", 1));
    int edges = 0, others = 0, n = epoll_wait(edge, got, 8, 1000);
    for (int i = 0; i < n; i++) {
        edges += got[i].data.u64 == 0x3333;
        others += got[i].data.u64 == 0x4444;
    }
    EXPECT_EQ("edge-triggered entry fires", 1, edges);
    EXPECT_EQ("spent one-shot entry does not fire", 0, others);
    struct epoll_event again = { EPOLLIN | EPOLLONESHOT, { .u64 = 0x4445 } };
    EXPECT_EQ("one-shot entry can be armed again", 0, epoll_ctl(edge, EPOLL_CTL_MOD, plain_twin, &again));

    struct pollfd p = { relative, POLLIN, 0 };
    EXPECT_EQ("periodic timerfd fires", 1, poll(&p, 1, 10000));
    EXPECT("periodic timerfd counts", read(relative, &value, 8) == 8 && value >= 1);
    EXPECT_EQ("periodic timerfd fires again", 1, poll(&p, 1, 10000));
    EXPECT("ticks of the expired timerfd", read(expired, &value, 8) == 8);
    EXPECT_EQ("number of ticks", 1, value);
    struct itimerspec left = { 0 };
    EXPECT_EQ("timerfd_gettime", 0, timerfd_gettime(absolute, &left));
    struct timespec later;
    clock_gettime(CLOCK_REALTIME, &later);
    long long due = left.it_value.tv_sec + later.tv_sec - now.tv_sec;
    if (due < 598 || due > 660 || left.it_interval.tv_sec != 9)
        DIFFERS("absolute timerfd is due after %lld s, expected 600; interval %ld", due, left.it_interval.tv_sec);
    EXPECT("idle timerfd", timerfd_gettime(idle, &left) == 0 && left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);

    struct signalfd_siginfo info = { 0 };
    EXPECT("signalfd", read(signals, &info, sizeof info) == sizeof info);
    EXPECT_EQ("signal number", SIGRTMIN + 4, info.ssi_signo);
    EXPECT_EQ("signal value", 5150, info.ssi_int);
    kill(getpid(), SIGUSR1);
    EXPECT("signalfd goes on", read(signals, &info, sizeof info) == sizeof info);
    EXPECT_EQ("signal number", SIGUSR1, info.ssi_signo);

    EXPECT_EQ("seals", seals, fcntl(memory, F_GET_SEALS));
    EXPECT_EQ("seals of the other memfd", open_seals, fcntl(open_memory, F_GET_SEALS));
    EXPECT_EQ("offset in the memfd", 4096 + 17, lseek(memory, 0, SEEK_CUR));
    struct stat size;
    EXPECT("size of the memfd", fstat(memory, &size) == 0 && size.st_size == 20 * (long)PAGE + 100);
    for (int i = 0; i < 20; i++) {
        EXPECT_EQ("memfd can be read", PAGE, pread(memory, page, PAGE, i * PAGE));
        expect_page("memfd", i, page, i < 16 && i % 2 == 0 ? 600 + i : 0);
    }
    EXPECT("sealed memfd refuses to be written", pwrite(memory, "x", 1, 0) == -1 && errno == EPERM);
    EXPECT_EQ("open memfd goes on where it was", 3, write(open_memory, "fd!", 3));
    EXPECT("content of the open memfd", pread(open_memory, page, 9, 0) == 9 && !memcmp(page, "memoryfd!", 9));
    return target_finish();
}
