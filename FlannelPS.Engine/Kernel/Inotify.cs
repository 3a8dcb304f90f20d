using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlannelPS.Engine.Kernel;

/// <summary>Calls back whenever a file of one folder was written to or removed, or another one took its place; or whenever one file was closed.</summary>
/// <remarks>inotify(7). One thread with a small stack sleeps in read(2); it costs nothing while nothing happens.</remarks>
internal sealed partial class Inotify : IDisposable
{
    private const uint IN_MODIFY = 2, IN_CLOSE_WRITE = 8, IN_CLOSE_NOWRITE = 0x10, IN_MOVED_TO = 0x80, IN_DELETE = 0x200, IN_ONLYDIR = 0x1000000, IN_IGNORED = 0x8000;
    private const int IN_CLOEXEC = 0x80000;
    private const int EINTR = 4;
    private const int HeaderLength = 16;         // struct inotify_event without its name
    private const int StackBytes = 128 * 1024;

    private readonly SafeFileHandle _events;
    private readonly int _watch;
    private readonly Action _changed;
    private readonly Thread _reader;

    /// <summary>Begins to listen. What changes after this returns is told.</summary>
    /// <param name="folder">The folder; not the ones below it.</param>
    /// <param name="changed">Called on the thread of this object: must return at once. It is called a last time when the folder is gone.</param>
    /// <exception cref="Win32Exception">With errno; EMFILE or ENOSPC at the limits of /proc/sys/fs/inotify.</exception>
    internal Inotify(string folder, Action changed)
        : this(folder, IN_MODIFY | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR, changed)
    {
    }

    private Inotify(string path, uint events, Action changed)
    {
        _changed = changed;
        _events = Init(IN_CLOEXEC);
        _watch = _events.IsInvalid ? -1 : AddWatch(_events, path, events);
        if (_watch < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            _events.Dispose();
            throw new Win32Exception(error);
        }
        _reader = new Thread(Read, StackBytes) { IsBackground = true, Name = "inotify" };
        _reader.Start();
    }

    /// <summary>Begins to listen to one file: whoever had it open and closes it is told.</summary>
    /// <exception cref="Win32Exception">With errno; ENOENT where it is not there.</exception>
    internal static Inotify OfClosing(string file, Action changed) => new(file, IN_CLOSE_WRITE | IN_CLOSE_NOWRITE, changed);

    /// <summary>Ends the thread, then closes the descriptor.</summary>
    public void Dispose()
    {
        // Removing the watch queues IN_IGNORED, which wakes the reader: closing the descriptor alone would not.
        _ = RemoveWatch(_events, _watch);
        _reader.Join();
        _events.Dispose();
    }

    private unsafe void Read()
    {
        Span<byte> buffer = stackalloc byte[4096];
        while (true)
        {
            nint length;
            fixed (byte* start = buffer)
                length = Read(_events, start, buffer.Length);
            if (length < 0 && Marshal.GetLastPInvokeError() == EINTR)
                continue;
            var ended = length <= 0;
            for (var rest = ended ? [] : buffer[..(int)length]; rest.Length >= HeaderLength;)
            {
                ended |= (MemoryMarshal.Read<uint>(rest[4..]) & IN_IGNORED) != 0;
                rest = rest[Math.Min(rest.Length, HeaderLength + MemoryMarshal.Read<int>(rest[12..]))..];
            }
            _changed();
            if (ended)
                return;
        }
    }

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial SafeFileHandle Init(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddWatch(SafeFileHandle events, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "inotify_rm_watch", SetLastError = true)]
    private static partial int RemoveWatch(SafeFileHandle events, int watch);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint Read(SafeFileHandle events, byte* buffer, nint length);
}
