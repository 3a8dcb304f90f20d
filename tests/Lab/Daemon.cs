using System.Diagnostics;
using System.Text;

namespace FlannelPS.Lab;

/// <summary>A daemon under test: its log is kept, signals reach it by process id, and it does not outlive the lab.</summary>
public sealed class Daemon : IDisposable
{
    private const int SIGKILL = 9;
    private const int SIGTERM = 15;
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    internal Daemon(NetworkNamespace place, string program, IReadOnlyList<string> arguments)
    {
        StartedAt = Stopwatch.GetTimestamp();
        _process = place.Start(Command.Captured(program, arguments));
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary><see cref="Stopwatch.GetTimestamp"/> just before the program was executed.</summary>
    public long StartedAt { get; }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Its exit code; 128 + n after signal n.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>What it wrote so far, both streams.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>What it uses now.</summary>
    public ProcessUsage Usage => ProcessUsage.Of(Id);

    /// <summary>Sends a signal by number.</summary>
    public void Signal(int number) => _ = LibC.Kill(Id, number);

    /// <summary>Sends SIGTERM and waits.</summary>
    /// <returns>How long it took to end.</returns>
    /// <exception cref="TimeoutException">It did not end in time; it is killed then.</exception>
    public async Task<TimeSpan> StopAsync(TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        Signal(SIGTERM);
        using var late = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(late.Token);
            return clock.Elapsed;
        }
        catch (OperationCanceledException)
        {
            Signal(SIGKILL);
            throw new TimeoutException($"process {Id} did not end within {limit.TotalSeconds} s of SIGTERM; its log:\n{Log}");
        }
    }

    /// <summary>Waits until it ends by itself.</summary>
    public Task WaitForExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>Kills it when it still runs.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Signal(SIGKILL);
            _process.WaitForExit(5000);
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is not null)
        {
            lock (_log)
            {
                _log.Append(line.Data).Append('\n');
            }
        }
    }
}
