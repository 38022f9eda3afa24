/*
 * A tree of many shapes: children, grandchildren, sessions and process groups whose leaders live or are gone, an orphan, zombies, a stopped
 * child; memory and descriptors that relatives share. Each member checks itself when it is its turn.
 */
#include "target.h"
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define PAGES 40

enum { MAIN, CHILD, GRANDCHILD, LEADER, ORPHAN, STOPPED, MEMBER, ELDER, EARLIER, COUNT };

static const char *names[] = { "main", "child", "grandchild", "leader", "orphan", "stopped", "member", "elder", "earlier" };

struct shared {
    int ready, turn, counter, differences;
    struct { pid_t pid, parent, group, session; } members[COUNT];
    uint64_t words[4 * PAGE / 8];
};

static struct shared *all;
static char *pages;
static int self, offset_file, deleted_file, sockets[2], pipe_ends[2], event_count, watcher;
static volatile int child_signals;

static void count_child(int signal) { (void)signal; child_signals++; }

static void note(void)
{
    all->members[self].pid = getpid();
    all->members[self].parent = getppid();
    all->members[self].group = getpgrp();
    all->members[self].session = getsid(0);
    for (long i = 0; i < PAGES; i++)
        if (i % 4)
            target_fill(pages + i * PAGE, 1000 * (self + 1) + i);
    char name[16];
    snprintf(name, sizeof name, "fam-%s", names[self]);
    prctl(PR_SET_NAME, name);
    __atomic_add_fetch(&all->ready, 1, __ATOMIC_SEQ_CST);
}

static void check_self(void)
{
    char what[64], name[16] = "";
    snprintf(what, sizeof what, "%s: pid", names[self]);
    EXPECT_EQ(what, all->members[self].pid, getpid());
    snprintf(what, sizeof what, "%s: parent", names[self]);
    if (self != MAIN)
        EXPECT_EQ(what, all->members[self].parent, getppid());
    snprintf(what, sizeof what, "%s: group", names[self]);
    EXPECT_EQ(what, all->members[self].group, getpgrp());
    snprintf(what, sizeof what, "%s: session", names[self]);
    EXPECT_EQ(what, all->members[self].session, getsid(0));
    prctl(PR_GET_NAME, name);
    EXPECT_STR("name", names[self], name + 4);
    for (long i = 0; i < PAGES; i++)
        expect_page(names[self], i, pages + i * PAGE, i % 4 ? (uint64_t)(1000 * (self + 1) + i) : (uint64_t)i + 1);

    /* What all share: a counter, and an offset. */
    EXPECT_EQ("the shared counter", self, __atomic_fetch_add(&all->counter, 1, __ATOMIC_SEQ_CST));
    EXPECT_EQ("the shared page", -1, target_wrong_word(all->words + (self % 4) * PAGE / 8, 77 + self % 4));
    char letter = 0;
    EXPECT_EQ("reading at the shared offset", 1, read(self == CHILD ? 40 : offset_file, &letter, 1));
    EXPECT_EQ("what is there", 'a' + self, letter);
}

static void check_more(void)
{
    char byte = 0;
    uint64_t count = 0;
    struct epoll_event event;
    int signal = 0;
    switch (self) {
    case CHILD:
        EXPECT_EQ("an epoll of the parent's", 1, epoll_wait(watcher, &event, 1, 0));
        EXPECT_EQ("its data", 4711, event.data.u64);
        break;
    case GRANDCHILD:
        EXPECT_EQ("from the other end of a pair", 1, read(sockets[1], &byte, 1));
        EXPECT_EQ("the byte", 's', byte);
        EXPECT_EQ("back", 1, write(sockets[1], "t", 1));
        EXPECT_EQ("the signal at the parent's death", 0, prctl(PR_GET_PDEATHSIG, &signal));
        EXPECT_EQ("it is", SIGUSR2, signal);
        break;
    case LEADER:
        EXPECT_EQ("into a pipe", 1, write(pipe_ends[1], "p", 1));
        break;
    case ORPHAN:
        EXPECT_EQ("a counter", sizeof count, read(event_count, &count, sizeof count));
        EXPECT_EQ("its count", 42, count);
        break;
    case ELDER:
        EXPECT_EQ("out of a pipe", 1, read(pipe_ends[0], &byte, 1));
        EXPECT_EQ("what was in it", 'o', byte);
        EXPECT_EQ("out of a pipe", 1, read(pipe_ends[0], &byte, 1));
        EXPECT_EQ("what came", 'p', byte);
        break;
    case EARLIER:
        EXPECT_EQ("a deleted file", 1, read(deleted_file, &byte, 1));
        EXPECT_EQ("what is in it", 'e', byte);
        break;
    }
}

/* A member's life: it waits for its turn and checks, then for the end. */
static void live(void (*children)(void))
{
    while (__atomic_load_n(&all->turn, __ATOMIC_SEQ_CST) != self)
        target_sleep(1000000);
    check_self();
    check_more();
    __atomic_add_fetch(&all->differences, target_differences, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&all->turn, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&all->turn, __ATOMIC_SEQ_CST) != COUNT)
        target_sleep(1000000);
    target_differences = 0;
    if (children)
        children();
    _exit(target_differences ? 1 : 20 + self);
}

static void expect_end(const char *what, pid_t pid, int expected)
{
    int status = 0;
    EXPECT_EQ(what, pid, waitpid(pid, &status, 0));
    EXPECT_EQ(what, expected, status);
}

static pid_t zombie, killed;

static void childs_children(void)
{
    expect_end("the grandchild", all->members[GRANDCHILD].pid, (20 + GRANDCHILD) << 8);
    expect_end("the leader", all->members[LEADER].pid, (20 + LEADER) << 8);
    expect_end("the killed one", killed, SIGTERM);
}

