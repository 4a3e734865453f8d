using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>
/// The system calls that a running machine needs, as a filter for seccomp(2): what it does with descriptors that are
/// open, with its memory, threads, timers and signals. Files open for reading only, for the runtime's own parts; no
/// program is started, no new connection is made unless the machine has a network, and no file changes its name, rights
/// or length unless it has a share. All else fails with EPERM.
/// </summary>
/// <remarks>
/// Calls are listed one by one: a kernel gets new ones every year, and what nobody has thought of is refused. The
/// numbers are those of x86-64 (Linux's arch/x86/entry/syscalls/syscall_64.tbl).
/// </remarks>
internal sealed class SystemCallFilter
{
    /// <summary>What a filter answers: SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS.</summary>
    internal const uint Allow = 0x7FFF_0000, Fail = 0x0005_0000, Kill = 0x8000_0000;

    /// <summary>AUDIT_ARCH_X86_64.</summary>
    internal const uint X64 = 0xC000_003E;

    // struct seccomp_data: number, architecture, instruction pointer, six arguments of 64 bits.
    private const uint NumberAt = 0, ArchitectureAt = 4, ArgumentsAt = 16;

    // Classic BPF: load a word, and with a constant, jump if equal, return a constant.
    private const ushort LoadWord = 0x20, And = 0x54, JumpIfEqual = 0x15, Return = 0x06;

    private const uint AllBits = uint.MaxValue;

    /// <summary>
    /// Calls that can do no harm, whatever their arguments: those on open descriptors, own memory and own threads.
    /// </summary>
    private static readonly uint[] Free =
    [
        202, 0, 1, 271, 7, 24, 17, 18, 19, 20,
        // futex, read, write, ppoll, poll, sched_yield, pread64, pwrite64, readv, writev
        9, 10, 11, 12, 25, 26, 27, 28, // mmap, mprotect, munmap, brk, mremap, msync, mincore, madvise
        3, 5, 8, 32, 33, 72, 73, 74, 75, 77, 285, 292, 221, 138, // close, fstat, lseek, dup, dup2, fcntl, flock, fsync,
                                                                 // fdatasync, ftruncate, fallocate, dup3, fadvise64,
                                                                 // fstatfs
        4, 6, 21, 79, 89, 137, 217, 262, 267, 269, 332, 439,
            // stat, lstat, access, getcwd, readlink, statfs, getdents64,
                                                             // newfstatat, readlinkat, faccessat, statx, faccessat2
        13, 14, 15, 127, 128, 130, 131, // rt_sigaction, rt_sigprocmask, rt_sigreturn, rt_sigpending, rt_sigtimedwait,
                                        // rt_sigsuspend, sigaltstack
        22, 293, 290, 291, 232, 233, 281, 441, 283, 286, 319,
            // pipe, pipe2, eventfd2, epoll_create1, epoll_wait, epoll_ctl,
                                                              // epoll_pwait, epoll_pwait2, timerfd_create,
                                                              // timerfd_settime, memfd_create
        35, 96, 201, 228, 229, 230, // nanosleep, gettimeofday, time, clock_gettime, clock_getres, clock_nanosleep
        23, 34, 270, 219, 449, // select, pause, pselect6, restart_syscall, futex_waitv
        39, 63, 97, 98, 99, 100, 102, 104, 107, 108, 110, 111, 121, 124, 186,
            // getpid, uname, getrlimit, getrusage, sysinfo,
                                                                             // times, getuid, getgid, geteuid, getegid,
                                                                             // getppid, getpgrp, getpgid, getsid,
                                                                             // gettid
        142, 143, 144, 145, 146, 147, 203, 204, 309, 314, 315, 324, // sched_setparam … sched_get_priority_min,
                                                                    // sched_setaffinity, sched_getaffinity, getcpu,
                                                                    // sched_setattr, sched_getattr, membarrier
        158, 218, 273, 334, 237, 239, 318,
            // arch_prctl, set_tid_address, set_robust_list, rseq, mbind, get_mempolicy, getrandom
        44, 45, 46, 47, 48, 51, 52, 54, 55, 299, 307,
            // on sockets that are open: sendto … shutdown, getsockname, getpeername,
                                                      // setsockopt, getsockopt, recvmmsg, sendmmsg
        60, 61, 231, 247, // exit, wait4, exit_group, waitid
    ];

    // TCGETS, TCSETS, TCSETSW, TCSETSF, their four younger relations, TIOCGPGRP, TIOCGWINSZ, FIONREAD, FIONBIO. Not
    // among them: TIOCSTI and TIOCLINUX, which type commands for the shell behind the program.
    private static readonly uint[] TerminalRequests =
        [0x5401, 0x5402, 0x5403, 0x5404, 0x802C_542A, 0x402C_542B, 0x402C_542C, 0x402C_542D, 0x540F, 0x5413, 0x541B,
            0x5421];

