/* System V shared memory, semaphores and message queues, used by a process and its child; both of them wait in semop(2) and msgrcv(2). */
#include "target.h"
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define PAGES 100
#define BASE ((char *)0x700000000000UL)

union semun { int val; struct semid_ds *buf; unsigned short *array; };

struct message { long type; char text[64]; };

static char *data;
static const char *view;
static int shared, doomed, set, queue, empty, differences_of_child[2];

static void operate(int number, int change)
{
    struct sembuf operation = { number, change, 0 };
    EXPECT_EQ("semop", 0, semop(set, &operation, 1));
}

static void child(void)
{
    char *other = MUST((char *)shmat(doomed, NULL, 0));
    MUST(msgsnd(queue, &(struct message){ 4, "from the child" }, 14, 0));
    MUST(semop(set, &(struct sembuf){ 2, -2, 0 }, 1));
    strcpy(other, "the child is here");
    operate(1, -1); /* waits for the parent, across the checkpoint */
    EXPECT_STR("the doomed segment in the child", "the child is here", other);
    EXPECT_EQ("the shared page in the child", -1, target_wrong_word(data, 1000));
    struct message got = { 0 };
    EXPECT_EQ("a message to the child", 5, msgrcv(empty, &got, sizeof got.text, 9, 0));
    EXPECT_STR("what it says", "child", got.text);
    data[5 * PAGE] = 'c';
    EXPECT_EQ("the child detaches", 0, shmdt(other));
    MUST(write(differences_of_child[1], &target_differences, sizeof target_differences));
    _exit(0);
}

