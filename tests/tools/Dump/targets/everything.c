// A process with every kind of state that an image can hold. It touches DIR/ready when all is set up; after SIGUSR1 it checks that
// nothing of it has changed and writes "ok", or what has, to DIR/verdict.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHECK(x) do { if (!(x)) { fail(#x, __LINE__); } } while (0)

static const char *directory;
static char *memory, *noaccess, *mapped, *shared, *object;
static int pipe_ends[2], pair[2], datagrams[2], event, memory_file, deleted;
static volatile sig_atomic_t asked;

static void report(const char *name, const char *text)
{
    char path[4096], hidden[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    snprintf(hidden, sizeof hidden, "%s/.%s", directory, name);
    FILE *f = fopen(hidden, "w");
    fprintf(f, "%s", text);
    fclose(f);
    rename(hidden, path);
}

static void fail(const char *what, int line)
{
    char text[512];
    snprintf(text, sizeof text, "line %d: %s (errno %d)", line, what, errno);
    report("verdict", text);
    exit(1);
}

static void on_usr1(int signal) { (void)signal; asked = 1; }

static void *thread_main(void *argument)
{
    pthread_setname_np(pthread_self(), "second");
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };
    sigaltstack(&stack, NULL);
    pthread_kill(pthread_self(), SIGUSR2);
    *(volatile int *)argument = 1;
    for (;;) {
        struct timespec rest = { 1000, 0 };
        nanosleep(&rest, &rest);
    }
}

static void set_up_memory(void)
{
    memory = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 1024; i += 2)
        memory[i * 4096] = (char)(i / 2 + 1) | 1;
    memory[4096] = 0; // present, and zero
    madvise(memory, 4 << 20, MADV_DONTFORK);
    noaccess = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(noaccess, "hidden");
    mprotect(noaccess, 8192, PROT_NONE);

    char path[4096];
    snprintf(path, sizeof path, "%s/mapped", directory);
    int file = open(path, O_RDWR | O_CREAT, 0600);
    char page[4096];
    memset(page, 'f', sizeof page);
    for (int i = 0; i < 3; i++)
        CHECK(write(file, page, sizeof page) == sizeof page);
    mapped = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    memset(mapped + 4096, 0, 4096);
    close(file);

    shared = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(shared + 8192, "shared");
    memory_file = memfd_create("lazy", MFD_ALLOW_SEALING);
    CHECK(ftruncate(memory_file, 10000) == 0 && pwrite(memory_file, "memfd", 5, 5000) == 5);
    CHECK(fcntl(memory_file, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    object = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, memory_file, 0);

    snprintf(path, sizeof path, "%s/deleted", directory);
    deleted = open(path, O_RDWR | O_CREAT, 0640);
    CHECK(write(deleted, "gone but not lost", 17) == 17);
    unlink(path);
}

static void set_up_sockets(void)
{
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(write(pair[0], "hello ", 6) == 6 && write(pair[0], "stream", 6) == 6);
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams) == 0);
    CHECK(write(datagrams[0], "one", 3) == 3 && write(datagrams[0], "two", 3) == 3);

    int one = 1, size = 50000;
    int tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(tcp, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    CHECK(bind(tcp, (struct sockaddr *)&any, sizeof any) == 0 && listen(tcp, 37) == 0);

    int udp = socket(AF_INET6, SOCK_DGRAM, 0);
    setsockopt(udp, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    int plain = socket(AF_INET, SOCK_STREAM, 0);
    (void)plain;

    struct sockaddr_un name = { .sun_family = AF_UNIX };
    snprintf(name.sun_path, sizeof name.sun_path, "%s/socket", directory);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 5) == 0);
}

