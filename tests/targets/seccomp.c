/* Threads that may not call everything, and one with credentials of its own. What the filters forbid ends the process. */
#include "target.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#define SHOW_ERRNO(number, error) \
    { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number }, { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | (error) }
#define FORBID(number) { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number }, { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS }
#define LOAD_NUMBER { BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr) }
#define ALLOW { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW }

static struct sock_filter of_all[] = {
    LOAD_NUMBER, SHOW_ERRNO(SYS_getppid, 77), FORBID(SYS_sigaltstack), FORBID(SYS_getitimer), FORBID(SYS_rt_sigaction), FORBID(SYS_kcmp),
    FORBID(SYS_userfaultfd), FORBID(SYS_capset), FORBID(SYS_munlock), ALLOW,
};
static struct sock_filter of_one[] = { LOAD_NUMBER, SHOW_ERRNO(SYS_getpgid, 78), FORBID(SYS_set_tid_address), ALLOW };

static int to_strict[2], from_strict[2];
static volatile int go, ready[3];
static volatile uid_t user;

static void filter(struct sock_filter *instructions, unsigned short count)
{
    struct sock_fprog program = { count, instructions };
    MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

static void await(volatile int *flag)
{
    while (!*flag)
        target_sleep(1000000);
}

static void *filtered(void *unused)
{
    filter(of_one, sizeof of_one / sizeof *of_one);
    ready[0] = 1;
    await(&go);
    errno = 0;
    EXPECT("filter of the thread", syscall(SYS_getpgid, 0) == -1 && errno == 78);
    errno = 0;
    EXPECT("filter that the thread inherited", syscall(SYS_getppid) == -1 && errno == 77);
    return unused;
}

static void *strict(void *unused)
{
    char byte = 0;
    MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL));
    ready[1] = 1;
    if (read(to_strict[0], &byte, 1) == 1)
        byte = write(from_strict[1], &byte, 1);
    syscall(SYS_exit, 0);
    return unused;
}

static void *other_user(void *unused)
{
    MUST(syscall(SYS_setresgid, 1001, 1002, 1003));
    MUST(syscall(SYS_setresuid, 1000, 1000, 1000));
    ready[2] = 1;
    await(&go);
    user = syscall(SYS_getuid);
    char *status = target_read("/proc/thread-self/status", NULL);
    EXPECT("groups of the thread with another user", strstr(status, "Gid:\t1001\t1002\t1003\t1002"));
    EXPECT("it has no capabilities", strstr(status, "CapEff:\t0000000000000000"));
    return unused;
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    (void)!chmod(target_dir, 0777);
    MUST(pipe(to_strict));
    MUST(pipe(from_strict));
    pthread_t threads[3];
    MUST0(pthread_create(&threads[1], NULL, strict, NULL));
    MUST0(pthread_create(&threads[2], NULL, other_user, NULL));
    filter(of_all, sizeof of_all / sizeof *of_all);
    MUST0(pthread_create(&threads[0], NULL, filtered, NULL));
    for (int i = 0; i < 3; i++)
        await(&ready[i]);
    umask(0);

    target_ready();
    target_wait();

    go = 1;
    errno = 0;
    EXPECT("filter of the main thread", syscall(SYS_getppid) == -1 && errno == 77);
    EXPECT("the main thread may ask for its group", syscall(SYS_getpgid, 0) > 0);
    EXPECT_EQ("user of the main thread", 0, getuid());
    MUST0(pthread_join(threads[0], NULL));
    MUST0(pthread_join(threads[2], NULL));
    EXPECT_EQ("user of the thread with another one", 1000, user);
    char byte = 's';
    EXPECT("strict thread is asked", write(to_strict[1], &byte, 1) == 1);
    byte = 0;
    EXPECT("strict thread answers", read(from_strict[0], &byte, 1) == 1);
    EXPECT_EQ("its answer", 's', byte);
    MUST0(pthread_join(threads[1], NULL));
    char *status = target_read("/proc/self/status", NULL);
    EXPECT("one filter of the main thread", strstr(status, "Seccomp:\t2") && strstr(status, "Seccomp_filters:\t1"));
    return target_finish();
}
