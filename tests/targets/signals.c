/* Dispositions, masks, alternate stacks and queued signals. */
#include "target.h"
#include <signal.h>

struct kernel_action { void *handler; unsigned long flags; void *restorer; unsigned long mask; };

static volatile sig_atomic_t handled[65];
static char main_stack[65536], other_stack[65536];
static void *handler_frame;
static volatile int thread_stage;

static void plain(int signal) { handled[signal]++; }

static void with_info(int signal, siginfo_t *info, void *context)
{
    handled[signal]++;
    handler_frame = __builtin_frame_address(0);
}

static void install(int signal, int flags, int masked)
{
    struct sigaction action = { .sa_flags = flags };
    if (flags & SA_SIGINFO)
        action.sa_sigaction = with_info;
    else
        action.sa_handler = plain;
    sigemptyset(&action.sa_mask);
    if (masked)
        sigaddset(&action.sa_mask, masked);
    MUST(sigaction(signal, &action, NULL));
}

static void actions(struct kernel_action *all)
{
    for (int s = 1; s <= 64; s++)
        syscall(SYS_rt_sigaction, s, NULL, &all[s], 8);
}

static void block(int count, const int *signals)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++)
        sigaddset(&set, signals[i]);
    MUST0(pthread_sigmask(SIG_BLOCK, &set, NULL));
}

static int take(const sigset_t *set, siginfo_t *info)
{
    struct timespec none = { 0, 0 };
    memset(info, 0, sizeof *info);
    /* The library's sigtimedwait turns SI_TKILL into SI_USER. */
    return syscall(SYS_rt_sigtimedwait, set, info, &none, 8);
}

static void expect_queued(const char *what, int signal, int code, int value)
{
    siginfo_t info;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    EXPECT_EQ(what, signal, take(&set, &info));
    EXPECT_EQ("its si_code", code, info.si_code);
    if (code == SI_QUEUE)
        EXPECT_EQ("its value", value, info.si_value.sival_int);
    EXPECT_EQ("its si_pid", getpid(), info.si_pid);
    EXPECT_EQ("its si_uid", getuid(), info.si_uid);
}

static uint64_t mask_of_thread(void)
{
    uint64_t mask = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
    return mask;
}

static void *other(void *unused)
{
    stack_t stack = { .ss_sp = other_stack, .ss_size = sizeof other_stack }, got;
    MUST(sigaltstack(&stack, NULL));
    int blocked[] = { SIGRTMIN + 7, SIGVTALRM, SIGWINCH };
    block(3, blocked);
    uint64_t mask = mask_of_thread();
    union sigval value = { .sival_int = 99 };
    MUST0(pthread_sigqueue(pthread_self(), SIGRTMIN + 7, value));
    MUST0(pthread_kill(pthread_self(), SIGVTALRM));
    thread_stage = 1;
    while (thread_stage < 2)
        target_sleep(1000000);
    EXPECT_EQ("mask of the second thread", mask, mask_of_thread());
    sigaltstack(NULL, &got);
    EXPECT("alternate stack of the second thread", got.ss_sp == other_stack && got.ss_size == sizeof other_stack && !(got.ss_flags & SS_DISABLE));
    expect_queued("queued for the second thread", SIGRTMIN + 7, SI_QUEUE, 99);
    expect_queued("sent to the second thread", SIGVTALRM, SI_TKILL, 0);
    return unused;
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    install(SIGUSR2, SA_SIGINFO | SA_RESTART, SIGUSR1);
    install(SIGTERM, SA_SIGINFO | SA_ONSTACK, 0);
    install(SIGINT, SA_RESETHAND, 0);
    install(SIGRTMIN + 9, SA_NODEFER, SIGHUP);
    install(SIGSEGV, SA_SIGINFO | SA_ONSTACK, SIGBUS);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    struct sigaction child = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT | SA_NOCLDSTOP };
    MUST(sigaction(SIGCHLD, &child, NULL));
    stack_t stack = { .ss_sp = main_stack, .ss_size = sizeof main_stack }, got;
    MUST(sigaltstack(&stack, NULL));

    int blocked[] = { SIGUSR1, SIGALRM, SIGTERM, SIGRTMIN + 1, SIGRTMIN + 2, SIGRTMIN + 3 };
    block(6, blocked);
    MUST(kill(getpid(), SIGUSR1));
    MUST(kill(getpid(), SIGTERM));
    union sigval value;
    for (int i = 1; i <= 5; i++) {
        value.sival_int = i * 11;
        MUST(sigqueue(getpid(), SIGRTMIN + 1, value));
    }
    value.sival_int = -5;
    MUST(sigqueue(getpid(), SIGRTMIN + 2, value));
    value.sival_int = 77;
    MUST0(pthread_sigqueue(pthread_self(), SIGRTMIN + 3, value));
    MUST0(pthread_kill(pthread_self(), SIGALRM));

    pthread_t thread;
    MUST0(pthread_create(&thread, NULL, other, NULL));
    while (thread_stage < 1)
        target_sleep(1000000);
    static struct kernel_action before[65], after[65];
    actions(before);
    uint64_t mask = mask_of_thread();

    target_ready();
    target_wait();

    actions(after);
    for (int s = 1; s <= 64; s++)
        if (memcmp(&before[s], &after[s], sizeof before[s]))
            DIFFERS("action of signal %d expected %p/%lx/%p/%lx got %p/%lx/%p/%lx", s, before[s].handler, before[s].flags, before[s].restorer,
                before[s].mask, after[s].handler, after[s].flags, after[s].restorer, after[s].mask);
    EXPECT_EQ("mask", mask, mask_of_thread());
    sigaltstack(NULL, &got);
    EXPECT("alternate stack", got.ss_sp == main_stack && got.ss_size == sizeof main_stack && !(got.ss_flags & SS_DISABLE));

    thread_stage = 2;
    pthread_join(thread, NULL);
    expect_queued("signal for the process", SIGUSR1, SI_USER, 0);
    for (int i = 1; i <= 5; i++)
        expect_queued("real-time signals in their order", SIGRTMIN + 1, SI_QUEUE, i * 11);
    expect_queued("another real-time signal", SIGRTMIN + 2, SI_QUEUE, -5);
    expect_queued("real-time signal for the thread", SIGRTMIN + 3, SI_QUEUE, 77);
    expect_queued("signal for the thread", SIGALRM, SI_TKILL, 0);

    EXPECT_EQ("no handler ran before", 0, handled[SIGTERM] + handled[SIGUSR2] + handled[SIGINT]);
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_UNBLOCK, &term, NULL);
    EXPECT_EQ("pending SIGTERM was handled", 1, handled[SIGTERM]);
    EXPECT("handler ran on the alternate stack", (char *)handler_frame > main_stack && (char *)handler_frame < main_stack + sizeof main_stack);
    raise(SIGHUP);
    raise(SIGUSR2);
    EXPECT_EQ("SIGUSR2 was handled", 1, handled[SIGUSR2]);
    sigset_t none;
    sigemptyset(&none);
    siginfo_t info;
    sigfillset(&none);
    EXPECT_EQ("nothing else is pending", -1, take(&none, &info));
    return target_finish();
}
