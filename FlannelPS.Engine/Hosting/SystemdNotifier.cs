using System.Globalization;
using System.Net.Sockets;
using System.Text;
using FlannelPS.Engine.Kernel;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>Tells systemd how the daemon is: ready, its status line, alive, stopping. Without systemd it does nothing.</summary>
/// <remarks>sd_notify(3), sd_watchdog_enabled(3). A lost notification is never an error of the daemon.</remarks>
public sealed class SystemdNotifier : IAsyncDisposable
{
    private readonly Socket? _socket;
    private readonly string _address;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watchdog;
    private string? _status;
    private bool _failed;

    /// <summary>Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and starts the watchdog where one is asked for.</summary>
    /// <param name="isAlive">Whether the loops still turn; while it says no, the watchdog is not fed, and systemd restarts the daemon.</param>
    /// <param name="logger">For the first failure.</param>
    /// <param name="time">The clock.</param>
    /// <param name="environment">Value of a variable; the process's environment when null.</param>
    public SystemdNotifier(Func<bool> isAlive, ILogger logger, TimeProvider time, Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        _logger = logger;
        _address = environment("NOTIFY_SOCKET") ?? "";
        _watchdog = Task.CompletedTask;
        if (_address.Length < 2 || _address[0] is not '/' and not '@')
            return;
        try
        {
            _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
            _socket.Connect(new UnixDomainSocketEndPoint(_address[0] == '@' ? '\0' + _address[1..] : _address));
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            Failed(error);
        }
        if (Interval(environment) is { } interval)
            _watchdog = FeedAsync(interval, isAlive, time);
    }

    /// <summary>How often the watchdog is to be fed: half of what systemd waits; null for no watchdog.</summary>
    internal static TimeSpan? Interval(Func<string, string?> environment)
    {
        var pid = environment("WATCHDOG_PID");
        return long.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            && microseconds is > 0 and < 86_400_000_000
            && (string.IsNullOrEmpty(pid) || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
            ? TimeSpan.FromMicroseconds(microseconds / 2.0) : null;
    }

    /// <summary>READY=1: start-up is done.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={OneLine(status)}");

    /// <summary>STATUS=: the line <c>systemctl status</c> shows. Said again only when it changed.</summary>
    public void Status(string status)
    {
        if (Interlocked.Exchange(ref _status, status) != status)
            Send($"STATUS={OneLine(status)}");
    }

    /// <summary>STOPPING=1.</summary>
    public void Stopping() => Send("STOPPING=1\nSTATUS=Stopping");

    /// <summary>FDSTORE=1: systemd keeps a descriptor for the next start, in place of one of the same name. Needs FileDescriptorStoreMax= in the unit.</summary>
    /// <remarks>FDPOLL=0, or systemd lets go of a descriptor that reports an error, as a TUN device does while it is down.</remarks>
    public void Store(string name, FileDescriptor descriptor)
    {
        if (_socket is null)
            return;
        Send($"FDSTOREREMOVE=1\nFDNAME={name}");
        try
        {
            DescriptorPassing.Send(_socket, Encoding.ASCII.GetBytes($"FDSTORE=1\nFDNAME={name}\nFDPOLL=0"), descriptor);
        }
        catch (Exception error) when (error is FileException or ObjectDisposedException)
        {
            Failed(error);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watchdog.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _socket?.Dispose();
    }

    private async Task FeedAsync(TimeSpan interval, Func<bool> isAlive, TimeProvider time)
    {
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            if (isAlive())
                Send("WATCHDOG=1");
        }
        while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false));
    }

    private void Send(string message)
    {
        try
        {
            _socket?.Send(Encoding.UTF8.GetBytes(message));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            Failed(error);
        }
    }

    private void Failed(Exception error)
    {
        if (!_failed)
            _logger.NotifyFailed(_address, error);
        _failed = true;
    }

    private static string OneLine(string status) => status.ReplaceLineEndings(" ");
}
