/* Pseudo terminals: modes, what waits in them, packet mode, held output, hang-ups; sessions with a controlling terminal and a foreground group. */
#include "target.h"
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

struct terminal { int master, slave; char name[32]; struct termios modes; };

struct shared {
    int ready, go, done, differences;
    pid_t shell, job;
    int interrupted, resized;
};

static struct shared *all;

static struct terminal make(int raw)
{
    struct terminal t = { .master = MUST(posix_openpt(O_RDWR | O_NOCTTY)) };
    MUST(grantpt(t.master));
    MUST(unlockpt(t.master));
    MUST0(ptsname_r(t.master, t.name, sizeof t.name));
    t.slave = MUST(open(t.name, O_RDWR | O_NOCTTY));
    MUST(tcgetattr(t.slave, &t.modes));
    if (raw)
        cfmakeraw(&t.modes);
    t.modes.c_cc[VERASE] = 'X' - 64;
    MUST(tcsetattr(t.slave, TCSANOW, &t.modes));
    MUST(tcgetattr(t.slave, &t.modes));
    return t;
}

/* The other side takes what is written in its own time. */
static void await_input(int fd)
{
    struct pollfd p = { fd, POLLIN, 0 };
    if (poll(&p, 1, 5000) != 1)
        target_say("setup: nothing arrives at descriptor %d", fd);
}

static void expect_read(const char *what, int fd, const void *expected, size_t length)
{
    char got[8192] = "";
    size_t used = 0;
    while (used < length) {
        struct pollfd p = { fd, POLLIN, 0 };
        if (poll(&p, 1, 3000) != 1)
            break;
        ssize_t n = read(fd, got + used, sizeof got - used);
        if (n <= 0)
            break;
        used += n;
    }
    EXPECT_EQ(what, length, used);
    if (used != length || memcmp(got, expected, length))
        DIFFERS("%s: expected \"%.*s\" got \"%.*s\"", what, (int)length, (const char *)expected, (int)used, got);
}

/* One read, which ends with a line. */
static void expect_line(const char *what, int fd, const char *expected)
{
    char got[256] = "";
    struct pollfd p = { fd, POLLIN, 0 };
    if (poll(&p, 1, 3000) != 1) {
        DIFFERS("%s: nothing to read", what);
        return;
    }
    EXPECT_EQ(what, strlen(expected), read(fd, got, sizeof got - 1));
    EXPECT_STR(what, expected, got);
}

static void expect_nothing(const char *what, int fd)
{
    struct pollfd p = { fd, POLLIN, 0 };
    EXPECT_EQ(what, 0, poll(&p, 1, 0) == 1 && (p.revents & POLLIN));
}

static void expect_modes(const char *what, const struct terminal *t)
{
    struct termios now;
    memset(&now, 0, sizeof now);
    EXPECT_EQ(what, 0, tcgetattr(t->slave, &now));
    EXPECT(what, now.c_iflag == t->modes.c_iflag && now.c_oflag == t->modes.c_oflag && now.c_cflag == t->modes.c_cflag
        && now.c_lflag == t->modes.c_lflag && !memcmp(now.c_cc, t->modes.c_cc, sizeof now.c_cc));
    char name[32] = "";
    EXPECT_EQ(what, 0, ttyname_r(t->slave, name, sizeof name));
    EXPECT_STR(what, t->name, name);
    EXPECT_EQ(what, 0, ptsname_r(t->master, name, sizeof name));
    EXPECT_STR(what, t->name, name);
}

static void on_interrupt(int signal) { (void)signal; all->interrupted++; }
static void on_resize(int signal) { (void)signal; all->resized++; }

static void await(int *flag)
{
    while (!__atomic_load_n(flag, __ATOMIC_SEQ_CST))
        target_sleep(1000000);
}

/* In the foreground of the terminal. */
static void job(void)
{
    MUST(setpgid(0, 0));
    signal(SIGINT, on_interrupt);
    signal(SIGWINCH, on_resize);
    all->job = getpid();
    __atomic_add_fetch(&all->ready, 1, __ATOMIC_SEQ_CST);
    while (!all->interrupted)
        target_sleep(1000000);
    EXPECT_EQ("the job is in the foreground", getpgrp(), tcgetpgrp(0));
    while (!all->resized)
        target_sleep(1000000);
    struct winsize size = { 0 };
    EXPECT_EQ("the new size", 0, ioctl(0, TIOCGWINSZ, &size));
    EXPECT_EQ("the new width", 70, size.ws_col);
    __atomic_add_fetch(&all->differences, target_differences, __ATOMIC_SEQ_CST);
    _exit(7);
}

