# A TCP relay in this process, which can be slow, or gone.
Set-StrictMode -Version 3
Add-Type -TypeDefinition @'
using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;

/// <summary>Hands bytes on between a port of loopback and another one. Answers can be held up; without its listener it is a dead endpoint.</summary>
public sealed class LabRelay : IDisposable
{
    private readonly int _to;
    private TcpListener _listener;
    private CancellationTokenSource _end;

    public LabRelay(int port, int to) { Port = port; _to = to; Start(); }

    public int Port { get; }

    /// <summary>How long each piece of an answer is held up, milliseconds.</summary>
    public volatile int Delay;

    public void Start()
    {
        _end = new CancellationTokenSource();
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Start();
        _ = AcceptAsync(_listener, _end.Token);
    }

    public void Stop()
    {
        _end.Cancel();
        _listener.Stop();
    }

    public void Dispose() => Stop();

    private async Task AcceptAsync(TcpListener listener, CancellationToken end)
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptTcpClientAsync(end), end);
        }
        catch (Exception) when (end.IsCancellationRequested) { }
    }

    private async Task ServeAsync(TcpClient client, CancellationToken end)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _to, end);
                await Task.WhenAny(PumpAsync(client, server, false, end), PumpAsync(server, client, true, end));
            }
            catch (Exception e) when (e is SocketException || e is OperationCanceledException) { }
        }
    }

    // A slow way carries one piece while the next is on it.
    private async Task PumpAsync(TcpClient from, TcpClient to, bool isAnswer, CancellationToken end)
    {
        var pieces = Channel.CreateUnbounded<(byte[] Bytes, long Due)>();
        var writing = WriteAsync(pieces.Reader, to, end);
        var bytes = new byte[65536];
        try
        {
            for (int count; (count = await from.GetStream().ReadAsync(bytes, end)) > 0;)
                pieces.Writer.TryWrite((bytes.AsSpan(0, count).ToArray(), Environment.TickCount64 + (isAnswer ? Delay : 0)));
        }
        catch (Exception e) when (e is System.IO.IOException || e is ObjectDisposedException || e is OperationCanceledException || e is InvalidOperationException) { }
        pieces.Writer.Complete();
        await writing;
    }

    private static async Task WriteAsync(ChannelReader<(byte[] Bytes, long Due)> pieces, TcpClient to, CancellationToken end)
    {
        try
        {
            await foreach (var piece in pieces.ReadAllAsync(end))
            {
                if (piece.Due - Environment.TickCount64 is var wait && wait > 0)
                    await Task.Delay((int)wait, end);
                await to.GetStream().WriteAsync(piece.Bytes, end);
            }
        }
        catch (Exception e) when (e is System.IO.IOException || e is ObjectDisposedException || e is OperationCanceledException || e is InvalidOperationException) { }
    }
}
'@

# A relay from a port to another one, both of 127.0.0.1.
function New-LabRelay([Parameter(Mandatory)] [int] $Port, [Parameter(Mandatory)] [int] $To) { [LabRelay]::new($Port, $To) }

Export-ModuleMember -Function New-LabRelay
