namespace FlannelPS.Report;

/// <summary>One way as a cell of the heat map: its colour is the round trip or what is wrong, a bar at its foot the loss.</summary>
internal static class MeshCell
{
    /// <summary>The classes of a cell.</summary>
    public static string Classes(LinkState state, PeerFact? peer, RoundTripScale scale)
    {
        var loss = peer?.LossMinute switch { null or 0 => "", <= 0.02 => " l1", <= 0.1 => " l2", <= 0.3 => " l3", _ => " l4" };
        return state switch
        {
            LinkState.Reachable or LinkState.Lossy => $"{(scale.Step(peer?.RoundTrip) is { } step ? $"r{step}" : "Programmed")}{loss}",
            LinkState.MtuLimited => $"MtuLimited{loss}",
            _ => state.ToString(),
        };
    }

    /// <summary>All that is known of a way, in words.</summary>
    public static string Words(LinkState state, PeerFact? peer)
    {
        var parts = new List<string> { state == LinkState.Unknown && peer is not null ? peer.Word : state.Words() };
        if (peer?.RoundTrip is { } time)
            parts.Add($"{ReportText.Milliseconds(time)} ms");
        if (peer?.LossMinute is { } loss && (loss > 0 || state == LinkState.Lossy))
            parts.Add($"{ReportText.Percent(loss)} lost in a minute");
        if (peer is { LossHour: > 0 and { } hour })
            parts.Add($"{ReportText.Percent(hour)} in an hour");
        if (state == LinkState.MtuLimited && peer?.Mtu is { } mtu)
            parts.Add($"{mtu} bytes pass");
        if (peer is { Reason.Length: > 0 })
            parts.Add(peer.Reason);
        return string.Join(", ", parts);
    }

    /// <summary>The cell's title: from where, to whom, how.</summary>
    public static string Title(string from, HostView to, LinkState state, PeerFact? peer) => $"{from} to {to.Name} ({to.Place}): {Words(state, peer)}";
}
