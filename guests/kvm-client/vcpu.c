/* Commands on descriptors: any ioctl, and what is common with vCPUs. */
#include "client.h"

enum {
    KVM_RUN = 0xae80, KVM_GET_REGS = 0x8108ae81, KVM_SET_REGS = 0x4108ae82,
    EXIT_HYPERCALL = 3, EXIT_MMIO = 6, EXIT_IOCSR = 38,
    PATIENCE_SECONDS = 20
};

static u8 argument[0x4000] __attribute__((aligned(16)));

static void print_result(const char *label, long result, const char *fd_name)
{
    print(label);
    print(" ");
    if (fd_name && result >= 0)
        print("fd");
    else
        print_decimal(result);
}

/* A field of a structure: 1:X 2:X 4:X 8:X numbers, z:N zeros, m:ADDRESS a pointer, fd:NAME a descriptor in 32 bits. */
static u8 *put_field(u8 *at, char *text)
{
    char *value = text;
    while (*value && *value != ':')
        value++;
    if (!*value)
        fail("not a field: ", text);
    *value++ = 0;
    u64 bits, bytes;
    if (equal(text, "z")) {
        for (u64 count = number(value); count; count--)
            *at++ = 0;
        return at;
    }
    if (equal(text, "m")) {
        bits = (u64)address_of(value);
        bytes = 8;
    } else if (equal(text, "fd")) {
        bits = (u64)find_descriptor(value)->number;
        bytes = 4;
    } else {
        bits = number(value);
        bytes = number(text);
    }
    for (u64 i = 0; i < bytes; i++)
        *at++ = (u8)(bits >> 8 * i);
    return at;
}

static void print_field(char *text)
{
    /* OFFSET:BYTES of the argument, after the call. */
    char *bytes = text;
    while (*bytes && *bytes != ':')
        bytes++;
    if (!*bytes)
        fail("not a place in the argument: ", text);
    *bytes++ = 0;
    u64 value = 0, offset = number(text), count = number(bytes);
    for (u64 i = 0; i < count; i++)
        value |= (u64)argument[offset + i] << 8 * i;
    print(" ");
    print_hex(value);
}

/*
 * ioctl FD NEW LABEL REQUEST value X | ioctl FD NEW LABEL REQUEST FIELD... [> OFFSET:BYTES...]
 * NEW names the descriptor that comes back, and is - if none does. After < a descriptor is taken from the argument.
 */
void command_ioctl(struct line *line)
{
    struct descriptor *descriptor = find_descriptor(word(line));
    char *new = word(line), *label = word(line);
    u64 request = number(word(line));
    u8 *end = argument;
    char *text = word(line);
    long pointer = (long)argument;
    for (u64 i = 0; i < sizeof argument; i++)
        argument[i] = 0;
    if (text && equal(text, "value")) {
        pointer = (long)number(word(line));
        text = word(line);
    } else {
        for (; text && !equal(text, ">") && !equal(text, "<"); text = word(line))
            end = put_field(end, text);
    }
    long result = syscall3(SYS_IOCTL, descriptor->number, (long)request, pointer);
    char *name = equal(new, "-") ? 0 : new;
    if (name && result >= 0)
        add_descriptor(name, text && equal(text, "<") ? *(int *)(argument + number(word(line))) : result);
    if (equal(label, ".") && result >= 0)
        return; /* not worth a line while it works */
    print_result(label, result, name);
    if (text && equal(text, ">"))
        for (text = word(line); text; text = word(line))
            print_field(text);
    print("\n");
}

/*
 * sweep FD LABEL REQUEST FIRST STEP COUNT [VALUE]: the call for each number of a row, which is its argument, or with a
 * value the id of a one_reg structure whose register gets the value. Runs of equal results share a line.
 */
void command_sweep(struct line *line)
{
    struct descriptor *descriptor = find_descriptor(word(line));
    char *label = word(line);
    u64 request = number(word(line)), first = number(word(line)), step = number(word(line)), count = number(word(line));
    char *value = word(line);
    u64 reg[2], contents;
    long last = 0;
    for (u64 i = 0; i <= count; i++) {
        u64 at = first + i * step;
        contents = value ? number(value) : 0;
        reg[0] = at;
        reg[1] = (u64)&contents;
        long result = i == count ? 0 : syscall3(SYS_IOCTL, descriptor->number, (long)request, value ? (long)reg : (long)at);
        if (i != 0 && (i == count || result != last)) {
            print("..");
            print_hex(at - step);
            print(" ");
            print_decimal(last);
            print("\n");
        }
        if (i != count && (i == 0 || result != last)) {
            print(label);
            print(" ");
            print_hex(at);
        }
        last = result;
    }
}

