using System.ComponentModel;
using FlannelPS.Engine.Kernel;
using Microsoft.Win32.SafeHandles;

namespace FlannelPS.Engine.Etcd.Local;

/// <summary>
/// The file that the processes share: read by all of them as it grows, appended to and replaced by the one that holds the folder's lock.
/// </summary>
/// <remarks>Nothing is synced to disk: what a process wrote outlives that process (kill -9 too), not a power cut.</remarks>
internal sealed class Journal : IDisposable
{
    private const string Name = "journal";
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const int ENOENT = 2;

    private readonly string _path;
    private readonly SafeFileHandle _folder;
    private SafeFileHandle? _file;
    private byte[] _buffer = new byte[16 * 1024];
    private int _line;

    private Journal(string folder, SafeFileHandle handle) => (_path, _folder) = (Path.Combine(folder, Name), handle);

    /// <summary>How long the journal is, as far as it was read.</summary>
    internal long Length { get; private set; }

    /// <summary>Whether the folder has been removed.</summary>
    internal bool FolderGone => PrivateFile.Ask(_folder).Links == 0;

    /// <summary>Whether the open journal has been removed or replaced.</summary>
    internal bool Replaced => PrivateFile.Ask(_file!).Links == 0;

    /// <summary>Whether a journal is open.</summary>
    internal bool IsOpen => _file is not null;

    /// <summary>Opens the folder, and makes it if asked to.</summary>
    /// <exception cref="StoreException">It cannot be used; the message says why and what to do.</exception>
    internal static Journal Open(string folder, bool create)
    {
        try
        {
            if (create && !Path.Exists(folder))
#pragma warning disable CA1416 // the engine runs on Linux alone
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
#pragma warning restore CA1416
            var handle = PrivateFile.OpenFolder(folder);
            var (_, owner, mode) = PrivateFile.Ask(handle);
            var unsafeBecause = owner != 0 && owner != PrivateFile.EffectiveUser() ? $"belongs to user {owner}; chown it, or name another folder"
                : (mode & OthersWrite) != 0 ? "can be written to by others; chmod go-w it, or name another folder"
                : null;
            if (unsafeBecause is null)
                return new(folder, handle);
            handle.Dispose();
            throw new StoreException(StoreFailure.PermissionDenied, $"local:{folder} is not safe to use: it {unsafeBecause}.");
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new StoreException(
                e is UnauthorizedAccessException ? StoreFailure.PermissionDenied : StoreFailure.Unreachable,
                $"local:{folder} cannot be opened as a folder ({e.Message}). Name a folder that this user may make or write to.", e);
        }
    }

    /// <summary>Takes the lock of all writers, if it is free.</summary>
    internal bool TryLock() => PrivateFile.TryLock(_folder);

    /// <summary>Gives the lock back.</summary>
    internal void Unlock() => PrivateFile.Unlock(_folder);

    /// <summary>Opens the journal that is there now, to be read from its beginning.</summary>
    /// <returns>False when there is none.</returns>
    internal bool TryOpen()
    {
        CloseFile();
        try
        {
            _file = PrivateFile.Open(_path, create: false);
            return true;
        }
        catch (Win32Exception e) when (e.NativeErrorCode == ENOENT)
        {
            return false;
        }
    }

    /// <summary>Reads what was written since. A last line without its line feed is left: it is being written, or its writer was killed.</summary>
    /// <returns>False at a damaged line, which may look whole a moment later unless the lock is held.</returns>
    internal bool Read(Action<JournalRecord> take)
    {
        while (true)
        {
            var length = RandomAccess.Read(_file!, _buffer, Length);
            var done = 0;
            for (int end; (end = _buffer.AsSpan(done, length - done).IndexOf((byte)'\n')) >= 0; done += end + 1)
            {
                if (JournalLine.Read(_buffer.AsSpan(done, end)) is not { } record || (record.Head is null) != (_line > 0) || record.Head is { Format: not 1 })
                    return false;
                _line++;
                Length += end + 1;
                take(record);
            }
            if (length < _buffer.Length)
                return true;
            if (done == 0)
                Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }

    /// <summary>What to say of a journal that <see cref="Read"/> could not read under the lock.</summary>
    internal StoreException Damaged() => new(
        StoreFailure.Protocol,
        $"{_path} is damaged at line {_line + 1} (byte {Length}). Stop the daemons that use it, remove the file, and write the network configuration again.");

    /// <summary>Appends a record. The lock must be held, and all be read.</summary>
    /// <exception cref="StoreException">Nothing was written.</exception>
    internal void Append(JournalRecord record)
    {
        var line = JournalLine.Write(record);
        try
        {
            // What a killed writer left has no line feed, and nobody was told of it.
            if (RandomAccess.GetLength(_file!) > Length)
                RandomAccess.SetLength(_file!, Length);
            RandomAccess.Write(_file!, line, Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(e);
        }
        Length += line.Length;
        _line++;
    }

    /// <summary>Puts a new journal in place of the present one, whole at every moment, and closes it. The lock must be held.</summary>
    /// <exception cref="StoreException">The present one stays.</exception>
    internal void Replace(IEnumerable<JournalRecord> records)
    {
        var path = _path + ".new";
        try
        {
            using (var file = PrivateFile.Open(path, create: true))
            using (var stream = new BufferedStream(new FileStream(file, FileAccess.Write, bufferSize: 0), 64 * 1024))
            {
                foreach (var record in records)
                    stream.Write(JournalLine.Write(record));
            }
            File.Move(path, _path, overwrite: true);
            CloseFile();
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw NotWritten(e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CloseFile();
        _folder.Dispose();
    }

    private void CloseFile()
    {
        _file?.Dispose();
        _file = null;
        Length = 0;
        _line = 0;
    }

    private StoreException NotWritten(Exception e)
        => new(StoreFailure.ReadOnly, $"{_path} cannot be written ({e.Message}). Free space or permit it, or name another folder.", e);
}
