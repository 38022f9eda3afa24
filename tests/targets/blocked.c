/*
 * One thread in each blocking system call. After the restore each of them is woken as it would have been, with the right
 * result, and none sees EINTR.
 */
#include "target.h"
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BEFORE (SECOND)          /* how long the timed calls wait before the checkpoint */
#define WHOLE (3 * SECOND)       /* how long they wait in all */
#define SLACK (BEFORE * 9 / 10)  /* how late a busy machine may be; less than what starting anew would add */

struct call {
    const char *name;
    void (*body)(struct call *);
    long number;                 /* the system call it blocks in */
    int wake;                    /* write end of a pipe, or a signal */
    int timed;                   /* ends by itself after WHOLE; 3: the kernel does not restart it, so its time may begin anew */
    int pipe[2];
    int word;
    long result, expected;
    int error, expected_error;
    long long started, ended;
    int tid;
    pthread_t thread;
};

static volatile int handler_ran;
static void handler(int signal) { handler_ran++; }

static void record(struct call *c, long result)
{
    c->result = result;
    c->error = result == -1 ? errno : 0;
    c->ended = target_now();
}

static struct timespec whole(void) { return (struct timespec){ WHOLE / SECOND, WHOLE % SECOND }; }

static struct timespec until(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    now.tv_sec += WHOLE / SECOND;
    return now;
}

static void do_nanosleep(struct call *c)
{
    struct timespec t = whole(), rest;
    record(c, nanosleep(&t, &rest));
}

static void do_nanosleep_null(struct call *c)
{
    struct timespec t = whole();
    record(c, nanosleep(&t, NULL));
}

static void do_clock_nanosleep(struct call *c)
{
    struct timespec t = whole();
    record(c, clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL));
}

static void do_clock_nanosleep_absolute(struct call *c)
{
    struct timespec t = until(CLOCK_MONOTONIC);
    record(c, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
}

static void do_clock_nanosleep_real(struct call *c)
{
    struct timespec t = until(CLOCK_REALTIME);
    record(c, clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
}

static void do_futex(struct call *c)
{
    record(c, syscall(SYS_futex, &c->word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
}

static void do_futex_timeout(struct call *c)
{
    struct timespec t = whole();
    record(c, syscall(SYS_futex, &c->word, FUTEX_WAIT, 0, &t, NULL, 0));
}

static void do_futex_long(struct call *c)
{
    struct timespec t = { 1000, 0 };
    record(c, syscall(SYS_futex, &c->word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0));
}

static void do_futex_bitset(struct call *c)
{
    struct timespec t = until(CLOCK_MONOTONIC);
    record(c, syscall(SYS_futex, &c->word, FUTEX_WAIT_BITSET_PRIVATE, 0, &t, NULL, FUTEX_BITSET_MATCH_ANY));
}

static void do_poll(struct call *c)
{
    struct pollfd fd = { c->pipe[0], POLLIN, 0 };
    record(c, poll(&fd, 1, -1));
}

static void do_poll_long(struct call *c)
{
    struct pollfd fd = { c->pipe[0], POLLIN, 0 };
    record(c, poll(&fd, 1, 1000000));
}

static void do_poll_timeout(struct call *c)
{
    struct pollfd fd = { c->pipe[0], POLLIN, 0 };
    record(c, poll(&fd, 1, WHOLE / 1000000));
}

static void do_ppoll(struct call *c)
{
    struct pollfd fd = { c->pipe[0], POLLIN, 0 };
    sigset_t mask;
    sigfillset(&mask);
    record(c, ppoll(&fd, 1, NULL, &mask));
}

static void do_ppoll_timeout(struct call *c)
{
    struct pollfd fd = { c->pipe[0], POLLIN, 0 };
    struct timespec t = whole();
    record(c, ppoll(&fd, 1, &t, NULL));
}

static void do_select(struct call *c)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(c->pipe[0], &set);
    record(c, select(c->pipe[0] + 1, &set, NULL, NULL, NULL));
}

static void do_select_timeout(struct call *c)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(c->pipe[0], &set);
    struct timeval t = { WHOLE / SECOND, 0 };
    record(c, select(c->pipe[0] + 1, &set, NULL, NULL, &t));
}

static void do_epoll(struct call *c, int timeout, const sigset_t *mask)
{
    int ep = MUST(epoll_create1(0));
    struct epoll_event event = { EPOLLIN, { .u64 = 0x1122334455667788 } };
    MUST(epoll_ctl(ep, EPOLL_CTL_ADD, c->pipe[0], &event));
    memset(&event, 0, sizeof event);
    record(c, mask ? epoll_pwait(ep, &event, 1, timeout, mask) : epoll_wait(ep, &event, 1, timeout));
    if (c->result == 1)
        EXPECT_EQ("epoll data", 0x1122334455667788, event.data.u64);
}

static void do_epoll_wait(struct call *c) { do_epoll(c, -1, NULL); }
static void do_epoll_timeout(struct call *c) { do_epoll(c, WHOLE / 1000000, NULL); }

static void do_epoll_pwait(struct call *c)
{
    sigset_t mask;
    sigfillset(&mask);
    do_epoll(c, -1, &mask);
}

static void do_read(struct call *c)
{
    char byte = 0;
    record(c, read(c->pipe[0], &byte, 1));
    EXPECT_EQ("byte that was read", 'x', byte);
}

static void do_read_eventfd(struct call *c)
{
    uint64_t value = 0;
    int fd = c->pipe[0] = c->wake = MUST(eventfd(0, 0));
    record(c, read(fd, &value, 8));
    EXPECT_EQ("eventfd value", 0x7878787878787878, value);
}

static void do_write(struct call *c)
{
    /* Another pipe than the one that wakes; it is full, and the wake-up empties it. */
    int fds[2];
    static char block[65536];
    MUST(pipe(fds));
    MUST(write(fds[1], block, sizeof block));
    c->wake = fds[0];
    record(c, write(fds[1], "y", 1));
}

static void do_pause(struct call *c) { record(c, pause()); }

static void do_sigsuspend(struct call *c)
{
    sigset_t mask;
    sigfillset(&mask);
    sigdelset(&mask, SIGUSR2);
    record(c, sigsuspend(&mask));
}

static void do_sigwait(struct call *c, const struct timespec *timeout)
{
    sigset_t set;
    siginfo_t info;
    memset(&info, 0, sizeof info);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 3);
    record(c, sigtimedwait(&set, &info, timeout));
    if (!c->timed)
        EXPECT_EQ("value of the awaited signal", 4711, info.si_value.sival_int);
}

static void do_sigtimedwait(struct call *c)
{
    struct timespec t = { 1000, 0 };
    do_sigwait(c, &t);
}

static void do_sigwaitinfo(struct call *c) { do_sigwait(c, NULL); }

static void do_sigtimedwait_timeout(struct call *c)
{
    struct timespec t = whole();
    do_sigwait(c, &t);
}

static void do_accept(struct call *c)
{
    int listener = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "lazyrestore-blocked-%d", getpid());
    MUST(bind(listener, (struct sockaddr *)&address, sizeof address));
    MUST(listen(listener, 3));
    int fd = accept(listener, NULL, NULL);
    record(c, fd >= 0 ? 0 : fd);
}