static void handle_alarm(int signal) { (void)signal; }

/* A timer signal ends a run that nothing else ends; without SA_RESTART, so that the call returns. */
static void set_alarm(u64 milliseconds)
{
    struct {
        void (*handler)(int);
        u64 flags, mask;
    } action = {handle_alarm, 0, 0};
    u64 timer[4] = {0, 0, milliseconds / 1000, milliseconds % 1000 * 1000};
    syscall6(SYS_RT_SIGACTION, SIGALRM, (long)&action, 0, 8, 0, 0);
    syscall3(SYS_SETITIMER, 0, (long)timer, 0);
}

static u64 run_field(struct descriptor *vcpu, u64 offset, u64 bytes)
{
    u64 value = 0;
    for (u64 i = 0; i < bytes; i++)
        value |= (u64)vcpu->run[offset + i] << 8 * i;
    return value;
}

static void print_words(struct descriptor *vcpu, u64 offset, int count)
{
    for (; count; count--, offset += 8) {
        print(" ");
        print_hex(run_field(vcpu, offset, 8));
    }
}

static void print_exit(struct descriptor *vcpu)
{
    u64 reason = run_field(vcpu, 8, 4);
    switch (reason) {
    case EXIT_MMIO:
    case EXIT_IOCSR:
        print(reason == EXIT_MMIO ? " mmio" : " iocsr");
        print(run_field(vcpu, 52, 1) ? " write" : " read");
        print_words(vcpu, 32, 1);
        print(" bytes ");
        print_hex(run_field(vcpu, 48, 4));
        if (run_field(vcpu, 52, 1)) {
            print(" data ");
            print_hex(run_field(vcpu, 40, run_field(vcpu, 48, 4)));
        }
        break;
    case EXIT_HYPERCALL:
        print(" hypercall");
        print_words(vcpu, 32, 9);
        break;
    default:
        print(" reason ");
        print_hex(reason);
    }
}

/* run VCPU [MILLISECONDS]: KVM_RUN, interrupted by a signal after a time. */
void command_run(struct line *line)
{
    struct descriptor *vcpu = find_descriptor(word(line));
    char *milliseconds = word(line);
    set_alarm(milliseconds ? number(milliseconds) : PATIENCE_SECONDS * 1000);
    long result = syscall3(SYS_IOCTL, vcpu->number, KVM_RUN, 0);
    set_alarm(0);
    print_result("run", result, 0);
    print_exit(vcpu);
    print("\n");
}

/* page VCPU OFFSET BYTES [VALUE]: writes or prints a field of the shared pages. */
void command_run_page(struct line *line)
{
    struct descriptor *vcpu = find_descriptor(word(line));
    u64 offset = number(word(line)), bytes = number(word(line));
    char *value = word(line);
    if (value) {
        u64 bits = number(value);
        for (u64 i = 0; i < bytes; i++)
            vcpu->run[offset + i] = (u8)(bits >> 8 * i);
        return;
    }
    print("page ");
    print_hex(offset);
    print(" ");
    print_hex(run_field(vcpu, offset, bytes));
    print("\n");
}

/* registers VCPU NAME:INDEX[:VALUE]...: sets those with a value, prints the others; index 20 is the PC. */
void command_registers(struct line *line)
{
    struct descriptor *vcpu = find_descriptor(word(line));
    u64 registers[REGISTERS];
    int changed = 0, printed = 0;
    if (syscall3(SYS_IOCTL, vcpu->number, KVM_GET_REGS, (long)registers) < 0)
        fail("KVM_GET_REGS", "");
    for (char *name = word(line); name; name = word(line)) {
        char *index = name;
        while (*index && *index != ':')
            index++;
        if (*index)
            *index++ = 0;
        char *value = index;
        while (*value && *value != ':')
            value++;
        if (*value) {
            *value++ = 0;
            registers[number(index)] = number(value);
            changed = 1;
            continue;
        }
        if (printed++)
            print(" ");
        print(name);
        print("=");
        print_hex(registers[number(index)]);
    }
    if (printed)
        print("\n");
    if (changed && syscall3(SYS_IOCTL, vcpu->number, KVM_SET_REGS, (long)registers) < 0)
        fail("KVM_SET_REGS", "");
}