    // PR_SET_NAME, PR_GET_NAME, PR_SET_TIMERSLACK, PR_SET_VMA (a name for memory).
    private static readonly uint[] ThreadRequests = [15, 16, 29, 0x5356_4D41];

    private static readonly uint[] Sharing =
    [
        437, 258, 260, 263, 264, 265, 266, 268, 280, 316, 76, // openat2, mkdirat, fchownat, unlinkat, renameat, linkat,
                                                              // symlinkat, fchmodat, utimensat, renameat2, truncate
        188, 191, 194, 197, // setxattr, getxattr, listxattr, removexattr
    ];

    private readonly List<Instruction> _program = [];

    /// <summary>Makes the filter.</summary>
    /// <param name="process">The process's own number.</param>
    /// <param name="needs">What the machine has that needs more.</param>
    internal SystemCallFilter(int process, MachineNeeds needs)
    {
        _program.Add(new(LoadWord, 0, 0, ArchitectureAt));
        _program.Add(new(JumpIfEqual, 1, 0, X64));
        _program.Add(new(Return, 0, 0, Kill));
        _program.Add(new(LoadWord, 0, 0, NumberAt));
        foreach (uint number in Free)
        {
            Answer(number, Allow);
        }

        AddConditional((uint)process);
        if (needs.HasFlag(MachineNeeds.Share))
        {
            AddSharing();
        }

        if (needs.HasFlag(MachineNeeds.Network))
        {
            const uint internet = 2, internet6 = 10;
            AnswerIf(41, 0, AllBits, internet); // socket
            AnswerIf(41, 0, AllBits, internet6);
            Answer(42, Allow); // connect
            Answer(49, Allow); // bind
        }

        if (needs.HasFlag(MachineNeeds.Listening))
        {
            Answer(50, Allow); // listen
        }

        if ((needs & (MachineNeeds.Listening | MachineNeeds.Doors)) != 0)
        {
            Answer(43, Allow); // accept
            Answer(288, Allow); // accept4
        }

        // glibc takes the older call then, whose flags can be looked at; openat2's cannot: only a share gets it.
        Answer(435, Fail | LinuxError.NoSystemCall);
        Answer(437, Fail | LinuxError.NoSystemCall);
        _program.Add(new(Return, 0, 0, Fail | LinuxError.NotPermitted));
    }

    /// <summary>The program for the kernel.</summary>
    internal ReadOnlySpan<Instruction> Program => CollectionsMarshal.AsSpan(_program);

    private void AddConditional(uint process)
    {
        // O_ACCMODE, O_CREAT, O_TRUNC and O_TMPFILE without O_DIRECTORY.
        const uint writes = 3 | FileCalls.Create | FileCalls.Truncate | 0x40_0000, thread = 0x1_0000;
        AnswerIf(257, 2, writes, FileCalls.ReadOnly); // openat
        AnswerIf(2, 1, writes, FileCalls.ReadOnly); // open
        AnswerIf(56, 0, thread, thread); // clone, of a thread only
        AnswerIf(62, 0, AllBits, process); // kill
        AnswerIf(234, 0, AllBits, process); // tgkill
        AnswerIf(302, 0, AllBits, 0); // prlimit64
        AnswerIf(310, 0, AllBits, process); // process_vm_readv
        AnswerIf(311, 0, AllBits, process); // process_vm_writev
        foreach (uint request in TerminalRequests)
        {
            AnswerIf(16, 1, AllBits, request); // ioctl
        }

        foreach (uint request in ThreadRequests)
        {
            AnswerIf(157, 0, AllBits, request); // prctl
        }
    }

    /// <summary>What a share of files needs; nodes of devices are not made.</summary>
    private void AddSharing()
    {
        const uint kindOfFile = 0xF000;
        foreach (uint number in Sharing)
        {
            Answer(number, Allow);
        }

        foreach (FileKind kind in (FileKind[])[FileKind.Regular, FileKind.Pipe, FileKind.Socket])
        {
            AnswerIf(259, 2, kindOfFile, (uint)kind); // mknodat
        }
    }

    private void Answer(uint number, uint answer)
    {
        _program.Add(new(JumpIfEqual, 0, 1, number));
        _program.Add(new(Return, 0, 0, answer));
    }

    /// <summary>
    /// Allows a call if the lower 32 bits of an argument, which is an int of the kernel's, have a value.
    /// </summary>
    private void AnswerIf(uint number, uint argument, uint mask, uint value)
    {
        _program.Add(new(JumpIfEqual, 0, 5, number));
        _program.Add(new(LoadWord, 0, 0, ArgumentsAt + (argument * sizeof(ulong))));
        _program.Add(new(And, 0, 0, mask));
        _program.Add(new(JumpIfEqual, 0, 1, value));
        _program.Add(new(Return, 0, 0, Allow));
        _program.Add(new(LoadWord, 0, 0, NumberAt));
    }

    /// <summary>struct sock_filter.</summary>
    internal readonly record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Constant);
}
