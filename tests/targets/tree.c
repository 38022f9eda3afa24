/* A parent and its child: memory of their own after fork(2), pipes between them, and wait(2). */
#include "target.h"

#define PAGES 600

static char *pages;

static void verify_pages(const char *whose, uint64_t tag)
{
    for (long i = 0; i < PAGES; i++)
        expect_page(whose, i, pages + i * PAGE, i % 3 ? tag + i : (uint64_t)i + 1);
}

static void change_pages(uint64_t tag)
{
    for (long i = 0; i < PAGES; i++)
        if (i % 3)
            target_fill(pages + i * PAGE, tag + i);
}

/* Answers each order with what it found; ends when the pipe does. */
static void serve(int orders, int answers)
{
    char order;
    while (read(orders, &order, 1) == 1) {
        verify_pages("the child's memory", 5000);
        char answer = target_differences ? 'n' : order + 1;
        if (write(answers, &answer, 1) != 1)
            _exit(9);
    }
    _exit(7);
}

int main(int argc, char **argv)
{
    target_start(argc, argv);
    pages = MUST(mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (long i = 0; i < PAGES; i++)
        target_fill(pages + i * PAGE, i + 1);
    int orders[2], answers[2];
    MUST(pipe(orders));
    MUST(pipe(answers));
    pid_t parent = getpid(), child = MUST(fork());
    if (!child) {
        close(orders[1]);
        close(answers[0]);
        change_pages(5000);
        EXPECT_EQ("the child's parent", parent, getppid());
        serve(orders[0], answers[1]);
    }
    close(orders[0]);
    close(answers[1]);
    change_pages(9000);
    char answer = 0;
    MUST(write(orders[1], "a", 1));
    MUST(read(answers[0], &answer, 1));

    /* An order is under way. */
    MUST(write(orders[1], "c", 1));
    MUST(read(answers[0], &answer, 1));
    target_ready();
    target_wait();

    verify_pages("the parent's memory", 9000);
    EXPECT_EQ("the parent", parent, getpid());
    EXPECT_EQ("an order", 1, write(orders[1], "x", 1));
    EXPECT_EQ("an answer", 1, read(answers[0], &answer, 1));
    EXPECT_EQ("the answer", 'y', answer);
    int status = 0;
    EXPECT_EQ("a child that goes on", 0, waitpid(child, &status, WNOHANG));
    close(orders[1]);
    EXPECT_EQ("the child", child, waitpid(-1, &status, 0));
    EXPECT("its status", WIFEXITED(status) && WEXITSTATUS(status) == 7);
    EXPECT("no other child", waitpid(-1, &status, __WALL) == -1 && errno == ECHILD);
    return target_finish();
}
