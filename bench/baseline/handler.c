/*
 * handler MIB THREADS TOUCHES none|linear|resident IMAGE: the counterpart in C of a restore. A child touches its memory when told; its
 * parent, another process, brings the pages from the file IMAGE. Faults first, a page each; in between, with "linear", 64 pages by address.
 * With "resident" everything is there before the child begins.
 */
#define _GNU_SOURCE
#include "touching.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { PAGE = 4096, BATCH = 64, MESSAGES = 16 };

static int image, uffd;
static char *buffer, *there;

static void check(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void touch_in_child(int channel)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    struct uffdio_api api = { .api = UFFD_API };
    struct uffdio_register range = { .range = { (unsigned long)memory, pages * PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
    check(uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api) && !ioctl(uffd, UFFDIO_REGISTER, &range), "userfaultfd");
    char begin;
    check(write(channel, &uffd, sizeof uffd) == sizeof uffd && read(channel, &begin, 1) == 1, "channel");
    touch_when_told();
    _exit(0);
}

/* Places pages out of the buffer; whatever is there already is only woken. */
static void place(long page, long count, const char *source)
{
    while (count > 0) {
        struct uffdio_copy copy = { .dst = (unsigned long)memory + page * PAGE, .src = (unsigned long)source, .len = count * PAGE };
        int failed = ioctl(uffd, UFFDIO_COPY, &copy) ? errno : 0;
        long done = copy.copy > 0 ? copy.copy / PAGE : 0;
        if (failed == EEXIST) {
            struct uffdio_range range = { (unsigned long)memory + page * PAGE, PAGE };
            ioctl(uffd, UFFDIO_WAKE, &range);
            done = 1;
        } else if (failed == ESRCH) {
            return;
        }
        check(!failed || failed == EEXIST || failed == EAGAIN, "UFFDIO_COPY");
        memset(there + page, 1, done);
        page += done, count -= done, source += done * PAGE;
    }
}

static void serve_faults(void)
{
    struct uffd_msg messages[MESSAGES];
    long count = read(uffd, messages, sizeof messages) / (long)sizeof *messages;
    for (long i = 0; i < count; i++) {
        long page = (messages[i].arg.pagefault.address - (unsigned long)memory) / PAGE;
        check(pread(image, buffer, PAGE, page * PAGE) == PAGE, "pread");
        place(page, 1, buffer);
    }
}

/* Brings what is missing of the next 64 pages. */
static long fill_from(long page)
{
    long end = page + BATCH < pages ? page + BATCH : pages;
    check(pread(image, buffer, (end - page) * PAGE, page * PAGE) == (end - page) * PAGE, "pread");
    for (long first = page, next; first < end; first = next) {
        for (next = first + 1; next < end && there[next] == there[first]; next++)
            ;
        if (!there[first])
            place(first, next - first, buffer + (first - page) * PAGE);
    }
    return end;
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    prepare_touching(argv);
    check((image = open(argv[5], O_RDONLY)) >= 0, argv[5]);
    int channel[2];
    check(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), "socketpair");
    int child = fork();
    check(child >= 0, "fork");
    if (!child)
        touch_in_child(channel[1]);

    there = allocate(pages, MAP_PRIVATE | MAP_POPULATE);
    buffer = allocate(BATCH * PAGE, MAP_PRIVATE | MAP_POPULATE);
    int descriptor, process = syscall(SYS_pidfd_open, child, 0);
    check(process >= 0 && read(channel[0], &descriptor, sizeof descriptor) == sizeof descriptor, "child");
    check((uffd = syscall(SYS_pidfd_getfd, process, descriptor, 0)) >= 0, "pidfd_getfd");
    long cursor = strcmp(argv[4], "none") ? 0 : pages;
    while (!strcmp(argv[4], "resident") && cursor < pages)
        cursor = fill_from(cursor);
    check(write(channel[0], "", 1) == 1, "channel");

    struct pollfd waits[] = { { .fd = uffd, .events = POLLIN }, { .fd = process, .events = POLLIN } };
    while (poll(waits, 2, cursor < pages ? 0 : -1) >= 0 && !waits[1].revents) {
        if (waits[0].revents)
            serve_faults();
        if (cursor < pages)
            cursor = fill_from(cursor);
    }
    return 0;
}
