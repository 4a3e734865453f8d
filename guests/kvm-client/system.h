/* What the client needs of the operating system, without a C library: Linux's system calls on LoongArch and text. */
#ifndef SYSTEM_H
#define SYSTEM_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

/* Numbers of asm-generic/unistd.h. */
enum {
    SYS_EVENTFD2 = 19, SYS_IOCTL = 29, SYS_OPENAT = 56, SYS_CLOSE = 57, SYS_READ = 63, SYS_WRITE = 64, SYS_PREAD = 67,
    SYS_EXIT = 94, SYS_SETITIMER = 103, SYS_RT_SIGACTION = 134, SYS_MUNMAP = 215, SYS_MMAP = 222
};

enum { PROT_READ_WRITE = 3, MAP_SHARED = 1, MAP_PRIVATE_ANONYMOUS = 0x22, EINTR = 4, SIGALRM = 14 };

static inline long syscall6(long number, long a, long b, long c, long d, long e, long f)
{
    register long a0 __asm__("$a0") = a;
    register long a1 __asm__("$a1") = b;
    register long a2 __asm__("$a2") = c;
    register long a3 __asm__("$a3") = d;
    register long a4 __asm__("$a4") = e;
    register long a5 __asm__("$a5") = f;
    register long a7 __asm__("$a7") = number;
    __asm__ volatile("syscall 0"
        : "+r"(a0)
        : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
        : "memory", "$t0", "$t1", "$t2", "$t3", "$t4", "$t5", "$t6", "$t7", "$t8");
    return a0;
}

static inline long syscall3(long number, long a, long b, long c) { return syscall6(number, a, b, c, 0, 0, 0); }

/* Output is collected and written by flush. */
void print(const char *text);
void print_hex(u64 value);
void print_decimal(long value);
void flush(void);

/* The words of one line. */
struct line {
    char *next;
};

/* The next word, ended by a zero byte, or null at the end of the line. */
char *word(struct line *line);

/* A hexadecimal number; ends the program at anything else. */
u64 number(const char *text);

int equal(const char *a, const char *b);

/* Ends the program with a sentence: the script is wrong, or the system refuses what every system grants. */
__attribute__((noreturn)) void fail(const char *sentence, const char *what);

#endif
