using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>A daemon that is measured.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Program">Its file.</param>
/// <param name="Start">Starts it on a host, with the store's endpoint and further flags.</param>
internal sealed record Subject(string Name, string Program, Func<Host, string, IReadOnlyList<string>, Daemon> Start)
{
    /// <summary>Where a daemon of ours answers health questions on its host.</summary>
    public const int HealthPort = 10099;

    /// <summary>Where it tells its metrics there.</summary>
    public const int MetricsPort = 10098;

    public static readonly Subject Ours = new("flannelpsd", Programs.FindFlannelpsd() ?? "", (host, endpoint, flags) => host.StartFlannelpsd(endpoint, [$"--healthz-port={HealthPort}", $"--metrics-port={MetricsPort}", .. flags]));

    public static readonly Subject Original = new("flanneld", Programs.Flanneld ?? "", (host, endpoint, flags) => host.StartFlanneld(endpoint, flags));

    /// <summary>Those that are there; the second one is what the first is compared with.</summary>
    public static IReadOnlyList<Subject> All => [.. new[] { Ours, Original }.Where(subject => File.Exists(subject.Program))];
}
