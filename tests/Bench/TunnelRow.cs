namespace FlannelPS.Bench;

/// <summary>One line of the table of the udp backend.</summary>
/// <param name="Name">The word that asks for it.</param>
/// <param name="What">What is measured.</param>
/// <param name="Unit">Unit.</param>
/// <param name="ToReach">What is to be reached.</param>
/// <param name="Pairings">Measured in turn; the first one is ours, the second what it is compared with.</param>
/// <param name="MeasureAsync">One measurement.</param>
/// <param name="LikeCard">Whether the link is like a network card's.</param>
/// <param name="Peers">Leases beside, for each pairing in turn.</param>
/// <param name="Rounds">How often each is measured.</param>
/// <param name="Dual">Whether the network has IPv6 beside.</param>
internal sealed record TunnelRow(
    string Name, string What, string Unit, string ToReach, IReadOnlyList<Pairing> Pairings, Func<TunnelBed, CancellationToken, Task<double>> MeasureAsync,
    bool LikeCard = false, IReadOnlyList<int>? Peers = null, int Rounds = 3, bool Dual = false);
