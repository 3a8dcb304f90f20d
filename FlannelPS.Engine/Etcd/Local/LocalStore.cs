using System.ComponentModel;
using System.Diagnostics;
using System.Threading.Channels;
using FlannelPS.Engine.Kernel;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Etcd.Local;

/// <summary>
/// A store in a folder, for daemons of one machine: labs, first steps, tests. Every process reads one journal; whoever writes holds the folder's lock.
/// </summary>
/// <remarks>docs/local-store.md has the format, what is guaranteed and what it is not for. Safe for use from many threads.</remarks>
public sealed partial class LocalStore : IStore
{
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(1);

    private readonly string _folder;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Lazy<string> _boot;
    private readonly long _slack;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly LocalHistory _history = new();
    private readonly ITimer _timer;
    private readonly Task _following;
    private LocalState _state = new();
    private Journal? _journal;
    private long _compactBehind;
    private bool _disposed;

    /// <summary>Names the folder. It is opened, and made if it is missing, by the first call.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="logger">Where to tell what an operator should know.</param>
    /// <param name="time">The machine's clock: its timestamps must be those of all processes of one boot, as the system's are (CLOCK_MONOTONIC).</param>
    /// <exception cref="ArgumentException">No folder is named.</exception>
    public LocalStore(string directory, ILogger logger, TimeProvider time)
        : this(directory, logger, time, BootId, slack: 1 << 20)
    {
    }

    /// <summary>As the public one, with another boot, or a journal that is rewritten sooner.</summary>
    internal LocalStore(string directory, ILogger logger, TimeProvider time, Func<string> boot, long slack)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        (_folder, _logger, _time, _boot, _slack) = (Path.GetFullPath(directory), logger, time, new(boot), slack);
        _timer = time.CreateTimer(_ => _wake.Writer.TryWrite(true), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _following = FollowAsync();
    }

    /// <inheritdoc/>
    public string Description => $"local:{_folder}";

    /// <summary>Milliseconds of a clock that all processes of this boot share, and that nobody sets.</summary>
    private long Now => (long)_time.GetElapsedTime(0).TotalMilliseconds;

