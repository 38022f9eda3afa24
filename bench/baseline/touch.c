/* touch MIB THREADS TOUCHES: the program that is dumped and restored. Holds MIB of random pages and touches them when told. */
#define _GNU_SOURCE
#include "touching.h"

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    prepare_touching(argv);
    for (long i = 0; i < pages * 512; i++)
        ((uint64_t *)memory)[i] = next_random();
    fclose(fopen("ready", "w"));
    touch_when_told();
    return 0;
}
