/* Interval timers and POSIX timers go on: they keep their numbers, periods and values and fire. */
#include "target.h"
#include <signal.h>
#include <sys/time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static volatile int alarms, posix_fired, posix_value, posix_code, thread_fired, callbacks;
static timer_t periodic, for_thread, silent, disarmed, absolute, callback;
static volatile int thread_tid, thread_may_end;

static void on_alarm(int signal) { alarms++; }

static void on_posix(int signal, siginfo_t *info, void *context)
{
    posix_fired++;
    posix_value = info->si_value.sival_int;
    posix_code = info->si_code;
}

static void on_thread(int signal)
{
    if (syscall(SYS_gettid) == thread_tid)
        thread_fired++;
}

static void on_callback(union sigval value)
{
    if (value.sival_int == 31)
        callbacks++;
}

static void *receiver(void *unused)
{
    thread_tid = syscall(SYS_gettid);
    while (!thread_may_end)
        target_sleep(1000000);
    return unused;
}

static timer_t create(clockid_t clock, int notify, int signal, int value)
{
    struct sigevent event = { .sigev_notify = notify, .sigev_signo = signal, .sigev_value.sival_int = value };
    timer_t timer;
    if (notify == SIGEV_THREAD_ID)
        event.sigev_notify_thread_id = thread_tid;
    if (notify == SIGEV_THREAD)
        event.sigev_notify_function = on_callback;
    MUST(timer_create(clock, &event, &timer));
    return timer;
}

static void arm(timer_t timer, int flags, long long first, long long period)
{
    struct itimerspec time = { { period / SECOND, period % SECOND }, { first / SECOND, first % SECOND } };
    MUST(timer_settime(timer, flags, &time, NULL));
}

static long long left(timer_t timer, long long *period)
{
    struct itimerspec time = { 0 };
    if (timer_gettime(timer, &time))
        DIFFERS("timer_gettime errno %d", errno);
    if (period)
        *period = time.it_interval.tv_sec * SECOND + time.it_interval.tv_nsec;
    return time.it_value.tv_sec * SECOND + time.it_value.tv_nsec;
}

static void await_more(const char *what, volatile int *counter, int than)
{
    for (int i = 0; i < 10000 && *counter <= than; i++)
        target_sleep(1000000);
    if (*counter <= than)
        DIFFERS("%s does not fire any more (%d)", what, *counter);
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    signal(SIGALRM, on_alarm);
    signal(SIGRTMIN + 2, on_thread);
    signal(SIGVTALRM, SIG_IGN);
    signal(SIGPROF, SIG_IGN);
    struct sigaction action = { .sa_sigaction = on_posix, .sa_flags = SA_SIGINFO };
    MUST(sigaction(SIGRTMIN + 1, &action, NULL));
    pthread_t thread;
    MUST0(pthread_create(&thread, NULL, receiver, NULL));
    while (!thread_tid)
        target_sleep(500000);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 2);
    MUST0(pthread_sigmask(SIG_BLOCK, &set, NULL)); /* the other thread takes it */

    struct itimerval real = { { 0, 40000 }, { 0, 40000 } }, virtual = { { 77, 5 }, { 900, 7 } }, profile = { { 78, 6 }, { 901, 8 } }, got;
    MUST(setitimer(ITIMER_REAL, &real, NULL));
    MUST(setitimer(ITIMER_VIRTUAL, &virtual, NULL));
    MUST(setitimer(ITIMER_PROF, &profile, NULL));
    /* A gap in the numbers: the third timer does not exist any more. */
    periodic = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 1234);
    for_thread = create(CLOCK_REALTIME, SIGEV_THREAD_ID, SIGRTMIN + 2, 5);
    timer_t gone = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
    silent = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
    disarmed = create(CLOCK_BOOTTIME, SIGEV_SIGNAL, SIGRTMIN + 1, 9);
    absolute = create(CLOCK_REALTIME, SIGEV_NONE, 0, 0);
    callback = create(CLOCK_MONOTONIC, SIGEV_THREAD, 0, 31);
    MUST(timer_delete(gone));
    arm(periodic, 0, SECOND / 50, SECOND / 50);
    arm(for_thread, 0, SECOND / 40, SECOND / 30);
    arm(silent, 0, 1000 * SECOND, 7 * SECOND);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    arm(absolute, TIMER_ABSTIME, (now.tv_sec + 500) * SECOND, 0);
    arm(callback, 0, SECOND / 25, SECOND / 25);

    target_ready();
    target_wait();

    await_more("ITIMER_REAL", &alarms, alarms + 1);
    await_more("periodic timer", &posix_fired, posix_fired + 1);
    await_more("timer for a thread", &thread_fired, thread_fired + 1);
    await_more("timer that starts a function", &callbacks, callbacks + 1);
    EXPECT_EQ("value of the timer's signal", 1234, posix_value);
    EXPECT_EQ("si_code of the timer's signal", SI_TIMER, posix_code);
    EXPECT("timers that fire fire as often as they should", timer_getoverrun(periodic) >= 0);

    long long period, rest = left(periodic, &period);
    EXPECT_EQ("period of the periodic timer", SECOND / 50, period);
    EXPECT("periodic timer is armed", rest > 0 && rest <= SECOND / 50);
    rest = left(silent, &period);
    EXPECT_EQ("period of the silent timer", 7 * SECOND, period);
    if (rest > 1000 * SECOND || rest < 900 * SECOND)
        DIFFERS("silent timer has %lld ns left", rest);
    EXPECT_EQ("disarmed timer", 0, left(disarmed, &period));
    struct timespec later;
    clock_gettime(CLOCK_REALTIME, &later);
    rest = left(absolute, NULL) / SECOND + later.tv_sec - now.tv_sec;
    if (rest < 498 || rest > 560)
        DIFFERS("absolute timer will fire %lld s after it was set, expected 500", rest);

    getitimer(ITIMER_REAL, &got);
    EXPECT_EQ("interval of ITIMER_REAL", 40000, got.it_interval.tv_usec);
    getitimer(ITIMER_VIRTUAL, &got);
    EXPECT_EQ("interval of ITIMER_VIRTUAL", 77, got.it_interval.tv_sec);
    EXPECT("ITIMER_VIRTUAL is running", got.it_value.tv_sec > 850 && got.it_value.tv_sec <= 900);
    getitimer(ITIMER_PROF, &got);
    EXPECT_EQ("interval of ITIMER_PROF", 78, got.it_interval.tv_sec);
    EXPECT("ITIMER_PROF is running", got.it_value.tv_sec > 850 && got.it_value.tv_sec <= 901);

    timer_t another = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 4321);
    arm(another, 0, SECOND / 100, 0);
    int before = posix_fired;
    arm(periodic, 0, 0, 0);
    await_more("a new timer", &posix_fired, before);
    EXPECT_EQ("timers can be deleted", 0, timer_delete(periodic) | timer_delete(for_thread) | timer_delete(silent) | timer_delete(disarmed)
        | timer_delete(absolute) | timer_delete(callback) | timer_delete(another));
    thread_may_end = 1;
    pthread_join(thread, NULL);
    return target_finish();
}
