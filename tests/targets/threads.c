/* Threads: TLS, names, masks, robust mutexes, set_tid_address, rseq, affinity and scheduling. */
#include "target.h"
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/rseq.h>

#define THREADS 7

static __thread uint64_t tls_word;
static __thread char tls_block[5000];
static __thread uint64_t tls_data = 0xabcdef;
static pthread_mutex_t robust, ordinary = PTHREAD_MUTEX_INITIALIZER, recursive;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t set_up;
static int go;
static pthread_key_t key;
static int tids[THREADS];
static volatile int detached_ended;

static uint64_t thread_mask(void)
{
    uint64_t mask = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
    return mask;
}

static void expect_rseq(void)
{
    struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
    unsigned cpus = sysconf(_SC_NPROCESSORS_CONF), cpu;
    if (!__rseq_size)
        return;
    EXPECT("rseq cpu_id_start is a processor", area->cpu_id_start < cpus);
    EXPECT("rseq cpu_id is a processor", area->cpu_id < cpus);
    cpu_set_t one, old;
    sched_getaffinity(0, sizeof old, &old);
    /* A thread with deadlines has to be free to go anywhere. */
    for (unsigned c = 0; c < cpus && c < CPU_SETSIZE && sched_getscheduler(0) != SCHED_DEADLINE; c++) {
        if (!CPU_ISSET(c, &old))
            continue;
        CPU_ZERO(&one);
        CPU_SET(c, &one);
        EXPECT("affinity can be set", sched_setaffinity(0, sizeof one, &one) == 0);
        syscall(SYS_getcpu, &cpu, NULL, NULL);
        EXPECT_EQ("rseq follows the processor", cpu, ((volatile struct rseq *)area)->cpu_id);
    }
    sched_setaffinity(0, sizeof old, &old);
    errno = 0;
    long again = syscall(SYS_rseq, area, __rseq_size < 32 ? 32 : __rseq_size, 0, RSEQ_SIG);
    EXPECT("rseq is registered", again == -1 && errno == EBUSY);
}

struct traits {
    char name[16];
    uint64_t mask;
    cpu_set_t affinity;
    int policy, nice, priority, io_priority;
    unsigned long slack;
    void *robust_head, *clear_tid;
    size_t robust_length;
};

static void read_traits(struct traits *t)
{
    memset(t, 0, sizeof *t);
    prctl(PR_GET_NAME, t->name);
    t->mask = thread_mask();
    sched_getaffinity(0, sizeof t->affinity, &t->affinity);
    t->policy = sched_getscheduler(0);
    t->nice = getpriority(PRIO_PROCESS, syscall(SYS_gettid));
    struct sched_param param;
    sched_getparam(0, &param);
    t->priority = param.sched_priority;
    t->io_priority = syscall(SYS_ioprio_get, 1, 0);
    t->slack = prctl(PR_GET_TIMERSLACK);
    syscall(SYS_get_robust_list, 0, &t->robust_head, &t->robust_length);
    prctl(PR_GET_TID_ADDRESS, &t->clear_tid);
}

static void expect_traits(int index, const struct traits *a, const struct traits *b)
{
    char what[64];
#define SAME(field) \
    do { \
        snprintf(what, sizeof what, "thread %d " #field, index); \
        EXPECT_EQ(what, (intptr_t)a->field, (intptr_t)b->field); \
    } while (0)
    snprintf(what, sizeof what, "name of thread %d", index);
    EXPECT_STR(what, a->name, b->name);
    EXPECT("affinity", CPU_EQUAL(&a->affinity, &b->affinity));
    SAME(mask);
    SAME(policy);
    SAME(nice);
    SAME(priority);
    SAME(io_priority);
    SAME(slack);
    SAME(robust_head);
    SAME(clear_tid);
    SAME(robust_length);
}

static void take_traits(int index)
{
    char name[32];
    snprintf(name, sizeof name, index == 1 ? "odd) S (n%d" : "worker %d", index);
    MUST0(pthread_setname_np(pthread_self(), name));
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + index);
    MUST0(pthread_sigmask(SIG_BLOCK, &set, NULL));
    cpu_set_t cpu;
    CPU_ZERO(&cpu);
    CPU_SET(0, &cpu);
    struct sched_param none = { 0 };
    if (index == 1)
        MUST(sched_setaffinity(0, sizeof cpu, &cpu));
    if (index == 2)
        MUST(setpriority(PRIO_PROCESS, syscall(SYS_gettid), 7));
    if (index == 3)
        MUST(sched_setscheduler(0, SCHED_BATCH, &none));
    if (index == 4)
        MUST(sched_setscheduler(0, SCHED_IDLE, &none));
    if (index == 5) {
        struct sched_param real_time = { .sched_priority = 3 };
        (void)!sched_setscheduler(0, SCHED_RR, &real_time); /* as far as the machine allows it */
    }
    if (index == 6) {
        struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; } deadline = {
            .size = sizeof deadline, .policy = SCHED_DEADLINE, .runtime = 1000000, .deadline = 30000000, .period = 30000000
        };
        (void)!syscall(SYS_sched_setattr, 0, &deadline, 0);
    }
    MUST(prctl(PR_SET_TIMERSLACK, 60000 + index));
    MUST(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | index));
}

