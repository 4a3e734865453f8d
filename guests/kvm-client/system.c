#include "system.h"

static char output[1 << 16];
static u64 output_length;

void flush(void)
{
    u64 done = 0;
    while (done < output_length) {
        long written = syscall3(SYS_WRITE, 1, (long)(output + done), (long)(output_length - done));
        if (written <= 0)
            syscall3(SYS_EXIT, 2, 0, 0);
        done += (u64)written;
    }
    output_length = 0;
}

void print(const char *text)
{
    for (; *text; text++) {
        if (output_length == sizeof output)
            flush();
        output[output_length++] = *text;
    }
}

void print_hex(u64 value)
{
    char digits[17];
    int at = 16;
    digits[at] = 0;
    do
        digits[--at] = "0123456789abcdef"[value & 15];
    while (value >>= 4);
    print(digits + at);
}

void print_decimal(long value)
{
    char digits[21];
    int at = 20;
    u64 rest = value < 0 ? 0 - (u64)value : (u64)value;
    digits[at] = 0;
    do
        digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        digits[--at] = '-';
    print(digits + at);
}

char *word(struct line *line)
{
    char *start = line->next;
    while (*start == ' ')
        start++;
    if (!*start)
        return 0;
    char *end = start;
    while (*end && *end != ' ')
        end++;
    line->next = *end ? end + 1 : end;
    *end = 0;
    return start;
}

u64 number(const char *text)
{
    u64 value = 0;
    if (!text || !*text)
        fail("a number is missing", "");
    for (const char *at = text; *at; at++) {
        if (*at >= '0' && *at <= '9')
            value = value * 16 + (u64)(*at - '0');
        else if (*at >= 'a' && *at <= 'f')
            value = value * 16 + (u64)(*at - 'a' + 10);
        else
            fail("not a hexadecimal number: ", text);
    }
    return value;
}

int equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

void fail(const char *sentence, const char *what)
{
    print("kvm-client: ");
    print(sentence);
    print(what);
    print("\n");
    flush();
    syscall3(SYS_EXIT, 1, 0, 0);
    __builtin_unreachable();
}

/* A compiler may call these two for copies and clears of its own. */
void *memset(void *target, int value, unsigned long count)
{
    volatile u8 *at = target;
    while (count--)
        *at++ = (u8)value;
    return target;
}

void *memcpy(void *target, const void *source, unsigned long count)
{
    volatile u8 *to = target;
    const u8 *from = source;
    while (count--)
        *to++ = *from++;
    return target;
}
