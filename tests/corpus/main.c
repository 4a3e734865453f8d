// Runs the corpus: each program as a process of its own, or the ones that are named in this process.
// usage: corpus [PROGRAM...]
#include "corpus.h"
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 240 };

extern const struct program __start_programs[], __stop_programs[]; // made by the linker

void check_failed(const char *file, int line, const char *condition)
{
    printf("%s:%d: %s does not hold\n", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line, condition);
    fflush(stdout);
    _exit(1);
}

uint64_t random_edge(uint64_t *state)
{
    static const uint64_t edges[] = {
        0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
        0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0x5555555555555555,
    };
    uint64_t choice = random_next(state), value = random_next(state);
    switch (choice & 7) {
    case 0: return edges[value % (sizeof edges / sizeof *edges)];
    case 1: return value >> (choice >> 3 & 63);
    case 2: return value << (choice >> 3 & 63);
    case 3: return (uint64_t)((int64_t)value >> (choice >> 3 & 63));
    case 4: return (1ULL << (value & 63)) - (choice >> 3 & 1);
    default: return value;
    }
}

static void run(const struct program *program)
{
    alarm(SECONDS);
    program->run();
    fflush(stdout);
}

static const struct program *find(const char *name)
{
    for (const struct program *program = __start_programs; program < __stop_programs; program++)
        if (!strcmp(program->name, name))
            return program;
    printf("there is no program %s\n", name);
    exit(2);
}

static void run_as_process(const struct program *program)
{
    int status;
    printf("== %s\n", program->name);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "corpus", program->name, (char *)NULL);
        _exit(127);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status))
        printf("ended by signal %d\n", WTERMSIG(status));
    else if (WEXITSTATUS(status))
        printf("ended with code %d\n", WEXITSTATUS(status));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct program *)a)->name, ((const struct program *)b)->name);
}

static void run_all(void)
{
    size_t count = (size_t)(__stop_programs - __start_programs);
    struct program *programs = malloc(count * sizeof *programs);
    memcpy(programs, __start_programs, count * sizeof *programs);
    qsort(programs, count, sizeof *programs, by_name);
    for (size_t i = 0; i < count; i++)
        run_as_process(&programs[i]);
    printf("== %zu programs\n", count);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run(find(argv[i]));
    if (argc == 1)
        run_all();
}
