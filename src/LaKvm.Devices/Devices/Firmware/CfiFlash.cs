using System.Buffers.Binary;

namespace LaKvm.Devices;

/// <summary>
/// A pair of 16-bit flash chips with Intel's command set (CFI, JESD68.01; command set 1), side by side on a 32-bit bus:
/// commands are the low byte of a write, and their answers come in both halves. It takes what QEMU's pflash takes, and
/// as that does, programs without regard to what was there.
/// </summary>
/// <param name="content">What the chips hold.</param>
internal sealed class CfiFlash(FlashContent content) : IDeviceState
{
    private const int BlockSize = 0x4_0000, BufferSize = 128;
    private const byte ReadArray = 0xff, Ready = 0x80, EraseError = 0x20, ProgramError = 0x10;

    private readonly Lock _lock = new();
    private readonly byte[] _buffer = new byte[BufferSize];
    private Mode _mode;
    private byte _status = Ready;
    private int _bufferStart, _wordsLeft;

    private enum Mode
    {
        /// <summary>Reads give the content.</summary>
        Array,

        /// <summary>Reads give the status.</summary>
        Status,

        /// <summary>Reads give maker, kind and locks.</summary>
        Identity,

        /// <summary>Reads give the table that describes the chips.</summary>
        Query,

        /// <summary>The next write confirms an erasure.</summary>
        Erase,

        /// <summary>The next write says what is to be done with a lock.</summary>
        Locks,

        /// <summary>The next write is programmed.</summary>
        Program,

        /// <summary>The next write is the number of words, less one.</summary>
        BufferCount,

        /// <summary>Writes go to the buffer.</summary>
        BufferData,

        /// <summary>The next write confirms that the buffer is to be programmed.</summary>
        BufferConfirm,
    }

    private static ReadOnlySpan<byte> QueryStart => "QRY"u8;

    private static ReadOnlySpan<byte> QueryExtension => "PRI10"u8;

    /// <inheritdoc/>
    public void Reset()
    {
        lock (_lock)
        {
            _mode = Mode.Array;
            _status = Ready;
        }
    }

    /// <summary>Reads 1, 2 or 4 bytes.</summary>
    internal ulong Read(int offset, int size)
    {
        lock (_lock)
        {
            return _mode switch
            {
                Mode.Array => ReadContent(offset, size),
                Mode.Identity => Both(offset, Identity((offset & 0xff) / sizeof(uint))),
                Mode.Query => Both(offset, Query((offset & 0x3ff) / sizeof(uint))),
                _ => Both(offset, _status),
            };
        }
    }

    /// <summary>Writes 1, 2 or 4 bytes.</summary>
    internal void Write(int offset, int size, uint value)
    {
        lock (_lock)
        {
            var command = (byte)value;
            switch (_mode)
            {
                case Mode.Erase:
                    Erase(offset, command);
                    break;
                case Mode.Locks: // nothing is ever locked
                    Finish(error: 0);
                    break;
                case Mode.Program:
                    Program(offset, size, value);
                    Finish(error: 0);
                    break;
                case Mode.BufferCount:
                    BeginBuffer(offset, (int)(value & 0xffff) + 1);
                    break;
                case Mode.BufferData:
                    FillBuffer(offset, size, value);
                    break;
                case Mode.BufferConfirm:
                    ProgramBuffer(command);
                    break;
                case Mode.Query when command != ReadArray: // as QEMU's, it hears nothing else then
                    break;
                default:
                    Begin(command);
                    break;
            }
        }
    }

    private static ulong Both(int offset, byte value) => (value | ((ulong)value << 16)) >> (8 * (offset & 3));

    /// <summary>Intel, 128 Mbit; every block is unlocked.</summary>
    private static byte Identity(int word) => word switch { 0 => 0x89, 1 => 0x18, _ => 0 };

    /// <summary>The words of the table that are not 0 (JESD68.01).</summary>
    private static byte Query(int word) => word switch
    {
        >= 0x10 and < 0x13 => QueryStart[word - 0x10],
        0x13 => 1, // Intel's command set
        0x15 => 0x31, // where its table is
        0x1f or 0x20 or 0x21 or 0x23 or 0x24 or 0x25 => 7, // times, as powers of two
        0x27 => 23, // 8 MiB a chip
        0x28 => 2, // 16 bits
        0x2a => 11, // 2 KiB of write buffer
        0x2c => 1, // blocks are of one size
        0x2d => 63, // there are 64
        0x30 => 2, // of 128 KiB
        >= 0x31 and < 0x36 => QueryExtension[word - 0x31],
        _ => 0,
    };

    private void Begin(byte command)
    {
        switch (command)
        {
            case 0x10 or 0x40:
                _mode = Mode.Program;
                break;
            case 0x20 or 0x28:
                _mode = Mode.Erase;
                break;
            case 0x50:
                _status = 0;
                _mode = Mode.Array;
                break;
            case 0x60:
                _mode = Mode.Locks;
                break;
            case 0x70:
                _mode = Mode.Status;
                break;
            case 0x90:
                _mode = Mode.Identity;
                break;
            case 0x98:
                _mode = Mode.Query;
                break;
            case 0xe8:
                _status |= Ready;
                _mode = Mode.BufferCount;
                break;
            default:
                _mode = Mode.Array;
                break;
        }
    }

    private void Finish(byte error)
    {
        _status = (byte)(_status | Ready | error);
        _mode = Mode.Status;
    }

    private void Erase(int offset, byte command)
    {
        const byte confirm = 0xd0;
        if (command == confirm)
        {
            Span<byte> blank = new byte[BlockSize];
            blank.Fill(byte.MaxValue);
            content.Write(offset & -BlockSize, blank);
        }

        Finish(command == confirm ? (byte)0 : EraseError);
    }

    private void Program(int offset, int size, uint value)
    {
        Span<byte> word = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(word, value);
        content.Write(offset, word[..size]);
    }

    private void BeginBuffer(int offset, int words)
    {
        if (words * sizeof(uint) > BufferSize)
        {
            Finish(ProgramError);
            return;
        }

        _bufferStart = offset & -BufferSize;
        _wordsLeft = words;
        content.Bytes.Slice(_bufferStart, BufferSize).CopyTo(_buffer);
        _mode = Mode.BufferData;
    }

    /// <summary>All words of a buffer belong to one aligned row.</summary>
    private void FillBuffer(int offset, int size, uint value)
    {
        if ((offset & -BufferSize) != _bufferStart)
        {
            Finish(ProgramError);
            return;
        }

        Span<byte> word = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(word, value);
        word[..size].CopyTo(_buffer.AsSpan(offset - _bufferStart));
        _mode = --_wordsLeft == 0 ? Mode.BufferConfirm : Mode.BufferData;
    }

    private void ProgramBuffer(byte command)
    {
        const byte confirm = 0xd0;
        if (command == confirm)
        {
            content.Write(_bufferStart, _buffer);
        }

        Finish(command == confirm ? (byte)0 : ProgramError);
    }

    private ulong ReadContent(int offset, int size)
    {
        ReadOnlySpan<byte> bytes = content.Bytes[offset..];
        return size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        };
    }
}