static void elders_children(void) { expect_end("the earlier one", all->members[EARLIER].pid, (20 + EARLIER) << 8); }

/* In the new process: what it is to be. */
static pid_t born(int who)
{
    pid_t pid = MUST(fork());
    if (!pid)
        self = who;
    return pid;
}

static void await_ready(int count)
{
    while (__atomic_load_n(&all->ready, __ATOMIC_SEQ_CST) < count)
        target_sleep(1000000);
}

static void await_state(pid_t pid, char state)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (;;) {
        char *text = target_read(path, NULL), *end = strrchr(text, ')');
        int there = end && end[2] == state;
        free(text);
        if (there)
            return;
        target_sleep(1000000);
    }
}

static void be_child(void)
{
    MUST(setpgid(0, 0));
    MUST(dup2(offset_file, 40));
    close(offset_file);
    offset_file = 40;
    killed = MUST(fork());
    if (!killed)
        for (;;)
            pause();
    if (!born(GRANDCHILD)) {
        MUST(prctl(PR_SET_PDEATHSIG, SIGUSR2));
        note();
        live(NULL);
    }
    if (!born(LEADER)) {
        MUST(setsid());
        note();
        live(NULL);
    }
    kill(killed, SIGTERM);
    await_state(killed, 'Z');
    note();
    live(childs_children);
}

static void make_orphan(void)
{
    pid_t between = MUST(fork());
    if (!between) {
        MUST(setsid());
        if (!born(ORPHAN)) {
            while (getppid() != all->members[MAIN].pid)
                target_sleep(1000000);
            note();
            live(NULL);
        }
        _exit(0);
    }
    MUST(waitpid(between, NULL, 0));
}

static void make_member(void)
{
    pid_t first = MUST(fork());
    if (!first)
        for (;;)
            pause();
    MUST(setpgid(first, first));
    pid_t member = born(MEMBER);
    if (!member) {
        while (getpgrp() != first)
            target_sleep(1000000);
        note();
        live(NULL);
    }
    MUST(setpgid(member, first));
    MUST(kill(first, SIGKILL));
    MUST(waitpid(first, NULL, 0));
}

static void be_elder(void)
{
    if (!born(EARLIER)) {
        note();
        live(NULL);
    }
    MUST(setsid());
    note();
    live(elders_children);
}

static void set_up_files(void)
{
    offset_file = MUST(open(target_path("letters"), O_RDWR | O_CREAT, 0600));
    MUST(write(offset_file, "abcdefghijkl", 12));
    MUST(lseek(offset_file, 0, SEEK_SET));
    deleted_file = MUST(open(target_path("gone"), O_RDWR | O_CREAT, 0600));
    MUST(write(deleted_file, "de", 2));
    MUST(lseek(deleted_file, 1, SEEK_SET));
    MUST(unlink(target_path("gone")));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
    MUST(pipe(pipe_ends));
    MUST(write(pipe_ends[1], "o", 1));
    event_count = MUST(eventfd(42, 0));
    watcher = MUST(epoll_create1(0));
    struct epoll_event event = { EPOLLIN, { .u64 = 4711 } };
    MUST(epoll_ctl(watcher, EPOLL_CTL_ADD, pipe_ends[0], &event));
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    all = MUST(mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    for (int i = 0; i < 4; i++)
        target_fill(all->words + i * PAGE / 8, 77 + i);
    pages = MUST(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (long i = 0; i < PAGES; i++)
        target_fill(pages + i * PAGE, i + 1);
    set_up_files();
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
    all->members[MAIN].pid = getpid();
    if (!born(CHILD))
        be_child();
    await_ready(3);
    make_orphan();
    pid_t stopped = born(STOPPED);
    if (!stopped) {
        note();
        live(NULL);
    }
    make_member();
    if (!born(ELDER))
        be_elder();
    zombie = MUST(fork());
    if (!zombie)
        _exit(7);
    await_ready(COUNT - 1);
    await_state(zombie, 'Z');
    MUST(kill(stopped, SIGSTOP));
    await_state(stopped, 'T');
    struct sigaction action = { .sa_handler = count_child, .sa_flags = SA_NOCLDSTOP | SA_RESTART };
    MUST(sigaction(SIGCHLD, &action, NULL));
    note();
    target_ready();
    target_wait();

    EXPECT_EQ("signals of children", 0, child_signals);
    await_state(stopped, 'T');
    EXPECT_EQ("into a pair", 1, write(sockets[0], "s", 1));
    EXPECT_EQ("the one that is stopped goes on", 0, kill(stopped, SIGCONT));
    check_self();
    all->turn++;
    while (__atomic_load_n(&all->turn, __ATOMIC_SEQ_CST) != COUNT)
        target_sleep(1000000);
    char byte = 0;
    EXPECT_EQ("from the other end", 1, read(sockets[0], &byte, 1));
    EXPECT_EQ("the byte", 't', byte);
    EXPECT_EQ("the deleted file's shared offset", 2, lseek(deleted_file, 0, SEEK_CUR));
    expect_end("the zombie", zombie, 7 << 8);
    int members[] = { CHILD, ORPHAN, STOPPED, MEMBER, ELDER };
    for (unsigned i = 0; i < sizeof members / sizeof *members; i++)
        expect_end(names[members[i]], all->members[members[i]].pid, (20 + members[i]) << 8);
    EXPECT("no other child", waitpid(-1, NULL, __WALL) == -1 && errno == ECHILD);
    target_differences += all->differences;
    return target_finish();
}