static void do_recv(struct call *c)
{
    int pair[2];
    char buffer[8] = "";
    MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    c->wake = pair[1];
    struct iovec part = { buffer, sizeof buffer };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    record(c, recvmsg(pair[0], &message, 0));
    EXPECT_STR("message", "x", buffer);
}

static sem_t semaphore;
static void do_sem_wait(struct call *c) { record(c, sem_wait(&semaphore)); }

static struct call calls[] = {
    { "nanosleep", do_nanosleep, SYS_clock_nanosleep, .timed = 1 },
    { "nanosleep without remainder", do_nanosleep_null, SYS_clock_nanosleep, .timed = 1 },
    { "clock_nanosleep relative", do_clock_nanosleep, SYS_clock_nanosleep, .timed = 1 },
    { "clock_nanosleep absolute", do_clock_nanosleep_absolute, SYS_clock_nanosleep, .timed = 2 },
    { "clock_nanosleep absolute on the real-time clock", do_clock_nanosleep_real, SYS_clock_nanosleep, .timed = 2 },
    { "futex", do_futex, SYS_futex },
    { "futex that times out", do_futex_timeout, SYS_futex, .timed = 1, .expected = -1, .expected_error = ETIMEDOUT },
    { "futex with a long timeout", do_futex_long, SYS_futex },
    { "futex bitset absolute", do_futex_bitset, SYS_futex, .timed = 2, .expected = -1, .expected_error = ETIMEDOUT },
    { "poll", do_poll, SYS_poll, .expected = 1 },
    { "poll with a long timeout", do_poll_long, SYS_poll, .expected = 1 },
    { "poll that times out", do_poll_timeout, SYS_poll, .timed = 1 },
    { "ppoll", do_ppoll, SYS_ppoll, .expected = 1 },
    { "ppoll that times out", do_ppoll_timeout, SYS_ppoll, .timed = 1 },
    { "select", do_select, SYS_pselect6, .expected = 1 },
    { "select that times out", do_select_timeout, SYS_pselect6, .timed = 1 },
    { "epoll_wait", do_epoll_wait, SYS_epoll_wait, .expected = 1 },
    { "epoll_wait that times out", do_epoll_timeout, SYS_epoll_wait, .timed = 3 },
    { "epoll_pwait", do_epoll_pwait, SYS_epoll_pwait, .expected = 1 },
    { "read", do_read, SYS_read, .expected = 1 },
    { "read of an eventfd", do_read_eventfd, SYS_read, .expected = 8 },
    { "write to a full pipe", do_write, SYS_write, .expected = 1 },
    { "pause", do_pause, SYS_pause, .expected = -1, .expected_error = EINTR },
    { "sigsuspend", do_sigsuspend, SYS_rt_sigsuspend, .expected = -1, .expected_error = EINTR },
    { "sigtimedwait", do_sigtimedwait, SYS_rt_sigtimedwait },
    { "sigwaitinfo", do_sigwaitinfo, SYS_rt_sigtimedwait },
    { "sigtimedwait that times out", do_sigtimedwait_timeout, SYS_rt_sigtimedwait, .timed = 3, .expected = -1, .expected_error = EAGAIN },
    { "accept", do_accept, SYS_accept },
    { "recvmsg", do_recv, SYS_recvmsg, .expected = 1 },
    { "sem_wait", do_sem_wait, SYS_futex },
};
#define CALLS ((int)(sizeof calls / sizeof *calls))