static void expect_message(const char *what, int id, long type, const char *text)
{
    struct message got = { 0 };
    EXPECT_EQ(what, strlen(text), msgrcv(id, &got, sizeof got.text, 0, IPC_NOWAIT));
    EXPECT_EQ(what, type, got.type);
    EXPECT_STR(what, text, got.text);
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    key_t key = 0x4c520000 | (getpid() & 0xffff);
    shared = MUST(shmget(key, PAGES * PAGE, IPC_CREAT | IPC_EXCL | 0640));
    doomed = MUST(shmget(IPC_PRIVATE, 3000, 0600));
    set = MUST(semget(key, 3, IPC_CREAT | IPC_EXCL | 0600));
    queue = MUST(msgget(key, IPC_CREAT | IPC_EXCL | 0620));
    empty = MUST(msgget(IPC_PRIVATE, 0600));

    data = MUST((char *)shmat(shared, BASE, 0));
    view = MUST((const char *)shmat(shared, BASE + (1 << 30), SHM_RDONLY));
    char *passing = MUST((char *)shmat(doomed, BASE + (2UL << 30), 0));
    MUST(shmctl(doomed, IPC_RMID, NULL));
    struct shmid_ds owner;
    MUST(shmctl(shared, IPC_STAT, &owner));
    owner.shm_perm.uid = 1234;
    owner.shm_perm.mode = 0644;
    MUST(shmctl(shared, IPC_SET, &owner));
    for (int i = 0; i < PAGES; i++)
        if (i % 7)
            target_fill(data + i * PAGE, 1000 + i);
    target_fill(data, 1000);
    MUST(mprotect(data + 50 * PAGE, 10 * PAGE, PROT_READ));

    unsigned short values[] = { 3, 0, 9 };
    MUST(semctl(set, 0, SETALL, (union semun){ .array = values }));
    MUST(msgsnd(queue, &(struct message){ 7, "first" }, 5, 0));
    MUST(msgsnd(queue, &(struct message){ 2, "" }, 0, 0));
    MUST(msgsnd(queue, &(struct message){ 7, "third" }, 5, 0));
    MUST(msgsnd(empty, &(struct message){ 1, "gone" }, 4, 0));
    MUST(msgrcv(empty, &(struct message){ 0 }, 64, 0, 0));
    MUST(pipe(differences_of_child));
    pid_t pid = MUST(fork());
    if (!pid)
        child();
    while (semctl(set, 1, GETNCNT) != 1)
        target_sleep(1000000);

    target_ready();
    target_wait();

    for (int i = 0; i < PAGES; i++) {
        expect_page("shared memory", i, data + i * PAGE, i % 7 || !i ? 1000 + i : 0);
        expect_page("read-only shared memory", i, view + i * PAGE, i % 7 || !i ? 1000 + i : 0);
    }
    EXPECT_STR("the doomed segment", "the child is here", passing);
    struct shmid_ds now;
    EXPECT_EQ("status of the segment", 0, shmctl(shared, IPC_STAT, &now));
    EXPECT_EQ("its key", key, now.shm_perm.__key);
    EXPECT_EQ("its owner", 1234, now.shm_perm.uid);
    EXPECT_EQ("its mode", 0644, now.shm_perm.mode & 0777);
    EXPECT_EQ("its size", PAGES * PAGE, now.shm_segsz);
    EXPECT("its attachments", now.shm_nattch >= 4);
    EXPECT_EQ("the same by its key", shared, shmget(key, 0, 0));
    EXPECT_EQ("status of the doomed segment", 0, shmctl(doomed, IPC_STAT, &now));
    EXPECT("it is marked", now.shm_perm.mode & SHM_DEST);
    EXPECT_EQ("its attachments", 3, now.shm_nattch);
    EXPECT("read-only memory stays so", mprotect((void *)view, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES);

    EXPECT_EQ("semaphores by their key", set, semget(key, 3, 0));
    EXPECT_EQ("first semaphore", 3, semctl(set, 0, GETVAL));
    EXPECT_EQ("who used it last", getpid(), semctl(set, 0, GETPID));
    EXPECT_EQ("third semaphore", 7, semctl(set, 2, GETVAL));
    EXPECT_EQ("who used it last", pid, semctl(set, 2, GETPID));
    for (int i = 0; i < 5000 && semctl(set, 1, GETNCNT) != 1; i++)
        target_sleep(1000000);
    EXPECT_EQ("the child waits", 1, semctl(set, 1, GETNCNT));
    operate(1, 1);

    struct msqid_ds status;
    EXPECT_EQ("status of the queue", 0, msgctl(queue, IPC_STAT, &status));
    EXPECT_EQ("who sent last", pid, status.msg_lspid);
    EXPECT_EQ("messages", 4, status.msg_qnum);
    EXPECT_EQ("status of the empty queue", 0, msgctl(empty, IPC_STAT, &status));
    EXPECT_EQ("who received last", getpid(), status.msg_lrpid);
    EXPECT_EQ("the queue by its key", queue, msgget(key, 0));
    expect_message("first message", queue, 7, "first");
    expect_message("second message", queue, 2, "");
    expect_message("third message", queue, 7, "third");
    expect_message("fourth message", queue, 4, "from the child");
    EXPECT_EQ("a message to the child", 0, msgsnd(empty, &(struct message){ 9, "child" }, 5, 0));
    int differences = 1;
    EXPECT_EQ("the child answers", sizeof differences, read(differences_of_child[0], &differences, sizeof differences));
    EXPECT_EQ("what it found", 0, differences);
    waitpid(pid, NULL, 0);
    EXPECT_EQ("what the child wrote", 'c', view[5 * PAGE]);
    EXPECT_EQ("detach", 0, shmdt(view));
    EXPECT_EQ("detach the other", 0, shmdt(passing));
    /* The child's memory may be given back a moment after its end. */
    for (int i = 0; i < 5000 && !shmctl(doomed, IPC_STAT, &now); i++)
        target_sleep(1000000);
    EXPECT("the doomed segment is gone", shmctl(doomed, IPC_STAT, &now) == -1);
    shmctl(shared, IPC_RMID, NULL);
    semctl(set, 0, IPC_RMID);
    msgctl(queue, IPC_RMID, NULL);
    msgctl(empty, IPC_RMID, NULL);
    return target_finish();
}
