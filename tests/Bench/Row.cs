namespace FlannelPS.Bench;

/// <summary>One line of the table.</summary>
/// <param name="Name">The word that asks for it.</param>
/// <param name="What">What is measured, as the table says it.</param>
/// <param name="Unit">ms, MiB, % or nothing.</param>
/// <param name="ToReach">What is to be reached.</param>
/// <param name="Rounds">How often each subject is measured, in turn.</param>
/// <param name="Backend">Backend of the network.</param>
/// <param name="Leases">Leases in the store beforehand.</param>
/// <param name="MeasureAsync">One measurement of one subject.</param>
/// <param name="OursOnly">Whether the original is left out: its quadratic start takes minutes, and it ignores an authority without a client certificate.</param>
/// <param name="Tls">Whether etcd is reached over TLS.</param>
internal sealed record Row(
    string Name,
    string What,
    string Unit,
    string ToReach,
    int Rounds,
    string Backend,
    int Leases,
    Func<Bed, Subject, CancellationToken, Task<double>> MeasureAsync,
    bool OursOnly = false,
    bool Tls = false);
