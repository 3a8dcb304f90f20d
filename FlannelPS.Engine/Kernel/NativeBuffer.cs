using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Memory outside the managed heap, where packets lie: the kernel may hold pointers into it, and no collection looks at it.</summary>
/// <remarks>Not thread-safe against <see cref="Dispose"/>: whoever uses it has ended by then.</remarks>
public sealed unsafe class NativeBuffer : IDisposable
{
    private const nuint CacheLine = 64;
    private byte* _start;

    /// <summary>Takes memory. What is never written to costs no pages.</summary>
    /// <param name="length">Bytes.</param>
    public NativeBuffer(int length)
    {
        _start = (byte*)NativeMemory.AlignedAlloc((nuint)length, CacheLine);
        Length = length;
    }

    /// <summary>Bytes.</summary>
    public int Length { get; }

    /// <summary>A part of it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside.</exception>
    public Span<byte> Slice(int offset, int length)
    {
        Check(offset, length);
        return new(_start + offset, length);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
    }

    internal byte* At(int offset, int length)
    {
        Check(offset, length);
        return _start + offset;
    }

    private void Check(int offset, int length)
    {
        if (_start is null || (uint)offset > (uint)Length || (uint)length > (uint)(Length - offset))
            throw new ArgumentOutOfRangeException(nameof(offset), $"{offset} and {length} more are not inside {Length} bytes.");
    }
}
