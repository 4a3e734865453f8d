/* The machine's side: command line, console, clock, power. Prints the number of rounds and the final checksum; with
   "time" on the command line also how long they took. */
#include "mix.h"

static volatile uint8_t *const uart = (volatile uint8_t *)0x1fe001e0;
static volatile uint8_t *const power = (volatile uint8_t *)0x100e001c;

static void print(const char *text)
{
    for (; *text; text++) {
        while (!(uart[5] & 0x20))
            ;
        *uart = *text;
    }
}

static void print_number(uint64_t number, unsigned base)
{
    char digits[24], *start = digits + sizeof digits;
    *--start = 0;
    do {
        *--start = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    print(start);
}

/* What follows a word on the command line, or null. */
static const char *argument(const char *line, const char *word)
{
    for (; *line; line++) {
        const char *rest = line, *expected = word;
        while (*expected && *rest == *expected) {
            rest++;
            expected++;
        }
        if (!*expected)
            return rest;
    }
    return 0;
}

static uint64_t ticks(void)
{
    uint64_t value;
    __asm__ volatile("rdtime.d %0, $zero" : "=r"(value));
    return value;
}

void run(const char *command_line)
{
    uint64_t rounds = 0;
    const char *number = argument(command_line, "iterations=");
    while (number && *number >= '0' && *number <= '9')
        rounds = rounds * 10 + (unsigned)(*number++ - '0');
    if (!rounds)
        rounds = 10;

    uint64_t start = ticks();
    uint16_t checksum = 0;
    for (uint64_t n = 0; n < rounds; n++)
        checksum = mix_round(checksum);
    uint64_t microseconds = (ticks() - start) / 100;

    print("iterations ");
    print_number(rounds, 10);
    print("\nchecksum 0x");
    print_number(checksum, 16);
    print("\n");
    if (argument(command_line, "time")) {
        print("microseconds ");
        print_number(microseconds, 10);
        print("\n");
    }
    *power = 0x34;
}
