using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Pieces of memory that the kernel takes as one packet.</summary>
/// <remarks>writev(2); at most UIO_MAXIOV, linux/uio.h.</remarks>
public sealed unsafe class PieceList : IDisposable
{
    /// <summary>UIO_MAXIOV.</summary>
    public const int Most = 1024;

    private readonly IoVec* _pieces = (IoVec*)NativeMemory.Alloc(Most, (nuint)sizeof(IoVec));

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all.</summary>
    public int Length { get; private set; }

    /// <summary>Takes all out.</summary>
    public void Clear() => (Count, Length) = (0, 0);

    /// <summary>Puts one behind the others. The memory has to stay as it is until the packet is written.</summary>
    public void Add(NativeBuffer buffer, int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(Count, Most);
        _pieces[Count++] = new() { iov_base = (nint)buffer.At(offset, length), iov_len = (nuint)length };
        Length += length;
    }

    /// <summary>Writes all as one packet.</summary>
    /// <returns>0 or the errno.</returns>
    public int Write(FileDescriptor to)
    {
        while (true)
        {
            var written = LibC.WriteV(to, _pieces, Count);
            var errno = written < 0 ? LibC.LastErrno : 0;
            if (errno != Errno.EINTR)
                return errno;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_pieces);
}