static void *run(void *argument)
{
    struct call *c = argument;
    c->started = target_now();
    __atomic_store_n(&c->tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
    c->body(c);
    return NULL;
}

/* The system call a thread is blocked in; -1 when it runs. */
static long blocked_in(int tid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
    char *text = target_read(path, NULL);
    long number = *text >= '0' && *text <= '9' ? atol(text) : -1;
    free(text);
    return number;
}

static void await_blocked(struct call *c)
{
    int tid;
    while (!(tid = __atomic_load_n(&c->tid, __ATOMIC_SEQ_CST)))
        target_sleep(500000);
    long long start = target_now();
    while (blocked_in(tid) != c->number) {
        target_sleep(500000);
        if (target_now() - start > 10 * SECOND) {
            target_say("setup: %s is not blocked in %ld but in %ld", c->name, c->number, blocked_in(tid));
            _exit(2);
        }
    }
}

static void wake(struct call *c)
{
    char buffer[65536];
    if (c->timed)
        return;
    if (c->number == SYS_pause || c->number == SYS_rt_sigsuspend) {
        pthread_kill(c->thread, SIGUSR2);
    } else if (c->number == SYS_rt_sigtimedwait) {
        union sigval value = { .sival_int = 4711 };
        c->expected = SIGRTMIN + 3;
        pthread_sigqueue(c->thread, SIGRTMIN + 3, value);
    } else if (c->body == do_sem_wait) {
        sem_post(&semaphore);
    } else if (c->number == SYS_futex) {
        EXPECT_EQ(c->name, 1, syscall(SYS_futex, &c->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    } else if (c->number == SYS_accept) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "lazyrestore-blocked-%d", getpid());
        EXPECT("blocked accept can be connected to", connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    } else if (c->number == SYS_write) {
        EXPECT("full pipe can be read", read(c->wake, buffer, sizeof buffer) > 0);
    } else {
        EXPECT("blocked call can be woken", write(c->wake, "xxxxxxxx", c->body == do_read_eventfd ? 8 : 1) > 0);
    }
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    struct sigaction action = { .sa_handler = handler };
    sem_init(&semaphore, 0, 0);
    MUST(sigaction(SIGUSR2, &action, NULL));
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 3);
    MUST0(pthread_sigmask(SIG_BLOCK, &set, NULL));
    for (int i = 0; i < CALLS; i++) {
        MUST(pipe(calls[i].pipe));
        calls[i].wake = calls[i].pipe[1];
        MUST0(pthread_create(&calls[i].thread, NULL, run, &calls[i]));
    }
    for (int i = 0; i < CALLS; i++)
        await_blocked(&calls[i]);
    target_sleep(BEFORE);
    target_ready();
    target_wait();

    for (int i = 0; i < CALLS; i++) {
        struct call *c = &calls[i];
        if (!c->timed && c->ended)
            DIFFERS("%s returned %ld errno %d before it was woken", c->name, c->result, c->error);
        wake(c);
    }
    for (int i = 0; i < CALLS; i++) {
        struct call *c = &calls[i];
        struct timespec deadline;
        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += 20;
        if (pthread_timedjoin_np(c->thread, NULL, &deadline)) {
            DIFFERS("%s was not woken; it is in system call %ld", c->name, blocked_in(c->tid));
            continue;
        }
        if (c->result != c->expected || c->error != c->expected_error)
            DIFFERS("%s expected %ld errno %d got %ld errno %d", c->name, c->expected, c->expected_error, c->result, c->error);
        if (c->timed) {
            long long took = c->ended - c->started, latest = WHOLE + (c->timed == 3 ? WHOLE : 0) + SLACK + target_longest_pause;
            if (took < WHOLE - SECOND / 100 || took > latest)
                DIFFERS("%s took %lld ms expected %lld to %lld", c->name, took / 1000000, WHOLE / 1000000, latest / 1000000);
        }
    }
    EXPECT_EQ("signal handlers that ran", 2, handler_ran);
    return target_finish();
}
