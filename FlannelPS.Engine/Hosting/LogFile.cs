using System.Runtime.CompilerServices;
using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Hosting;

/// <summary>Reads a log that <see cref="CappedFile"/> writes: the full one that was put aside, then the present one, then what is added.</summary>
internal sealed class LogFile : IDisposable
{
    private const int LongestLine = 1 << 20;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);
    private readonly FileDescriptor _file;
    private readonly string _path;
    private readonly byte[] _buffer = new byte[64 << 10];
    private readonly List<byte> _pending = [];
    private ulong _read;

    private LogFile(FileDescriptor file, string path) => (_file, _path) = (file, path);

    /// <summary>Whether there is a log at this path.</summary>
    public static bool Exists(string path) => File.Exists(path) || File.Exists(path + ".1");

    /// <summary>The lines, oldest first.</summary>
    /// <param name="path">The present file.</param>
    /// <param name="filter">Which.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="FileException">It may not be read.</exception>
    /// <exception cref="FileRefusedException">It is no plain file.</exception>
    public static async IAsyncEnumerable<LogLine> ReadAsync(string path, LogFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var current = TryOpen(path);
        try
        {
            DateTimeOffset? time = null;
            var there = Before(path, current).Concat(current?.Lines(atEnd: !filter.Follow) ?? []).Select(Read).Where(filter.Wants);
            foreach (var line in filter.Tail is { } tail ? there.TakeLast(tail) : there)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return line;
            }
            while (filter.Follow)
            {
                await Task.Delay(Pace, cancellationToken).ConfigureAwait(false);
                // First what came to the old file before the new one took its place.
                var isOld = current is not null && !current.IsStillThere();
                foreach (var line in (current?.Lines(atEnd: isOld) ?? []).Select(Read).Where(filter.Wants))
                    yield return line;
                if (current is null || isOld)
                {
                    current?.Dispose();
                    current = TryOpen(path);
                    foreach (var line in (current?.Lines(atEnd: false) ?? []).Select(Read).Where(filter.Wants))
                        yield return line;
                }
            }

            // A line without a time of its own belongs to the one before it.
            LogLine Read(string text)
            {
                var line = LogLine.Parse(text);
                time = line.Time ?? time;
                return line with { Time = time };
            }
        }
        finally
        {
            current?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static IEnumerable<string> Before(string path, LogFile? current)
    {
        using var full = TryOpen(path + ".1");
        // Put aside just now, it would be read twice.
        if (full is null || current is not null && full.Status().IsSameFile(current.Status()))
            yield break;
        foreach (var line in full.Lines(atEnd: true))
            yield return line;
    }

    private static LogFile? TryOpen(string path)
    {
        var file = LibC.Open(path, LibC.O_RDONLY | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_CLOEXEC);
        var errno = file.IsInvalid ? LibC.LastErrno : 0;
        try
        {
            if (errno is Errno.ENOENT or Errno.ENOTDIR)
                return null;
            if (errno == Errno.ELOOP)
                throw new FileRefusedException(path, "it is a symbolic link where a plain file belongs. Remove it.");
            if (errno != 0)
                throw new FileException($"{path} cannot be opened", errno);
            if (!SafeDirectory.Status(file, "", path).IsKind(LibC.S_IFREG))
                throw new FileRefusedException(path, "it is no plain file. Remove it.");
            var opened = new LogFile(file, path);
            file = null;
            return opened;
        }
        finally
        {
            file?.Dispose();
        }
    }

    private StatX Status() => SafeDirectory.Status(_file, "", _path);

    /// <summary>Whether the file of that name is still this one, and has not been emptied.</summary>
    private bool IsStillThere()
    {
        using var folder = SafeDirectory.Open(Path.GetDirectoryName(_path) ?? "/", create: false);
        return SafeDirectory.TryStatus(folder, Path.GetFileName(_path), _path) is { } named && named.IsSameFile(Status()) && named.stx_size >= _read;
    }

    /// <summary>The lines that were added since the last call.</summary>
    /// <param name="atEnd">Whether a last line without a line end counts.</param>
    private IEnumerable<string> Lines(bool atEnd)
    {
        while (true)
        {
            var length = SafeRead.Fill(_file, _buffer, out var errno);
            if (errno != 0)
                throw new FileException($"{_path} cannot be read", errno);
            _read += (ulong)length;
            for (var start = 0; start < length;)
            {
                var end = Array.IndexOf(_buffer, (byte)'\n', start, length - start);
                _pending.AddRange(_buffer.AsSpan(start..(end < 0 ? length : end)));
                start = end < 0 ? length : end + 1;
                if (end >= 0 || _pending.Count > LongestLine)
                    yield return Take();
            }
            if (length < _buffer.Length)
                break;
        }
        if (atEnd && _pending.Count > 0)
            yield return Take();
    }

    private string Take()
    {
        var line = Encoding.UTF8.GetString([.. _pending]);
        _pending.Clear();
        return line;
    }
}
