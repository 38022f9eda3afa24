/*
 * start PORT COMMAND...: prints the seconds from before the command is started until the redis at PORT has answered a GET, which is then told
 * to end; with port 0, until the command has ended.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void run(char **command)
{
    int nothing = open("/dev/null", O_RDWR);
    for (int standard = 0; standard < 3; standard++)
        dup2(nothing, standard);
    closefrom(3);
    execv(command[0], command);
    _exit(127);
}

/* One try; the connection, or -1 while nothing listens. */
static int ask(int port)
{
    static const char request[] = "GET key:77\r\n";
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!connect(connection, (struct sockaddr *)&address, sizeof address)
        && write(connection, request, sizeof request - 1) == sizeof request - 1)
        return connection;
    close(connection);
    return -1;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    int port = atoi(argv[1]), status = 0, connection = -1;
    double from = now(), to;
    pid_t child = fork();
    if (!child)
        run(argv + 2);
    char answer[64] = "";
    while (port && (connection = ask(port)) < 0 && !waitpid(child, &status, WNOHANG))
        usleep(500);
    if (port ? connection < 0 || read(connection, answer, sizeof answer - 1) < 2 : waitpid(child, &status, 0) != child)
        status = -1;
    to = now();
    if (status || (port && (answer[0] != '$' || answer[1] == '-'))) {
        fprintf(stderr, "%s: no answer, or exit status 0x%x\n", argv[2], status);
        return 1;
    }
    if (port) {
        dprintf(connection, "SHUTDOWN NOSAVE\r\n");
        waitpid(child, &status, 0);
    }
    printf("%.6f\n", to - from);
    return 0;
}
