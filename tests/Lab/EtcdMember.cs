using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlannelPS.Lab;

/// <summary>One etcd process, told apart by its pid.</summary>
public sealed partial class EtcdMember : IAsyncDisposable
{
    private const int SIGKILL = 9, SIGTERM = 15, SIGCONT = 18, SIGSTOP = 19;
    private readonly string[] _command;
    private readonly Queue<string> _log = new();
    private Process? _process;

    internal EtcdMember(EtcdServerOptions options, string folder, int index, int clientPort, int peerPort, string cluster)
    {
        Endpoint = $"{(options.Certificate is null ? "http" : "https")}://{options.Address}:{clientPort}";
        var peer = $"http://{options.Address}:{peerPort}";
        List<string> command =
        [
            .. options.Prefix, "etcd", "--name", $"m{index}", "--data-dir", Path.Combine(folder, $"m{index}"),
            "--listen-client-urls", Endpoint, "--advertise-client-urls", Endpoint, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", cluster, "--initial-cluster-state", "new", "--logger", "zap", "--log-outputs", "stderr",
        ];
        if (options.Certificate is { } certificate)
            command.AddRange(["--cert-file", certificate.CertFile, "--key-file", certificate.KeyFile]);
        if (options.ClientCaFile is { } ca)
            command.AddRange(["--client-cert-auth", "--trusted-ca-file", ca]);
        command.AddRange(options.Flags);
        _command = [.. command];
    }

    /// <summary>Its client address.</summary>
    public string Endpoint { get; }

    /// <summary>The process id while it runs.</summary>
    public int Pid => _process?.Id ?? throw new InvalidOperationException("This member does not run.");

    /// <summary>Starts it, again after a stop, and waits until it says that it serves clients.</summary>
    public async Task StartAsync()
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = new ProcessStartInfo(_command[0], _command[1..]) { RedirectStandardError = true, UseShellExecute = false }, EnableRaisingEvents = true };
        process.ErrorDataReceived += (_, line) => Note(line.Data, ready);
        process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("etcd ended: " + Log()));
        process.Start();
        process.BeginErrorReadLine();
        _process = process;
        AppDomain.CurrentDomain.ProcessExit += KillAtExit;
        try
        {
            await ready.Task.WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException("etcd did not come up in 30 s: " + Log());
        }
    }

    /// <summary>SIGKILL, and waits for the end.</summary>
    public Task KillAsync() => EndAsync(SIGKILL);

    /// <summary>SIGTERM, and waits for the end.</summary>
    public Task StopAsync() => EndAsync(SIGTERM);

    /// <summary>SIGSTOP: connections stay, nothing answers.</summary>
    public void Pause() => Signal(SIGSTOP);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signal(SIGCONT);

    /// <summary>Kills it if it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= KillAtExit;
        if (_process is not null)
            await KillAsync();
    }

    private async Task EndAsync(int signal)
    {
        var process = _process ?? throw new InvalidOperationException("This member does not run.");
        _process = null;
        if (!process.HasExited && kill(process.Id, signal) != 0)
            throw new InvalidOperationException($"kill {process.Id}: errno {Marshal.GetLastPInvokeError()}");
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Signal(int signal)
    {
        if (kill(Pid, signal) != 0)
            throw new InvalidOperationException($"kill {Pid}: errno {Marshal.GetLastPInvokeError()}");
    }

    private void Note(string? line, TaskCompletionSource ready)
    {
        if (line is null)
            return;
        lock (_log)
        {
            _log.Enqueue(line);
            if (_log.Count > 30)
                _log.Dequeue();
        }
        if (line.Contains("ready to serve client requests", StringComparison.Ordinal) || line.Contains("serving client traffic", StringComparison.Ordinal) || line.Contains("serving insecure client requests", StringComparison.Ordinal))
            ready.TrySetResult();
    }

    private string Log()
    {
        lock (_log)
            return string.Join('\n', _log);
    }

    private void KillAtExit(object? sender, EventArgs e)
    {
        if (_process is { HasExited: false } process)
            _ = kill(process.Id, SIGKILL);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
