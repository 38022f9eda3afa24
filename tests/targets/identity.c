/*
 * Credentials, limits and the other things the kernel keeps for a process. With "user" as second argument it gives up root
 * but keeps a capability.
 */
#include "target.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

static char *status_lines(void)
{
    static const char *names[] = { "Name:", "Umask:", "Tgid:", "Pid:", "Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:",
        "NoNewPrivs:", "Seccomp:", "SigBlk:", "SigIgn:", "SigCgt:", "Cpus_allowed:", "Threads:", "TracerPid:", "THP_enabled:" };
    char *text = target_read("/proc/self/status", NULL), *kept = calloc(1, strlen(text) + 1);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (!strncmp(line, names[i], strlen(names[i])))
                strcat(strcat(kept, line), "\n");
    return kept;
}

static char *other_things(void)
{
    char *text = calloc(1, 8192), *p = text, cwd[4096] = "", root[4096] = "";
    (void)!readlink("/proc/self/cwd", cwd, sizeof cwd - 1);
    (void)!readlink("/proc/self/root", root, sizeof root - 1);
    int reaper = -1;
    prctl(PR_GET_CHILD_SUBREAPER, &reaper);
    p += sprintf(p, "cwd %s\nroot %s\n", cwd, root);
    p += sprintf(p, "personality %x\n", personality(0xffffffff));
    p += sprintf(p, "dumpable %d\n", prctl(PR_GET_DUMPABLE));
    p += sprintf(p, "keep capabilities %d\n", prctl(PR_GET_KEEPCAPS));
    p += sprintf(p, "securebits %x\n", prctl(PR_GET_SECUREBITS));
    p += sprintf(p, "no_new_privs %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    p += sprintf(p, "thp disable %d\n", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    p += sprintf(p, "subreaper %d\n", reaper);
    p += sprintf(p, "timer slack %d\n", prctl(PR_GET_TIMERSLACK));
    p += sprintf(p, "oom %s", target_read("/proc/self/oom_score_adj", NULL));
    p += sprintf(p, "nice %d\n", getpriority(PRIO_PROCESS, 0));
    p += sprintf(p, "io priority %ld\n", syscall(SYS_ioprio_get, 1, 0));
    p += sprintf(p, "group %d session %d\n", getpgid(0), getsid(0));
    int death = -1;
    prctl(PR_GET_PDEATHSIG, &death);
    p += sprintf(p, "parent death signal %d\n", death);
    return text;
}

static void expect_lines(const char *what, char *before, char *after)
{
    char *save_a, *save_b, *a = strtok_r(before, "\n", &save_a), *b = strtok_r(after, "\n", &save_b);
    for (; a || b; a = a ? strtok_r(NULL, "\n", &save_a) : NULL, b = b ? strtok_r(NULL, "\n", &save_b) : NULL)
        EXPECT_STR(what, a ? a : "", b ? b : "");
}

static void become_user(void)
{
    gid_t groups[] = { 4, 20, 65500 };
    MUST(setgroups(3, groups));
    MUST(setresgid(65534, 65533, 65532));
    MUST(prctl(PR_SET_KEEPCAPS, 1));
    MUST(prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT));
    MUST(setresuid(65534, 65533, 65532));
    MUST(prctl(PR_SET_KEEPCAPS, 0));
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    unsigned bit = 1u << CAP_NET_BIND_SERVICE, other = 1u << CAP_NET_RAW;
    struct __user_cap_data_struct data[2] = { { bit, bit | other, bit }, { 0, 0, 0 } };
    MUST(syscall(SYS_capset, &header, data));
    MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0));
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    MUST(prctl(PR_SET_DUMPABLE, 1));
}

static volatile int bystander_may_end;

static void *bystander(void *unused)
{
    while (!bystander_may_end)
        target_sleep(1000000);
    return unused;
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    (void)!chmod(target_dir, 0777);
    MUST(mkdir(target_path("working directory"), 0755));
    MUST(chdir(target_path("working directory")));
    int oom = MUST(open("/proc/self/oom_score_adj", O_WRONLY));
    MUST(write(oom, "321", 3));
    close(oom);
    struct rlimit files = { 700, 900 }, core = { 0, 12345678 }, stack = { 6 << 20, RLIM_INFINITY };
    MUST(setrlimit(RLIMIT_NOFILE, &files));
    MUST(setrlimit(RLIMIT_CORE, &core));
    (void)!setrlimit(RLIMIT_STACK, &stack);
    MUST(setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){ 1000, 2000 }));
    (void)!setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1L << 40, RLIM_INFINITY });
    MUST(personality(personality(0xffffffff) | ADDR_NO_RANDOMIZE));
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
    MUST(prctl(PR_SET_TIMERSLACK, 123456));
    MUST(prctl(PR_SET_NAME, "a) R (name"));
    MUST(setpriority(PRIO_PROCESS, 0, 3));
    MUST(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6));
    if (argc > 2 && !strcmp(argv[2], "user"))
        become_user();
    else
        MUST(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
    umask(027);
    pthread_t thread;
    MUST0(pthread_create(&thread, NULL, bystander, NULL));
    char *status = status_lines(), *limits = target_read("/proc/self/limits", NULL), *others = other_things();

    umask(0);
    target_ready();
    umask(027);
    target_wait();

    expect_lines("status", status, status_lines());
    expect_lines("limits", limits, target_read("/proc/self/limits", NULL));
    expect_lines("other", others, other_things());
    char *directory = getcwd(NULL, 0);
    EXPECT_STR("working directory", target_path("working directory"), directory ? directory : "none");
    EXPECT("files open below the limit", open("/dev/null", O_RDONLY) < 700);
    bystander_may_end = 1;
    pthread_join(thread, NULL);
    return target_finish();
}