    /// <summary>Rewrites the journal to the present state, so that its history is gone.</summary>
    internal Task CompactAsync(CancellationToken cancellationToken)
        => CallAsync(writes: true, () => { Compact(); return true; }, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _timer.DisposeAsync().ConfigureAwait(false);
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_disposed)
                return;
            _disposed = true;
            _history.Break(new ObjectDisposedException(Description), _state.Revision);
            StopListening();
            _journal?.Dispose();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Every call: catches up with the journal, ends the leases that are due, then does its own.</summary>
    /// <param name="writes">Whether <paramref name="body"/> commits; then the folder is locked.</param>
    /// <param name="body">Runs with the state as it is now, alone.</param>
    /// <param name="cancellationToken">Ends the waiting for others.</param>
    private async Task<T> CallAsync<T>(bool writes, Func<T> body, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (CatchUp(locked: false) && !writes && Now < _state.NextEnd)
                return body();
            await LockAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                CatchUp(locked: true);
                try
                {
                    NoticeBoot();
                    EndLeases();
                }
                catch (StoreException e) when (!writes && e.Failure == StoreFailure.ReadOnly)
                {
                    // A full disk takes no writes. What stands can be read all the same; leases end when there is room again.
                }
                var result = body();
                CompactIfLong();
                return result;
            }
            finally
            {
                _journal!.Unlock();
            }
        }
        finally
        {
            if (!_disposed)
                _timer.Change(UntilNextEnd(), Timeout.InfiniteTimeSpan);
            _gate.Release();
        }
    }

    /// <summary>Reads on when another process wrote, or when a lease is due, for as long as the store is open.</summary>
    private async Task FollowAsync()
    {
        while (true)
        {
            await _wake.Reader.ReadAsync(_stop.Token).ConfigureAwait(false);
            try
            {
                await CallAsync(writes: false, static () => true, _stop.Token).ConfigureAwait(false);
            }
            catch (StoreException)
            {
                // The watches were told by CatchUp, and who calls next is told by that call.
            }
        }
    }

    /// <summary>Opens what is not open and reads on; what goes wrong ends the watches too.</summary>
    private bool CatchUp(bool locked)
    {
        try
        {
            if (!locked)
                OpenFolder();
            return TryCatchUp(locked);
        }
        catch (Exception e)
        {
            var told = e as StoreException
                ?? new StoreException(StoreFailure.Unreachable, $"{Description} cannot be read ({e.Message}). See to the folder, or name another one.", e);
            _history.Break(told, _state.Revision);
            throw told;
        }
    }

    private void OpenFolder()
    {
        if (_journal is { FolderGone: true })
        {
            StopListening();
            _journal.Dispose();
            _journal = null;
        }
        // A folder that was removed under a running daemon is not made again: whoever removed it wants it gone.
        _journal ??= Journal.Open(_folder, create: _state.Head is null);
    }

    private async Task LockAsync(CancellationToken cancellationToken)
    {
        for (var since = Stopwatch.GetTimestamp(); !TryLock();)
        {
            if (Stopwatch.GetElapsedTime(since) > LockPatience)
                throw new StoreException(StoreFailure.Unreachable, $"{Description} has been locked by another process for {LockPatience.TotalSeconds} s. Is a daemon that uses it suspended?");
            // Held for microseconds, as a rule.
            await Task.Delay(TimeSpan.FromMilliseconds(1), cancellationToken).ConfigureAwait(false);
        }
    }

    private bool TryLock()
    {
        try
        {
            return _journal!.TryLock();
        }
        catch (Win32Exception e)
        {
            throw new StoreException(StoreFailure.Unreachable, $"{Description} cannot be locked ({e.Message}). Name a folder on a local disk.", e);
        }
    }

    /// <summary>Takes in all that the journal has.</summary>
    /// <returns>False where it takes the lock to go on; never when it is held.</returns>
    private bool TryCatchUp(bool locked)
    {
        while (true)
        {
            if (_journal!.IsOpen || _journal.TryOpen())
            {
                if (!_journal.Read(Take))
                    return locked ? throw _journal.Damaged() : false;
                if (_journal.Replaced)
                {
                    // All of the old one is read, so the new one goes on from there.
                    _journal.TryOpen();
                    continue;
                }
                if (_journal.Length > 0)
                    return locked || _state.Boot == _boot.Value;
            }
            // No journal, or an empty one (a power cut may leave that).
            if (!locked)
                return false;
            if (_state.Head is not null)
                throw new StoreException(StoreFailure.Unreachable, $"{Description} was emptied while it was in use. Start a daemon on it anew, or remove the folder.");
            _journal.Replace(_state.Snapshot(BitConverter.ToUInt64(Entropy.Bytes(sizeof(ulong))), _boot.Value));
        }
    }

    /// <summary>Writes a record, then takes it in as every other process will.</summary>
    private void Commit(JournalRecord record)
    {
        _journal!.Append(record);
        Take(record);
    }

    private void Take(JournalRecord record)
    {
        if (record.Head is { } head)
        {
            // A journal that goes on where ours ended is the same history, compacted. Anything else is news to the watches.
            if (_state.Head is { } known && (head.Store != known.Store || head.Compacted != _state.Revision))
                _history.Break(new StoreCompactedException(head.Compacted + 1), head.Compacted);
            else
                _history.Forget(head.Compacted);
            _state = new();
        }
        var events = _state.Apply(record);
        if (events.Count > 0)
            _history.Add(record.Revision, events);
    }

    private void NoticeBoot()
    {
        if (_state.Boot != _boot.Value)
            Commit(new() { Revision = _state.Revision, Boot = new(_boot.Value, Now) });
    }

    private void EndLeases()
    {
        while (_state.Ended(Now) is { Count: > 0 } ended)
            End(ended);
    }

    /// <summary>Ends leases and deletes their keys, at one revision.</summary>
    private void End(IReadOnlyList<JournalLease> leases)
    {
        var keys = leases.SelectMany(lease => _state.BoundTo(lease.Id)).Select(key => new JournalKey(key.Key)).ToArray();
        Commit(new()
        {
            Revision = _state.Revision + (keys.Length > 0 ? 1 : 0),
            Keys = keys,
            Leases = [.. leases.Select(lease => new JournalLease(lease.Id))],
        });
    }

    private void CompactIfLong()
    {
        if (_journal!.Length < Math.Max(_slack + 4 * _state.Size, _compactBehind))
            return;
        try
        {
            Compact();
        }
        catch (StoreException e)
        {
            // What was asked for is written; the journal is only longer than it need be. Try again when it has grown.
            _compactBehind = _journal.Length + _slack;
            NotCompacted(_logger, e.Message);
        }
    }

    private void Compact()
    {
        _journal!.Replace(_state.Snapshot(0, _boot.Value));
        TryCatchUp(locked: true);
        _compactBehind = 0;
    }

    private TimeSpan UntilNextEnd()
    {
        var left = _state.NextEnd == long.MaxValue ? LongestTimer : TimeSpan.FromMilliseconds(_state.NextEnd - Now + 1);
        return left <= TimeSpan.Zero ? Retry : left < LongestTimer ? left : LongestTimer;
    }

    private static string BootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
}
