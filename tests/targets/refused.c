/* States that cannot be checkpointed, one per name; the process must go on untouched after the refusal. */
#include "target.h"
#include <netinet/in.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <linux/userfaultfd.h>
#include <sys/un.h>

static int fds[2] = { -1, -1 };

static void tcp(void)
{
    int listener = MUST(socket(AF_INET, SOCK_STREAM, 0));
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    MUST(bind(listener, (struct sockaddr *)&address, length));
    MUST(listen(listener, 1));
    MUST(getsockname(listener, (struct sockaddr *)&address, &length));
    fds[0] = MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(connect(fds[0], (struct sockaddr *)&address, length));
    fds[1] = MUST(accept(listener, NULL, NULL));
}

static void unix_outside(void)
{
    /* The other end lives in a child that this process has let go of. */
    int pair[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    if (!fork()) {
        if (fork())
            _exit(0);
        close(pair[0]);
        char byte;
        while (read(pair[1], &byte, 1) > 0)
            (void)!write(pair[1], &byte, 1);
        _exit(0);
    }
    wait(NULL);
    close(pair[1]);
    fds[0] = pair[0];
}

static void pipe_outside(void)
{
    int there[2];
    MUST(pipe(there));
    if (!fork()) {
        if (fork())
            _exit(0);
        close(there[1]);
        char byte;
        while (read(there[0], &byte, 1) > 0)
            ;
        _exit(0);
    }
    wait(NULL);
    close(there[0]);
    fds[0] = there[1];
}

static void inotify(void)
{
    fds[0] = MUST(inotify_init1(IN_NONBLOCK));
    MUST(inotify_add_watch(fds[0], target_dir, IN_DELETE));
    close(MUST(open(target_path("first"), O_CREAT | O_WRONLY, 0600)));
    MUST(unlink(target_path("first")));
}

static void io_uring(void)
{
    char parameters[120] = { 0 };
    fds[0] = MUST(syscall(SYS_io_uring_setup, 4, parameters));
}

static void *fork_without_end(void *unused)
{
    (void)unused;
    if (!vfork()) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return NULL;
}

static void with_unfinished_fork(void)
{
    pthread_t thread;
    MUST0(pthread_create(&thread, NULL, fork_without_end, NULL));
    target_sleep(50000000);
}

static void with_shared_table(void)
{
    if (!MUST(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0))) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
}

static void packet(void) { fds[0] = MUST(socket(AF_PACKET, SOCK_RAW, 0)); }

static void userfault(void) { fds[0] = MUST(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK)); }

static void pidfd(void) { fds[0] = MUST(syscall(SYS_pidfd_open, 1, 0)); }

static void fanotify(void) { fds[0] = MUST(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY)); }

static void fifo(void)
{
    MUST(mkfifo(target_path("fifo"), 0600));
    fds[0] = MUST(open(target_path("fifo"), O_RDWR));
    if (!fork()) {
        if (fork())
            _exit(0);
        while (access(target_dir, F_OK) == 0)
            target_sleep(10000000);
        _exit(0);
    }
    wait(NULL);
}

static void *wait_alone(void *unused)
{
    while (access(target_dir, F_OK) == 0)
        target_sleep(10000000);
    return unused;
}

/* A child whose main thread has ended. */
static void without_main_thread(void)
{
    pid_t child = MUST(fork());
    if (!child) {
        pthread_t thread;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        MUST0(pthread_create(&thread, NULL, wait_alone, NULL));
        pthread_exit(NULL);
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", child);
    while (!strstr(target_read(path, NULL), ") Z"))
        target_sleep(1000000);
}

/* Its slave is open in a process that is no descendant. */
static void terminal(void)
{
    fds[0] = MUST(posix_openpt(O_RDWR | O_NOCTTY));
    MUST(unlockpt(fds[0]));
    if (!fork()) {
        if (fork())
            _exit(0);
        MUST(open(ptsname(fds[0]), O_RDWR | O_NOCTTY));
        close(fds[0]);
        MUST(write(MUST(open(target_path("slave"), O_WRONLY | O_CREAT, 0600)), "", 1));
        while (access(target_dir, F_OK) == 0)
            target_sleep(10000000);
        _exit(0);
    }
    wait(NULL);
    while (access(target_path("slave"), F_OK))
        target_sleep(1000000);
}

static const struct { const char *name; void (*set_up)(void); } kinds[] = {
    { "tcp", tcp }, { "unix", unix_outside }, { "pipe", pipe_outside }, { "inotify", inotify }, { "io_uring", io_uring },
    { "vfork", with_unfinished_fork }, { "sharing", with_shared_table }, { "leader", without_main_thread },
    { "packet", packet }, { "userfaultfd", userfault },
    { "pidfd", pidfd }, { "fanotify", fanotify }, { "fifo", fifo }, { "terminal", terminal },
};

int main(int argc, char **argv)
{
    target_start(argc, argv);
    const char *kind = argc > 2 ? argv[2] : "";
    int known = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kind, kinds[i].name)) {
            kinds[i].set_up();
            known = 1;
        }
    if (!known)
        return 2;
    /* What the refusal must name. */
    int note = MUST(open(target_path("descriptor"), O_WRONLY | O_CREAT, 0600));
    dprintf(note, "%d\n", fds[0]);
    close(note);
    char *pages = MUST(mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (int i = 0; i < 256; i++)
        target_fill(pages + i * PAGE, i);

    target_ready();
    target_wait();

    for (int i = 0; i < 256; i++)
        expect_page("memory", i, pages + i * PAGE, i);
    char byte = 0;
    if (!strcmp(kind, "tcp")) {
        EXPECT_EQ("connection sends", 1, write(fds[0], "c", 1));
        EXPECT_EQ("connection receives", 1, read(fds[1], &byte, 1));
        EXPECT_EQ("what it receives", 'c', byte);
    } else if (!strcmp(kind, "unix")) {
        EXPECT_EQ("socket sends", 1, write(fds[0], "u", 1));
        EXPECT_EQ("socket receives", 1, read(fds[0], &byte, 1));
    } else if (!strcmp(kind, "pipe")) {
        EXPECT_EQ("pipe takes a byte", 1, write(fds[0], "p", 1));
    } else if (!strcmp(kind, "inotify")) {
        char event[512];
        close(open(target_path("victim"), O_CREAT | O_WRONLY, 0600));
        unlink(target_path("victim"));
        EXPECT("inotify reports", read(fds[0], event, sizeof event) > 0);
    }
    return target_finish();
}
