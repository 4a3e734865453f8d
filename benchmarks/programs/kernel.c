/* What the kernel does: processes, system calls, page faults. */
#include "programs.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Processes that run another program, which ends at once. */
uint64_t processes(void)
{
    uint64_t sum = 0;
    for (int n = 0; n < 150; n++) {
        pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", "programs", "nothing", (char *)0);
            _exit(1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        sum = fold(sum, WEXITSTATUS(status));
    }
    return sum;
}

uint64_t syscalls(void)
{
    uint64_t sum = 0;
    char byte;
    int zero = open("/dev/zero", O_RDONLY);
    for (int n = 0; n < 150000; n++) {
        sum += syscall(SYS_getppid);
        sum += read(zero, &byte, 1);
    }
    close(zero);
    return sum;
}

/* Fresh pages, and pages that are copied because a child has the same. */
uint64_t page_faults(void)
{
    const unsigned long size = 16 << 20, page = 16384;
    uint64_t sum = 0;
    for (int round = 0; round < 12; round++) {
        uint8_t *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        madvise(memory, size, MADV_NOHUGEPAGE);
        for (unsigned long at = 0; at < size; at += page)
            memory[at] = at >> 14;
        if (round % 4 == 0) {
            pid_t child = fork();
            if (child == 0) {
                for (unsigned long at = 0; at < size; at += page)
                    memory[at + 1] = memory[at] + 1;
                _exit(memory[size - page + 1]);
            }
            int status = 0;
            waitpid(child, &status, 0);
            sum = fold(sum, WEXITSTATUS(status));
        }
        for (unsigned long at = 0; at < size; at += page)
            sum += memory[at] + memory[at + 1];
        munmap(memory, size);
    }
    return sum;
}
