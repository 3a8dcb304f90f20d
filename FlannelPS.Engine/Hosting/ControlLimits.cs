namespace FlannelPS.Engine.Hosting;

/// <summary>What one caller of the control socket may take.</summary>
/// <param name="Connections">At a time, for root.</param>
/// <param name="ReaderConnections">At a time, for members of the group: they cannot lock root out.</param>
/// <param name="RequestLength">Bytes of a request.</param>
/// <param name="Idle">How long a connection may wait between requests, and a request may take to arrive.</param>
/// <param name="Answer">How long a request may take to be carried out and its answer to be taken.</param>
internal sealed record ControlLimits(int Connections, int ReaderConnections, int RequestLength, TimeSpan Idle, TimeSpan Answer)
{
    public static ControlLimits Default { get; } = new(32, 24, 64 << 10, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(15));
}