/* Leads a session whose controlling terminal is the given one. */
static void shell(const struct terminal *t)
{
    MUST(setsid());
    MUST(ioctl(t->slave, TIOCSCTTY, 0));
    MUST(dup2(t->slave, 0));
    int current = MUST(open("/dev/tty", O_RDWR | O_CLOEXEC));
    close(t->master);
    signal(SIGTTOU, SIG_IGN);
    all->shell = getpid();
    pid_t child = MUST(fork());
    if (!child)
        job();
    setpgid(child, child);
    MUST(tcsetpgrp(0, child));
    __atomic_add_fetch(&all->ready, 1, __ATOMIC_SEQ_CST);
    await(&all->go);
    EXPECT_EQ("session of the terminal", getpid(), tcgetsid(0));
    EXPECT_EQ("the group in the foreground", all->job, tcgetpgrp(0));
    EXPECT_EQ("by /dev/tty", all->job, tcgetpgrp(current));
    char name[32] = "";
    EXPECT_EQ("the name of /dev/tty", 0, ttyname_r(current, name, sizeof name));
    EXPECT("it", !strcmp(name, "/dev/tty") || !strcmp(name, t->name));
    EXPECT("a second look at /dev/tty", close(open("/dev/tty", O_RDWR)) == 0);
    int status = 0;
    EXPECT_EQ("the job ends", child, waitpid(child, &status, 0));
    EXPECT_EQ("with its status", 7 << 8, status);
    EXPECT_EQ("the shell takes the terminal back", 0, tcsetpgrp(0, getpgrp()));
    EXPECT_EQ("the shell writes", 5, write(current, "back\n", 5));
    __atomic_add_fetch(&all->differences, target_differences, __ATOMIC_SEQ_CST);
    __atomic_store_n(&all->done, 1, __ATOMIC_SEQ_CST);
    pause();
    _exit(0);
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    all = MUST((struct shared *)mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    char every[256];
    for (int i = 0; i < 256; i++)
        every[i] = (char)i;

    struct terminal plain = make(0), raw = make(1), packet = make(0), held = make(0), left = make(0), gone = make(0), session = make(0), bare = make(0);

    struct winsize size = { 33, 101, 5, 6 };
    MUST(ioctl(plain.master, TIOCSWINSZ, &size));
    MUST(fchmod(plain.slave, 0640));
    MUST(write(plain.slave, "printed\n", 8));
    await_input(plain.master);
    static const char typed[] = "one\nt\026\003wo\nend\004\004par\026\ntial";
    MUST(write(plain.master, typed, sizeof typed - 1));
    await_input(plain.slave);
    /* The echo of the last byte tells that all have arrived. */
    expect_read("setup", plain.master, "printed\r\none\r\nt^\b^Cwo\r\nendpar^\b^Jtial", 37);
    MUST(write(plain.slave, "more\n", 5));
    await_input(plain.master);
    MUST(write(raw.master, every, sizeof every));
    MUST(write(raw.slave, every, sizeof every));
    await_input(raw.slave);
    await_input(raw.master);

    int on = 1;
    MUST(write(packet.slave, "wrapped", 7));
    await_input(packet.master);
    MUST(ioctl(packet.master, TIOCPKT, &on));
    MUST(fcntl(packet.master, F_SETFL, O_NONBLOCK));

    MUST(write(held.master, "\023", 1));
    struct pollfd stopped = { held.slave, POLLOUT, 0 };
    for (int i = 0; i < 5000 && poll(&stopped, 1, 0); i++)
        target_sleep(1000000);

    MUST(write(left.slave, "last words", 10));
    await_input(left.master);
    close(left.slave);
    close(gone.master);
    close(bare.slave);
    close(bare.master);
    bare.master = MUST(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    MUST0(ptsname_r(bare.master, bare.name, sizeof bare.name));

    pid_t child = MUST(fork());
    if (!child)
        shell(&session);
    close(session.slave);
    while (__atomic_load_n(&all->ready, __ATOMIC_SEQ_CST) < 2)
        target_sleep(1000000);

    target_ready();
    target_wait();

    struct winsize got = { 0 };
    EXPECT_EQ("window size", 0, ioctl(plain.slave, TIOCGWINSZ, &got));
    EXPECT("its values", !memcmp(&got, &size, sizeof size));
    struct stat status;
    EXPECT_EQ("status of the slave", 0, fstat(plain.slave, &status));
    EXPECT_EQ("its permissions", 0640, status.st_mode & 0777);
    expect_modes("plain", &plain);
    expect_line("first line", plain.slave, "one\n");
    expect_line("second line", plain.slave, "t\003wo\n");
    expect_line("line with an end", plain.slave, "end");
    char byte;
    EXPECT_EQ("the end alone", 0, read(plain.slave, &byte, 1));
    expect_nothing("a line that is being typed", plain.slave);
    EXPECT_EQ("the rest of it", 4, write(plain.master, "\030ll\n", 4));
    expect_read("what was printed, and the echo", plain.master, "more\r\n\b \bll\r\n", 13);
    expect_line("the whole line", plain.slave, "par\ntiall\n");

    expect_modes("raw", &raw);
    expect_read("raw input", raw.slave, every, sizeof every);
    expect_read("raw output", raw.master, every, sizeof every);

    char wrapped[16] = "";
    EXPECT("packet mode does not block", fcntl(packet.master, F_GETFL) & O_NONBLOCK);
    EXPECT_EQ("a packet", 8, read(packet.master, wrapped, sizeof wrapped));
    EXPECT("what it holds", wrapped[0] == TIOCPKT_DATA && !memcmp(wrapped + 1, "wrapped", 7));
    EXPECT_EQ("flush", 0, tcflush(packet.slave, TCIFLUSH));
    EXPECT_EQ("a packet about it", 1, read(packet.master, wrapped, sizeof wrapped));
    EXPECT("what it tells", wrapped[0] & TIOCPKT_FLUSHREAD);

    stopped.revents = 0;
    EXPECT_EQ("output is held", 0, poll(&stopped, 1, 0));
    EXPECT_EQ("let it go", 1, write(held.master, "\021", 1));
    EXPECT_EQ("output goes on", 1, poll(&stopped, 1, 3000));
    expect_modes("held", &held);

    struct pollfd hup = { left.master, POLLIN, 0 };
    poll(&hup, 1, 0);
    EXPECT("slave was closed", hup.revents & POLLHUP);
    expect_read("what was left", left.master, "last words", 10);
    EXPECT("then the end", read(left.master, &byte, 1) == -1 && errno == EIO);
    left.slave = open(left.name, O_RDWR | O_NOCTTY);
    EXPECT("it can be opened again", left.slave >= 0);

    EXPECT_EQ("terminal without master", 0, read(gone.slave, &byte, 1));
    EXPECT("cannot be written", write(gone.slave, "x", 1) == -1 && errno == EIO);

    char name[32] = "";
    EXPECT_EQ("master alone", 0, ptsname_r(bare.master, name, sizeof name));
    EXPECT_STR("its name", bare.name, name);
    EXPECT("it is locked", open(bare.name, O_RDWR | O_NOCTTY) == -1 && errno == EIO);
    EXPECT_EQ("it can be unlocked", 0, unlockpt(bare.master));
    struct pollfd never = { bare.master, POLLIN, 0 };
    EXPECT_EQ("it never had a slave", 0, poll(&never, 1, 0));

    /* A control character typed at the terminal reaches the job and not the shell. */
    EXPECT_EQ("the session's foreground group", all->job, tcgetpgrp(session.master));
    __atomic_store_n(&all->go, 1, __ATOMIC_SEQ_CST);
    target_sleep(20000000);
    EXPECT_EQ("interrupt", 1, write(session.master, "\003", 1));
    expect_read("its echo", session.master, "^C", 2);
    got.ws_col = 70;
    EXPECT_EQ("resize", 0, ioctl(session.master, TIOCSWINSZ, &got));
    expect_read("what the shell writes", session.master, "back\r\n", 6);
    for (int i = 0; i < 5000 && !__atomic_load_n(&all->done, __ATOMIC_SEQ_CST); i++)
        target_sleep(1000000);
    EXPECT_EQ("the shell is done", 1, all->done);
    EXPECT_EQ("what the others found", 0, all->differences);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return target_finish();
}
