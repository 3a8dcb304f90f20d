namespace FlannelPS.Engine.Probing;

/// <summary>How many peers stand how, by the probes.</summary>
/// <param name="Problem">Why there are no probes though they were asked for; empty where there are, or were not.</param>
/// <param name="Reachable">They answer.</param>
/// <param name="Lossy">They answer, with loss.</param>
/// <param name="MtuLimited">They answer short packets alone.</param>
/// <param name="OneWay">Theirs arrive, ours do not.</param>
/// <param name="Unreachable">Nothing comes back.</param>
/// <param name="Unknown">Not known yet.</param>
/// <param name="Example">The first one that cannot be reached as it should, in words; empty for none.</param>
public sealed record ProbeSummary(string Problem, int Reachable, int Lossy, int MtuLimited, int OneWay, int Unreachable, int Unknown, string Example)
{
    /// <summary>Before the first probe, and without probes.</summary>
    public static ProbeSummary None { get; } = new("", 0, 0, 0, 0, 0, 0, "");

    /// <summary>Peers that cannot be reached.</summary>
    public int Cut => OneWay + Unreachable;
}