static void *worker(void *argument)
{
    int index = (int)(intptr_t)argument;
    take_traits(index);
    tls_word = 1000 + index;
    memset(tls_block, 'a' + index, sizeof tls_block);
    pthread_setspecific(key, (void *)(intptr_t)(5000 + index));
    int tid = tids[index] = syscall(SYS_gettid);
    void *self = __builtin_thread_pointer();
    struct traits before, after;
    read_traits(&before);
    if (index == 0)
        MUST0(pthread_mutex_lock(&robust));
    pthread_barrier_wait(&set_up);

    pthread_mutex_lock(&ordinary);
    while (!go)
        pthread_cond_wait(&condition, &ordinary);
    pthread_mutex_unlock(&ordinary);

    EXPECT_EQ("thread pointer", (intptr_t)self, (intptr_t)__builtin_thread_pointer());
    EXPECT_EQ("tid", tid, syscall(SYS_gettid));
    EXPECT_EQ("tls word", 1000 + index, tls_word);
    EXPECT_EQ("tls data", 0xabcdef, tls_data);
    for (size_t i = 0; i < sizeof tls_block; i++)
        if (tls_block[i] != 'a' + index) {
            DIFFERS("tls block of thread %d at %zu", index, i);
            break;
        }
    EXPECT_EQ("thread-specific value", 5000 + index, (intptr_t)pthread_getspecific(key));
    read_traits(&after);
    expect_traits(index, &before, &after);
    expect_rseq();
    /* Thread 0 ends here as the owner of a robust mutex. */
    return (void *)(intptr_t)(index * 3 + 1);
}

static void *detached(void *unused)
{
    while (!target_may_go())
        target_sleep(3000000);
    expect_rseq();
    detached_ended = 1;
    return unused;
}

static void *newcomer(void *argument)
{
    expect_rseq();
    return argument;
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    MUST0(pthread_mutex_init(&robust, &attributes));
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    MUST0(pthread_mutex_init(&recursive, &attributes));
    MUST0(pthread_key_create(&key, NULL));
    pthread_barrier_init(&set_up, NULL, THREADS + 1);
    tls_word = 9;

    pthread_t threads[THREADS], other;
    for (int i = 0; i < THREADS; i++)
        MUST0(pthread_create(&threads[i], NULL, worker, (void *)(intptr_t)i));
    pthread_attr_t detach;
    pthread_attr_init(&detach);
    pthread_attr_setdetachstate(&detach, PTHREAD_CREATE_DETACHED);
    MUST0(pthread_create(&other, &detach, detached, NULL));
    pthread_barrier_wait(&set_up);
    pthread_mutex_lock(&recursive);
    pthread_mutex_lock(&recursive);
    struct traits before, after;
    read_traits(&before);
    int pid = getpid(), parent_group = getpgid(0), session = getsid(0);

    target_ready();
    target_wait();

    read_traits(&after);
    expect_traits(-1, &before, &after);
    EXPECT_EQ("pid", pid, getpid());
    EXPECT_EQ("pid as the kernel knows it", pid, syscall(SYS_getpid));
    EXPECT_EQ("tid of the main thread", pid, syscall(SYS_gettid));
    EXPECT_EQ("process group", parent_group, getpgid(0));
    EXPECT_EQ("session", session, getsid(0));
    EXPECT_EQ("tls word of the main thread", 9, tls_word);
    EXPECT_EQ("recursive mutex is still held", 0, pthread_mutex_trylock(&recursive));
    EXPECT_EQ("robust mutex is still held", EBUSY, pthread_mutex_trylock(&robust));
    for (int i = 0; i < THREADS; i++)
        EXPECT_EQ("thread is alive", 0, syscall(SYS_tgkill, pid, tids[i], 0));
    pthread_mutex_lock(&ordinary);
    go = 1;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&ordinary);
    for (int i = 0; i < THREADS; i++) {
        struct timespec deadline;
        void *result = NULL;
        clock_gettime(CLOCK_REALTIME, &deadline);
        deadline.tv_sec += 20;
        EXPECT_EQ("thread can be joined", 0, pthread_timedjoin_np(threads[i], &result, &deadline));
        EXPECT_EQ("result of the thread", i * 3 + 1, (intptr_t)result);
    }
    EXPECT_EQ("robust mutex tells that its owner died", EOWNERDEAD, pthread_mutex_trylock(&robust));
    EXPECT_EQ("robust mutex can be repaired", 0, pthread_mutex_consistent(&robust));
    EXPECT_EQ("robust mutex can be unlocked", 0, pthread_mutex_unlock(&robust));
    for (int i = 0; i < 10000 && !detached_ended; i++)
        target_sleep(1000000);
    EXPECT_EQ("detached thread ended", 1, detached_ended);
    expect_rseq();
    for (int i = 0; i < 8; i++) {
        void *result = NULL;
        EXPECT_EQ("a new thread can start", 0, pthread_create(&other, NULL, newcomer, (void *)5));
        pthread_join(other, &result);
        EXPECT_EQ("its result", 5, (intptr_t)result);
    }
    return target_finish();
}
