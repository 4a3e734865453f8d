/*
 * A KVM client that does what a script on its standard input says and prints what came of it, a line for each step.
 * docs/testing.md describes the script. The same script runs against LaKvm's own hypervisor; both must print the same.
 */
#include "client.h"

enum { DESCRIPTORS = 24, MEMORIES = 8, SCRATCH_BYTES = 0x8000, SCRIPT_BYTES = 1 << 20 };
enum { AT_FDCWD = -100, O_RDWR_CLOEXEC = 02000002 };

static struct descriptor descriptors[DESCRIPTORS];
static struct memory memories[MEMORIES];
static u8 scratch[SCRATCH_BYTES] __attribute__((aligned(16)));
static char script[SCRIPT_BYTES];

struct descriptor *find_descriptor(const char *name)
{
    for (int i = 0; i < DESCRIPTORS; i++)
        if (descriptors[i].name[0] && equal(descriptors[i].name, name))
            return &descriptors[i];
    fail("no such descriptor: ", name);
}

struct descriptor *add_descriptor(const char *name, long number)
{
    for (int i = 0; i < DESCRIPTORS; i++) {
        if (descriptors[i].name[0])
            continue;
        for (u64 at = 0; at + 1 < sizeof descriptors[i].name && name[at]; at++)
            descriptors[i].name[at] = name[at];
        descriptors[i].number = number;
        return &descriptors[i];
    }
    fail("too many descriptors: ", name);
}

struct memory *find_memory(const char *name)
{
    u64 index = number(name);
    if (index >= MEMORIES)
        fail("no such memory: ", name);
    return &memories[index];
}

u8 *address_of(char *text)
{
    char *offset = text;
    while (*offset && *offset != '+')
        offset++;
    if (!*offset)
        fail("no offset: ", text);
    *offset++ = 0;
    u8 *base = *text ? find_memory(text)->start : scratch;
    return base + number(offset);
}

void reset(void)
{
    for (int i = DESCRIPTORS - 1; i >= 0; i--) {
        if (descriptors[i].run)
            syscall3(SYS_MUNMAP, (long)descriptors[i].run, RUN_BYTES, 0);
        if (descriptors[i].name[0] && descriptors[i].number >= 0)
            syscall3(SYS_CLOSE, descriptors[i].number, 0, 0);
    }
    for (int i = 0; i < MEMORIES; i++)
        if (memories[i].start)
            syscall3(SYS_MUNMAP, (long)memories[i].start, (long)memories[i].bytes, 0);
    for (u64 i = 0; i < sizeof descriptors; i++)
        ((u8 *)descriptors)[i] = 0;
    for (u64 i = 0; i < sizeof memories; i++)
        ((u8 *)memories)[i] = 0;
    for (u64 i = 0; i < sizeof scratch; i++)
        scratch[i] = 0;
}

/* open NAME: the KVM device. */
static void command_open(struct line *line)
{
    char *name = word(line);
    long fd = syscall6(SYS_OPENAT, AT_FDCWD, (long)"/dev/kvm", O_RDWR_CLOEXEC, 0, 0, 0);
    if (fd < 0)
        fail("/dev/kvm cannot be opened", "");
    add_descriptor(name, fd);
}

/* close NAME */
static void command_close(struct line *line)
{
    struct descriptor *descriptor = find_descriptor(word(line));
    syscall3(SYS_CLOSE, descriptor->number, 0, 0);
    descriptor->name[0] = 0;
    descriptor->run = 0;
}

/* eventfd NAME */
static void command_eventfd(struct line *line)
{
    char *name = word(line);
    add_descriptor(name, syscall3(SYS_EVENTFD2, 0, 04000, 0));
}

/* take NAME: reads an eventfd's counter. */
static void command_take(struct line *line)
{
    char *name = word(line);
    u64 count = 0;
    long result = syscall3(SYS_READ, find_descriptor(name)->number, (long)&count, sizeof count);
    print("take ");
    print(name);
    print(" ");
    if (result < 0)
        print_decimal(result);
    else
        print_hex(count);
    print("\n");
}

/* map MEMORY BYTES */
static void command_map(struct line *line)
{
    struct memory *memory = find_memory(word(line));
    memory->bytes = number(word(line));
    long start = syscall6(SYS_MMAP, 0, (long)memory->bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    if (start < 0)
        fail("no memory", "");
    memory->start = (u8 *)start;
}

/* share VCPU: maps its shared page. */
static void command_share(struct line *line)
{
    struct descriptor *vcpu = find_descriptor(word(line));
    long start = syscall6(SYS_MMAP, 0, RUN_BYTES, PROT_READ_WRITE, MAP_SHARED, vcpu->number, 0);
    if (start < 0)
        fail("the shared page cannot be mapped", "");
    vcpu->run = (u8 *)start;
}

/* write ADDRESS WORD...: 32-bit words. */
static void command_write(struct line *line)
{
    u32 *to = (u32 *)address_of(word(line));
    for (char *text = word(line); text; text = word(line))
        *to++ = (u32)number(text);
}

/* read LABEL ADDRESS COUNT: 64-bit words. */
static void command_read(struct line *line)
{
    print(word(line));
    u64 *from = (u64 *)address_of(word(line));
    for (u64 count = number(word(line)); count; count--) {
        print(" ");
        print_hex(*from++);
    }
    print("\n");
}

static void execute(char *text)
{
    static const struct {
        const char *name;
        void (*run)(struct line *);
    } commands[] = {
        {"open", command_open}, {"close", command_close}, {"eventfd", command_eventfd}, {"take", command_take},
        {"map", command_map}, {"share", command_share}, {"write", command_write}, {"read", command_read},
        {"ioctl", command_ioctl}, {"sweep", command_sweep}, {"run", command_run}, {"page", command_run_page},
        {"registers", command_registers},
    };
    if (*text == ':') {
        reset();
        print(text);
        print("\n");
        flush();
        return;
    }
    struct line line = {text};
    char *name = word(&line);
    if (!name)
        return;
    for (u64 i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (equal(commands[i].name, name)) {
            commands[i].run(&line);
            return;
        }
    }
    fail("no such command: ", name);
}

static void read_script(void)
{
    u64 length = 0;
    for (;;) {
        long count = syscall3(SYS_READ, 0, (long)(script + length), (long)(sizeof script - 1 - length));
        if (count <= 0)
            break;
        length += (u64)count;
    }
    if (length + 1 == sizeof script)
        fail("the script is too long", "");
}

__attribute__((noreturn)) void _start(void)
{
    read_script();
    for (char *at = script; *at;) {
        char *start = at;
        while (*at && *at != '\n')
            at++;
        if (*at)
            *at++ = 0;
        execute(start);
    }
    reset();
    print("end\n");
    flush();
    syscall3(SYS_EXIT, 0, 0, 0);
    __builtin_unreachable();
}
