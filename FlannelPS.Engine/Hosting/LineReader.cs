using System.Net.Sockets;

namespace FlannelPS.Engine.Hosting;

/// <summary>Reads lines from a socket into a buffer that grows as bytes arrive, up to a limit.</summary>
/// <param name="socket">A stream socket; not owned.</param>
/// <param name="maxLength">Bytes of a line, at most.</param>
internal sealed class LineReader(Socket socket, int maxLength)
{
    private byte[] _buffer = new byte[Math.Min(maxLength + 1, 1024)];
    private int _start, _end;

    /// <summary>Whether the last line had its LF: without one the peer may have died in the middle of it.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>The next line without its LF; null at the end. A last line without LF counts. Valid until the next call.</summary>
    /// <exception cref="ControlException">The line is too long.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        for (var scanned = _start; ;)
        {
            var newline = _buffer.AsSpan(scanned, _end - scanned).IndexOf((byte)'\n');
            if (newline >= 0)
                return Take(scanned + newline, 1);
            scanned = _end;
            if (_end - _start > maxLength)
                throw new ControlException(ControlException.TooLong, $"A line is longer than {maxLength} bytes.");
            if (_end == _buffer.Length)
            {
                var next = _end - _start > _buffer.Length / 2 ? new byte[Math.Min(_buffer.Length * 2, maxLength + 1)] : _buffer;
                Buffer.BlockCopy(_buffer, _start, next, 0, _end - _start);
                (scanned, _end, _start, _buffer) = (scanned - _start, _end - _start, 0, next);
            }
            var read = await socket.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (read == 0)
                return _end == _start ? (ReadOnlyMemory<byte>?)null : Take(_end, 0);
            _end += read;
        }
    }

    private ReadOnlyMemory<byte> Take(int end, int skip)
    {
        var line = _buffer.AsMemory(_start, end - _start);
        _start = end + skip;
        IsWhole = skip > 0;
        return line;
    }
}
