/* Locks of every kind, leases, and who is signalled when a file becomes ready. */
#include "target.h"
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>

static volatile int signal_descriptor = -1, signal_count;

static void on_signal(int signal, siginfo_t *info, void *context)
{
    signal_descriptor = info->si_fd;
    signal_count++;
}

static int file(const char *name, int mode)
{
    int fd = MUST(open(target_path(name), mode | O_CREAT | O_CLOEXEC, 0600));
    return fd;
}

static struct flock range(int type, long start, long length)
{
    return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static void lock(int fd, int command, int type, long start, long length)
{
    struct flock f = range(type, start, length);
    MUST(fcntl(fd, command, &f));
}

/* Another process sees the lock that stands at a place: a process that closes a file loses its own locks of it. */
static struct flock seen(const char *name, long start)
{
    struct flock f = range(F_WRLCK, start, 1);
    int report[2];
    if (pipe(report))
        return f;
    pid_t child = fork();
    if (!child) {
        int fd = open(target_path(name), O_RDWR | O_CLOEXEC);
        if (fd < 0 || fcntl(fd, F_GETLK, &f))
            f.l_type = -errno;
        _exit(write(report[1], &f, sizeof f) != sizeof f);
    }
    if (read(report[0], &f, sizeof f) != sizeof f)
        f.l_type = -1;
    waitpid(child, NULL, 0);
    close(report[0]);
    close(report[1]);
    return f;
}

static void expect_lock(const char *name, long at, int type, long start, long length, int owner)
{
    struct flock f = seen(name, at);
    EXPECT_EQ(name, type, f.l_type);
    if (type != F_UNLCK) {
        EXPECT_EQ("start of the lock", start, f.l_start);
        EXPECT_EQ("length of the lock", length, f.l_len);
        EXPECT_EQ("owner of the lock", owner, f.l_pid);
    }
}

static void expect_flock(const char *name, int operation, int expected)
{
    int fd = open(target_path(name), O_RDWR | O_CLOEXEC);
    int result = flock(fd, operation | LOCK_NB) ? errno : 0;
    EXPECT_EQ(name, expected, result);
    close(fd);
}

static void *wait_in_thread(void *arg)
{
    *(int *)arg = gettid();
    for (;;)
        pause();
    return NULL;
}

static void expect_owner(const char *what, int fd, int type, int pid, int signal)
{
    struct f_owner_ex owner = { -1, -1 };
    EXPECT_EQ(what, 0, fcntl(fd, F_GETOWN_EX, &owner));
    EXPECT_EQ("kind of owner", type, owner.type);
    EXPECT_EQ("owner", pid, owner.pid);
    EXPECT_EQ("signal", signal, fcntl(fd, F_GETSIG));
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    int parts = file("parts", O_RDWR), again = file("parts", O_RDWR), tail = file("tail", O_WRONLY), ofd = file("ofd", O_RDWR);
    lock(parts, F_SETLK, F_WRLCK, 10, 5);
    lock(again, F_SETLK, F_WRLCK, 100, 7);
    lock(tail, F_SETLK, F_WRLCK, 4096, 0);
    lock(ofd, F_OFD_SETLK, F_RDLCK, 0, 1);
    lock(ofd, F_OFD_SETLK, F_WRLCK, 8, 8);
    int ofd_twin = MUST(dup(ofd));
    int shared = file("shared", O_RDONLY), exclusive = file("exclusive", O_RDWR), exclusive_twin = MUST(dup(exclusive));
    MUST(flock(shared, LOCK_SH));
    MUST(flock(exclusive, LOCK_EX));
    close(file("leased", O_RDWR));
    int lease = MUST(open(target_path("leased"), O_RDONLY | O_CLOEXEC));
    MUST(fcntl(lease, F_SETLEASE, F_RDLCK));

    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
    MUST(sigaction(SIGRTMIN + 1, &action, NULL));
    MUST(sigaction(SIGUSR2, &action, NULL));
    int pair[2], quiet[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
    MUST(fcntl(pair[0], F_SETOWN, getpid()));
    MUST(fcntl(pair[0], F_SETSIG, SIGRTMIN + 1));
    MUST(fcntl(pair[0], F_SETFL, O_NONBLOCK | O_ASYNC));
    volatile int tid = 0;
    pthread_t thread;
    MUST0(pthread_create(&thread, NULL, wait_in_thread, (void *)&tid));
    while (!tid)
        target_sleep(1000000);
    MUST(pipe(quiet));
    struct f_owner_ex to_thread = { F_OWNER_TID, tid };
    MUST(fcntl(quiet[0], F_SETOWN_EX, &to_thread));
    MUST(fcntl(quiet[0], F_SETSIG, SIGUSR2));
    MUST(fcntl(quiet[0], F_SETFL, O_ASYNC));

    target_ready();
    target_wait();

    expect_lock("parts", 12, F_WRLCK, 10, 5, getpid());
    expect_lock("parts", 100, F_WRLCK, 100, 7, getpid());
    expect_lock("parts", 50, F_UNLCK, 0, 0, 0);
    expect_lock("ofd", 9, F_WRLCK, 8, 8, -1);
    expect_lock("ofd", 0, F_RDLCK, 0, 1, -1);
    expect_flock("shared", LOCK_SH, 0);
    expect_flock("shared", LOCK_EX, EWOULDBLOCK);
    expect_flock("exclusive", LOCK_SH, EWOULDBLOCK);
    EXPECT_EQ("lease", F_RDLCK, fcntl(lease, F_GETLEASE));
    EXPECT_EQ("duplicate shares the lock", 0, flock(exclusive_twin, LOCK_UN));
    expect_flock("exclusive", LOCK_SH, 0);
    close(ofd);
    expect_lock("ofd", 9, F_WRLCK, 8, 8, -1);
    close(ofd_twin);
    expect_lock("ofd", 9, F_UNLCK, 0, 0, 0);
    expect_lock("tail", 1L << 40, F_WRLCK, 4096, 0, getpid());

    expect_owner("socket", pair[0], F_OWNER_PID, getpid(), SIGRTMIN + 1);
    expect_owner("pipe", quiet[0], F_OWNER_TID, tid, SIGUSR2);
    EXPECT_EQ("flags of the socket", O_NONBLOCK | O_ASYNC | O_RDWR, fcntl(pair[0], F_GETFL));
    EXPECT_EQ("write", 1, write(pair[1], "x", 1));
    for (int i = 0; i < 2000 && !signal_count; i++)
        target_sleep(1000000);
    EXPECT_EQ("descriptor that the signal names", pair[0], signal_descriptor);
    signal_count = 0;
    EXPECT_EQ("write", 1, write(quiet[1], "x", 1));
    for (int i = 0; i < 2000 && !signal_count; i++)
        target_sleep(1000000);
    EXPECT_EQ("descriptor that the thread's signal names", quiet[0], signal_descriptor);
    return target_finish();
}