static void set_up_descriptors(void)
{
    CHECK(pipe2(pipe_ends, O_CLOEXEC) == 0);
    CHECK(write(pipe_ends[1], "in the ", 7) == 7 && write(pipe_ends[1], "pipe", 4) == 4);
    int copy = dup(pipe_ends[0]);
    event = eventfd(41, EFD_SEMAPHORE | EFD_NONBLOCK);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec times = { .it_interval = { 7, 0 }, .it_value = { 1000, 0 } };
    timerfd_settime(timer, 0, &times, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 3);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signalfd(-1, &set, 0);
    int poll = epoll_create1(0);
    struct epoll_event entry = { .events = EPOLLIN | EPOLLET, .data.u64 = 0x1122334455667788 };
    CHECK(epoll_ctl(poll, EPOLL_CTL_ADD, copy, &entry) == 0);
    CHECK(open("/dev/null", O_RDWR) > 0);
    char path[4096];
    snprintf(path, sizeof path, "%s/appended", directory);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    CHECK(write(file, "12345", 5) == 5);
    CHECK(open(directory, O_RDONLY | O_DIRECTORY) > 0);
}

static void set_up_signals(void)
{
    struct sigaction action = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };
    sigaddset(&action.sa_mask, SIGHUP);
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 5);
    sigprocmask(SIG_BLOCK, &set, NULL);
    union sigval value = { .sival_int = 0x5eed };
    sigqueue(getpid(), SIGRTMIN + 5, value);
    sigqueue(getpid(), SIGRTMIN + 5, value);

    struct itimerval interval = { .it_interval = { 3, 0 }, .it_value = { 5000, 0 } };
    setitimer(ITIMER_REAL, &interval, NULL);
    timer_t timer;
    struct sigevent notify = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 6, .sigev_value.sival_int = 77 };
    timer_create(CLOCK_MONOTONIC, &notify, &timer);
    struct itimerspec times = { .it_interval = { 2, 0 }, .it_value = { 3000, 0 } };
    timer_settime(timer, 0, &times, NULL);
}

static void verify(void)
{
    char text[64] = { 0 };
    for (int i = 0; i < 1024; i += 2)
        CHECK(memory[i * 4096] == ((char)(i / 2 + 1) | 1));
    mprotect(noaccess, 8192, PROT_READ);
    CHECK(strcmp(noaccess, "hidden") == 0);
    CHECK(mapped[0] == 'f' && mapped[4096] == 0 && mapped[8192] == 'f');
    CHECK(strcmp(shared + 8192, "shared") == 0 && memcmp(object + 5000, "memfd", 5) == 0);
    CHECK(read(pipe_ends[0], text, sizeof text) == 11 && memcmp(text, "in the pipe", 11) == 0);
    CHECK(read(pair[1], text, sizeof text) == 12 && memcmp(text, "hello stream", 12) == 0);
    CHECK(recv(datagrams[1], text, sizeof text, 0) == 3 && memcmp(text, "one", 3) == 0);
    CHECK(recv(datagrams[1], text, sizeof text, 0) == 3 && memcmp(text, "two", 3) == 0);
    uint64_t count;
    CHECK(ioctl(deleted, FIONREAD, &count) == 0 && lseek(deleted, 0, SEEK_CUR) == 17);
    CHECK(read(event, &count, sizeof count) == sizeof count && count == 1);
    siginfo_t info;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 5);
    struct timespec now = { 0, 0 };
    CHECK(sigtimedwait(&set, &info, &now) == SIGRTMIN + 5 && info.si_value.sival_int == 0x5eed);
    CHECK(sigtimedwait(&set, &info, &now) == SIGRTMIN + 5);
    report("verdict", "ok");
}

int main(int argc, char **argv)
{
    (void)argc;
    directory = argv[1];
    close_range(3, ~0U, 0);
    umask(027);
    prctl(PR_SET_NAME, "everything");
    prctl(PR_SET_TIMERSLACK, 123456);
    struct rlimit limit = { 500, 600 };
    setrlimit(RLIMIT_NOFILE, &limit);
    set_up_memory();
    set_up_descriptors();
    set_up_sockets();
    set_up_signals();
    volatile int started = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, thread_main, (void *)&started);
    while (!started)
        sched_yield();
    report("ready", "");
    while (!asked)
        pause();
    verify();
    return 0;
}
