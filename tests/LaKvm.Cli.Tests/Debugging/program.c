// A program for a bare core, which a real gdb is let loose on: functions that call each other, variables, both cores.
typedef unsigned long u64;

volatile u64 counter;
volatile u64 watched;
volatile u64 second_core;
double real = 1.5;

static u64 square(u64 x)
{
    return x * x;
}

__attribute__((noinline)) u64 inner(u64 depth)
{
    watched += square(depth);
    return watched;
}

__attribute__((noinline)) u64 outer(u64 depth)
{
    if (depth == 0)
        return inner(counter);
    return outer(depth - 1) + 1;
}

__attribute__((noreturn)) void second(void)
{
    for (;;)
        second_core++;
}

static void iocsr_write(u64 value, unsigned int address)
{
    __asm__ volatile("iocsrwr.d %0, %1" : : "r"(value), "r"(address));
}

// Calls core 1 to an address: mailbox 0, high and low half, then the interrupt (the IPI block at 0x1000).
static void call_second(u64 address)
{
    const u64 core = 1ul << 16, blocking = 1ul << 31;
    iocsr_write((address >> 32 << 32) | core | blocking | 4, 0x1048);
    iocsr_write((address << 32) | core | blocking, 0x1048);
    __asm__ volatile("iocsrwr.w %0, %1" : : "r"(core | blocking), "r"(0x1040));
}

extern char second_entry[];

__attribute__((noreturn)) void main(void)
{
    real *= 2;
    call_second((u64)second_entry);
    for (;;) {
        counter++;
        outer(3);
    }
}
