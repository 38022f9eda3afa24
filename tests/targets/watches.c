/* Files that watch others: inotify instances, and pidfds of the process itself. */
#include "target.h"
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/inotify.h>

static int directory(const char *name)
{
    MUST(mkdir(target_path(name), 0700));
    return 0;
}

static void expect_event(const char *what, int fd, int wd, uint32_t mask, const char *name)
{
    static char buffer[4096] __attribute__((aligned(8)));
    static ssize_t used, filled;
    if (used == filled) {
        used = 0;
        memset(buffer, 0, sizeof buffer);
        filled = read(fd, buffer, sizeof buffer);
    }
    if (filled < (ssize_t)sizeof(struct inotify_event)) {
        filled = 0;
        DIFFERS("%s: no event, errno %d", what, errno);
        return;
    }
    struct inotify_event *event = (void *)(buffer + used);
    used += sizeof *event + event->len;
    EXPECT_EQ(what, wd, event->wd);
    EXPECT_EQ("mask", mask, event->mask);
    EXPECT_STR("name", name, event->len ? event->name : "");
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    directory("watched");
    directory("watched/deep er");
    directory("twice");
    close(MUST(open(target_path("watched/file"), O_CREAT | O_WRONLY, 0600)));

    int in = MUST(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), sparse = MUST(inotify_init()), none = MUST(inotify_init());
    int all = MUST(inotify_add_watch(in, target_path("watched"), IN_CREATE | IN_DELETE | IN_MOVED_TO));
    int deep = MUST(inotify_add_watch(in, target_path("watched/deep er"), IN_CREATE | IN_ONLYDIR));
    int file = MUST(inotify_add_watch(in, target_path("watched/file"), IN_MODIFY | IN_ONESHOT));
    for (int i = 0; i < 40; i++)
        MUST(inotify_rm_watch(sparse, MUST(inotify_add_watch(sparse, target_path("twice"), IN_CREATE))));
    int late = MUST(inotify_add_watch(sparse, target_path("twice"), IN_CREATE));
    char ignored[4096];
    MUST(read(sparse, ignored, sizeof ignored));
    int self = MUST(syscall(SYS_pidfd_open, getpid(), 0)), thread = MUST(syscall(SYS_pidfd_open, getpid(), O_EXCL | O_NONBLOCK));
    int ep = MUST(epoll_create1(0));
    struct epoll_event event = { EPOLLIN, { .u64 = 77 } }, got = { 0 };
    MUST(epoll_ctl(ep, EPOLL_CTL_ADD, in, &event));

    target_ready();
    target_wait();

    int pending = -1;
    EXPECT_EQ("nothing waits", 0, ioctl(in, FIONREAD, &pending) ?: pending);
    EXPECT_EQ("nothing waits in the other", 0, ioctl(sparse, FIONREAD, &pending) ?: pending);
    close(open(target_path("watched/new"), O_CREAT | O_WRONLY, 0600));
    EXPECT_EQ("epoll reports", 1, epoll_wait(ep, &got, 1, 2000));
    EXPECT_EQ("its data", 77, got.data.u64);
    expect_event("created", in, all, IN_CREATE, "new");
    close(open(target_path("watched/deep er/x"), O_CREAT | O_WRONLY, 0600));
    expect_event("created beneath", in, deep, IN_CREATE, "x");
    int fd = open(target_path("watched/file"), O_WRONLY);
    EXPECT_EQ("write", 1, write(fd, "x", 1));
    expect_event("modified", in, file, IN_MODIFY, "");
    expect_event("spent", in, file, IN_IGNORED, "");
    EXPECT_EQ("write", 1, write(fd, "y", 1));
    close(fd);
    EXPECT_EQ("no event", -1, read(in, ignored, sizeof ignored));
    close(open(target_path("twice/a"), O_CREAT | O_WRONLY, 0600));
    expect_event("late number", sparse, late, IN_CREATE, "a");
    int next = inotify_add_watch(sparse, target_path("watched"), IN_CREATE);
    EXPECT_EQ("the next number", late + 1, next);
    EXPECT_EQ("the first number", 1, inotify_add_watch(none, target_path("watched"), IN_CREATE));

    EXPECT_EQ("pidfd of the process", 0, syscall(SYS_pidfd_send_signal, self, 0, NULL, 0));
    EXPECT_EQ("pidfd of the thread", 0, syscall(SYS_pidfd_send_signal, thread, 0, NULL, 0));
    EXPECT("pidfd does not wait", fcntl(thread, F_GETFL) & O_NONBLOCK);
    char info[64], line[64];
    snprintf(info, sizeof info, "/proc/self/fdinfo/%d", self);
    snprintf(line, sizeof line, "\nPid:\t%d\n", getpid());
    EXPECT("pidfd stands for the process", strstr(target_read(info, NULL), line));
    return target_finish();
}
