using System.Net.Security;
using System.Security.Authentication;
using FlannelPS.Engine.Etcd.Grpc;

namespace FlannelPS.Engine.Etcd.Tls;

/// <summary>A TLS stream whose first bytes from the server are awaited before it is handed on.</summary>
/// <remarks>
/// With TLS 1.3 the client's handshake is over before the server has looked at the client's certificate; its refusal comes as the first thing read
/// (RFC 8446 section 4.4.2.4). An HTTP/2 server sends its SETTINGS unasked, so to wait for them tells the one from the other, before a request is lost to it.
/// </remarks>
internal sealed class ConfirmedSslStream(Stream transport) : SslStream(transport, leaveInnerStreamOpen: false)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);
    private readonly byte[] _first = new byte[64];
    private Task<int>? _reading;
    private int _start;
    private int _end;

    /// <summary>Waits for the server's first bytes; a server that waits for ours is let pass.</summary>
    /// <exception cref="ConnectException">The server ended the connection without a reason.</exception>
    public async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        if (SslProtocol != SslProtocols.Tls13)
        {
            return;
        }
        _reading = base.ReadAsync(_first, CancellationToken.None).AsTask();
        try
        {
            if (await _reading.WaitAsync(Patience, cancellationToken).ConfigureAwait(false) == 0)
                throw new ConnectException("the server closed the connection after the TLS handshake (does it demand a client certificate?)") { Tls = true };
        }
        catch (TimeoutException)
        {
            // Whatever comes is read by ReadAsync.
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_reading is not null)
        {
            _end = await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
            _reading = null;
        }
        if (_start == _end)
        {
            return await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        var count = Math.Min(buffer.Length, _end - _start);
        _first.AsSpan(_start, count).CopyTo(buffer.Span);
        _start += count;
        return count;
    }
}
