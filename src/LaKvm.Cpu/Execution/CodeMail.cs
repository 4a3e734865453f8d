using System.Collections.Concurrent;
using LaKvm.Memory;

namespace LaKvm.Cpu;

/// <summary>
/// What other threads tell a core of pages with code: that one was written, or that an engine holds code of one now. It
/// waits until the core looks for attention.
/// </summary>
internal sealed unsafe class CodeMail : IDisposable
{
    private readonly PhysicalMemory _memory;
    private readonly SoftTlbs _softTlbs;
    private readonly InterruptUnit _interrupts;
    private readonly ConcurrentQueue<(ulong Page, bool Added)> _queue = new();

    public CodeMail(PhysicalMemory memory, SoftTlbs softTlbs, InterruptUnit interrupts)
    {
        _memory = memory;
        _softTlbs = softTlbs;
        _interrupts = interrupts;
        memory.CodeModified += PostModified;
        memory.CodeAdded += PostAdded;
    }

    /// <summary>After a reset, which has cleared attention: what was written still has to be known.</summary>
    public void Reset()
    {
        if (!_queue.IsEmpty)
        {
            _interrupts.RequestAttention(InterruptUnit.AttentionMail);
        }
    }

    /// <summary>Takes what has come. On the core's thread.</summary>
    public void Read(ICodeCache? cache)
    {
        while (_queue.TryDequeue(out (ulong Page, bool Added) mail))
        {
            if (!mail.Added)
            {
                cache?.InvalidatePage(mail.Page);
            }
            else if (_softTlbs.ProtectCode(_memory.Pointer(mail.Page)))
            {
                // A store through the old entry may have come after another core decoded the page.
                _memory.Written(mail.Page, 1);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.CodeModified -= PostModified;
        _memory.CodeAdded -= PostAdded;
    }

    private void PostModified(ulong page) => Post(page, added: false);

    private void PostAdded(ulong page) => Post(page, added: true);

    private void Post(ulong page, bool added)
    {
        _queue.Enqueue((page, added));
        _interrupts.RequestAttention(InterruptUnit.AttentionMail);
    }
}
